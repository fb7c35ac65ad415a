/**
 * Python packages that were written by others, run for real: the library must agree with each of them to 1e-8 in float64, or to
 * the tolerance that its table names with the reason.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { difference } from './agreement.js';
import { missingData, sides } from './data.js';
import { ask, caseId, missingPeer } from './python.js';
import type { Answers } from './python.js';
import { tables } from './tables.js';

for (const { peer, agreements } of tables) {
  const absent = missingPeer(peer);

  describe.skipIf(absent !== undefined)(absent === undefined ? peer : `${peer} (${absent})`, () => {
    let answers: Answers;
    beforeAll(async () => {
      answers = await ask(peer, agreements);
    });

    for (const agreement of agreements) {
      const { within = 1e-8, theirs = (answer) => answer } = agreement;
      for (const pair of agreement.pairs) {
        const missing = missingData(pair);
        const name = `${agreement.of}: ${pair}${missing === undefined ? '' : ` (${missing})`}`;
        test.skipIf(missing !== undefined)(name, async () => {
          const answer = answers.answers[caseId(agreement, pair)];
          expect(answer.error).toBeUndefined();
          const [peers, ours] = [
            theirs(answer.value!),
            await agreement.ours.compute(sides(pair), answer.value!),
          ];
          const apart = difference(ours, peers);
          expect(
            apart,
            `${peer}: ${JSON.stringify(peers)}\nours: ${JSON.stringify(ours)}`,
          ).toBeLessThanOrEqual(within);
        });
      }
    }
  });
}

test('a tolerance wider than 1e-8 has its reason beside it', () => {
  const all = tables.flatMap(({ agreements }) => agreements);
  const unexplained = all.filter(({ within = 1e-8, because }) => within > 1e-8 && because === undefined);
  expect(unexplained.map(({ of }) => of)).toEqual([]);
});

test('no two cases share a name', () => {
  for (const { agreements } of tables) {
    const names = agreements.flatMap(({ of, pairs }) => pairs.map((pair) => `${of}: ${pair}`));
    expect(new Set(names).size).toBe(names.length);
  }
});

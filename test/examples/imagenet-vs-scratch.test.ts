/** ImageNet weights against random ones: the commands of the example's README, and its plan. */
import { existsSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPlan } from '../../src/node/study.js';
import { root, shared } from '../support.js';
import { expectPrinted, runBlock, shellBlocks } from './support.js';

const weights = existsSync(join(root, '.imagenet/efficientnet-lite0/model.json'));
const lacksWeights = weights ? '' : ' (skipped: no .imagenet: npm run imagenet)';
const native = process.env['SVCCA_TFJS_NODE'];
const lacksNative = native ? '' : ' (skipped: no SVCCA_TFJS_NODE: npm run native)';
const chestXrays = join(shared, 'data/pneumoniamnist_balanced.npz');
const lacksXrays = existsSync(chestXrays) ? '' : ' (skipped: ../shared/data is not here)';

describe('examples/imagenet-vs-scratch', () => {
  const blocks = shellBlocks('imagenet-vs-scratch');
  const untrained = blocks.find(({ text, output }) => output !== undefined && text.includes('--steps 0'))!;
  const trained = blocks.find(({ text, output }) => output !== undefined && !text.includes('--steps 0'))!;

  it.skipIf(!weights)(
    `prints what it says before any training${lacksWeights}`,
    async () => {
      expectPrinted(await runBlock(untrained), untrained.output!, 0.0021);
    },
    180_000,
  );

  // Short: two steps instead of twenty, and chest X-rays in the same run where they are.
  it.skipIf(!weights || !native)(
    `trains on TensorFlow, on chest X-rays from a file${lacksWeights}${lacksNative}${lacksXrays}`,
    async () => {
      const out = mkdtempSync(join(tmpdir(), 'svcca-example-'));
      try {
        const data = lacksXrays === '' ? ['--data', chestXrays] : [];
        const options = { env: { SVCCA_TFJS_NODE: native! }, also: [...data, '--steps', '2', '--out', out] };
        const printed = await runBlock(trained, options);
        const stagesOf = (text: string) =>
          [...text.matchAll(/^(\w+)(?: +\d\.\d{3}){5}$/gm)].map(([, stage]) => stage);
        expect(stagesOf(printed)).toEqual(stagesOf(trained.output!));
        expect(stagesOf(printed)).toHaveLength(9);
        expect(printed).toMatch(/^200 test images at 32 × 32/);
        expect(printed).toContain('before training                      after 2 steps');
        expect(printed).toMatch(
          /^Test AUC: scratch-1 [01]\.\d+, scratch-2 [01]\.\d+, pretrained [01]\.\d+$/m,
        );
        expect(existsSync(join(out, 'report.html'))).toBe(true);
      } finally {
        rmSync(out, { recursive: true, force: true });
      }
    },
    300_000,
  );

  it('has a plan that svcca transfer takes', async () => {
    const plan = await readPlan(join(root, 'examples/imagenet-vs-scratch/plan.json'));
    expect(plan.conditions).toEqual(['random', 'pretrained']);
    expect(plan.seeds).toHaveLength(2);
  });
});

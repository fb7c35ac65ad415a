/**
 * Prints what each peer and the library say of the MNIST layers, as a table in Markdown: `npx tsx test/peers/report.ts`, and with
 * `--all` of 10,000 samples, too, where a peer can.
 */
import { difference, flat } from './agreement.js';
import type { Agreement, Value } from './agreement.js';
import { missingData, sides } from './data.js';
import type { PairName } from './data.js';
import { ask, caseId, missingPeer } from './python.js';
import type { PeerName } from './python.js';
import { tables } from './tables.js';

const SHOWN = 4;

/** What a peer computes of all 10,000 samples within seconds and a few gigabytes. */
const LARGE: Partial<Record<PeerName, RegExp>> = {
  'scikit-learn': /CCA|PLSSVD|R²|linear CKA|all squared distances|overlap of 10/,
  scipy: /subspace|Procrustes|Wilks/,
  statsmodels: /CanCorr|degrees/,
  'cca-zoo': /./,
  repsim: /mean ρ|PWCCA/,
  dcor: /^distance correlation$|bias/,
  rsatoolbox: /correlation, (spearman|pearson)|squaredEuclidean, pearson/,
  torch_cka: /minibatches/,
  ckatorch: /minibatches|^linear CKA .cka_base.$/,
};

function numbers(value: Value): string {
  const all = flat(value);
  const some = all.slice(0, SHOWN).map((number) => String(Number(number.toPrecision(10))));
  return `${some.join(' ')}${all.length > SHOWN ? ' …' : ''}`;
}

async function row(
  peer: PeerName,
  agreement: Agreement,
  pair: PairName,
  answer: Value | undefined,
): Promise<string> {
  const samples = sides(pair).x.rows;
  if (answer === undefined) return `| ${peer} | ${agreement.of} | ${samples} | none | | | |`;
  const theirs = agreement.theirs?.(answer) ?? answer;
  const ours = await agreement.ours.compute(sides(pair), answer);
  const apart = difference(ours, theirs);
  const cells = [
    peer,
    agreement.of,
    samples,
    numbers(theirs),
    numbers(ours),
    apart === 0 ? '0' : apart.toExponential(0),
    `\`${agreement.ours.text}\``,
  ];
  return `| ${cells.join(' | ')} |`;
}

async function main(): Promise<void> {
  const missing = missingData('mnist');
  if (missing !== undefined) throw new Error(missing);
  const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  console.log('| peer | what | samples | peer | svcca | apart, relative | here |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const { peer, agreements } of tables) {
    if (chosen.length > 0 && !chosen.includes(peer)) continue;
    const absent = missingPeer(peer);
    if (absent !== undefined) {
      console.error(`${peer}: ${absent}`);
      continue;
    }
    const cases = agreements
      .filter(({ pairs }) => pairs.includes('mnist'))
      .map((agreement) => ({ ...agreement, pairs: pairsOf(peer, agreement) }));
    const { answers } = await ask(peer, cases);
    for (const agreement of cases) {
      for (const pair of agreement.pairs) {
        console.log(await row(peer, agreement, pair, answers[caseId(agreement, pair)].value));
      }
    }
  }
}

function pairsOf(peer: PeerName, { of }: Agreement): PairName[] {
  const large = process.argv.includes('--all') && LARGE[peer]?.test(of);
  return large ? ['mnist', 'mnistAll'] : ['mnist'];
}

await main();

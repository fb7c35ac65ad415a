/**
 * (a) How well each architecture does from each condition, and (g) at what size.
 *
 * @module
 */
import { aucInfluence } from '../auc-classes.js';
import type { Condition } from '../conditions.js';
import type { HybridPoint, PairedDifference, PerformanceRow } from '../exhibit-records.js';
import type { StudyRun } from '../study-result.js';
import { pairedBySeed } from './groups.js';
import type { RunGroup } from './groups.js';
import type { Exhibits, ExhibitsInput } from './input.js';
import { meanOverSeeds } from './mean-over-seeds.js';

/** What each run says of its AUC. */
type Influences = ReadonlyMap<StudyRun, Float64Array | undefined>;

/** (a) One row per architecture and condition, and (g) one point for each of those whose question is size. */
export async function performance(
  groups: readonly RunGroup[],
  { test, logits, signal }: Pick<ExhibitsInput, 'test' | 'logits' | 'signal'>,
): Promise<Pick<Exhibits, 'performance' | 'hybrid' | 'warnings'>> {
  const influences = new Map<StudyRun, Float64Array | undefined>();
  for (const run of groups.flatMap(({ runs }) => runs)) {
    signal?.throwIfAborted();
    influences.set(run, aucInfluence(await logits(run), test));
  }
  const to = (condition: Condition, group: RunGroup): PairedDifference | undefined => {
    const other = groups.find((one) => one.model === group.model && one.condition === condition);
    return other === undefined || other === group ? undefined : difference(group, other, influences);
  };
  const rows = groups.map((group) => rowOf(group, influences, to('random', group)));
  return {
    performance: rows,
    hybrid: rows.flatMap((row, i) => pointOf(row, to('pretrained', groups[i]))),
    warnings: rows.flatMap(faultless),
  };
}

/** DeLong's variance of an area of 1 is 0, of however few images. */
function faultless({ model, condition, mean: { value, low, high } }: PerformanceRow): string[] {
  if (low < high) return [];
  return [
    `${model}, ${condition}: with an AUC of ${value} in every run, its interval has no width; that is the least that is in ` +
      'doubt, and more test images would tell.',
  ];
}

function rowOf(
  { model, condition, runs }: RunGroup,
  influences: Influences,
  gain: PairedDifference | undefined,
): PerformanceRow {
  const aucs = runs.map((run) => run.test.auc);
  const { mean, interval, parts } = meanOverSeeds(
    aucs.map(({ value }) => value),
    runs.map((run) => influences.get(run)),
    [0, 1],
  );
  return {
    ...{ model, condition },
    parameters: runs[0].parameters,
    seeds: runs.map(({ seed }) => seed),
    ...{ aucs, mean, interval, parts },
    ...(gain && { gain }),
  };
}

function pointOf(
  { model, condition, parameters, mean, interval }: PerformanceRow,
  toPretrained: PairedDifference | undefined,
): HybridPoint[] {
  if (!['random', 'pretrained', 'gabor'].includes(condition) && !condition.startsWith('hybrid:')) return [];
  return [{ model, condition, parameters, auc: mean, interval, ...(toPretrained && { toPretrained }) }];
}

function difference(a: RunGroup, b: RunGroup, influences: Influences): PairedDifference | undefined {
  const pairs = pairedBySeed(a, b);
  if (pairs.length === 0) return undefined;
  const { mean, p, interval } = meanOverSeeds(
    pairs.map(([own, other]) => own.test.auc.value - other.test.auc.value),
    pairs.map(([own, other]) => {
      const [x, y] = [influences.get(own), influences.get(other)];
      return x && y && x.map((value, i) => value - y[i]);
    }),
    [-1, 1],
  );
  return { ...mean, p, seeds: pairs.map(([{ seed }]) => seed), interval };
}

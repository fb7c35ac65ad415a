/**
 * (a) How well each architecture does from each condition, and (g) at what size.
 *
 * @module
 */
import type { HybridPoint, PerformanceRow, StudyRun } from '../study-result.js';
import { pairedBySeed } from './groups.js';
import type { RunGroup } from './groups.js';
import { aucInfluence } from './influence.js';
import type { ExhibitsInput } from './input.js';
import { meanOverSeeds } from './mean-over-seeds.js';

/** One row per architecture and condition; gains are paired by seed, and both networks saw the same test images. */
export async function performanceRows(
  groups: readonly RunGroup[],
  { test, logits, signal }: Pick<ExhibitsInput, 'test' | 'logits' | 'signal'>,
): Promise<PerformanceRow[]> {
  const influences = new Map<StudyRun, Float64Array | undefined>();
  for (const run of groups.flatMap(({ runs }) => runs)) {
    signal?.throwIfAborted();
    influences.set(run, aucInfluence(await logits(run), test));
  }
  const of = (run: StudyRun) => influences.get(run);
  return groups.map((group) => {
    const { model, condition, runs } = group;
    const aucs = runs.map((run) => run.test.auc);
    const { mean, interval, parts } = meanOverSeeds(
      aucs.map(({ value }) => value),
      runs.map(of),
      [0, 1],
    );
    const random = groups.find((other) => other.model === model && other.condition === 'random');
    const gain = random !== undefined && random !== group && gainOver(group, random, of);
    return {
      model,
      condition,
      parameters: runs[0].parameters,
      seeds: runs.map(({ seed }) => seed),
      ...{ aucs, mean, interval, parts },
      ...(gain && { gain }),
    };
  });
}

function gainOver(
  group: RunGroup,
  random: RunGroup,
  of: (run: StudyRun) => Float64Array | undefined,
): PerformanceRow['gain'] {
  const pairs = pairedBySeed(group, random);
  if (pairs.length === 0) return undefined;
  const differences = pairs.map(([own, other]) => own.test.auc.value - other.test.auc.value);
  const influences = pairs.map(([own, other]) => {
    const [a, b] = [of(own), of(other)];
    return a && b && a.map((value, i) => value - b[i]);
  });
  const { mean, p, interval } = meanOverSeeds(differences, influences, [-1, 1]);
  return { ...mean, p, seeds: pairs.map(([{ seed }]) => seed), interval };
}

/** The rows whose question is size: trained alike, of which network is how much needed? */
export function hybridPoints(rows: readonly PerformanceRow[]): HybridPoint[] {
  return rows
    .filter(
      ({ condition }) =>
        ['random', 'pretrained', 'gabor'].includes(condition) || condition.startsWith('hybrid:'),
    )
    .map(({ model, condition, parameters, mean, interval }) => ({
      ...{ model, condition, parameters, interval },
      auc: mean,
    }));
}

/** Networks, shards of them, and what comes of the parts, for the tests of shards. */
import type { Convention } from '../../src/compare/asked.js';
import { shardMoments } from '../../src/compare/shards/moments.js';
import type { ShardOptions } from '../../src/compare/shards/moments.js';
import { Part } from '../../src/compare/shards/part.js';
import type { Shard } from '../../src/compare/shards/ranges.js';
import type { Similarity } from '../../src/compare/similarity.js';
import type { Comparable } from '../../src/compare/sources.js';
import type { Matrix } from '../../src/matrix.js';
import { presets } from '../../src/measures/presets.js';
import { gaussian, mapped, orthogonal, times } from '../support.js';

/** Every measure that merges, under conventions that differ in what they need. */
export const all: readonly Convention[] = [
  { label: 'svcca', measure: 'svcca', options: {} },
  { label: 'svcca mass', measure: 'svcca', options: { keep: { singularValueMass: 0.98 } } },
  { label: 'svcca dims', measure: 'svcca', options: { keep: { dims: 3 } } },
  { label: 'svcca raw', measure: 'svcca', options: presets.anatome.svcca },
  { label: 'cca', measure: 'cca', options: {} },
  { label: 'cca squared', measure: 'cca', options: { summary: 'meanSquared' } },
  { label: 'cca raw', measure: 'cca', options: { centred: false } },
  { label: 'cca google', measure: 'cca', options: presets.google.cca },
  { label: 'pwcca', measure: 'pwcca', options: {} },
  { label: 'pwcca y', measure: 'pwcca', options: { side: 'y' } },
  { label: 'pwcca google', measure: 'pwcca', options: { variant: 'google' } },
  { label: 'cka', measure: 'cka', options: {} },
  { label: 'cka debiased', measure: 'cka', options: { estimator: 'debiased' } },
  { label: 'procrustes', measure: 'procrustes', options: {} },
  { label: 'procrustes half', measure: 'procrustes', options: { alpha: 0.5 } },
  { label: 'angle', measure: 'procrustes', options: { output: 'angle' } },
  { label: 'regression', measure: 'regression', options: {} },
  { label: 'regression y', measure: 'regression', options: { from: 'y' } },
  { label: 'rv', measure: 'rvCoefficient', options: {} },
  { label: 'rv modified', measure: 'rvCoefficient', options: { modified: true } },
  { label: 'pls', measure: 'pls', options: {} },
];

export const equal = (of: number): Shard[] => Array.from({ length: of }, (_, index) => ({ index, of }));

/** Cuts at given places. */
export function cutAt(total: number, ...cuts: number[]): Shard[] {
  const ends = [0, ...cuts, total];
  return ends.slice(1).map((to, i) => ({ from: ends[i], to }));
}

/** The parts of all shards, through their bytes. */
export async function partsOf(
  a: Comparable,
  b: Comparable,
  shards: Shard[],
  options: ShardOptions,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [i, shard] of shards.entries()) {
    const part = await shardMoments(a, b, undefined, { ...options, shard });
    parts.push(Part.fromBytes(part.toBytes(), `part.${i}`));
  }
  return parts;
}

/** Largest difference of scores, relative where they are above 1 (of pls, in the units of the data). */
export function farthest(a: Similarity, b: Similarity): number {
  return Math.max(
    ...[a, ...a.others].flatMap((one, m) =>
      Array.from(one.scores, (score, i) => {
        const other = [b, ...b.others][m].scores[i];
        return Math.abs(score - other) / Math.max(1, Math.abs(score));
      }),
    ),
  );
}

export const float32 = (x: Matrix): Matrix => ({ ...x, data: Float32Array.from(x.data) });

/** A layer of a condition, about an offset. */
function layer(shared: Matrix, d: number, condition: number, offset: number, seed: number): Matrix {
  const own = gaussian(shared.rows, d, seed);
  const mixed = times(shared, gaussian(shared.cols, d, seed + 1));
  const spread = mapped(own, (value, i, j) => (value + mixed.data[i * d + j]) * condition ** (-j / (d - 1)));
  return mapped(times(spread, orthogonal(d, seed + 2)), (value) => value + offset);
}

export function sides(
  n: number,
  condition: number,
  offset: number,
): Record<'a' | 'b', Record<string, Matrix>> {
  const shared = gaussian(n, 4, 1);
  return {
    a: { narrow: layer(shared, 7, condition, offset, 10), wide: layer(shared, 24, condition, offset, 20) },
    b: { narrow: layer(shared, 9, condition, offset, 30), wide: layer(shared, 20, condition, offset, 40) },
  };
}

export const inFloat32 = (side: Record<string, Matrix>): Record<string, Matrix> =>
  Object.fromEntries(Object.entries(side).map(([name, x]) => [name, float32(x)]));

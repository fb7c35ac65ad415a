/**
 * How time grows with samples, neurons and layers: ratios of one size to the one before it, on one engine.
 */
import type { Engine } from 'svcca';
import type { Bench } from '../case.js';
import { activations } from '../data.js';
import type { Layer } from '../data.js';
import { timed } from '../harness.js';

/** One size of a series. */
export interface ScalingPoint {
  readonly size: number;
  readonly ms: number;
  /** Time over the time of the size before. */
  readonly ratio?: number;
  /** What that ratio is where time grows as promised. */
  readonly expected?: number;
}

/** One series. */
export interface ScalingResult {
  readonly engine: string;
  readonly what: string;
  readonly points: readonly ScalingPoint[];
}

/** Runs a series: the sizes in turns, the fastest of several runs of each. */
async function series(
  bench: Bench,
  engine: Engine,
  what: string,
  sizes: readonly number[],
  expected: (ratio: number) => number,
  prepare: (size: number) => () => Promise<unknown>,
): Promise<ScalingResult> {
  const runs = sizes.map((size) => ({ size, run: prepare(size), ms: Infinity }));
  for (let round = 0; round <= bench.budget.rounds; round++) {
    // The first round warms up: it is timed as well, and loses.
    for (const entry of runs) entry.ms = Math.min(entry.ms, (await timed(entry.run)).ms);
  }
  const points = runs.map(({ size, ms }, i): ScalingPoint => {
    if (i === 0) return { size, ms };
    const before = runs[i - 1];
    return { size, ms, ratio: ms / before.ms, expected: expected(size / before.size) };
  });
  return { engine: engine.name, what, points };
}

/** Scaling of the engine that `auto` would choose. */
export async function runScaling(bench: Bench): Promise<ScalingResult[]> {
  const { quick, library } = bench;
  const engine = library.engines.find(({ name }) => name === 'wasm') ?? library.engines[0];
  const { svcca, compare } = library.svcca;
  const pair = (rows: number, cols: number) => {
    const { x, y } = activations(rows, cols);
    return () => svcca(x, y, { engine });
  };
  const layers = (count: number) => {
    const all = activations(quick ? 200 : 1000, quick ? 32 : 128, count);
    const side = (letter: string): Record<string, Layer> =>
      Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith(letter)));
    const [a, b] = [side('x'), side('y')];
    return () => compare(a, b, undefined, { measure: 'svcca', engine });
  };
  const [cols, rows] = quick ? [32, 500] : [256, 4096];
  return [
    await series(
      bench,
      engine,
      `samples n, at d = ${cols}`,
      quick ? [1000, 2000, 4000] : [5000, 10000, 20000, 40000],
      (ratio) => ratio,
      (n) => pair(n, cols),
    ),
    await series(
      bench,
      engine,
      `neurons d, at n = ${rows}`,
      quick ? [16, 32, 64] : [128, 256, 512, 1024],
      // The Gram matrices grow as d², their eigenvectors as d³.
      (ratio) => ratio ** 2,
      (d) => pair(rows, d),
    ),
    await series(
      bench,
      engine,
      `layers L of each side, L × L compared`,
      quick ? [1, 2, 4] : [2, 4, 8, 16],
      (ratio) => ratio ** 2,
      layers,
    ),
  ];
}

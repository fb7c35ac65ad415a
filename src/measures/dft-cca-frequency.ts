/**
 * Complex CCA of the channels of two layers at one spatial frequency.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { centre } from '../factor/centred.js';
import { REFINE_ABOVE } from '../factor/cross.js';
import { FLOAT32_TOLERANCE, FLOAT64_TOLERANCE } from '../factor/factor.js';
import type { Side } from '../factor/factor.js';
import { crossInMemory } from '../factor/in-memory.js';
import type { Route } from '../factor/in-memory.js';
import { keptDirections } from '../factor/keep.js';
import type { Crossing, Keep } from '../factor/keep.js';
import { leadingBlock } from '../factor/small.js';
import { checkSamples, correlationsOf } from './correlations.js';
import { Transform } from './dft-cca-transform.js';
import type { Grid, Representative } from './dft-cca-transform.js';

/** One of something for each side. */
export interface Sides<T> {
  readonly x: T;
  readonly y: T;
}

/** Options that single frequencies know of. */
export interface FrequencyOptions {
  readonly keep: Keep | 'all';
  readonly crossing: Crossing;
  readonly allowFewSamples: boolean;
}

/** One side: its transform, and the size of a direction of coefficients that is rounding of the activations. */
export interface Prepared {
  readonly transform: Transform;
  readonly floor: number;
  /** Channels that never changed anywhere. */
  readonly dead: number;
}

/** Centres a layer and gets its transform ready. */
export async function prepare(engine: Engine, x: Matrix, grid: Grid): Promise<Prepared> {
  const { samples, mean } = await centre(engine, x);
  const alive = new Uint8Array(grid.channels);
  samples.data.forEach((value, at) => {
    if (value !== 0) alive[at % grid.channels] = 1;
  });
  // Rounding is alike at all frequencies, by Parseval's theorem as large in each as in all activations together, means included.
  const tolerance = x.data instanceof Float32Array ? FLOAT32_TOLERANCE : FLOAT64_TOLERANCE;
  const size = Math.hypot(lengthOf(samples.data), Math.sqrt(x.rows) * lengthOf(mean));
  return {
    transform: new Transform(x.rows, grid, samples.data),
    floor: tolerance * size,
    dead: alive.reduce((dead, live) => dead + 1 - live, 0),
  };
}

/** What is found at one frequency. */
export interface Found {
  readonly correlations: readonly number[];
  readonly rank: Sides<number>;
  readonly kept: Sides<number>;
  readonly direct: boolean;
}

/**
 * Canonical correlations at one frequency.
 *
 * @throws DataError with code `TOO_FEW_SAMPLES` unless allowed
 */
export async function atFrequency(
  engine: Engine,
  { x, y }: Sides<Prepared>,
  frequency: Representative,
  route: Route,
  { keep, crossing, allowFewSamples }: FrequencyOptions,
): Promise<Found> {
  const [left, right] = [x.transform.at(frequency), y.transform.at(frequency)];
  // Complex directions come as two real ones.
  const times = frequency.real ? 1 : 2;
  const samples = left.rows / times;
  const anyBasis = keep === 'all' && clear(left, x.floor) && clear(right, y.floor);
  const pair = await crossInMemory(engine, left, right, route, { keep: 'all', anyBasis });
  const spectra = {
    x: spectrum(pair.x, x.floor, times, samples),
    y: spectrum(pair.y, y.floor, times, samples),
  };
  const kept = {
    x: keptDirections(spectra.x, keep, crossing),
    y: keptDirections(spectra.y, keep, crossing),
  };
  checkSamples(samples, kept, allowFewSamples);
  const block = leadingBlock(pair.cross, times * kept.x, times * kept.y);
  const all = await correlationsOf(engine, block);
  return {
    correlations: all.filter((_, i) => i % times === 0),
    rank: { x: spectra.x.length, y: spectra.y.length },
    kept,
    direct: pair.x.method === 'direct' && pair.y.method === 'direct',
  };
}

/** Whether no direction of a side can be rounding, if its condition allows any basis to be taken. */
function clear({ cols, data }: HostMatrix, floor: number): boolean {
  return lengthOf(data) > REFINE_ABOVE * Math.sqrt(cols) * floor;
}

/** Singular values of the (complex) coefficients above rounding, largest first; of a side in any basis all of them, as ones. */
function spectrum(
  side: Side & { s?: Float64Array },
  floor: number,
  times: number,
  samples: number,
): Float64Array {
  const s = side.s ?? new Float64Array(side.rank).fill(Infinity);
  const most = Math.min(Math.floor(s.length / times), samples - 1);
  let rank = 0;
  while (rank < most && s[times * rank] > floor) rank++;
  return Float64Array.from({ length: rank }, (_, i) => s[times * i]);
}

/** Euclidean length, safe from overflow of squares. */
function lengthOf(values: Float64Array): number {
  const most = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (most === 0) return 0;
  return most * Math.sqrt(values.reduce((sum, value) => sum + (value / most) ** 2, 0));
}

/**
 * Complex CCA of the channels of two layers at one spatial frequency.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { Engine } from '../engines/engine.js';
import { centre } from '../factor/centred.js';
import type { Side } from '../factor/factor.js';
import { crossInMemory } from '../factor/in-memory.js';
import type { Route } from '../factor/in-memory.js';
import { keptDirections } from '../factor/keep.js';
import type { Crossing, Keep } from '../factor/keep.js';
import { columnNorms, independent, neuronRounding, precisionOf } from '../factor/rounding.js';
import type { Rounding } from '../factor/rounding.js';
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

/** One side: its transform, and the rounding that the activations leave in the coefficients of each frequency. */
export interface Prepared {
  readonly transform: Transform;
  /** Of real coefficients, and of complex ones as two real each. */
  readonly rounding: { readonly real: Rounding; readonly complex: Rounding };
  /** Channels that never changed anywhere. */
  readonly dead: number;
}

/** Centres a layer and gets its transform ready. */
export async function prepare(engine: Engine, x: Matrix, grid: Grid): Promise<Prepared> {
  const { samples, mean } = await centre(engine, x);
  // Rounding is alike at all frequencies, by Parseval's theorem as large in each as at all positions together.
  const positions = neuronRounding(precisionOf(x), columnNorms(samples), mean, x.rows);
  const { channels } = grid;
  const lengths = columnNorms({ rows: positions.length / channels, cols: channels, data: positions });
  return {
    transform: new Transform(x.rows, grid, samples.data),
    rounding: {
      real: independent(lengths),
      complex: independent(Float64Array.of(...lengths, ...lengths)),
    },
    dead: lengths.reduce((dead, length) => (length === 0 ? dead + 1 : dead), 0),
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
  const kind = frequency.real ? 'real' : 'complex';
  const pair = await crossInMemory(engine, left, right, route, {
    keep: 'all',
    anyBasis: keep === 'all',
    rounding: { x: x.rounding[kind], y: y.rounding[kind] },
  });
  const spectra = { x: spectrum(pair.x, times, samples), y: spectrum(pair.y, times, samples) };
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

/** Singular values of the (complex) coefficients, largest first; of a side in any basis all of them, as ones. */
function spectrum(side: Side & { s?: Float64Array }, times: number, samples: number): Float64Array {
  const s = side.s ?? new Float64Array(side.rank).fill(1);
  const rank = Math.min(Math.floor(s.length / times), samples - 1);
  return Float64Array.from({ length: rank }, (_, i) => s[times * i]);
}

/**
 * Centred samples in memory, and a layer made of their decomposition.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import { FLOAT32_TOLERANCE, FLOAT64_TOLERANCE, orient } from './factor.js';
import type { Factor, Method, Side } from './factor.js';
import type { Rounding } from './rounding.js';

/** A factor with the orthonormal basis `U` `[samples, rank]` of its centred samples, none at rank 0; dispose it after use. */
export interface Layer {
  readonly factor: Factor;
  readonly basis?: Handle;
}

/** Samples less their means, in float64. */
export interface Centred {
  readonly samples: HostMatrix;
  readonly mean: Float64Array;
  /** Neurons that never changed. */
  readonly dead: number;
}

/** Centres a layer. */
export async function centre(engine: Engine, x: Matrix): Promise<Centred> {
  const uploaded = await engine.upload(x);
  const mean = await engine.columnMeans(uploaded);
  engine.dispose(uploaded);
  const { rows, cols, data } = x;
  const samples = zeros(rows, cols);
  const alive = new Uint8Array(cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0, at = i * cols; j < cols; j++, at++) {
      const value = data[at] - mean[j];
      samples.data[at] = value;
      if (value !== 0) alive[j] = 1;
    }
  }
  return { samples, mean, dead: alive.reduce((dead, live) => dead + 1 - live, 0) };
}

/** A layer from right singular vectors and values; `basis` makes the left ones of the columns that `pick` picks. */
export async function layerOf(
  x: Matrix,
  { mean, dead }: Pick<Centred, 'mean' | 'dead'>,
  found: {
    readonly v: HostMatrix;
    readonly s: Float64Array;
    readonly method: Method;
    readonly rounding: Rounding;
  },
  basis: (pick: (columns: HostMatrix) => HostMatrix) => Promise<Handle>,
): Promise<Layer> {
  const tolerance = toleranceOf(x, found.method);
  const { v, s, pick } = orient(found.v, found.s, tolerance, x.rows, found.rounding);
  const { method } = found;
  const [samples, neurons, rank] = [x.rows, x.cols, s.length];
  const factor = { samples, neurons, dead, rank, mean, v, s, method, tolerance };
  return rank === 0 ? { factor } : { factor, basis: await basis(pick) };
}

/** A side known to be of full rank, so that every neuron is alive. */
export function fullRank(x: Matrix, mean: Float64Array, method: Method): Side {
  const tolerance = toleranceOf(x, method);
  return { samples: x.rows, neurons: x.cols, dead: 0, rank: x.cols, mean, method, tolerance };
}

/** Where directions end: squared moments keep half the digits, data held in memory all that their type has. */
function toleranceOf({ data }: Matrix, method: Method): number {
  return method === 'direct' && data instanceof Float64Array ? FLOAT64_TOLERANCE : FLOAT32_TOLERANCE;
}

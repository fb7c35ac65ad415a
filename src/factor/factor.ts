/**
 * The factor of a layer: all that any linear measure needs to know of it.
 *
 * @module
 */
import type { HostMatrix } from '../engines/engine.js';
import { scaleColumns } from './small.js';

/** Route from activations to factors. */
export type Method = 'moments' | 'direct';

/** What is known of a layer whichever orthonormal basis of its centred samples is taken. */
export interface Side {
  readonly samples: number;
  readonly neurons: number;
  /** Neurons that never changed. */
  readonly dead: number;
  /** Numerical rank: columns of the basis. */
  readonly rank: number;
  /** Column means μ `[neurons]`. */
  readonly mean: Float64Array;
  readonly method: Method;
  /** Directions below `tolerance · s[0]` were cut as noise. */
  readonly tolerance: number;
}

/** `X − μ = U · diag(s) · vᵀ`, truncated at the numerical rank; `U` itself is not part of it. */
export interface Factor extends Side {
  /** Right singular vectors `[neurons, rank]`; in each column the entry of largest magnitude is positive. */
  readonly v: HostMatrix;
  /** Singular values, largest first `[rank]`. */
  readonly s: Float64Array;
}

/** Relative size below which a direction of float32 data, or of any squared moments, is rounding noise. */
export const FLOAT32_TOLERANCE = 1e-7;

/** The same for float64 data that were never squared. */
export const FLOAT64_TOLERANCE = 1e-13;

/** Right singular vectors and values cut at the numerical rank, with the columns that were turned round. */
export interface Oriented {
  readonly v: HostMatrix;
  readonly s: Float64Array;
  /** For each kept column −1 if it was turned round, else 1. */
  readonly signs: Int8Array;
}

/**
 * Cuts at the numerical rank and fixes the signs: in each column of `v` the entry of largest magnitude (the first of
 * equals) becomes positive, so that engines agree element by element.
 */
export function orient(v: HostMatrix, s: Float64Array, tolerance: number, samples: number): Oriented {
  const floor = tolerance * (s[0] ?? 0);
  // Centred samples span at most samples − 1 dimensions, whatever rounding leaves of the last one.
  const most = Math.min(s.length, Math.max(0, samples - 1));
  let rank = 0;
  while (rank < most && s[rank] > floor) rank++;
  const signs = Int8Array.from({ length: rank }, (_, j) => (largestEntry(v, j) < 0 ? -1 : 1));
  return { v: scaleColumns(v, signs), s: s.slice(0, rank), signs };
}

function largestEntry({ rows, cols, data }: HostMatrix, column: number): number {
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    const value = data[i * cols + column];
    // Entries equal but for rounding count as equal, else engines would choose differently.
    if (Math.abs(value) > Math.abs(largest) * (1 + 1e-9)) largest = value;
  }
  return largest;
}

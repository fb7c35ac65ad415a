/**
 * The factor of a layer: all that any linear measure needs to know of it.
 *
 * @module
 */
import type { HostMatrix } from '../engines/engine.js';
import type { Rounding } from './rounding.js';

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
  /** Directions below `tolerance · s[0]`, or below the rounding of the samples, were cut as noise. */
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

/** Right singular vectors and values without those that are noise. */
export interface Oriented {
  readonly v: HostMatrix;
  readonly s: Float64Array;
  /** The same columns of another matrix, turned round where those of `v` were. */
  readonly pick: (columns: HostMatrix) => HostMatrix;
}

/**
 * Cuts at the numerical rank and fixes the signs: in each column of `v` the entry of largest magnitude (the first of
 * equals) becomes positive, so that engines agree element by element.
 *
 * @param rounding - of the samples, where more is known of it than `tolerance`. Of neurons on different scales, rounding of the
 * large ones may stand before directions of the small: only the former go.
 */
export function orient(
  v: HostMatrix,
  s: Float64Array,
  tolerance: number,
  samples: number,
  rounding?: Rounding,
): Oriented {
  const floor = tolerance * (s[0] ?? 0);
  // Centred samples span at most samples − 1 dimensions, whatever rounding leaves of the last one.
  const most = Math.min(s.length, Math.max(0, samples - 1));
  let rank = 0;
  while (rank < most && s[rank] > floor) rank++;
  const kept = clearOfRounding(v, s.subarray(0, rank), rounding);
  const signs = Float64Array.from(kept, (j) => (largestEntry(v, j) < 0 ? -1 : 1));
  const pick = (columns: HostMatrix) => pickColumns(columns, kept, signs);
  return { v: pick(v), s: Float64Array.from(kept, (j) => s[j]), pick };
}

/** Which directions are more than rounding. */
function clearOfRounding(v: HostMatrix, s: Float64Array, rounding: Rounding | undefined): Uint32Array {
  const all = Uint32Array.from(s, (_, j) => j);
  const first = rounding === undefined ? -1 : s.findIndex((value) => value <= rounding.most);
  if (rounding === undefined || first === -1) return all;
  const doubtful = all.subarray(first);
  const floors = rounding.along(pickColumns(v, doubtful, new Float64Array(doubtful.length).fill(1)));
  return all.filter((j) => j < first || s[j] > floors[j - first]);
}

function pickColumns({ rows, cols, data }: HostMatrix, which: Uint32Array, scale: Float64Array): HostMatrix {
  const out = new Float64Array(rows * which.length);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < which.length; j++, at++) out[at] = scale[j] * data[i * cols + which[j]];
  }
  return { rows, cols: which.length, data: out };
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

/**
 * The factor of a layer: all that any linear measure needs to know of it.
 *
 * @module
 */
import type { HostMatrix } from '../engines/engine.js';

/** Route from activations to factors. */
export type Method = 'moments' | 'direct';

/** `X − μ = U · diag(s) · vᵀ`, truncated at the numerical rank; `U` itself is not part of it. */
export interface Factor {
  readonly samples: number;
  readonly neurons: number;
  /** Neurons that never changed. */
  readonly dead: number;
  /** Column means μ `[neurons]`. */
  readonly mean: Float64Array;
  /** Right singular vectors `[neurons, rank]`; in each column the entry of largest magnitude is positive. */
  readonly v: HostMatrix;
  /** Singular values, largest first `[rank]`. */
  readonly s: Float64Array;
  readonly method: Method;
  /** Directions below `tolerance · s[0]` were cut as noise. */
  readonly tolerance: number;
}

/**
 * What is kept of the samples of several layers: data alone; `joint.ts` makes and merges it.
 *
 * @module
 */
import type { HostMatrix } from '../engines/engine.js';
import type { SplitMean } from './split-mean.js';

/** Sums of one layer. */
export interface LayerNorms {
  /** `Σaᵢ²`. */
  readonly squares: number;
  /** `Σaᵢ(xᵢ − μ)` `[neurons]`. */
  readonly along: Float64Array;
}

/** Sums of a pair. */
export interface PairNorms {
  /** `Σaᵢbᵢ`. */
  readonly products: number;
  /** `Σbᵢ(xᵢ − μ)` `[neurons of x]`. */
  readonly alongX: Float64Array;
  /** `Σaᵢ(yᵢ − ν)` `[neurons of y]`. */
  readonly alongY: Float64Array;
}

/** A layer over some datapoints. */
export interface JointLayer {
  readonly samples: number;
  readonly mean: SplitMean;
  /** `R` `[≤ neurons, neurons]` of the centred datapoints; a neuron that never changed is a column of zeros. */
  readonly root: HostMatrix;
  /** Share of a stored value that is rounding. */
  readonly precision: number;
  readonly norms?: LayerNorms;
}

/** Two layers over the same datapoints. */
export interface JointPair {
  /** `Q₁ᵀQ₂`, one row for each row of the first layer's root, one column for each of the second's. */
  readonly inner: HostMatrix;
  readonly norms?: PairNorms;
}

/** Layers, and the pairs of them that were asked for. */
export interface Joint {
  readonly layers: readonly JointLayer[];
  readonly pairs: readonly JointPair[];
}

/** Which layers make each pair, by place. */
export type PairPlaces = readonly { readonly a: number; readonly b: number }[];

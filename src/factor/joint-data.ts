/**
 * What is kept of the samples of several layers; `joint.ts` makes and merges it.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { HostMatrix } from '../engines/engine.js';
import { noMean } from './split-mean.js';
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

/** Layers without any datapoints, of which it is known how their values are stored. */
export function emptyJoint(
  layers: readonly { readonly neurons: number; readonly precision: number }[],
  pairs: PairPlaces,
  norms: boolean,
): Joint {
  const along = (layer: number): Float64Array => new Float64Array(layers[layer].neurons);
  return {
    layers: layers.map(({ neurons, precision }, i) => ({
      samples: 0,
      mean: noMean(neurons),
      root: zeros(0, neurons),
      precision,
      ...(norms && { norms: { squares: 0, along: along(i) } }),
    })),
    pairs: pairs.map(({ a, b }) => ({
      inner: zeros(0, 0),
      ...(norms && { norms: { products: 0, alongX: along(a), alongY: along(b) } }),
    })),
  };
}

/** Whether there are no datapoints. */
export function isEmpty({ layers }: Joint): boolean {
  return layers.every(({ samples }) => samples === 0);
}

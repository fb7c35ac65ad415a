/**
 * Activations as they flow from capture to comparison: batch by batch, layer by layer, samples first.
 *
 * @module
 */
import type { FloatArray, Matrix } from '../matrix.js';

/** What is known of a layer before anything runs. */
export interface LayerInfo {
  /**
   * Unique within its set: the model's own name, with the path of nested models and custom layers (`backbone/conv1`); further
   * uses of a layer are `name@1`, further outputs `name:1`.
   */
  readonly name: string;
  /**
   * Class of the layer or op, for example `Conv2D`; a fused op with the ops it ends in, `_FusedConv2D+BiasAdd+Relu`; `Array`
   * for activations that were given.
   */
  readonly kind: string;
  /** Output shape without the batch axis, channels last as activations are captured; `null` where the model leaves an axis open. */
  readonly shape: readonly (number | null)[];
  /** Number of the layer's own weights. */
  readonly parameters?: number;
  /** Why a default selection leaves it out, for example `an input`; it can still be named. */
  readonly leftOut?: string;
}

/**
 * One layer's activations for a run of samples, `[samples, grid[0], grid[1], channels]`, channels last. A dense layer
 * has the grid `[1, 1]`, a sequence of `t` steps `[t, 1]`.
 */
export interface ActivationBlock {
  readonly samples: number;
  readonly grid: readonly [number, number];
  readonly channels: number;
  readonly data: FloatArray;
  /**
   * 1 where a position counts, 0 where the model masks it (padding of a sequence): `[samples, grid[0], grid[1]]`. Left out:
   * all count.
   */
  readonly mask?: Uint8Array;
}

/** The chosen layers' activations for samples `start … start + samples − 1`. */
export interface ActivationBatch {
  readonly start: number;
  readonly samples: number;
  readonly layers: ReadonlyMap<string, ActivationBlock>;
}

/**
 * How positions of a grid become datapoints and neurons: each a datapoint, their mean, the last step of a sequence, or all of
 * them neurons. Masked positions are left out, of `flatten` they are 0.
 */
export type Spatial = 'positions' | 'mean' | 'last' | 'flatten';

/** Names of {@link Spatial}. */
export const SPATIAL: readonly Spatial[] = ['positions', 'mean', 'last', 'flatten'];

/** Samples `from … to − 1` of a set. */
export interface SampleRange {
  /** @defaultValue `0` */
  readonly from?: number;
  /** @defaultValue the end */
  readonly to?: number;
}

/** Activations of named layers over one set of samples; read as often as needed, always in the same order. */
export interface ActivationSet {
  /** In order of execution. */
  readonly layers: readonly LayerInfo[];
  /** Number of samples, where it is known before reading. */
  readonly samples: number | undefined;
  /** How grids are read as datapoints. */
  readonly spatial: Spatial;
  /** A new pass over the samples, or over some of them; a set may give more than was asked for, and its reader cuts it. */
  batches(range?: SampleRange): AsyncIterable<ActivationBatch>;
  /** Whole layers in memory, datapoints × neurons, the spatial rule applied. */
  matrices(): Promise<Record<string, Matrix>>;
}

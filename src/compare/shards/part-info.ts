/**
 * What a part says of itself.
 *
 * @module
 */
import type { Spatial } from '../../capture/activations.js';
import type { Positions } from '../../capture/positions.js';
import type { MethodChoice } from '../../factor/in-memory.js';

/**
 * Identifies the file form of a part. It changes with whatever makes other numbers of the same samples (the draw of positions, how
 * layers are named), so that parts of two versions of this library do not merge by mistake.
 */
export const PART_FORMAT = 'svcca/part@1';

/** A layer on one grid, as a part holds it. */
export interface PartView {
  /** 0 for the first network, 1 for the second. */
  readonly side: number;
  readonly layer: string;
  readonly grid: readonly [number, number];
  readonly neurons: number;
  /** How its activations were stored. */
  readonly storage: 'float32' | 'float64';
  readonly datapoints: number;
  /** Rows of its triangle, at most `neurons`. */
  readonly rows: number;
}

/** A measure as it was asked for, with all its options. */
export interface PartMeasure {
  readonly label: string;
  readonly measure: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Everything of a part but its numbers. */
export interface PartInfo {
  readonly format: typeof PART_FORMAT;
  readonly names: { readonly a: string; readonly b: string };
  /** Hashes that tell what was compared, where they could be taken. */
  readonly fingerprints: { readonly a?: string; readonly b?: string; readonly data?: string };
  /** Layers of both sides, in order of execution. */
  readonly layers: { readonly a: readonly string[]; readonly b: readonly string[] };
  readonly reading: {
    readonly spatial: Spatial;
    readonly positions: Positions;
    readonly seed: number;
  };
  /** What is done to the data before each side sees them, where anything is: `a` and `b`. */
  readonly preprocess?: Readonly<Record<string, unknown>>;
  readonly method: MethodChoice;
  readonly measures: readonly PartMeasure[];
  /** Whether sums over the rows' norms are kept, which debiased estimators need. */
  readonly rowNorms: boolean;
  /** Samples (images, not positions) of all parts together. */
  readonly total: number;
  /** Samples `from … to − 1` that are in it, ascending; none of an empty shard. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
  /** Which shard it was asked for as, of how many. */
  readonly shard?: { readonly index: number; readonly of: number };
  readonly views: readonly PartView[];
  /** The two views of each pair of layers, by place, row by row. */
  readonly cells: readonly { readonly a: number; readonly b: number }[];
}

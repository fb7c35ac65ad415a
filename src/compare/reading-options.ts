/**
 * Options that every comparison of networks shares.
 *
 * @module
 */
import type { Spatial } from '../capture/activations.js';
import type { Positions } from '../capture/positions.js';
import type { OpenSpool } from '../capture/spool.js';
import type { MethodChoice } from '../factor/in-memory.js';
import type { RunOptions } from '../options.js';
import type { Checkpoint } from './checkpoint.js';

/** Options of every comparison of networks, beside the measures and theirs. */
export interface ReadingOptions extends RunOptions {
  /**
   * What positions of a grid are: `'positions'`: datapoints, compared on the coarser of two grids; `'mean'`: averaged;
   * `'flatten'`: each its own neurons. @defaultValue `'positions'`
   */
  readonly spatial?: Spatial;
  /** Positions drawn of each image, the same on all sides. @defaultValue `'all'` */
  readonly positions?: Positions;
  /** Seed of that draw, and of what is random in training. @defaultValue `0` */
  readonly seed?: number;
  /** Runs models as in training: dropout on, batch norm by the batch. The models do not change. @defaultValue `false` */
  readonly training?: boolean;
  /** Samples run at a time. @defaultValue `64`, or fewer where activations of so many would take a large part of `memory` */
  readonly batchSize?: number;
  /** Route to the factors. @defaultValue `'auto'` */
  readonly method?: MethodChoice;
  /**
   * Bytes that everything a comparison holds may take, beside the models and the data: the batch in hand, activations kept
   * between the passes, moments (`8·d²` for each layer of d neurons), factors (`8·d·k` for k kept directions) and cross blocks
   * (`8·k₁·k₂` a pair). What does not fit at once is done in several passes. Measures that compare samples with samples need
   * their layers in it. Less than 32 MiB count as that for what is computed. @defaultValue 1 GiB
   */
  readonly memory?: number;
  /**
   * Where activations and factors go that do not fit `memory`, and data that can be read only once (an iterator): `spoolTo` of
   * `svcca/node`. @defaultValue none: the models run again for every pass, and data that can be read only once are refused
   */
  readonly spool?: OpenSpool;
  /**
   * Where the comparison saves its state, to go on from there after an interruption: with the same call, to the same numbers.
   * `checkpointFile` of `svcca/node`. @defaultValue none
   */
  readonly checkpoint?: Checkpoint;
}

/** Names of {@link ReadingOptions}, for calls where options of measures stand beside them. */
export const READING_OPTIONS = [
  ...['spatial', 'positions', 'seed', 'training', 'batchSize', 'method', 'memory', 'spool', 'checkpoint'],
  ...['engine', 'threads', 'signal', 'onProgress'],
];

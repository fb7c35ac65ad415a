/**
 * Activations in files, read batch by batch.
 *
 * @module
 */
import type { ActivationSet } from '../capture/activations.js';
import { fromArrays } from '../capture/arrays.js';
import type { PositionOptions } from '../capture/spatial.js';
import type { LayerSelection } from '../capture/select.js';
import type { Spatial } from '../capture/activations.js';
import { loadArrays } from './activations.js';

/** Options of {@link openActivations}. */
export interface FileOptions extends PositionOptions {
  /** Which layers; the others are not read, whatever they hold. @defaultValue all */
  readonly layers?: LayerSelection;
  /** How grids become datapoints. @defaultValue `'positions'` */
  readonly spatial?: Spatial;
  /** Where channels stand in arrays of rank 3 and 4. @defaultValue `'channelsLast'` */
  readonly layout?: 'channelsLast' | 'channelsFirst';
}

/** Activations of a file that is being read. */
export interface OpenedActivations {
  readonly set: ActivationSet;
  /** Tells versions of the file apart. */
  readonly fingerprint: string;
  /** Gives up what is held; the set cannot be read any more. */
  close(): Promise<void>;
}

/** Opens activations in files. */
export async function openActivations(path: string, _options: FileOptions = {}): Promise<OpenedActivations> {
  const { arrays, fingerprint } = await loadArrays(path);
  return { set: await fromArrays(arrays), fingerprint, close: () => Promise.resolve() };
}

/**
 * How activations were read, as results and parts record it.
 *
 * @module
 */
import type { Spatial } from '../capture/activations.js';
import type { Positions } from '../capture/positions.js';
import { isModel } from '../capture/recognise.js';
import type { SideInput } from './sources.js';

/** What of reading stands in the options of every result; what was left out of the call is left out. */
export interface RecordedReading {
  readonly spatial: Spatial;
  readonly positions: Positions;
  readonly seed: number;
  readonly training?: true;
  /** Of each model by the name that the comparison has for it: the steps as they were given, or `'a function'`. */
  readonly preprocess?: Readonly<Record<string, unknown>>;
}

/** Preprocessing by label of the models that have one, if any has. */
export function recordedPreprocess(inputs: readonly SideInput[]): Pick<RecordedReading, 'preprocess'> {
  const recorded = inputs.flatMap(({ side, label, preprocess }) => {
    if (preprocess === undefined || !isModel(side)) return [];
    return [[label, typeof preprocess === 'function' ? 'a function' : structuredClone(preprocess)] as const];
  });
  return recorded.length > 0 ? { preprocess: Object.fromEntries(recorded) } : {};
}

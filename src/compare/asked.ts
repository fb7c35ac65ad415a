/**
 * Which measures a call asks for, and with which options.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import type { Measure, Needs } from '../measures/measure.js';
import { findMeasure, measures } from '../measures/registry.js';
import type { MeasureName } from '../measures/registry.js';

/** A measure and the options that make a named convention of it. */
export interface Convention {
  readonly label: string;
  readonly measure: MeasureName;
  readonly options: Readonly<Record<string, unknown>>;
}

/** One measure to compute: its name, a measure of your own, or a convention. */
export type MeasureChoice = MeasureName | Measure<object> | Convention;

/** One measure, or several: names joined by commas, or a list. */
// `string & {}` keeps the names among what an editor offers.
export type MeasureChoices = MeasureChoice | (string & {}) | readonly MeasureChoice[];

/** A measure as it was asked for, its options complete. */
export interface Asked {
  readonly label: string;
  readonly measure: Measure;
  readonly options: Record<string, unknown>;
  readonly needs: Needs;
}

/**
 * Resolves the measures and the options that stand beside them: of several measures each takes the options it has.
 *
 * @throws OptionError for an unknown measure, an option that none of them has, two with one label, or a bad value
 */
export function askedMeasures(choices: MeasureChoices, own: Readonly<Record<string, unknown>>): Asked[] {
  const found = listed(choices).map((choice) =>
    isConvention(choice)
      ? { label: choice.label, measure: findMeasure(choice.measure), fixed: choice.options }
      : { label: findMeasure(choice).name, measure: findMeasure(choice), fixed: {} },
  );
  if (found.length === 0) throw new OptionError(`measure names none: give some of ${names()}`);
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  const foreign = given.find(([key]) => !found.some(({ measure }) => key in measure.defaults));
  if (foreign !== undefined && found.length > 1) {
    throw new OptionError(
      `none of ${found.map(({ label }) => label).join(', ')} has an option '${foreign[0]}'`,
    );
  }
  const repeated = found.find(({ label }, i) => found.findIndex((other) => other.label === label) !== i);
  if (repeated !== undefined) {
    throw new OptionError(
      `measure names '${repeated.label}' twice: give each a label, as { label, measure, options }`,
    );
  }
  const overridden = given.find(([key]) => {
    const takers = found.filter(({ measure }) => key in measure.defaults);
    return takers.length > 0 && takers.every(({ fixed }) => key in fixed);
  });
  if (overridden !== undefined) {
    throw new OptionError(
      `${overridden[0]} is given, and fixed by ${found.map(({ label }) => label).join(', ')}: leave one of them out`,
    );
  }
  return found.map(({ label, measure, fixed }) => {
    const known = found.length === 1 ? given : given.filter(([key]) => key in measure.defaults);
    const options = measure.resolve({ ...Object.fromEntries(known), ...fixed });
    return { label, measure, options, needs: measure.needs(options) };
  });
}

/** Whether any of the measures takes singular vectors of cross blocks, which need more room than the values alone. */
export function takesVectors(asked: readonly Asked[]): boolean {
  return asked.some(({ needs }) => !needs.samples && !needs.valuesOnly);
}

function listed(choices: MeasureChoices): readonly MeasureChoice[] {
  if (Array.isArray(choices)) return choices as readonly MeasureChoice[];
  if (typeof choices !== 'string') return [choices as MeasureChoice];
  return choices
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '') as MeasureName[];
}

function isConvention(choice: MeasureChoice): choice is Convention {
  if (typeof choice !== 'object' || choice === null || !('label' in choice)) return false;
  if (typeof choice.label === 'string' && choice.label !== '') return true;
  throw new OptionError(`label is ${show(choice.label)}: give each convention a name`);
}

function names(): string {
  return Object.keys(measures).join(', ');
}

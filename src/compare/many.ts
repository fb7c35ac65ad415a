/**
 * Comparison of many networks with one another, layer by layer: sources in, {@link ModelSimilarity} out.
 *
 * @module
 */
import type { CaptureData } from '../capture/capture.js';
import type { LayerInfo } from '../capture/activations.js';
import type { Preprocess } from '../capture/preprocess.js';
import { isModel } from '../capture/recognise.js';
import type { LayerSelection } from '../capture/select.js';
import { OptionError } from '../errors.js';
import { without } from '../options.js';
import { askedMeasures } from './asked.js';
import type { Asked, MeasureChoices } from './asked.js';
import { ModelSimilarity } from './model-similarity.js';
import type { ModelSimilarityData } from './model-similarity.js';
import type { LayerPair } from './plan.js';
import { READING_OPTIONS, runComparison } from './run.js';
import type { ReadingOptions } from './run.js';
import type { Cell } from './similarity.js';
import type { Comparable } from './sources.js';

/** Options of {@link compareMany}; those of the measures stand beside them. */
export interface ManyOptions extends ReadingOptions {
  /** One measure, or several; see `compare`. @defaultValue `'svcca'` */
  readonly measure?: MeasureChoices;
  /** Which layers. @defaultValue all that every model has */
  readonly layers?: LayerSelection;
  /** What is done to the data before a model sees them. @defaultValue nothing */
  readonly preprocess?: Preprocess;
  /** The same for single models by name, where it is another. @defaultValue `preprocess` for all */
  readonly preprocessOf?: Readonly<Record<string, Preprocess>>;
  /** Hashes that tell what was compared, kept with the result. */
  readonly fingerprints?: Readonly<Record<string, string>>;
  /** Options of the measures; each takes those it has. */
  readonly [option: string]: unknown;
}

const OWN = [...READING_OPTIONS, 'measure', 'layers', 'preprocess', 'preprocessOf', 'fingerprints'];

/**
 * Compares every model with every other at each layer that all of them have (by name; where no name is shared and all have as
 * many layers, by place). Each layer of a model is read and factored once, however many partners it meets.
 *
 * @param models - models, activation sets or arrays by layer name, each under its name.
 * @param data - inputs of the models; left out where no side is a model.
 * @returns model × model matrices, at each layer and averaged over them; that of another measure by `by(name)`.
 * @throws OptionError for fewer than two models, layers that none share, or a bad option; else as `compare`
 * @example
 * ```ts
 * const seeds = await compareMany({ scratch1, scratch2, pretrained1, pretrained2 }, images, { measure: 'cka' });
 * seeds.print();
 * seeds.groupTest({ scratch: ['scratch1', 'scratch2'], pretrained: ['pretrained1', 'pretrained2'] }).p;
 * ```
 */
export async function compareMany(
  models: Readonly<Record<string, Comparable>>,
  data?: CaptureData,
  options: ManyOptions = {},
): Promise<ModelSimilarity> {
  const names = Object.keys(models);
  if (names.length < 2) throw new OptionError(`models has ${names.length}: give at least two`);
  const own = without(options, OWN);
  const asked = askedMeasures(options.measure ?? 'svcca', own);
  const bothOrders = asked.some((one) => !isSymmetric(one));
  const { layers, preprocess, preprocessOf = {} } = options;
  const stranger = Object.keys(preprocessOf).find((name) => !isModel(models[name]));
  if (stranger !== undefined) {
    const known = names.filter((name) => isModel(models[name]));
    throw new OptionError(`preprocessOf names '${stranger}': the models are ${known.join(', ') || 'none'}`);
  }
  const inputs = names.map((name) => ({
    side: models[name],
    label: name,
    layers,
    preprocess: preprocessOf[name] ?? preprocess,
  }));
  let shared: readonly (readonly string[])[] = [];
  const compared = await runComparison(
    inputs,
    data,
    (sides) => {
      shared = sharedLayers(sides, names);
      return shared.flatMap((layer) => pairsAt(layer, bothOrders));
    },
    asked,
    options,
  );
  const [first, ...others] = asked.map(({ label, measure, options: resolved }, m): ModelSimilarityData => ({
    models: names,
    layers: shared.map((layer) => layer[0]),
    ...(label !== measure.name && { label }),
    measure: measure.name,
    options: { ...resolved, ...compared.reading },
    engine: compared.engine,
    samples: compared.samples,
    fingerprints: options.fingerprints ?? {},
    warnings: leftOut(compared.sides, shared),
    cells: squareCells(
      compared.results[m].map(({ measure: _m, options: _o, engine: _e, ...cell }) => cell),
      shared.length,
      names.length,
      bothOrders,
    ),
  }));
  return new ModelSimilarity({ ...first, ...(others.length > 0 && { others }) });
}

function isSymmetric({ measure, options }: Asked): boolean {
  return measure.symmetricWith?.(options) ?? measure.symmetric;
}

/** For each shared layer its name in every model. */
function sharedLayers(
  sides: readonly (readonly LayerInfo[])[],
  names: readonly string[],
): readonly (readonly string[])[] {
  const listed = sides.map((layers) => layers.map(({ name }) => name));
  const common = listed[0].filter((name) => listed.every((layers) => layers.includes(name)));
  if (common.length > 0) return common.map((name) => names.map(() => name));
  if (listed.every((layers) => layers.length === listed[0].length)) {
    return listed[0].map((_, at) => listed.map((layers) => layers[at]));
  }
  const counts = names.map((name, i) => `${name} ${listed[i].length}`).join(', ');
  throw new OptionError(
    `the models share no name of a layer, and have different numbers of layers (${counts}): choose 'layers' that all have`,
  );
}

function pairsAt(layer: readonly string[], bothOrders: boolean): LayerPair[] {
  return layer.flatMap((a, i) =>
    layer.flatMap((b, j) =>
      bothOrders || i <= j ? [{ a: { side: i, layer: a }, b: { side: j, layer: b } }] : [],
    ),
  );
}

/** Layer by layer a whole square of cells; where one order was computed, the other has its sides exchanged. */
function squareCells(cells: readonly Cell[], layers: number, models: number, bothOrders: boolean): Cell[] {
  if (bothOrders) return [...cells];
  const each = (models * (models + 1)) / 2;
  return Array.from({ length: layers }, (_, l) => {
    const at = (i: number, j: number) => cells[l * each + i * models - (i * (i - 1)) / 2 + (j - i)];
    return Array.from({ length: models * models }, (__, cell) => {
      const [i, j] = [Math.floor(cell / models), cell % models];
      if (i <= j) return at(i, j);
      return exchanged(at(j, i));
    });
  }).flat();
}

/** The same cell seen from the other side; warnings name a side as `x` or `y`. */
function exchanged({ x, y, warnings, ...rest }: Cell): Cell {
  const names: Record<string, string> = { x: 'y', y: 'x' };
  const swapped = warnings.map((text) => text.replaceAll(/\b[xy]\b/g, (name) => names[name]));
  return { ...rest, x: y, y: x, warnings: swapped };
}

function leftOut(sides: readonly (readonly LayerInfo[])[], shared: readonly (readonly string[])[]): string[] {
  const used = new Set(shared.flat());
  const other = new Set(sides.flat().flatMap(({ name }) => (used.has(name) ? [] : [name])));
  if (other.size === 0) return [];
  return [`Not every model has these layers, which were left out: ${[...other].join(', ')}.`];
}

/**
 * Comparison of two networks, layer by layer: sources in, {@link Similarity} out.
 *
 * @module
 */
import type { CaptureData } from '../capture/capture.js';
import type { Preprocess } from '../capture/preprocess.js';
import { isModel } from '../capture/recognise.js';
import type { LayerSelection } from '../capture/select.js';
import { OptionError } from '../errors.js';
import { without } from '../options.js';
import { askedMeasures } from './asked.js';
import type { MeasureChoices } from './asked.js';
import { blocksFor } from './positions-error.js';
import { READING_OPTIONS, runComparison } from './run.js';
import type { Compared, ReadingOptions } from './run.js';
import { Similarity, correspondingLayers } from './similarity.js';
import { similarityData } from './similarity-data.js';
import type { Comparable, SideInput } from './sources.js';

/** Options of {@link compare}; those of the measures stand beside them. */
export interface CompareOptions extends ReadingOptions {
  /**
   * One measure, or several: `'svcca,cka'`, or a list of names, measures of your own and conventions
   * `{ label, measure, options }`. Each layer is still read and factored once. @defaultValue `'svcca'`
   */
  readonly measure?: MeasureChoices;
  /** Which layers of both sides. @defaultValue all but the inputs */
  readonly layers?: LayerSelection;
  /** Which layers of the second side, where they are others. @defaultValue `layers` */
  readonly layersB?: LayerSelection;
  /** What is done to the data before a model sees them. @defaultValue nothing */
  readonly preprocess?: Preprocess;
  /** The same for the second side, where it is another: models that were trained on other sizes or scales. @defaultValue `preprocess` */
  readonly preprocessB?: Preprocess;
  /**
   * Tells how far scores of drawn `positions` are from those of all, so that one can see that enough were drawn: as `positionsError`
   * of each cell of corresponding layers. Number of blocks to which the drawn positions are dealt, for a jackknife over them, in one
   * more pass; 10 is usual, more tell it better. @defaultValue none
   */
  readonly positionsError?: number;
  /** Names of the sides, for titles. @defaultValue `{ a: 'a', b: 'b' }` */
  readonly names?: { readonly a: string; readonly b: string };
  /** Hashes that tell what was compared, kept with the result. */
  readonly fingerprints?: { readonly a?: string; readonly b?: string; readonly data?: string };
  /** Options of the measures, for example `keep` of svcca; each measure takes those it has. */
  readonly [option: string]: unknown;
}

const OWN = [
  ...READING_OPTIONS,
  ...['measure', 'layers', 'layersB', 'preprocess', 'preprocessB', 'names', 'fingerprints', 'positionsError'],
];

/**
 * Compares every chosen layer of one network with every chosen layer of another. Each layer is factored once for each
 * grid on which it meets a partner, however many partners there are.
 *
 * @param a - a model, an `ActivationSet`, or arrays by layer name (samples first).
 * @param b - the other side; two models see the same batch in lockstep.
 * @param data - inputs of the models; left out where no side is a model.
 * @returns the matrix of the first measure; that of another by `similarity.by(name)`.
 * @throws OptionError for a bad option or unknown layer; ShapeError where data do not fit a model or the sides have
 * different numbers of samples; DataError for activations that are not finite or too few samples, naming the layers.
 * @example
 * ```ts
 * const similarity = await compare(scratch, pretrained, images, { layers: 'conv*' });
 * similarity.print();
 * similarity.best('conv2');
 * const both = await compare(scratch, pretrained, images, { measure: 'svcca,cka' });
 * both.by('cka').at('conv2', 'conv2');
 * ```
 */
export async function compare(
  a: Comparable,
  b: Comparable,
  data?: CaptureData,
  options: CompareOptions = {},
): Promise<Similarity> {
  const own = without(options, OWN);
  const asked = askedMeasures(options.measure ?? 'svcca', own);
  const error = options.positionsError !== undefined && {
    blocks: blocksFor(options.positionsError, options.positions ?? 'all', asked),
    pairsOf: correspondingPairs,
  };
  const sides = sidesOf(a, b, options);
  const compared = await runComparison(sides, data, everyPair, asked, options, error || undefined);
  const { names = { a: 'a', b: 'b' }, fingerprints = {} } = options;
  const [rows, cols] = compared.sides.map((layers) => layers.map(({ name }) => name));
  const common = { ...compared, names, rows, cols, fingerprints };
  const [first, ...others] = asked.map((one, m) =>
    similarityData(one, compared.results[m], common, compared.positionsErrors?.[m]),
  );
  return new Similarity({ ...first, ...(others.length > 0 && { others }) });
}

/** The two sides, each with what is its own. @throws OptionError for preprocessing of what is no model */
export function sidesOf(a: Comparable, b: Comparable, options: CompareOptions): readonly SideInput[] {
  const { layers, layersB = layers, preprocess, preprocessB = preprocess } = options;
  if (options.preprocessB !== undefined && !isModel(b)) {
    throw new OptionError('preprocessB is given, but b is no model: activations are compared as they are');
  }
  return [
    { side: a, label: 'a', layers, preprocess },
    { side: b, label: 'b', layers: layersB, preprocess: preprocessB },
  ];
}

/** All layers of the first side against all of the second, row by row. */
function everyPair([rows, cols]: Compared['sides']): Compared['pairs'] {
  return rows.flatMap((row) =>
    cols.map((col) => ({ a: { side: 0, layer: row.name }, b: { side: 1, layer: col.name } })),
  );
}

/** Places of the pairs of corresponding layers among {@link everyPair}. */
function correspondingPairs(sides: Compared['sides']): number[] {
  const [rows, cols] = sides.map((layers) => layers.map(({ name }) => name));
  return correspondingLayers(rows, cols).map(
    ([row, col]) => rows.indexOf(row) * cols.length + cols.indexOf(col),
  );
}

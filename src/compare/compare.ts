/**
 * Comparison of two networks, layer by layer: sources in, {@link Similarity} out.
 *
 * @module
 */
import type { Spatial } from '../capture/activations.js';
import type { CaptureData } from '../capture/capture.js';
import type { LayerSelection } from '../capture/select.js';
import type { Positions } from '../capture/spatial.js';
import { DataError } from '../errors.js';
import type { Engine } from '../engines/engine.js';
import { openEngine } from '../engines/select.js';
import { inGroups, withScope } from '../engines/scope.js';
import { DEFAULT_MEMORY } from '../factor/in-memory.js';
import type { MethodChoice } from '../factor/in-memory.js';
import type { Measure, Pair, SimilarityResult } from '../measures/measure.js';
import { evaluate } from '../measures/pair.js';
import { findMeasure } from '../measures/registry.js';
import type { MeasureName } from '../measures/registry.js';
import { breather, keyword, pause, wholeNumber } from '../options.js';
import type { RunOptions } from '../options.js';
import { crossCells, factorViews } from './passes.js';
import type { PassOptions } from './passes.js';
import { planComparison } from './plan.js';
import { Similarity } from './similarity.js';
import { openSources } from './sources.js';
import type { Comparable, Sources } from './sources.js';
import { heldInMemory } from './stream.js';
import type { PairStream } from './stream.js';

/** Options of {@link compare}; those of the measure stand beside them. */
export interface CompareOptions extends RunOptions {
  /** @defaultValue `'svcca'` */
  readonly measure?: MeasureName | Measure<never>;
  /** Which layers of both sides. @defaultValue all but the inputs */
  readonly layers?: LayerSelection;
  /** Which layers of the second side, where they are others. @defaultValue `layers` */
  readonly layersB?: LayerSelection;
  /**
   * What positions of a grid are: `'positions'`: datapoints, compared on the coarser of two grids; `'mean'`: averaged;
   * `'flatten'`: each its own neurons. @defaultValue `'positions'`
   */
  readonly spatial?: Spatial;
  /** Positions drawn of each image, the same on both sides. @defaultValue `'all'` */
  readonly positions?: Positions;
  /** Seed of that draw. @defaultValue `0` */
  readonly seed?: number;
  /** Samples run at a time. @defaultValue `64` */
  readonly batchSize?: number;
  /** Route to the factors. @defaultValue `'auto'` */
  readonly method?: MethodChoice;
  /** Bytes of activations that may be kept between the passes; beyond, the models run twice. @defaultValue 1 GiB */
  readonly memory?: number;
  /** Names of the sides, for titles. @defaultValue `{ a: 'a', b: 'b' }` */
  readonly names?: { readonly a: string; readonly b: string };
  /** Hashes that tell what was compared, kept with the result. */
  readonly fingerprints?: { readonly a?: string; readonly b?: string; readonly data?: string };
  /** Options of the measure, for example `keep` of svcca. */
  readonly [option: string]: unknown;
}

const OWN = [
  ...[
    'measure',
    'layers',
    'layersB',
    'spatial',
    'positions',
    'seed',
    'batchSize',
    'method',
    'memory',
    'names',
  ],
  ...['fingerprints', 'engine', 'threads', 'signal', 'onProgress'],
];

/**
 * Compares every chosen layer of one network with every chosen layer of another. Each layer is factored once for each
 * grid on which it meets a partner, however many partners there are.
 *
 * @param a - a model, an `ActivationSet`, or arrays by layer name (samples first).
 * @param b - the other side; two models see the same batch in lockstep.
 * @param data - inputs of the models; left out where no side is a model.
 * @throws OptionError for a bad option or unknown layer; ShapeError where data do not fit a model or the sides have
 * different numbers of samples; DataError for activations that are not finite or too few samples, naming the layers.
 * @example
 * ```ts
 * const similarity = await compare(scratch, pretrained, images, { layers: 'conv*' });
 * similarity.print();
 * similarity.best('conv2');
 * ```
 */
export async function compare(
  a: Comparable,
  b: Comparable,
  data?: CaptureData,
  options: CompareOptions = {},
): Promise<Similarity> {
  const { signal, positions = 'all', seed = 0, memory = DEFAULT_MEMORY } = options;
  signal?.throwIfAborted();
  const measure = findMeasure(options.measure ?? 'svcca');
  const own = Object.entries(options).filter(([key, value]) => !OWN.includes(key) && value !== undefined);
  const resolved = measure.resolve(Object.fromEntries(own));
  const method = keyword('method', options.method ?? 'auto', ['auto', 'moments', 'direct']);
  if (positions !== 'all') wholeNumber('positions', positions);
  wholeNumber('seed', seed, 0);
  wholeNumber('memory', memory, 0);
  const needs = measure.needs(resolved);
  const opened = await openEngine(options.engine, {
    ...(options.threads !== undefined && { threads: options.threads }),
  });
  try {
    const device = opened.adopt !== undefined && !needs.rowNorms && method !== 'direct';
    const sources = await openSources(a, b, data, { ...options, onDevice: device });
    const held = sources.inMemory ? Infinity : memory;
    const stream = heldInMemory(() => sources.read(), held, sources.samples());
    const passes: PassOptions = {
      method,
      memory,
      positions,
      seed,
      samples: sources.samples(),
      breathe: breather(signal),
      onBatch: async (stage, done) => {
        await pause(signal);
        options.onProgress?.({ stage, done, total: sources.samples() });
      },
    };
    try {
      return await withScope(opened, (engine) =>
        run(engine, sources, stream, measure, resolved, passes, options),
      );
    } finally {
      stream.close();
    }
  } finally {
    if (opened !== options.engine) await opened.close?.();
  }
}

async function run(
  engine: Engine,
  sources: Sources,
  stream: PairStream,
  measure: Measure,
  resolved: Required<Record<string, unknown>>,
  passes: PassOptions,
  options: CompareOptions,
): Promise<Similarity> {
  const rows = sources.a.map((layer) => layer.name);
  const cols = sources.b.map((layer) => layer.name);
  const { plan, factored, samples } = await factorViews(
    engine,
    (first) => planComparison(rows, cols, ...first),
    stream,
    passes,
  );
  const pairs = await crossCells(engine, plan, stream, factored, measure.needs(resolved), passes);
  const results = await inGroups(
    pairs,
    (pair, i) => named(plan.cells[i].row, plan.cells[i].col, measure, pair, resolved, engine),
    async (done) => {
      options.onProgress?.({ stage: measure.name, done, total: pairs.length });
      await pause(options.signal);
    },
  );
  const cells = results.map(({ measure: _m, options: _o, engine: _e, ...cell }) => cell);
  return new Similarity({
    names: options.names ?? { a: 'a', b: 'b' },
    measure: measure.name,
    options: { ...resolved, spatial: sources.spatial, positions: passes.positions, seed: passes.seed },
    engine: engine.name,
    rows,
    cols,
    cells,
    samples,
    fingerprints: options.fingerprints ?? {},
    warnings: [],
  });
}

/** Evaluates one cell; what is wrong with its data is told with the names of its layers. */
async function named(
  row: string,
  col: string,
  measure: Measure,
  pair: Pair,
  resolved: Record<string, unknown>,
  engine: Engine,
): Promise<SimilarityResult> {
  try {
    return await evaluate(measure, pair, resolved, engine);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const code = error.code === 'TOO_FEW_SAMPLES' ? error.code : 'DATA';
    throw new DataError(`${row} (x) against ${col} (y): ${error.message}`, { cause: error, code });
  }
}

/**
 * What every comparison of networks does: sources to views, views to factors and cross blocks, those to results.
 *
 * @module
 */
import type { LayerInfo, Spatial } from '../capture/activations.js';
import type { CaptureData } from '../capture/capture.js';
import type { Positions } from '../capture/spatial.js';
import type { OpenSpool } from '../capture/spool.js';
import { DataError } from '../errors.js';
import type { Engine } from '../engines/engine.js';
import { openEngine } from '../engines/select.js';
import { inGroups, withScope } from '../engines/scope.js';
import { DEFAULT_MEMORY } from '../factor/in-memory.js';
import type { MethodChoice } from '../factor/in-memory.js';
import type { SimilarityResult } from '../measures/measure.js';
import { combineNeeds, evaluate, evaluateSamples } from '../measures/pair.js';
import type { AnyPair } from '../measures/pair.js';
import { breather, keyword, pause, wholeNumber } from '../options.js';
import type { Breathe, RunOptions } from '../options.js';
import type { Asked } from './asked.js';
import { readViews } from './first-pass.js';
import type { PassOptions, ReadView } from './first-pass.js';
import { planComparison } from './plan.js';
import type { LayerOf, LayerPair, Plan } from './plan.js';
import { pairsOfCells } from './second-pass.js';
import { openSources } from './sources.js';
import type { SideInput } from './sources.js';
import { heldInMemory } from './stream.js';
import type { LockstepStream } from './stream.js';

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
  /** Samples run at a time. @defaultValue `64` */
  readonly batchSize?: number;
  /** Route to the factors. @defaultValue `'auto'` */
  readonly method?: MethodChoice;
  /**
   * Bytes of activations that may be kept between the passes; beyond, the models run twice. Measures that compare samples
   * with samples need their layers in it. @defaultValue 1 GiB
   */
  readonly memory?: number;
  /** Where data that can be read only once (an iterator) are kept for the second pass. @defaultValue they are refused then */
  readonly spool?: OpenSpool;
}

/** Names of {@link ReadingOptions}, for calls where options of measures stand beside them. */
export const READING_OPTIONS = [
  ...['spatial', 'positions', 'seed', 'training', 'batchSize', 'method', 'memory', 'spool'],
  ...['engine', 'threads', 'signal', 'onProgress'],
];

/** What came of a comparison. */
export interface Compared {
  /** For each measure, in the order asked, the result of every pair. */
  readonly results: readonly (readonly SimilarityResult[])[];
  readonly pairs: readonly LayerPair[];
  readonly sides: readonly (readonly LayerInfo[])[];
  readonly engine: string;
  /** Number of samples (images, not positions). */
  readonly samples: number;
  /** How the activations were read, as results record it. */
  readonly reading: { readonly spatial: Spatial; readonly positions: Positions; readonly seed: number };
}

/**
 * Compares pairs of layers by all measures: every layer is read once a pass, and factored once for each grid on which it meets
 * a partner.
 */
export async function runComparison(
  inputs: readonly SideInput[],
  data: CaptureData | undefined,
  pairsOf: (sides: readonly (readonly LayerInfo[])[]) => readonly LayerPair[],
  asked: readonly Asked[],
  options: ReadingOptions,
): Promise<Compared> {
  const { signal, positions = 'all', seed = 0, memory = DEFAULT_MEMORY } = options;
  signal?.throwIfAborted();
  const method = keyword('method', options.method ?? 'auto', ['auto', 'moments', 'direct']);
  if (positions !== 'all') wholeNumber('positions', positions);
  wholeNumber('seed', seed, 0);
  wholeNumber('memory', memory, 0);
  const needs = combineNeeds(asked.map((one) => one.needs));
  const opened = await openEngine(options.engine, {
    ...(options.threads !== undefined && { threads: options.threads }),
  });
  try {
    const onDevice = opened.adopt !== undefined && !needs.rowNorms && !needs.samples && method !== 'direct';
    const sources = await openSources(inputs, data, { ...options, onDevice });
    try {
      const pairs = pairsOf(sources.sides);
      // Where only samples are needed they are kept as they are read, and not read again.
      const held = sources.inMemory ? Infinity : needs.keep ? memory : 0;
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
        const { results, samples } = await withScope(opened, async (engine) => {
          const plan = (first: Parameters<typeof planComparison>[1]) => planComparison(pairs, first);
          const read = await readViews(engine, plan, stream, needs, passes);
          const cells = await gather(engine, read.plan, read.views, stream, passes, needs);
          const name = describer(inputs, pairs);
          return { results: await evaluateAll(engine, cells, asked, name, options), samples: read.samples };
        });
        const { sides, spatial } = sources;
        return { results, pairs, sides, engine: opened.name, samples, reading: { spatial, positions, seed } };
      } finally {
        stream.close();
      }
    } finally {
      await sources.close();
    }
  } finally {
    if (opened !== options.engine) await opened.close?.();
  }
}

/** Everything that the measures may use of one pair of layers. */
interface CellData {
  readonly pair?: AnyPair;
  readonly x: ReadView;
  readonly y: ReadView;
  readonly breathe: Breathe;
}

async function gather(
  engine: Engine,
  plan: Plan,
  views: readonly ReadView[],
  stream: LockstepStream,
  passes: PassOptions,
  needs: ReturnType<typeof combineNeeds>,
): Promise<CellData[]> {
  const pairs = needs.keep ? await pairsOfCells(engine, plan, views, stream, needs, passes) : [];
  return plan.cells.map(({ a, b }, c) => ({
    ...(pairs[c] && { pair: pairs[c] }),
    x: views[a],
    y: views[b],
    breathe: passes.breathe,
  }));
}

async function evaluateAll(
  engine: Engine,
  cells: readonly CellData[],
  asked: readonly Asked[],
  name: (cell: number) => string,
  { signal, onProgress }: RunOptions,
): Promise<SimilarityResult[][]> {
  const results: SimilarityResult[][] = [];
  for (const { measure, label, options, needs } of asked) {
    const work = async ({ pair, x, y, breathe }: CellData, c: number): Promise<SimilarityResult> => {
      try {
        if (!needs.samples) return await evaluate(measure, pair!, options, engine);
        return await evaluateSamples(measure, { x: x.samples!, y: y.samples!, breathe }, options, engine);
      } catch (error) {
        throw named(error, name(c));
      }
    };
    const between = async (done: number): Promise<void> => {
      onProgress?.({ stage: label, done, total: cells.length });
      await pause(signal);
    };
    // Measures of the samples bring tiles of their own to every thread: one cell at a time.
    results.push(await inGroups(cells, work, between, needs.samples ? 1 : undefined));
  }
  return results;
}

/** What is wrong with the data of a cell is told with the names of its layers. */
function named(error: unknown, name: string): unknown {
  if (!(error instanceof DataError)) return error;
  const code = error.code === 'TOO_FEW_SAMPLES' ? error.code : 'DATA';
  return new DataError(`${name}: ${error.message}`, { cause: error, code });
}

function describer(inputs: readonly SideInput[], pairs: readonly LayerPair[]): (cell: number) => string {
  const of = ({ side, layer }: LayerOf) =>
    inputs.length === 2 ? layer : `${layer} of ${inputs[side].label}`;
  return (cell) => `${of(pairs[cell].a)} (x) against ${of(pairs[cell].b)} (y)`;
}

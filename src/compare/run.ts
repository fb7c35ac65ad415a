/**
 * What every comparison of networks does: sources to views, views to factors and cross blocks, those to results.
 *
 * @module
 */
import type { LayerInfo } from '../capture/activations.js';
import type { CaptureData } from '../capture/capture.js';
import type { Positions } from '../capture/positions.js';
import { openEngine } from '../engines/select.js';
import { withScope } from '../engines/scope.js';
import type { Engine } from '../engines/engine.js';
import { DEFAULT_MEMORY } from '../factor/in-memory.js';
import type { MethodChoice } from '../factor/in-memory.js';
import type { Needs, SimilarityResult } from '../measures/measure.js';
import { combineNeeds } from '../measures/pair.js';
import { breather, keyword, wholeNumber } from '../options.js';
import { takesVectors } from './asked.js';
import type { Asked } from './asked.js';
import { bytesOf } from './batches.js';
import { divide, matrixBytes, memoryFor, sum, usable, viewBytes } from './budget.js';
import { compareCells } from './cells.js';
import { checkSamplesFit, readViews, tooFew } from './first-pass.js';
import type { PassOptions, Reading } from './first-pass.js';
import { identityOf } from './identity.js';
import { planComparison } from './plan.js';
import { pairBytes } from './groups.js';
import type { LayerOf, LayerPair } from './plan.js';
import { positionsErrors } from './positions-error.js';
import { Reporter } from './progress.js';
import type { ReadingOptions } from './reading-options.js';
import { recordedPreprocess } from './recorded.js';
import type { RecordedReading } from './recorded.js';
import { openSources } from './sources.js';
import type { SideInput, Sources } from './sources.js';
import { RunState } from './state.js';
import { openStream } from './stream.js';
import type { Batches, LockstepStream } from './stream.js';
import { ViewStore } from './view-store.js';
import { sizeOf, waysOf } from './ways.js';

export { READING_OPTIONS } from './reading-options.js';
export type { ReadingOptions } from './reading-options.js';

/** What came of a comparison. */
export interface Compared {
  /** For each measure, in the order asked, the result of every pair. */
  readonly results: readonly (readonly SimilarityResult[])[];
  readonly pairs: readonly LayerPair[];
  readonly sides: readonly (readonly LayerInfo[])[];
  readonly engine: string;
  /** Number of samples (images, not positions). */
  readonly samples: number;
  /** For each measure, by the place of the pair: the error of drawing positions, where it was asked for. */
  readonly positionsErrors?: readonly ReadonlyMap<number, number>[];
  /** How the activations were read, as results record it. */
  readonly reading: RecordedReading;
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
  error?: DrawingError,
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
      const stream = openStream(sources, options.spool);
      try {
        const run = { inputs, pairs, asked, needs, sources, stream, error };
        const settings = { ...options, positions, seed, memory, method };
        const found = await withScope(opened, (engine) => compareStream(engine, run, settings));
        const { sides, spatial } = sources;
        const trained = options.training === true && ({ training: true } as const);
        const reading = { spatial, positions, seed, ...trained, ...recordedPreprocess(inputs) };
        return { ...found, pairs, sides, engine: opened.name, reading };
      } finally {
        await stream.close();
      }
    } finally {
      await sources.close();
    }
  } finally {
    if (opened !== options.engine) await opened.close?.();
  }
}

/** Of which pairs the error of drawing positions is wanted, over how many blocks of them. */
export interface DrawingError {
  readonly blocks: number;
  pairsOf(sides: Compared['sides']): readonly number[];
}

/** What is compared. */
interface Run {
  readonly inputs: readonly SideInput[];
  readonly pairs: readonly LayerPair[];
  readonly asked: readonly Asked[];
  readonly needs: Needs;
  readonly sources: Sources;
  readonly stream: LockstepStream;
  readonly error: DrawingError | undefined;
}

/** Options with their defaults. */
type Settings = ReadingOptions & {
  readonly positions: Positions;
  readonly seed: number;
  readonly memory: number;
  readonly method: MethodChoice;
};

/** Plans from the first batch, reads the views, compares the cells. */
async function compareStream(
  engine: Engine,
  run: Run,
  settings: Settings,
): Promise<Pick<Compared, 'results' | 'samples' | 'positionsErrors'>> {
  const { pairs, asked, sources, stream } = run;
  const first = await stream.first();
  if (first === undefined) throw tooFew(0);
  const reading = plan(run, settings, first);
  stream.keepUpTo(reading.budget.activations);
  const reporter = new Reporter(settings, () => sources.samples());
  reporter.perSample = Math.max(1, ...reading.sizes.map(({ perSample }) => perSample));
  const passes: PassOptions = {
    ...settings,
    breathe: breather(settings.signal),
    begin: reporter.begin,
    onBatch: reporter.batch,
  };
  const [batch] = first;
  const { held, aside } = reading.budget;
  const enough = usable(settings.memory) - held + sum(reading.bytes.map(({ hold }) => hold));
  // Without a spool what is held may take what the last of the views leave aside.
  const store = new ViewStore(settings.spool ? held : held + aside, settings.spool, memoryFor(enough));
  const state = await RunState.open(settings.checkpoint, () => identityOf(run, settings, engine.name, first));
  try {
    const samples = await readViews(engine, reading, stream, store, state, passes);
    const stage = asked.map(({ label }) => label).join(', ');
    const results = await compareCells({
      ...{ engine, reading, store, stream, state, asked, options: passes },
      batch: batch.samples,
      nameOf: describer(run),
      onCells: (done) => reporter.cells(stage, done, pairs.length),
    });
    if (run.error) await state.save(true);
    const positionsErrors = await errorsOf(engine, run, reading, passes);
    await state.remove();
    return { results, samples, ...(positionsErrors && { positionsErrors }) };
  } finally {
    await state.close();
    await store.close();
  }
}

/** The errors of drawing positions, where they were asked for, in a pass of their own. */
async function errorsOf(
  engine: Engine,
  { error, sources, stream, asked }: Run,
  { plan: planned, sizes, budget }: Reading,
  passes: PassOptions,
): Promise<Compared['positionsErrors']> {
  if (error === undefined) return undefined;
  const { positions, seed, method, breathe, begin, onBatch } = passes;
  begin(0);
  const cells = error.pairsOf(sources.sides);
  const errors = await positionsErrors({
    ...{ engine, plan: planned, cells, stream, asked, method, breathe, onBatch },
    neurons: sizes.map(({ cols }) => cols),
    draw: { positions, seed },
    blocks: error.blocks,
    memory: budget.work,
  });
  return errors.map(
    (ofMeasure) =>
      new Map(ofMeasure.flatMap((value, i) => (value === undefined ? [] : [[cells[i], value] as const]))),
  );
}

/** What is read, in which way, and in how many passes. */
function plan({ inputs, pairs, asked, needs, sources }: Run, settings: Settings, first: Batches): Reading {
  const samples = sources.samples();
  const { memory } = settings;
  const options = { ...settings, samples };
  const comparison = planComparison(pairs, first);
  const ways = waysOf(comparison, first, needs, options);
  const sizes = comparison.views.map((view) => sizeOf(view, first, options));
  if (needs.samples) checkSamplesFit(sizes, samples, memory);
  const bytes = ways.map((way, i) => viewBytes(way, sizes[i], needs));
  const batch = bytesOf(first);
  const nothingToKeep = !needs.keep || sources.inMemory;
  const budget = divide({
    memory,
    views: bytes,
    pair: pairBytes(sizes, takesVectors(asked)),
    projected: first[0].samples * sum(sizes.map(({ perSample, cols }) => matrixBytes(perSample, cols))),
    blocks: sum(comparison.cells.map(({ a, b }) => matrixBytes(sizes[a].cols, sizes[b].cols))),
    nameOf: (view) => {
      const { side, layer } = comparison.views[view];
      return `layer '${layer}' of ${inputs[side].label}, with ${sizes[view].cols} neurons,`;
    },
    batch: sources.inMemory ? 0 : batch,
    activations: nothingToKeep ? 0 : samples && (batch / first[0].samples) * samples,
    growing: samples === undefined && (needs.samples === true || ways.includes('factor whole')),
    spool: settings.spool !== undefined,
  });
  return { plan: comparison, ways, sizes, bytes, budget, needs };
}

function describer({ inputs, pairs }: Run): (cell: number) => string {
  const of = ({ side, layer }: LayerOf) =>
    inputs.length === 2 ? layer : `${layer} of ${inputs[side].label}`;
  return (cell) => `${of(pairs[cell].a)} (x) against ${of(pairs[cell].b)} (y)`;
}

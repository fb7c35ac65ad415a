/**
 * The first passes of a comparison: the samples of every view become its factor, by moments or whole, or are held as they are.
 *
 * @module
 */
import { DataError, OptionError } from '../errors.js';
import type { Engine } from '../engines/engine.js';
import { together } from '../engines/scope.js';
import type { MethodChoice } from '../factor/in-memory.js';
import type { Needs } from '../measures/measure.js';
import type { Breathe } from '../options.js';
import type { Budget, ViewBytes } from './budget.js';
import { sum } from './budget.js';
import { Collector } from './collector.js';
import type { Collected } from './collector.js';
import type { Plan } from './plan.js';
import type { RunState } from './state.js';
import type { LockstepStream, Wanted } from './stream.js';
import type { ReadView, ViewStore } from './view-store.js';
import type { Draw } from './views.js';
import type { Size, Way } from './ways.js';

/** What the passes need to know beside the plan. */
export interface PassOptions extends Draw {
  readonly method: MethodChoice;
  readonly memory: number;
  /** Called within a batch, between long steps. */
  readonly breathe: Breathe;
  /** Called before the first batch of a stage with the number of samples that were read before. */
  readonly begin: (samples: number) => void;
  /** Called after each batch with the number of samples read so far. @throws to stop */
  readonly onBatch: (stage: string, samples: number) => Promise<void>;
}

/** What is to be read, and how. */
export interface Reading {
  readonly plan: Plan;
  readonly ways: readonly Way[];
  readonly sizes: readonly Size[];
  readonly bytes: readonly ViewBytes[];
  readonly budget: Budget;
  readonly needs: Needs;
}

/** Where a reading was interrupted. */
interface Interrupted {
  readonly group: number;
  readonly groups: readonly (readonly number[])[];
  readonly samples: number;
}

/** Reads every view into the store, in as many passes as the budget says. @returns the number of samples */
export async function readViews(
  engine: Engine,
  reading: Reading,
  stream: LockstepStream,
  store: ViewStore,
  state: RunState,
  options: PassOptions,
): Promise<number> {
  const done = new Set<number>();
  state.set('views', async function* () {
    for (const view of done) yield { kind: 'view', value: { view, read: await store.get(view) } };
    yield { kind: 'views', value: { samples } };
  });
  let samples = 0;
  for (let record; (record = await state.take('view'));) {
    const { view, read } = record.value as { readonly view: number; readonly read: ReadView };
    await store.put(view, read);
    done.add(view);
  }
  const before = (await state.take('views'))?.value as { readonly samples: number } | undefined;
  samples = before?.samples ?? 0;
  const interrupted = (await state.take('reading'))?.value as Interrupted | undefined;
  const groups = interrupted?.groups ?? reading.budget.groups;
  for (let group = interrupted?.group ?? 0; group < groups.length; group++) {
    const from = interrupted?.group === group ? interrupted.samples : 0;
    const name = groups.length === 1 ? 'moments' : `moments (${group + 1} of ${groups.length})`;
    const views = groups[group].filter((view) => !done.has(view));
    if (views.length === 0) continue;
    const collectors: Collector[] = [];
    for (const i of views) collectors.push(await collectorOf(engine, i, reading, state, from > 0));
    let read = from;
    state.set('reading', async function* () {
      yield { kind: 'reading', value: { group, groups, samples: read } };
      for (const collector of collectors) yield { kind: 'collected', value: await collector.state() };
    });
    options.begin(from);
    for await (const batches of stream.read({ from, wanted: layersOf(reading.plan, views) })) {
      for (const collector of collectors) {
        await collector.add(batches, options);
        await options.breathe();
      }
      read += batches[0].samples;
      checkHeld(store.samples + sum(collectors.map(({ bytes }) => bytes)), reading, read, options);
      await options.onBatch(name, read);
      await state.save();
    }
    if (read < 2) throw tooFew(read);
    samples = read;
    await finish(views, collectors, reading, store, options);
    for (const view of views) done.add(view);
    state.unset('reading');
    await state.save(true);
  }
  return samples;
}

/** @returns the error for so few samples */
export function tooFew(samples: number): DataError {
  return new DataError(`${samples} samples: at least 2 are needed to compare anything`, {
    code: 'TOO_FEW_SAMPLES',
  });
}

/** The layers of some views. */
export function layersOf({ views }: Plan, which: Iterable<number>): Wanted {
  const wanted = new Set(Array.from(which, (i) => JSON.stringify([views[i].side, views[i].layer])));
  return (side, layer) => wanted.has(JSON.stringify([side, layer]));
}

async function collectorOf(
  engine: Engine,
  at: number,
  { plan, ways, sizes, needs }: Reading,
  state: RunState,
  saved: boolean,
): Promise<Collector> {
  const about = { view: plan.views[at], way: ways[at], neurons: sizes[at].cols, needs };
  const before = saved ? ((await state.take('collected'))?.value as Collected | undefined) : undefined;
  return Collector.open(engine, about, before);
}

/** Makes of each view what is held of it: as many at once as fit, since an engine with threads factors them side by side. */
async function finish(
  views: readonly number[],
  collectors: Collector[],
  { bytes, budget }: Reading,
  store: ViewStore,
  { method, breathe }: PassOptions,
): Promise<void> {
  const inside = budget.work - sum(views.map((i) => bytes[i].collect));
  for (let from = 0; from < views.length;) {
    let to = from + 1;
    const outside = budget.held + budget.aside - store.bytes;
    for (let { engine, host } = bytes[views[from]].finish; to < views.length; to++) {
      engine += bytes[views[to]].finish.engine;
      host += bytes[views[to]].finish.host;
      if (engine > inside || host > outside) break;
    }
    const chunk = collectors.slice(from, to);
    const read = await together(chunk, (collector) => collector.finish(method));
    // What is yet to be finished is done outside the engine, too.
    const reserve = Math.max(0, ...views.slice(to).map((i) => bytes[i].finish.host));
    for (const [i, one] of read.entries()) await store.put(views[from + i], one, reserve);
    await breathe();
    from = to;
  }
}

/** Samples that are held must fit the memory. @throws OptionError before anything is read, where their number is known */
export function checkSamplesFit(sizes: readonly Size[], samples: number | undefined, memory: number): void {
  if (samples === undefined) return;
  const bytes = sum(sizes.map(({ rows, cols, bytes: each }) => Math.round(rows!) * cols * each));
  if (bytes > memory) throw tooMuch(SAMPLES, bytes, samples, memory);
}

/** Datapoints whose number is not known before reading may turn out to be too many. */
function checkHeld(bytes: number, { needs }: Reading, samples: number, { memory }: PassOptions): void {
  if (bytes > memory) throw tooMuch(needs.samples ? SAMPLES : DIRECT, bytes, samples, memory);
}

const SAMPLES = 'this measure compares samples with samples and holds them';
const DIRECT = "method 'direct' holds the datapoints";

function tooMuch(what: string, bytes: number, samples: number, memory: number): OptionError {
  return new OptionError(
    `${what} in memory: ${bytes} bytes after ${samples} samples, above the ${memory} bytes allowed: raise 'memory', choose ` +
      "fewer 'layers' or 'positions', or set spatial to 'mean'",
  );
}

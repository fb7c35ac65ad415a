/**
 * What a comparison holds, in bytes, and how it is divided so that `memory` is not exceeded.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import type { Needs } from '../measures/measure.js';
import type { Size, Way } from './ways.js';

/** Working space that is taken where it is needed, however little `memory` is given. */
export const LEAST_MEMORY = 2 ** 25;

/** Bytes beyond what is in use that the collector of garbage may not have freed yet, at most. */
const GARBAGE = 3 * 2 ** 25;

/** Bytes to plan with. */
export function usable(memory: number): number {
  const all = Math.max(memory, LEAST_MEMORY);
  return all - Math.min(all / 3, GARBAGE);
}

/** The `memory` that gives so much to plan with. */
export function memoryFor(bytes: number): number {
  return Math.ceil(Math.max(LEAST_MEMORY, Math.min((bytes * 3) / 2, bytes + GARBAGE)));
}

/** A float64 matrix. */
export function matrixBytes(rows: number, cols: number): number {
  return 8 * rows * cols;
}

/** Bytes inside the engine, and in host memory. An engine may keep for good what it once took, so the most of each counts. */
export interface Bytes {
  readonly engine: number;
  readonly host: number;
}

/** What one view takes. */
export interface ViewBytes {
  /** While its batches pass. */
  readonly collect: number;
  /** Beyond that, for the moment in which it becomes what is held. */
  readonly finish: Bytes;
  /** From then on, at most. */
  readonly hold: number;
}

/**
 * Bytes of a view by the way it is read. A Gram matrix that is decomposed is in the engine eight times at most: as it goes in, its
 * working copy, the vectors, and five times the workspace; the first of these in place of the sum that was collected. Outside it
 * is there three times: as it comes out, the vectors, and those in order.
 */
export function viewBytes(way: Way, { rows, cols, bytes }: Size, { keep, samples }: Needs): ViewBytes {
  // Where the number of datapoints is not known, they are counted as they come.
  const n = rows ?? 0;
  const square = matrixBytes(cols, cols);
  const whole = n * cols * bytes;
  const dims = typeof keep === 'object' && 'dims' in keep ? keep.dims : Infinity;
  const kept = Math.min(cols, dims, rows ?? Infinity);
  const own: ViewBytes = {
    'factor by moments': {
      collect: square,
      finish: { engine: 7 * square, host: 3 * square },
      hold: matrixBytes(cols, kept),
    },
    'products by neurons': { collect: square, finish: { engine: 0, host: 2 * square }, hold: 8 * cols },
    'factor whole': {
      collect: whole,
      finish: {
        engine: 3 * matrixBytes(n, cols),
        host: whole + matrixBytes(n, cols) + 2 * matrixBytes(cols, Math.min(n, cols)),
      },
      hold: matrixBytes(n + cols, kept),
    },
    'products by samples': {
      collect: whole,
      finish: { engine: matrixBytes(n, n), host: whole + matrixBytes(n, cols) + 2 * matrixBytes(n, n) },
      hold: matrixBytes(n, n),
    },
    samples: { collect: 0, finish: { engine: 0, host: 0 }, hold: 0 },
  }[way];
  if (!samples) return own;
  const { engine, host } = own.finish;
  return { collect: own.collect + whole, finish: { engine, host: host + whole }, hold: own.hold + whole };
}

/** Times that a batch is there: itself, its copies on other grids, and the one before it, which nobody uses any more. */
const BATCHES = 3;

/** Bytes that the activations of a batch may take so that half of the memory is left for the rest. */
export function batchAllowance(memory: number): number {
  return usable(memory) / 2 / BATCHES;
}

/** How the memory is divided. */
export interface Budget {
  /** Views by the passes in which they are read. */
  readonly groups: readonly (readonly number[])[];
  /** For activations between the passes. */
  readonly activations: number;
  /** For what is collected in a pass, and inside the engine to make of it what is held. */
  readonly work: number;
  /** For the same outside the engine. */
  readonly aside: number;
  /** For what is held of the views. */
  readonly held: number;
  /** The last three together. */
  readonly total: number;
}

/** What the division depends on. */
export interface Demands {
  readonly memory: number;
  readonly views: readonly ViewBytes[];
  /** How messages call a view. */
  readonly nameOf: (view: number) => string;
  /** Bytes of the first batch. */
  readonly batch: number;
  /** Bytes of all activations, where they are known; 0 where there is no need to keep them. */
  readonly activations: number | undefined;
  /** Whether datapoints are held of which the number is not known, so that nobody knows how much they take. */
  readonly growing: boolean;
  /** Bytes of the largest pair while it is compared, at most; of a batch one sample at a time. */
  readonly pair: Bytes;
  /** Bytes of a batch of all views, projected. */
  readonly projected: number;
  /** Bytes of the cross blocks of all pairs, at most. */
  readonly blocks: number;
  /** Whether there is a spool. */
  readonly spool: boolean;
}

/** Divides the memory. @throws OptionError where not even one view at a time fits */
export function divide(demands: Demands): Budget {
  const { memory, views, nameOf, batch } = demands;
  // A batch that was chosen so large that it would leave too little comes on top.
  const all = usable(memory);
  const room = all - BATCHES * Math.min(batch, batchAllowance(memory));
  const sums = sumsOf(views);
  if (sums.least > room) throw tooSmall(views, sums.least, memory, all - room, nameOf);
  const activations = betweenPasses(demands, sums, room);
  const total = room - activations;
  const { work, aside } = withinPasses(demands, sums, total);
  return { groups: passes(views, work), activations, work, aside, held: total - work - aside, total };
}

/** What the views take together. */
interface Sums {
  /** All that is held in the end. */
  readonly hold: number;
  /** All views while their batches pass, and inside the engine then. */
  readonly atOnce: number;
  /** The largest view, the same. */
  readonly largest: number;
  /** The largest view outside the engine, when it is finished. */
  readonly outside: number;
  /** The largest view by itself, all in all. */
  readonly least: number;
}

function sumsOf(views: readonly ViewBytes[]): Sums {
  const most = (bytesOf: (view: ViewBytes) => number): number => Math.max(0, ...views.map(bytesOf));
  return {
    hold: sum(views.map(({ hold }) => hold)),
    atOnce: sum(views.map(({ collect }) => collect)) + most(({ finish }) => finish.engine),
    largest: most(({ collect, finish }) => collect + finish.engine),
    outside: most(({ finish }) => finish.host),
    least: most(({ collect, finish }) => collect + finish.engine + finish.host),
  };
}

/** Bytes for activations between the passes: what nothing else needs, or half, but none where it is known that they do not fit. */
function betweenPasses(
  { memory, activations, growing, pair, projected, blocks }: Demands,
  { hold, atOnce, outside, least }: Sums,
  room: number,
): number {
  const comparing = pair.engine + pair.host + projected + blocks;
  const spare = Math.max(room - hold - Math.max(atOnce + outside, comparing), room / 2);
  const free = Math.min(memory, spare, room - Math.max(least, pair.engine + pair.host));
  if (activations === undefined) return Math.max(0, Math.min(free, growing ? room / 2 : Infinity));
  return free < activations ? 0 : activations;
}

/** The rest, for what is collected and finished in a pass; what is left of it is for what is held. */
function withinPasses(
  { pair, growing, spool }: Demands,
  { hold, atOnce, largest, outside }: Sums,
  total: number,
): Pick<Budget, 'work' | 'aside'> {
  const left = total - hold - atOnce - outside;
  if (left >= 0) {
    // With room left more views are finished at a time, unless nobody knows how much will be held.
    const spare = growing ? 0 : left;
    return { work: atOnce + (4 / 7) * spare, aside: outside + (3 / 7) * spare };
  }
  // Else what is held gives way, to the spool if there is one.
  const aside = Math.min(Math.max(outside, spool ? pair.host : 0), total - largest);
  const wanted = spool ? Math.max(pair.engine, total / 2) : Math.max(total / 4, total - hold - aside);
  return { work: Math.min(total - aside, Math.max(largest, wanted)), aside };
}

/** Views in as few passes as the working memory allows; the largest first, while nothing else is held. */
function passes(views: readonly ViewBytes[], work: number): number[][] {
  const all = views.map((_, i) => i);
  const fits = (group: readonly number[]): boolean => passBytes(views, group) <= work;
  if (fits(all)) return [all];
  const groups: number[][] = [];
  for (const i of all.sort((a, b) => views[b].collect - views[a].collect)) {
    const last = groups.at(-1);
    if (last && fits([...last, i])) last.push(i);
    else groups.push([i]);
  }
  return groups;
}

/** What a pass takes of the working memory, where its views are finished one after another. */
export function passBytes(views: readonly ViewBytes[], group: readonly number[]): number {
  return sum(group.map((i) => views[i].collect)) + Math.max(0, ...group.map((i) => views[i].finish.engine));
}

function tooSmall(
  views: readonly ViewBytes[],
  least: number,
  memory: number,
  batch: number,
  nameOf: (view: number) => string,
): OptionError {
  const largest = views.findIndex(({ collect, finish }) => collect + finish.engine + finish.host === least);
  return new OptionError(
    `${nameOf(largest)} takes ${megabytes(least)} to factor, beside ${megabytes(batch)} for the batch, and memory is ` +
      `${megabytes(memory)}: raise 'memory' to ${megabytes(memoryFor(least + batch))}, leave the layer out by 'layers', lower ` +
      "'batchSize', or set spatial to 'mean' where it is 'flatten'",
  );
}

/** The sum. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Bytes as people read them, rounded up. */
export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

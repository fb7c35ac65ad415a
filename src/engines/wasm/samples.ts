/**
 * What is computed from batches of samples: means, Gram and cross matrices, projections.
 *
 * @module
 */
import { Scratch } from './arena.js';
import type { Machine } from './machine.js';
import { Stored } from './stored.js';
import { Rows, chunkRows, split } from './stream.js';
import type { Task } from './threads.js';

/** Tasks for each thread: with more than one, a thread that was late costs less. */
const SHARE = 4;
/** Rows and columns of a product that one task computes, at most: its left operand then fits the second-level cache. */
const TILE = 128;

/** Runs `compute` with ranges of memory that are freed when it ends. */
async function withScratch<T>(machine: Machine, compute: (scratch: Scratch) => Promise<T>): Promise<T> {
  const scratch = new Scratch(machine.arena);
  try {
    return await compute(scratch);
  } finally {
    scratch.free();
  }
}

/** Means by way of the first row, so that a constant column has exactly its value as mean. */
export function columnMeans(machine: Machine, batch: Stored): Promise<Float64Array> {
  const { rows, cols } = batch;
  return withScratch(machine, async (scratch) => {
    const source = new Rows(batch, chunkRows(cols), scratch);
    const sums = scratch.put(new Float64Array(cols));
    source.fetch(0);
    const first = scratch.put(firstRow(machine, batch, source.at(0)));
    for (let chunk = 0; chunk < source.count; chunk++) {
      const [count, at] = [source.length(chunk), source.at(chunk)];
      const tasks = split(cols, machine.threads, 16).map(([from, to]) => ({
        run: 'addDeviations',
        args: [count, cols, from, to, at, Number(batch.single), first, sums],
      }));
      await machine.run({ tasks, workspace: 0, cost: 2 * count * cols }, () => source.fetch(chunk + 1));
    }
    const start = machine.arena.f64(first, cols);
    return Float64Array.from(machine.arena.f64(sums, cols), (sum, j) => start[j] + sum / rows);
  });
}

function firstRow({ arena }: Machine, { single, cols }: Stored, at: number): Float64Array {
  return Float64Array.from(single ? new Float32Array(arena.memory.buffer, at, cols) : arena.f64(at, cols));
}

/** The columns of a batch, packed chunk by chunk into one of two buffers. */
class PackedColumns {
  readonly rows: Rows;
  readonly #packed: readonly number[];
  readonly #mean: number;

  constructor(
    readonly batch: Stored,
    chunk: number,
    scratch: Scratch,
    mean: Float64Array | undefined,
  ) {
    this.rows = new Rows(batch, chunk, scratch);
    this.#mean = mean ? scratch.put(mean) : 0;
    const bytes = Math.min(chunk, batch.rows) * Math.ceil(batch.cols / 4) * 32;
    this.#packed = Array.from({ length: Math.min(2, this.rows.count) }, () => scratch.take(bytes));
  }

  at(chunk: number): number {
    return this.#packed[chunk % 2];
  }

  /** Tasks that pack a chunk. */
  tasks(chunk: number, threads: number): Task[] {
    const { cols, single } = this.batch;
    const [count, at] = [this.rows.length(chunk), this.rows.at(chunk)];
    return split(cols, threads * SHARE, 16).map(([from, to]) => ({
      run: 'packColumns',
      args: [count, cols, from, to, at, Number(single), this.#mean, this.at(chunk)],
    }));
  }
}

/** `into + (batch − mean)ᵀ(batch − mean)`. */
export function gram(machine: Machine, batch: Stored, mean: Float64Array, into?: Stored): Promise<Stored> {
  return addInto(machine, batch.cols, batch.cols, into, async (sum, scratch) => {
    const columns = new PackedColumns(batch, chunkRows(batch.cols), scratch, mean);
    await addProducts(machine, columns, columns, sum.accumulator(true), true);
  });
}

/** `into + (a − means.a)ᵀ(b − means.b)`. */
export function cross(
  machine: Machine,
  a: Stored,
  b: Stored,
  into?: Stored,
  means?: { readonly a: Float64Array; readonly b: Float64Array },
): Promise<Stored> {
  return addInto(machine, a.cols, b.cols, into, async (sum, scratch) => {
    const chunk = chunkRows(a.cols + b.cols);
    const left = new PackedColumns(a, chunk, scratch, means?.a);
    const right = new PackedColumns(b, chunk, scratch, means?.b);
    await addProducts(machine, left, right, sum.accumulator(false), false);
  });
}

/** Adds to `into`, or to zeros. */
async function addInto(
  machine: Machine,
  rows: number,
  cols: number,
  into: Stored | undefined,
  add: (sum: Stored, scratch: Scratch) => Promise<void>,
): Promise<Stored> {
  const sum = into ?? Stored.empty(machine, rows, cols);
  try {
    if (into === undefined) machine.arena.f64(sum.address(), rows * cols).fill(0);
    await withScratch(machine, (scratch) => add(sum, scratch));
  } catch (error) {
    if (into === undefined) sum.dispose();
    throw error;
  }
  return sum;
}

/** Adds the products of the columns of two batches: the tiles of one chunk while the next is packed and that after it fetched. */
async function addProducts(
  machine: Machine,
  a: PackedColumns,
  b: PackedColumns,
  sum: number,
  upper: boolean,
): Promise<void> {
  const sides = a === b ? [a] : [a, b];
  const { count } = a.rows;
  const cost = 2 * a.batch.rows * a.batch.cols * b.batch.cols;
  for (const { rows } of sides) rows.fetch(0);
  for (let chunk = 0; chunk <= count; chunk++) {
    const tasks: Task[] = [];
    if (chunk < count) tasks.push(...sides.flatMap((side) => side.tasks(chunk, machine.threads)));
    if (chunk > 0) tasks.push(...tiles(machine, a, b, chunk - 1, sum, upper));
    await machine.run({ tasks, workspace: 128, cost: cost / count }, () => {
      for (const { rows } of sides) rows.fetch(chunk + 1);
    });
  }
}

function tiles(
  machine: Machine,
  a: PackedColumns,
  b: PackedColumns,
  chunk: number,
  sum: number,
  upper: boolean,
): Task[] {
  const [m, n] = [a.batch.cols, b.batch.cols];
  const [left, right] = [a.at(chunk), b.at(chunk)];
  const rows = a.rows.length(chunk);
  const tasks: Task[] = [];
  for (const [i0, i1] of split(m, Math.max(2 * machine.threads, m / TILE), 4)) {
    for (const [j0, j1] of split(n, Math.max(2 * machine.threads, n / TILE), 4)) {
      if (upper && j1 <= i0) continue;
      tasks.push({
        run: 'addColumnProducts',
        args: [rows, i0, i1, j0, j1, Number(upper), left, m, right, n, sum],
      });
    }
  }
  return tasks;
}

/** `(batch − mean) · weights`. */
export async function project(
  machine: Machine,
  batch: Stored,
  mean: Float64Array,
  weights: Stored,
): Promise<Stored> {
  const { rows, cols, size } = batch;
  const out = Stored.empty(machine, rows, weights.cols);
  const ld = 8 * weights.cols;
  try {
    await withScratch(machine, async (scratch) => {
      const source = new Rows(batch, chunkRows(cols), scratch);
      const [centre, right] = [scratch.put(mean), weights.address()];
      const flags = Number(batch.single) + 2 * Number(weights.single);
      source.fetch(0);
      for (let chunk = 0; chunk < source.count; chunk++) {
        const [count, at] = [source.length(chunk), source.at(chunk)];
        const to = out.address() + chunk * chunkRows(cols) * ld;
        const tasks = split(count, 2 * machine.threads, 64).map(([from, end]) => {
          const left = [at + from * cols * size, cols * size, size, centre];
          const b = [right, weights.cols * weights.size, weights.size];
          const args = [end - from, weights.cols, cols, flags, ...left, ...b, to + from * ld, ld];
          return { run: 'product', args };
        });
        const cost = 2 * count * cols * weights.cols;
        await machine.run({ tasks, workspace: machine.kernels['gemmWork'](), cost }, () =>
          source.fetch(chunk + 1),
        );
      }
    });
    return out;
  } catch (error) {
    out.dispose();
    throw error;
  }
}

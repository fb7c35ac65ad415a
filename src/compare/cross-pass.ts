/**
 * A pass over factored views: samples projected on their factors become the cross block of every pair.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import { inGroups, together } from '../engines/scope.js';
import { Projector, correctedCross } from '../factor/cross.js';
import type { Needs, Pair } from '../measures/measure.js';
import { absoluteProjections } from '../measures/pair.js';
import type { AnyPair } from '../measures/pair.js';
import type { StateRecord } from './checkpoint-format.js';
import type { PassOptions } from './first-pass.js';
import type { Plan, View } from './plan.js';
import { RowNormCollector } from './row-norms.js';
import type { RowNormSums } from './row-norms.js';
import type { RunState } from './state.js';
import type { Batches, LockstepStream } from './stream.js';
import type { FactoredView, ReadView } from './view-store.js';
import { handleOf, matrixOf, shapeOf } from './views.js';

/** Some cells, and what is known of their views. */
export interface CellWork {
  readonly plan: Plan;
  /** Numbers of the cells in the plan. */
  readonly cells: readonly number[];
  /** The views of these cells, by their number in the plan. */
  readonly views: ReadonlyMap<number, ReadView>;
  readonly needs: Needs;
}

/** What becomes of some cells while the batches pass. */
export interface CellPass {
  readonly cells: readonly number[];
  /** Adds a batch, which stays the caller's. */
  add(batches: Batches): Promise<void>;
  /** After the last batch, once; frees what only passing needs. */
  finish(): Promise<void>;
  /** The pair of a cell, once for each. */
  pair(cell: number): Promise<AnyPair>;
  /** After the last pair. */
  close(): void;
  /** All of it, in between two batches or after the last, to be taken up when it is opened again. */
  state(): AsyncIterable<StateRecord>;
}

/** What is summed over the samples outside the engine. */
interface Sums extends RowNormSums {
  /** How many datapoints of each view have passed. */
  readonly offsets: Float64Array;
}

/** The cross blocks of factored views. */
export class CrossPass implements CellPass {
  private blocks = new Map<number, Handle>();
  private projectors = new Map<number, Projector>();
  private corrections = new Map<number, Handle>();
  private readonly norms: RowNormCollector;
  private readonly offsets: Float64Array;
  /** The last pass over the stream for a pair: one at a time. */
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly engine: Engine,
    private readonly work: CellWork,
    private readonly stream: LockstepStream,
    private readonly options: PassOptions,
    saved: Sums | undefined,
  ) {
    this.norms = new RowNormCollector(work.plan, saved);
    this.offsets = saved?.offsets ?? new Float64Array(work.plan.views.length);
  }

  /**
   * @param state - to go on from, where a pass of these cells was interrupted.
   * @param finished - whether all batches had passed by then.
   */
  static async open(
    engine: Engine,
    work: CellWork,
    stream: LockstepStream,
    options: PassOptions,
    state: RunState,
    finished: boolean,
  ): Promise<CrossPass> {
    const sums = (await state.take('sums'))?.value as Sums | undefined;
    const pass = new CrossPass(engine, work, stream, options, sums);
    const grams = new Map<number, HostMatrix>();
    for await (const [i, gram] of takeMatrices(state, 'projector')) grams.set(i, gram);
    for (const [i, { factored }] of work.views) {
      const { factor, basis } = factored!;
      const kept = factor.v.cols;
      if (basis || kept === 0 || finished) continue;
      pass.projectors.set(i, await Projector.open(engine, factor, kept, grams.get(i)));
    }
    for await (const [i, root] of takeMatrices(state, 'correction')) {
      pass.corrections.set(i, await engine.upload(root));
    }
    pass.blocks = await takeBlocks(engine, state);
    return pass;
  }

  get cells(): readonly number[] {
    return this.work.cells;
  }

  async add(batches: Batches): Promise<void> {
    const { engine, options, norms, blocks } = this;
    const { plan, cells, views, needs } = this.work;
    const baseOf = async ([i, { factored }]: readonly [number, ReadView]) => {
      if (needs.rowNorms) {
        norms.addView(i, await matrixOf(plan.views[i], batches, options), factored!.factor.mean);
      }
      return [i, await this.rows(i, factored!, batches)] as const;
    };
    const bases = new Map(await inGroups([...views], baseOf, options.breathe));
    const addCell = async (c: number): Promise<void> => {
      const { a, b } = plan.cells[c];
      const [left, right] = [bases.get(a), bases.get(b)];
      if (left && right) blocks.set(c, await engine.accumulateCross(left, right, blocks.get(c)));
      if (needs.rowNorms) norms.addCell(c);
    };
    await inGroups(cells, addCell, options.breathe);
    engine.dispose(...[...bases.values()].filter((handle) => handle !== undefined));
  }

  async finish(): Promise<void> {
    const corrections = await together(
      [...this.projectors],
      async ([i, projector]) => [i, await projector.correction()] as const,
    );
    for (const [i, handle] of corrections) if (handle) this.corrections.set(i, handle);
    for (const projector of this.projectors.values()) projector.dispose();
    this.projectors.clear();
  }

  async pair(c: number): Promise<Pair> {
    const { engine, norms, stream, options } = this;
    const { plan, views, needs } = this.work;
    const { a, b } = plan.cells[c];
    const [x, y] = [views.get(a)!.factored!.factor, views.get(b)!.factored!.factor];
    const block = this.blocks.get(c);
    this.blocks.delete(c);
    const project = (side: 'x' | 'y', directions: HostMatrix): Promise<Float64Array> => {
      const view = plan.views[side === 'x' ? a : b];
      const sums = this.turn.then(() => absoluteSums(engine, view, stream, directions, options));
      this.turn = sums.catch(() => undefined);
      return sums;
    };
    return {
      x,
      y,
      cross: block
        ? await correctedCross(engine, block, this.corrections.get(a), this.corrections.get(b))
        : zeros(x.v.cols, y.v.cols),
      ...(needs.rowNorms && { rowNorms: norms.of(c) }),
      ...(stream.again() && { absoluteProjections: project }),
    };
  }

  close(): void {
    this.engine.dispose(...this.corrections.values());
    this.corrections.clear();
  }

  async *state(): AsyncGenerator<StateRecord> {
    yield { kind: 'sums', value: { ...this.norms.sums, offsets: this.offsets } satisfies Sums };
    for (const [view, projector] of this.projectors) {
      const gram = await projector.state();
      if (gram) yield { kind: 'projector', value: { at: view, matrix: gram } };
    }
    for (const [view, root] of this.corrections) {
      yield { kind: 'correction', value: { at: view, matrix: await this.engine.download(root) } };
    }
    yield* blocksOf(this.engine, this.blocks);
  }

  /** Rows of the basis of a view; nothing of a constant one. */
  private async rows(i: number, { basis }: FactoredView, batches: Batches): Promise<Handle | undefined> {
    const { engine, options, offsets } = this;
    const view = this.work.plan.views[i];
    const from = offsets[i];
    const { rows: count } = shapeOf(view, batches, options);
    offsets[i] += count;
    if (basis) return engine.upload(rowsOf(basis, from, count));
    const projector = this.projectors.get(i);
    if (projector === undefined) return undefined;
    const batch = await handleOf(engine, view, batches, options);
    const rows = await projector.rows(batch);
    engine.dispose(batch);
    return rows;
  }
}

/** The matrices of one kind that were saved of a pass, with the number of their view or cell. */
async function* takeMatrices(
  state: RunState,
  kind: string,
): AsyncGenerator<readonly [at: number, matrix: HostMatrix]> {
  for (let record; (record = await state.take(kind));) {
    const { at, matrix } = record.value as { readonly at: number; readonly matrix: HostMatrix };
    yield [at, matrix];
  }
}

/** The blocks that were saved of a pass. */
export async function takeBlocks(engine: Engine, state: RunState): Promise<Map<number, Handle>> {
  const blocks = new Map<number, Handle>();
  for await (const [cell, block] of takeMatrices(state, 'block'))
    blocks.set(cell, await engine.upload(block));
  return blocks;
}

/** The blocks of a pass, to be saved. */
export async function* blocksOf(
  engine: Engine,
  blocks: ReadonlyMap<number, Handle>,
): AsyncGenerator<StateRecord> {
  for (const [cell, handle] of blocks) {
    yield { kind: 'block', value: { at: cell, matrix: await engine.download(handle) } };
  }
}

function rowsOf({ cols, data }: HostMatrix, from: number, rows: number): HostMatrix {
  return { rows, cols, data: data.subarray(from * cols, (from + rows) * cols) };
}

async function absoluteSums(
  engine: Engine,
  view: View,
  stream: LockstepStream,
  directions: HostMatrix,
  options: PassOptions,
): Promise<Float64Array> {
  const sums = new Float64Array(directions.cols);
  const wanted = (side: number, layer: string) => side === view.side && layer === view.layer;
  for await (const batches of stream.read({ wanted })) {
    const part = await absoluteProjections(engine, await matrixOf(view, batches, options), directions);
    part.forEach((value, j) => (sums[j] += value));
  }
  return sums;
}

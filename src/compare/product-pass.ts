/**
 * A pass where inner products are enough: cross-products of the centred samples, without any factor.
 *
 * @module
 */
import type { Engine, Handle } from '../engines/engine.js';
import { inGroups } from '../engines/scope.js';
import { productsOfCross } from '../factor/products.js';
import type { ProductPair } from '../measures/measure.js';
import type { StateRecord } from './checkpoint-format.js';
import { blocksOf, takeBlocks } from './cross-pass.js';
import type { CellPass, CellWork } from './cross-pass.js';
import type { PassOptions } from './first-pass.js';
import { RowNormCollector } from './row-norms.js';
import type { RowNormSums } from './row-norms.js';
import type { RunState } from './state.js';
import type { Batches } from './stream.js';
import type { ReadView } from './view-store.js';
import { handleOf, matrixOf } from './views.js';

/** The cross-products of views that were not factored. */
export class ProductPass implements CellPass {
  private blocks = new Map<number, Handle>();

  private constructor(
    private readonly engine: Engine,
    private readonly work: CellWork,
    private readonly options: PassOptions,
    private readonly norms: RowNormCollector,
  ) {}

  /** @param state - to go on from, where a pass of these cells was interrupted. */
  static async open(
    engine: Engine,
    work: CellWork,
    options: PassOptions,
    state: RunState,
  ): Promise<ProductPass> {
    const sums = (await state.take('sums'))?.value as RowNormSums | undefined;
    const pass = new ProductPass(engine, work, options, new RowNormCollector(work.plan, sums));
    pass.blocks = await takeBlocks(engine, state);
    return pass;
  }

  get cells(): readonly number[] {
    return this.work.cells;
  }

  async add(batches: Batches): Promise<void> {
    const { engine, options, norms, blocks } = this;
    const { plan, cells, views, needs } = this.work;
    const read = async ([i, { products }]: readonly [number, ReadView]) => {
      const view = plan.views[i];
      if (needs.rowNorms) norms.addView(i, await matrixOf(view, batches, options), products!.mean);
      return [i, await handleOf(engine, view, batches, options)] as const;
    };
    const handles = new Map(await inGroups([...views], read, options.breathe));
    const addCell = async (c: number): Promise<void> => {
      const { a, b } = plan.cells[c];
      const means = { a: views.get(a)!.products!.mean, b: views.get(b)!.products!.mean };
      const block = await engine.accumulateCross(handles.get(a)!, handles.get(b)!, blocks.get(c), means);
      blocks.set(c, block);
      if (needs.rowNorms) norms.addCell(c);
    };
    await inGroups(cells, addCell, options.breathe);
    engine.dispose(...handles.values());
  }

  async finish(): Promise<void> {
    // Nothing is kept for passing alone.
  }

  async pair(c: number): Promise<ProductPair> {
    const { engine, norms } = this;
    const { plan, views, needs } = this.work;
    const { a, b } = plan.cells[c];
    const [x, y] = [views.get(a)!.products!, views.get(b)!.products!];
    const block = this.blocks.get(c)!;
    const cross = await engine.download(block);
    engine.dispose(block);
    this.blocks.delete(c);
    return { x, y, products: productsOfCross(x, y, cross, needs.rowNorms ? norms.of(c) : undefined) };
  }

  close(): void {
    // Every block ended with its pair.
  }

  async *state(): AsyncGenerator<StateRecord> {
    yield { kind: 'sums', value: this.norms.sums };
    yield* blocksOf(this.engine, this.blocks);
  }
}

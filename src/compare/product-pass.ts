/**
 * The second pass where inner products are enough: cross-products of the centred samples, without any factor.
 *
 * @module
 */
import type { Engine, Handle } from '../engines/engine.js';
import { inGroups, together } from '../engines/scope.js';
import { dot, squaredNorms } from '../factor/cross.js';
import { productsOfCross } from '../factor/products.js';
import type { ProductPair } from '../measures/measure.js';
import type { PassOptions, ReadView } from './first-pass.js';
import type { Plan, View } from './plan.js';
import type { LockstepStream } from './stream.js';
import { handleOf, matrixOf } from './views.js';

/** The pair of every cell, in the order of the plan; views that no cell asks for are not read. */
export async function productCells(
  engine: Engine,
  plan: Plan,
  views: readonly ReadView[],
  stream: LockstepStream,
  rowNorms: boolean,
  options: PassOptions,
): Promise<ProductPair[]> {
  const asked = new Set(plan.cells.flatMap(({ a, b }) => [a, b]));
  const blocks: Handle[] = [];
  const norms = { self: new Float64Array(plan.views.length), cross: new Float64Array(plan.cells.length) };
  let samples = 0;
  for await (const batches of stream.read()) {
    const squared: Float64Array[] = [];
    const read = async (view: View, i: number): Promise<Handle | undefined> => {
      if (!asked.has(i)) return undefined;
      if (rowNorms) {
        squared[i] = squaredNorms(await matrixOf(view, batches, options), views[i].products!.mean);
        norms.self[i] += dot(squared[i], squared[i]);
      }
      return handleOf(engine, view, batches, options);
    };
    const handles = await inGroups(plan.views, read, options.breathe);
    const addCell = async ({ a, b }: Plan['cells'][number], c: number): Promise<void> => {
      const means = { a: views[a].products!.mean, b: views[b].products!.mean };
      blocks[c] = await engine.accumulateCross(handles[a]!, handles[b]!, blocks[c], means);
      if (rowNorms) norms.cross[c] += dot(squared[a], squared[b]);
    };
    await inGroups(plan.cells, addCell, options.breathe);
    engine.dispose(...handles.filter((handle) => handle !== undefined));
    samples += batches[0].samples;
    await options.onBatch('cross', samples);
  }
  return together(plan.cells, async ({ a, b }, c): Promise<ProductPair> => {
    const [x, y] = [views[a].products!, views[b].products!];
    const cross = await engine.download(blocks[c]);
    engine.dispose(blocks[c]);
    const sums = rowNorms ? { xx: norms.self[a], xy: norms.cross[c], yy: norms.self[b] } : undefined;
    return { x, y, products: productsOfCross(x, y, cross, sums) };
  });
}

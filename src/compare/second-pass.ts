/**
 * The second pass of a comparison: samples projected on their factors become the cross block of every pair of views.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import { inGroups, together } from '../engines/scope.js';
import { Projector, correctedCross, dot, squaredNorms } from '../factor/cross.js';
import { keptDirections } from '../factor/keep.js';
import { productsOfKernels } from '../factor/products.js';
import type { Needs, Pair } from '../measures/measure.js';
import { absoluteProjections } from '../measures/pair.js';
import type { AnyPair } from '../measures/pair.js';
import { productCells } from './product-pass.js';
import type { PassOptions, ReadView } from './first-pass.js';
import type { Plan, View } from './plan.js';
import type { LockstepStream } from './stream.js';
import { handleOf, matrixOf, shapeOf } from './views.js';

/** The pair of every cell, in the order of the plan, as its views were read. */
export async function pairsOfCells(
  engine: Engine,
  plan: Plan,
  views: readonly ReadView[],
  stream: LockstepStream,
  needs: Needs,
  options: PassOptions,
): Promise<AnyPair[]> {
  const pairs: AnyPair[] = [];
  const take = async (
    belongs: (view: ReadView) => boolean,
    pairUp: (part: Plan) => Promise<readonly AnyPair[]>,
  ): Promise<void> => {
    const at = plan.cells.flatMap(({ a }, c) => (belongs(views[a]) ? [c] : []));
    if (at.length === 0) return;
    const found = await pairUp({ views: plan.views, cells: at.map((c) => plan.cells[c]) });
    at.forEach((c, i) => (pairs[c] = found[i]));
  };
  const { rowNorms = false } = needs;
  await take(
    ({ factored }) => factored !== undefined,
    (part) => crossCells(engine, part, stream, views, needs, options),
  );
  await take(
    ({ products }) => products !== undefined && products.kernel === undefined,
    (part) => productCells(engine, part, views, stream, rowNorms, options),
  );
  await take(
    ({ products }) => products?.kernel !== undefined,
    (part) =>
      Promise.resolve(
        part.cells.map(({ a, b }) => {
          const [x, y] = [views[a].products!, views[b].products!];
          return { x, y, products: productsOfKernels(x, y, rowNorms) };
        }),
      ),
  );
  return pairs;
}

async function crossCells(
  engine: Engine,
  plan: Plan,
  stream: LockstepStream,
  views: readonly ReadView[],
  needs: Needs,
  options: PassOptions,
): Promise<Pair[]> {
  const keep = needs.keep ?? 'all';
  const factored = views.map((view) => view.factored);
  const projectors = await together(factored, async (view) => {
    if (view === undefined) return undefined;
    const { factor, basis } = view;
    const kept = keptDirections(factor.s, keep);
    return basis || kept === 0 ? undefined : Projector.open(engine, factor, kept);
  });
  const blocks: (Handle | undefined)[] = [];
  const norms = { self: new Float64Array(plan.views.length), cross: new Float64Array(plan.cells.length) };
  const offsets = new Uint32Array(plan.views.length);
  let samples = 0;
  for await (const batches of stream.read()) {
    const squared: Float64Array[] = [];
    const baseOf = async (view: View, i: number): Promise<Handle | undefined> => {
      const known = factored[i];
      if (known === undefined) return undefined;
      const { factor, basis } = known;
      const { rows: inBatch } = shapeOf(view, batches, options);
      const from = offsets[i];
      offsets[i] += inBatch;
      if (needs.rowNorms) {
        squared[i] = squaredNorms(await matrixOf(view, batches, options), factor.mean);
        norms.self[i] += dot(squared[i], squared[i]);
      }
      if (basis) return engine.upload(rowsOf(basis, from, inBatch));
      if (projectors[i] === undefined) return undefined;
      const batch = await handleOf(engine, view, batches, options);
      const rows = await projectors[i].rows(batch);
      engine.dispose(batch);
      return rows;
    };
    const bases = await inGroups(plan.views, baseOf, options.breathe);
    const addCell = async ({ a, b }: Plan['cells'][number], c: number): Promise<void> => {
      const [left, right] = [bases[a], bases[b]];
      if (left && right) blocks[c] = await engine.accumulateCross(left, right, blocks[c]);
      if (needs.rowNorms) norms.cross[c] += dot(squared[a], squared[b]);
    };
    await inGroups(plan.cells, addCell, options.breathe);
    engine.dispose(...bases.filter((handle) => handle !== undefined));
    samples += batches[0].samples;
    await options.onBatch('cross', samples);
  }
  const corrections = await together(projectors, async (projector) => projector?.correction());
  const pairs = await together(plan.cells, async ({ a, b }, c): Promise<Pair> => {
    const block = blocks[c];
    const [x, y] = [factored[a]!.factor, factored[b]!.factor];
    return {
      x,
      y,
      cross: block
        ? await correctedCross(engine, block, corrections[a], corrections[b])
        : zeros(keptDirections(x.s, keep), keptDirections(y.s, keep)),
      ...(needs.rowNorms && {
        rowNorms: { xx: norms.self[a], xy: norms.cross[c], yy: norms.self[b] },
      }),
      ...(stream.held() && {
        absoluteProjections: (side: 'x' | 'y', directions: HostMatrix) =>
          absoluteSums(engine, plan.views[side === 'x' ? a : b], stream, directions, options),
      }),
    };
  });
  engine.dispose(...corrections.filter((handle) => handle !== undefined));
  for (const projector of projectors) projector?.dispose();
  return pairs;
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
  for await (const batches of stream.read()) {
    const part = await absoluteProjections(engine, await matrixOf(view, batches, options), directions);
    part.forEach((value, j) => (sums[j] += value));
  }
  return sums;
}

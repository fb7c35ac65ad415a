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
import type { Needs, Pair } from '../measures/measure.js';
import { absoluteProjections } from '../measures/pair.js';
import type { FactoredView, PassOptions } from './first-pass.js';
import type { Plan, View } from './plan.js';
import type { LockstepStream } from './stream.js';
import { handleOf, matrixOf, shapeOf } from './views.js';

/** The {@link Pair} of every cell, in the order of the plan. */
export async function crossCells(
  engine: Engine,
  plan: Plan,
  stream: LockstepStream,
  factored: readonly FactoredView[],
  needs: Needs,
  options: PassOptions,
): Promise<Pair[]> {
  const keep = needs.keep ?? 'all';
  const projectors = await together(factored, async ({ factor, basis }) => {
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
      const { factor, basis } = factored[i];
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
    return {
      x: factored[a].factor,
      y: factored[b].factor,
      cross: block
        ? await correctedCross(engine, block, corrections[a], corrections[b])
        : zeros(keptDirections(factored[a].factor.s, keep), keptDirections(factored[b].factor.s, keep)),
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

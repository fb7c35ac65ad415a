/**
 * The cells of a comparison, group by group: a pass over the stream, then the measures of every pair.
 *
 * @module
 */
import { DataError } from '../errors.js';
import type { Engine } from '../engines/engine.js';
import { together } from '../engines/scope.js';
import { productsOfKernels } from '../factor/products.js';
import type { SimilarityResult } from '../measures/measure.js';
import { evaluate, evaluateSamples } from '../measures/pair.js';
import type { AnyPair } from '../measures/pair.js';
import { takesVectors } from './asked.js';
import type { Asked } from './asked.js';
import { inParts } from './batches.js';
import { passBytes, usable } from './budget.js';
import { CrossPass } from './cross-pass.js';
import type { CellPass, CellWork } from './cross-pass.js';
import { layersOf } from './first-pass.js';
import type { PassOptions, Reading } from './first-pass.js';
import { cellsAtOnce, groupCells } from './groups.js';
import type { CellDemands, CellGroup, CrossSide } from './groups.js';
import { ProductPass } from './product-pass.js';
import type { RunState } from './state.js';
import type { LockstepStream } from './stream.js';
import type { ReadView, ViewStore } from './view-store.js';

/** Cells that an engine is given at once, at most: enough to keep its threads busy, few enough to stop soon. */
const AT_ONCE = 16;

/** What the cells are computed from, and with. */
export interface CellJob {
  readonly engine: Engine;
  readonly reading: Reading;
  readonly store: ViewStore;
  readonly stream: LockstepStream;
  readonly state: RunState;
  readonly asked: readonly Asked[];
  /** Samples of a batch. */
  readonly batch: number;
  /** How messages call a cell. */
  readonly nameOf: (cell: number) => string;
  /** Called with the number of cells that are done. @throws to stop */
  readonly onCells: (done: number) => Promise<void>;
  readonly options: PassOptions;
}

/** What is saved between the groups. */
interface CellState {
  readonly groups: readonly CellGroup[];
  readonly done: number;
  /** By measure, then by cell. */
  readonly results: (SimilarityResult | null)[][];
}

/** For each measure the result of every cell. */
export async function compareCells(job: CellJob): Promise<SimilarityResult[][]> {
  const { reading, state, asked } = job;
  const { cells } = reading.plan;
  const demands = demandsOf(job);
  const before = (await state.take('cells'))?.value as CellState | undefined;
  const groups = before?.groups ?? groupCells(demands);
  const results = before?.results ?? asked.map(() => cells.map(() => null));
  for (let done = before?.done ?? 0; done < groups.length; done++) {
    state.set('cells', async function* () {
      yield { kind: 'cells', value: { groups, done, results } satisfies CellState };
    });
    const name = groups.length === 1 ? 'cross' : `cross (${done + 1} of ${groups.length})`;
    await compareGroup(job, demands, groups[done], name, results);
    state.unset('crossing');
    state.set('cells', async function* () {
      yield { kind: 'cells', value: { groups, done: done + 1, results } satisfies CellState };
    });
    // After the last there may be nothing left to do.
    if (done + 1 < groups.length) await state.save(true);
  }
  return results as SimilarityResult[][];
}

async function compareGroup(
  job: CellJob,
  demands: CellDemands,
  group: CellGroup,
  name: string,
  results: (SimilarityResult | null)[][],
): Promise<void> {
  const { reading, store, stream, state, options } = job;
  const { plan, needs } = reading;
  const used = new Set(group.cells.flatMap((c) => [plan.cells[c].a, plan.cells[c].b]));
  const views = new Map<number, ReadView>();
  for (const view of used) views.set(view, await store.get(view));
  const work: CellWork = { plan, cells: group.cells, views, needs };

  const before = (await state.take('crossing'))?.value as Crossing | undefined;
  let { samples, finished }: Crossing = before ?? { samples: 0, finished: false };
  const passes = needs.keep ? await openPasses(job, work, finished) : [];
  state.set('crossing', async function* () {
    yield { kind: 'crossing', value: { samples, finished } satisfies Crossing };
    for (const pass of passes) yield* pass.state();
  });
  if (passes.length > 0 && !finished) {
    options.begin(samples);
    for await (const batches of stream.read({ from: samples, wanted: layersOf(plan, used) })) {
      for (const part of inParts(batches, group.part)) for (const pass of passes) await pass.add(part);
      samples += batches[0].samples;
      await options.onBatch(name, samples);
      await state.save();
    }
    for (const pass of passes) await pass.finish();
    finished = true;
    await state.save(true);
  }
  await evaluateGroup(job, work, passes, cellsAtOnce(demands, group.cells, AT_ONCE), results);
  for (const pass of passes) pass.close();
}

/** How far the pass of a group is. */
interface Crossing {
  readonly samples: number;
  /** Whether all batches have passed, and the cells are being evaluated. */
  readonly finished: boolean;
}

/** One pass for the factored views, and one for those of which inner products are enough. */
async function openPasses(
  job: CellJob,
  { plan, cells, views, needs }: CellWork,
  finished: boolean,
): Promise<CellPass[]> {
  const { engine, stream, state, options } = job;
  const some = (belongs: (view: ReadView) => boolean): CellWork => ({
    plan,
    cells: cells.filter((c) => belongs(views.get(plan.cells[c].a)!)),
    views: new Map([...views].filter(([, view]) => belongs(view))),
    needs,
  });
  const factored = some((view) => view.factored !== undefined);
  const products = some((view) => view.products !== undefined && view.products.kernel === undefined);
  return [
    ...(factored.cells.length > 0
      ? [await CrossPass.open(engine, factored, stream, options, state, finished)]
      : []),
    ...(products.cells.length > 0 ? [await ProductPass.open(engine, products, options, state)] : []),
  ];
}

async function evaluateGroup(
  job: CellJob,
  { plan, cells, views, needs }: CellWork,
  passes: readonly CellPass[],
  most: number,
  results: (SimilarityResult | null)[][],
): Promise<void> {
  const passOf = new Map(passes.flatMap((pass) => pass.cells.map((c) => [c, pass])));
  const pairOf = async (c: number): Promise<AnyPair | undefined> => {
    const pass = passOf.get(c);
    if (pass || !needs.keep) return pass?.pair(c);
    const { a, b } = plan.cells[c];
    const [x, y] = [views.get(a)!.products!, views.get(b)!.products!];
    return { x, y, products: productsOfKernels(x, y, needs.rowNorms ?? false) };
  };
  // Measures of the samples bring tiles of their own to every thread: one cell at a time.
  const atOnce = needs.samples ? 1 : most;
  const left = cells.filter((c) => results.some((ofMeasure) => ofMeasure[c] === null));
  let done = results[0].filter((result) => result !== null).length;
  for (let from = 0; from < left.length;) {
    const chunk = left.slice(from, from + atOnce);
    const pairs = await together(chunk, pairOf);
    for (const [m, one] of job.asked.entries()) {
      const work = async (c: number, i: number): Promise<void> => {
        const { a, b } = plan.cells[c];
        results[m][c] = await evaluateCell(job, one, pairs[i], views.get(a)!, views.get(b)!, c);
      };
      await together(chunk, work);
    }
    done += chunk.length;
    from += chunk.length;
    await job.onCells(done);
    await job.state.save();
  }
}

async function evaluateCell(
  { engine, options: { breathe }, nameOf }: CellJob,
  { measure, options, needs }: Asked,
  pair: AnyPair | undefined,
  x: ReadView,
  y: ReadView,
  cell: number,
): Promise<SimilarityResult> {
  try {
    if (!needs.samples) return await evaluate(measure, pair!, options, engine);
    return await evaluateSamples(measure, { x: x.samples!, y: y.samples!, breathe }, options, engine);
  } catch (error) {
    throw named(error, nameOf(cell));
  }
}

/** What is wrong with the data of a cell is told with the names of its layers. */
function named(error: unknown, name: string): unknown {
  if (!(error instanceof DataError)) return error;
  const code = error.code === 'TOO_FEW_SAMPLES' ? error.code : 'DATA';
  return new DataError(`${name}: ${error.message}`, { cause: error, code });
}

function demandsOf({ reading, store, batch, asked, options }: CellJob): CellDemands {
  const { plan, ways, sizes, bytes, budget } = reading;
  const sides = plan.views.map((_, i): CrossSide | undefined => {
    const { cols: neurons, perSample } = sizes[i];
    const { factored } = store.facts(i);
    const common = { neurons, perSample };
    if (factored === undefined) {
      if (ways[i] !== 'products by neurons') return undefined;
      return { ...common, width: neurons, projected: false, decomposed: false, loaded: 0 };
    }
    const { factor, basis } = factored;
    const width = factor.v.cols;
    const rows = neurons + (basis?.rows ?? 0);
    return {
      ...common,
      width,
      projected: basis === undefined,
      decomposed: true,
      loaded: store.isSpooled(i) ? 8 * rows * width : 0,
    };
  });
  const room = budget.total - store.bytes;
  const taken = Math.max(...budget.groups.map((group) => passBytes(bytes, group)));
  const vectors = takesVectors(asked);
  return { cells: plan.cells, sides, vectors, room, taken, batch, beside: usable(options.memory) - room };
}

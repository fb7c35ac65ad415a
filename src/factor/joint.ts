/**
 * What is left of the samples of several layers when they can be forgotten: enough to factor each layer and to cross any pair,
 * and to be merged with that of other samples without losing a digit.
 *
 * Of each layer it is `R` of `X − μ = Q·R`, of each pair `Q₁ᵀQ₂`; `Q` is never kept. Two sets of samples are merged by the QR of
 * their stacked triangles, as in TSQR (Demmel, Grigori, Hoemmen, Langou 2012):
 *
 *     [X₁ − μ₁]   [Q₁      ] [R₁]   [Q₁      ] [W₁]
 *     [X₂ − μ₂] = [   Q₂   ] [R₂] = [   Q₂   ] [W₂] R,   Q₁ᵀQ₂ of the union = Σᵢ Wᵢᵀ(Q₁ᵀQ₂)ᵢWᵢ,
 *     [  mean  ]   [      1 ] [δᵀ]   [      1 ] [wᵀ]
 *
 * where δ is what the difference of the means adds, along one direction of the samples that is the same for every layer. All
 * factors but R are orthonormal, so that each merge errs by a few ε of R, and of numbers up to 1 in `Q₁ᵀQ₂`, whatever the
 * condition of the layer. Merged Gram matrices and cross-covariances, whitened afterwards, would err by ε times the square of it.
 *
 * @module
 */
import { NumericalError, ShapeError } from '../errors.js';
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import { inGroups, together } from '../engines/scope.js';
import {
  diagonalBlocks,
  liveColumns,
  pickColumns,
  rowsOfIdentity,
  spreadColumns,
  stack,
} from './joint-blocks.js';
import { emptyJoint, isEmpty } from './joint-data.js';
import type { Joint, PairPlaces } from './joint-data.js';
import { mergeNorms, normsOfLayer, normsOfPair } from './joint-norms.js';
import { precisionOf } from './rounding.js';
import { transpose } from './small.js';
import { centreSplit, difference, moved } from './split-mean.js';
import { thinQr } from './thin-qr.js';

/** Orthonormal columns; without a handle they are those of the identity. */
interface Basis {
  readonly rows: number;
  readonly cols: number;
  readonly handle?: Handle;
}

/**
 * Datapoints in memory, the same ones of every layer.
 *
 * @param norms - whether sums over the rows' squared norms are wanted.
 * @throws NumericalError where sums over the activations overflow
 */
export async function jointOf(
  engine: Engine,
  layers: readonly Matrix[],
  pairs: PairPlaces,
  norms: boolean,
): Promise<Joint> {
  const { rows } = layers[0];
  const other = layers.find((layer) => layer.rows !== rows);
  if (other) throw new ShapeError(`layers of ${rows} and ${other.rows} datapoints cannot be joined`);
  if (rows === 0) {
    return emptyJoint(
      layers.map((layer) => ({ neurons: layer.cols, precision: precisionOf(layer) })),
      pairs,
      norms,
    );
  }
  const found = await together(layers, async (layer) => {
    const { samples, mean } = centreSplit(layer);
    const { basis, root } = await triangle(engine, samples);
    return { samples, mean, basis, root, ...(norms && normsOfLayer(samples)) };
  });
  const joint: Joint = {
    layers: found.map(({ mean, root, own }, i) => ({
      samples: rows,
      mean,
      root,
      precision: precisionOf(layers[i]),
      ...(own && { norms: own }),
    })),
    pairs: await inGroups(
      pairs,
      async ({ a, b }) => ({
        inner: await crossOf(engine, found[a].basis, found[b].basis),
        ...(norms && { norms: normsOfPair(found[a], found[b]) }),
      }),
      () => Promise.resolve(),
    ),
  };
  disposeAll(
    engine,
    found.map(({ basis }) => basis),
  );
  return joint;
}

/**
 * Two disjoint sets of datapoints as one, of layers that have equally many of them. The order decides the last digits.
 */
export async function mergeJoints(engine: Engine, pairs: PairPlaces, a: Joint, b: Joint): Promise<Joint> {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  const shifts = a.layers.map(({ mean }, i) => difference(mean, b.layers[i].mean));
  const stacked = await together(a.layers, async (one, i) => {
    const two = b.layers[i];
    const samples = one.samples + two.samples;
    const weight = Math.sqrt((one.samples / samples) * two.samples);
    const last = shifts[i].map((value) => value * weight);
    const { basis, root } = await triangle(engine, stack(one.root, two.root, last));
    const mean = moved(
      one.mean,
      shifts[i].map((value) => value * (two.samples / samples)),
    );
    return { samples, mean, root, basis, precision: Math.max(one.precision, two.precision) };
  });
  const norms = mergeNorms(pairs, a, b, shifts);
  const places = a.layers.map(({ root }, i) => [root.rows, b.layers[i].root.rows] as const);
  const cut = await together(stacked, ({ basis }, i) => cutBasis(engine, basis, places[i]));
  const inners = await inGroups(
    pairs,
    ({ a: x, b: y }, c) => rotated(engine, [a.pairs[c].inner, b.pairs[c].inner], cut[x], cut[y]),
    () => Promise.resolve(),
  );
  for (const { blocks } of cut) engine.dispose(...blocks.filter((block) => block !== undefined));
  disposeAll(
    engine,
    stacked.map(({ basis }) => basis),
  );
  return {
    layers: stacked.map(({ basis: _, ...layer }, i) => ({
      ...layer,
      ...(norms && { norms: norms.layers[i] }),
    })),
    pairs: inners.map((inner, c) => ({ inner, ...(norms && { norms: norms.pairs[c] }) })),
  };
}

/** `x = basis · root`, with no more rows in the root than there are neurons that change. */
async function triangle(
  engine: Engine,
  x: HostMatrix,
): Promise<{ readonly basis: Basis; readonly root: HostMatrix }> {
  const { rows, cols } = x;
  const live = liveColumns(x);
  if (live.length === 0) return { basis: { rows, cols: 0 }, root: zeros(0, cols) };
  if (rows <= live.length) return { basis: { rows, cols: rows }, root: checked(x) };
  // Columns of zeros would only keep the QR from its fast way.
  const handle = await engine.upload(live.length === cols ? x : pickColumns(x, live));
  const { q, r } = await thinQr(engine, handle);
  const small = checked(await engine.download(r));
  engine.dispose(handle, r);
  const root = live.length === cols ? small : spreadColumns(small, live, cols);
  return { basis: { rows, cols: live.length, handle: q }, root };
}

function checked(root: HostMatrix): HostMatrix {
  if (root.data.every(Number.isFinite)) return root;
  throw new NumericalError('sums over the activations overflow: scale them down before comparing');
}

/** `aᵀb`. */
async function crossOf(engine: Engine, a: Basis, b: Basis): Promise<HostMatrix> {
  if (a.cols === 0 || b.cols === 0) return zeros(a.cols, b.cols);
  if (!a.handle && !b.handle) return rowsOfIdentity(a.cols, 0, a.cols);
  if (!a.handle) return engine.download(b.handle!);
  if (!b.handle) return transpose(await engine.download(a.handle));
  const block = await engine.accumulateCross(a.handle, b.handle);
  const cross = await engine.download(block);
  engine.dispose(block);
  return cross;
}

/** A basis of stacked roots, cut where one ends and the next begins: of the first set, of the second, of the means. */
interface CutBasis extends Basis {
  readonly blocks: readonly [Handle | undefined, Handle | undefined, Handle | undefined];
  readonly places: readonly [number, number];
}

async function cutBasis(engine: Engine, basis: Basis, places: readonly [number, number]): Promise<CutBasis> {
  const { cols, handle } = basis;
  if (cols === 0 || !handle) return { ...basis, places, blocks: [undefined, undefined, undefined] };
  const { data } = await engine.download(handle);
  const upload = async (from: number, rows: number): Promise<Handle | undefined> =>
    rows === 0
      ? undefined
      : engine.upload({ rows, cols, data: data.slice(from * cols, (from + rows) * cols) });
  const [one, two] = places;
  return {
    ...basis,
    places,
    blocks: [await upload(0, one), await upload(one, two), await upload(one + two, 1)],
  };
}

/** `Σᵢ Wᵢᵀ · innerᵢ · Vᵢ` over both sets, and `wᵀv` of the direction between their means. */
async function rotated(
  engine: Engine,
  inners: readonly [HostMatrix, HostMatrix],
  x: CutBasis,
  y: CutBasis,
): Promise<HostMatrix> {
  if (x.cols === 0 || y.cols === 0) return zeros(x.cols, y.cols);
  if (!x.handle && !y.handle) return diagonalBlocks(inners, x.places, y.places);
  const [left, right] = [await withBlocks(engine, x), await withBlocks(engine, y)];
  let sum: Handle | undefined;
  for (const i of [0, 1, 2] as const) {
    const [w, v] = [left[i], right[i]];
    if (!w || !v) continue;
    if (i === 2) {
      sum = await engine.accumulateCross(w, v, sum);
      continue;
    }
    const inner = await engine.upload(inners[i]);
    const half = await engine.multiply(inner, v);
    sum = await engine.accumulateCross(w, half, sum);
    engine.dispose(inner, half);
  }
  const result = sum ? await engine.download(sum) : zeros(x.cols, y.cols);
  const temporary = [...(x.handle ? [] : left), ...(y.handle ? [] : right), sum];
  engine.dispose(...temporary.filter((handle) => handle !== undefined));
  return result;
}

/** The blocks of a basis; those of the identity are made here, and the caller's to dispose. */
async function withBlocks(engine: Engine, basis: CutBasis): Promise<CutBasis['blocks']> {
  if (basis.handle) return basis.blocks;
  const [one, two] = basis.places;
  const upload = async (from: number, rows: number): Promise<Handle | undefined> =>
    rows === 0 ? undefined : engine.upload(rowsOfIdentity(basis.cols, from, rows));
  return [await upload(0, one), await upload(one, two), await upload(one + two, 1)];
}

function disposeAll(engine: Engine, bases: readonly Basis[]): void {
  engine.dispose(...bases.flatMap(({ handle }) => (handle ? [handle] : [])));
}

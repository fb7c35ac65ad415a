/**
 * Two layers held in memory: the cheapest sound route to their factors and cross block.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import { together } from '../engines/scope.js';
import { keyword } from '../options.js';
import { Projector, REFINE_ABOVE, correctedCross, wellConditioned, whitening } from './cross.js';
import { fullRank } from './centred.js';
import type { Layer } from './centred.js';
import { factorDirect, factorTriangle, triangulate } from './direct.js';
import type { Factor, Method, Side } from './factor.js';
import { keptDirections } from './keep.js';
import type { Keep } from './keep.js';
import { Moments, factorMoments } from './moments.js';
import { independent, neuronRounding, precisionOf } from './rounding.js';
import type { Rounding } from './rounding.js';
import { conditionedCholesky, isClear } from './thin-qr.js';
import { factorRows } from './wide.js';

/** What `method` may be. */
export type MethodChoice = 'auto' | Method;

/** A method, or `'conditioned'`: moments where both sides are so well conditioned that no digit is lost, else direct. */
export type Route = Method | 'conditioned';

/** Condition up to which `'conditioned'` takes moments: they lose `ε·condition²`, here some 1e-11 of a correlation. */
const MOMENTS_UP_TO = 1e3;

/** Working memory in bytes that `auto` may use for bases in memory. */
export const DEFAULT_MEMORY = 2 ** 30;

/**
 * Resolves `'auto'` for layers held in memory: `conditioned` for float64 data whose bases fit `memory`, else `moments`.
 */
export function chooseRoute(choice: MethodChoice, layers: readonly Matrix[], memory = DEFAULT_MEMORY): Route {
  const method = keyword('method', choice, ['auto', 'moments', 'direct']);
  if (method !== 'auto') return method;
  const bytes = layers.reduce((sum, { rows, cols }) => sum + 16 * rows * cols, 0);
  if (bytes > memory) return 'moments';
  return layers.some(({ data }) => data instanceof Float64Array) ? 'conditioned' : 'moments';
}

/** What a measure of two layers needs of them. */
export interface CrossNeeds {
  /** Leading directions of each side. */
  readonly keep: Keep | 'all';
  /** Whether any orthonormal bases of the two sides will do, so that no singular vectors need be found. */
  readonly anyBasis: boolean;
  /** The rounding in the samples, where it is not that of their storage. */
  readonly rounding?: { readonly x: Rounding; readonly y: Rounding } | undefined;
}

/** Both sides with the cross block `U₁ᵀU₂` of their bases. */
export interface Crossed<S extends Side> {
  readonly x: S;
  readonly y: S;
  readonly cross: HostMatrix;
}

/** Factors both sides, or (where any basis will do, and their condition allows) whitens them by triangles alone. */
export async function crossInMemory(
  engine: Engine,
  x: Matrix,
  y: Matrix,
  route: Route,
  needs: CrossNeeds,
): Promise<Crossed<Factor> | Crossed<Side>> {
  const wide = x.rows < x.cols && y.rows < y.cols;
  const known = needs.rounding;
  if (wide && route === 'moments') {
    const layers = [
      [x, known?.x],
      [y, known?.y],
    ] as const;
    return crossOfLayers(engine, await both(layers, ([layer, own]) => factorRows(engine, layer, own)));
  }
  if (route === 'moments' || (route === 'conditioned' && !wide)) {
    const found = await crossByMoments(engine, [x, y], route, needs);
    if (found) return found;
  }
  return crossDirect(engine, [x, y], needs);
}

type Two<T> = readonly [x: T, y: T];

/** Applies `work` to both sides together: an engine with threads runs them side by side. */
async function both<T, R>(sides: Two<T>, work: (side: T) => Promise<R>): Promise<Two<R>> {
  const [x, y] = await together(sides, work);
  return [x, y];
}

async function crossByMoments(
  engine: Engine,
  layers: Two<Matrix>,
  route: Route,
  { keep, anyBasis, rounding }: CrossNeeds,
): Promise<Crossed<Factor> | Crossed<Side> | undefined> {
  const samples = await both(layers, (layer) => engine.upload(layer));
  const moments = await both([0, 1], async (i) => {
    const sums = new Moments(engine, layers[i].cols);
    await sums.add(samples[i], precisionOf(layers[i]));
    return sums;
  });
  const known = [rounding?.x, rounding?.y];
  const means = { a: moments[0].mean, b: moments[1].mean };
  const free = (): void => {
    for (const sums of moments) sums.dispose();
    engine.dispose(...samples);
  };
  const conditioned = route === 'conditioned';
  if (conditioned || anyBasis) {
    const limit = conditioned ? MOMENTS_UP_TO : REFINE_ABOVE;
    const found = await both(moments, (sums) => conditionedCholesky(engine, sums.centredGram(), limit));
    const clear = found.every((one, i) => {
      if (one === undefined) return false;
      const { rows } = layers[i];
      const own = neuronRounding(precisionOf(layers[i]), one.norms, moments[i].mean, rows);
      return isClear(known[i] ?? independent(own), one.norms, one.condition);
    });
    const [left, right] = [found[0]?.lower, found[1]?.lower];
    if (anyBasis && clear && left && right) {
      const covariance = await engine.accumulateCross(...samples, undefined, means);
      const half = await engine.solveTriangular(left, covariance, { side: 'left' });
      const block = await engine.solveTriangular(right, half, { side: 'right', transpose: true });
      const cross = await engine.download(block);
      engine.dispose(covariance, half, block, left, right);
      free();
      const [a, b] = layers.map((layer, i) => fullRank(layer, moments[i].mean, 'moments'));
      return { x: a, y: b, cross };
    }
    engine.dispose(...[left, right].filter((lower) => lower !== undefined));
    if (conditioned && !(left && right)) {
      free();
      return undefined;
    }
  }
  const factors = await both([0, 1], async (i) => factorMoments(engine, await moments[i].data(), known[i]));
  const cross = await crossOfFactors(engine, samples, factors, keep);
  free();
  return { x: factors[0], y: factors[1], cross };
}

/** `U₁ᵀU₂` of the leading directions, from the cross-covariance or, where that would lose digits, from the bases. */
async function crossOfFactors(
  engine: Engine,
  samples: Two<Handle>,
  factors: Two<Factor>,
  keep: Keep | 'all',
): Promise<HostMatrix> {
  const kept = factors.map(({ s }) => keptDirections(s, keep));
  if (kept[0] === 0 || kept[1] === 0) return zeros(kept[0], kept[1]);
  const conditioned = factors.every((factor, i) => wellConditioned(factor, kept[i]));
  // Multiplications for each sample: all neurons of both sides, or first onto the kept directions.
  const [d1, d2] = factors.map(({ neurons }) => neurons);
  const direct = d1 * d2;
  const projected = d1 * kept[0] + d2 * kept[1] + kept[0] * kept[1];
  if (conditioned && direct <= projected) {
    const covariance = await engine.accumulateCross(...samples, undefined, {
      a: factors[0].mean,
      b: factors[1].mean,
    });
    const [left, right] = [
      await engine.upload(whitening(factors[0], kept[0])),
      await engine.upload(whitening(factors[1], kept[1])),
    ];
    const half = await engine.multiply(left, covariance, { a: true });
    const block = await engine.multiply(half, right);
    const cross = await engine.download(block);
    engine.dispose(covariance, left, right, half, block);
    return cross;
  }
  const sides = await both([0, 1], async (i) => {
    const projector = await Projector.open(engine, factors[i], kept[i]);
    const basis = await projector.rows(samples[i]);
    const correction = await projector.correction();
    projector.dispose();
    return { basis, correction };
  });
  const block = await engine.accumulateCross(sides[0].basis, sides[1].basis);
  const cross = await correctedCross(engine, block, sides[0].correction, sides[1].correction);
  for (const { basis, correction } of sides) engine.dispose(basis, ...(correction ? [correction] : []));
  return cross;
}

async function crossDirect(
  engine: Engine,
  layers: Two<Matrix>,
  { anyBasis, rounding }: CrossNeeds,
): Promise<Crossed<Factor> | Crossed<Side>> {
  const known = [rounding?.x, rounding?.y];
  if (layers.some(({ rows, cols }) => rows < cols)) {
    return crossOfLayers(engine, await both([0, 1], (i) => factorDirect(engine, layers[i], known[i])));
  }
  const triangles = await both([0, 1], (i) => triangulate(engine, layers[i], known[i]));
  if (anyBasis && triangles.every(({ clear }) => clear)) {
    const cross = await crossOfBases(engine, triangles[0].q, triangles[1].q);
    for (const { q, r } of triangles) engine.dispose(q, r);
    const [x, y] = layers.map((layer, i) => fullRank(layer, triangles[i].mean, 'direct'));
    return { x, y, cross };
  }
  return crossOfLayers(engine, await both([0, 1], (i) => factorTriangle(engine, layers[i], triangles[i])));
}

async function crossOfLayers(engine: Engine, [x, y]: Two<Layer>): Promise<Crossed<Factor>> {
  const found = { x: x.factor, y: y.factor };
  const cross =
    x.basis && y.basis ? await crossOfBases(engine, x.basis, y.basis) : zeros(x.factor.rank, y.factor.rank);
  for (const { basis } of [x, y]) if (basis) engine.dispose(basis);
  return { ...found, cross };
}

async function crossOfBases(engine: Engine, a: Handle, b: Handle): Promise<HostMatrix> {
  const block = await engine.accumulateCross(a, b);
  const cross = await engine.download(block);
  engine.dispose(block);
  return cross;
}

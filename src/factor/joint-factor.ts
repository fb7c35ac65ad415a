/**
 * Factors, cross blocks and inner products of layers whose samples are gone, from what {@link Joint} keeps of them.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { FLOAT32_TOLERANCE, FLOAT64_TOLERANCE, orient } from './factor.js';
import type { Factor } from './factor.js';
import type { JointLayer, JointPair } from './joint-data.js';
import { keptDirections } from './keep.js';
import type { Keep } from './keep.js';
import { productsOfCross, sideOfMoments } from './products.js';
import type { InnerProducts, ProductSide, RowNorms } from './products.js';
import { columnNorms, independent, neuronRounding } from './rounding.js';
import { leadingBlock, multiply, transpose } from './small.js';
import { joined } from './split-mean.js';

/** A factor, and where its basis lies in that of the joint: `U = Q·left`. */
export interface JointFactor {
  readonly factor: Factor;
  /** `[rows of the root, rank]`. */
  readonly left: HostMatrix;
}

/**
 * The factor of a layer: `R = left · S · Vᵀ`. Nothing was squared, so that directions of float64 samples are told from rounding
 * down to `1e-13 · s[0]`; those of float32 samples end at `1e-7 · s[0]`.
 *
 * @param squared - cuts float64 samples where squared moments would.
 */
export async function factorJoint(
  engine: Engine,
  { samples, mean: split, root, precision }: JointLayer,
  squared = false,
): Promise<JointFactor> {
  const mean = joined(split);
  const tolerance = squared || precision > FLOAT64_TOLERANCE ? FLOAT32_TOLERANCE : FLOAT64_TOLERANCE;
  const norms = columnNorms(root);
  const dead = norms.reduce((count, norm) => (norm === 0 ? count + 1 : count), 0);
  const rounding = independent(neuronRounding(precision, norms, mean, samples));
  const { u, s, v } = await svdOf(engine, root);
  const { v: kept, s: values, pick } = orient(v, s, tolerance, samples, rounding);
  const [neurons, rank] = [root.cols, values.length];
  return {
    factor: { samples, neurons, dead, rank, mean, v: kept, s: values, method: 'direct', tolerance },
    left: pick(u),
  };
}

/** `U₁ᵀU₂` of the leading directions of two factored layers. */
export async function crossJoint(
  engine: Engine,
  { inner }: JointPair,
  x: JointFactor,
  y: JointFactor,
  keep: Keep | 'all',
): Promise<HostMatrix> {
  const kept = [x, y].map(({ factor }) => keptDirections(factor.s, keep));
  if (kept[0] === 0 || kept[1] === 0) return zeros(kept[0], kept[1]);
  const [left, right] = [
    leadingBlock(x.left, x.left.rows, kept[0]),
    leadingBlock(y.left, y.left.rows, kept[1]),
  ];
  const half = await multiply(engine, left, inner, { a: true });
  return multiply(engine, half, right);
}

/** Sums over row norms of a pair, where they were kept. */
export function rowNormsOfJoint(x: JointLayer, y: JointLayer, pair: JointPair): RowNorms | undefined {
  if (!x.norms || !y.norms || !pair.norms) return undefined;
  return { xx: x.norms.squares, xy: pair.norms.products, yy: y.norms.squares };
}

/** A layer for measures of inner products alone. */
export async function productsJoint(engine: Engine, layer: JointLayer): Promise<ProductSide> {
  const { samples, mean, root } = layer;
  const gram = root.rows === 0 ? zeros(root.cols, root.cols) : await gramOf(engine, root);
  return sideOfMoments({ samples, mean: joined(mean), gram });
}

/** Inner products of a pair of such layers. */
export async function productsOfJoint(
  engine: Engine,
  [x, y]: readonly [JointLayer, JointLayer],
  [left, right]: readonly [ProductSide, ProductSide],
  pair: JointPair,
): Promise<InnerProducts> {
  const empty = x.root.rows === 0 || y.root.rows === 0;
  const cross = empty
    ? zeros(x.root.cols, y.root.cols)
    : await multiply(engine, await multiply(engine, x.root, pair.inner, { a: true }), y.root);
  return productsOfCross(left, right, cross, rowNormsOfJoint(x, y, pair));
}

async function gramOf(engine: Engine, root: HostMatrix): Promise<HostMatrix> {
  const uploaded = await engine.upload(root);
  const product = await engine.accumulateGram(uploaded, new Float64Array(root.cols));
  const gram = await engine.download(product);
  engine.dispose(uploaded, product);
  return gram;
}

/** Thin SVD of a root, from its smaller side where it has fewer rows than columns. */
async function svdOf(
  engine: Engine,
  root: HostMatrix,
): Promise<{ u: HostMatrix; s: Float64Array; v: HostMatrix }> {
  const { rows, cols } = root;
  if (root.data.every((value) => value === 0)) {
    return { u: zeros(rows, 0), s: new Float64Array(0), v: zeros(cols, 0) };
  }
  if (rows >= cols) return svdInMemory(engine, root);
  const flipped = await engine.upload(transpose(root));
  const { q, r } = await engine.qr(flipped);
  const small = transpose(await engine.download(r));
  const { u, s, v } = await svdInMemory(engine, small);
  const turned = await multiply(engine, await engine.download(q), v);
  engine.dispose(flipped, q, r);
  return { u, s, v: turned };
}

async function svdInMemory(
  engine: Engine,
  a: HostMatrix,
): Promise<{ u: HostMatrix; s: Float64Array; v: HostMatrix }> {
  const handle = await engine.upload(a);
  const found = await engine.svd(handle);
  const [u, v] = [await engine.download(found.u), await engine.download(found.v)];
  engine.dispose(handle, found.u, found.v);
  return { u, s: found.s, v };
}

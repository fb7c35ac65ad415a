/**
 * Inner products of layers, for measures that tell no direction from another: nothing is factored. Of layers with more neurons
 * than samples they are those of the samples, else those of the neurons.
 *
 * @module
 */
import { NumericalError } from '../errors.js';
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { together } from '../engines/scope.js';
import { centre } from './centred.js';
import { dot, squaredNorms } from './cross.js';
import type { Side } from './factor.js';
import { Moments } from './moments.js';
import type { MomentsData } from './moments.js';
import { transpose } from './small.js';

/** What is known of one layer. */
export interface ProductSide extends Omit<Side, 'rank' | 'tolerance'> {
  /** Sum of squares of the centred samples. */
  readonly trace: number;
  /** `‖XᵀX‖²_F / trace²`; 0 of a constant layer. */
  readonly square: number;
  /** `XXᵀ / trace` of the centred samples `[samples, samples]`, where it was taken by samples. */
  readonly kernel?: HostMatrix;
}

/** Squared Frobenius norms `‖XᵀX‖²`, `‖XᵀY‖²` and `‖YᵀY‖²` of sides of trace 1. */
export interface InnerProducts {
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
  /** Where they were asked for. */
  readonly rowNorms?: RowNorms;
}

/** Sums over samples of products of the rows' squared norms. */
export interface RowNorms {
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

/** A layer by the Gram matrix of its neurons. */
export function sideOfMoments({ samples, mean, gram }: MomentsData): ProductSide {
  const neurons = mean.length;
  const { trace, scaled } = ofTraceOne(gram);
  let dead = 0;
  for (let j = 0; j < neurons; j++) if (gram.data[j * neurons + j] === 0) dead++;
  return { samples, neurons, dead, mean, method: 'moments', trace, square: squareOf(scaled) };
}

/** A layer by the Gram matrix of its samples, for layers with more neurons than those. */
export async function sideOfSamples(engine: Engine, x: Matrix): Promise<ProductSide> {
  const centred = await centre(engine, x);
  const uploaded = await engine.upload(transpose(centred.samples));
  const gram = await engine.accumulateGram(uploaded, new Float64Array(x.rows));
  const { trace, scaled } = ofTraceOne(await engine.download(gram));
  engine.dispose(uploaded, gram);
  return {
    samples: x.rows,
    neurons: x.cols,
    dead: centred.dead,
    mean: centred.mean,
    method: 'moments',
    trace,
    square: squareOf(scaled),
    kernel: scaled,
  };
}

/** InnerProducts of two sides taken by samples. */
export function productsOfKernels(x: ProductSide, y: ProductSide, rowNorms: boolean): InnerProducts {
  const [a, b] = [x.kernel!, y.kernel!];
  const products = { xx: x.square, xy: dot(a.data, b.data), yy: y.square };
  if (!rowNorms) return products;
  const [p, q] = [diagonal(a), diagonal(b)];
  return { ...products, rowNorms: { xx: dot(p, p), xy: dot(p, q), yy: dot(q, q) } };
}

/** InnerProducts of two sides taken by neurons, from the cross-product `XᵀY` of the centred samples and sums over row norms. */
export function productsOfCross(
  x: ProductSide,
  y: ProductSide,
  cross: HostMatrix,
  norms?: RowNorms,
): InnerProducts {
  const [p, q] = [x.trace, y.trace];
  if (p === 0 || q === 0) return { xx: x.square, xy: 0, yy: y.square };
  const root = Math.sqrt(p) * Math.sqrt(q);
  const xy = cross.data.reduce((sum, value) => sum + (value / root) ** 2, 0);
  const products = { xx: x.square, xy, yy: y.square };
  if (norms === undefined) return products;
  return { ...products, rowNorms: normsOfTraceOne(norms, p, q) };
}

/** Least sum of fourth powers in which none of its digits has vanished. */
const LEAST = Number.MIN_VALUE / Number.EPSILON ** 2;

/**
 * Sums over row norms of sides of traces `p` and `q`, as they are where both traces are 1.
 *
 * @throws NumericalError where the fourth powers of the activations left the range of numbers
 */
export function normsOfTraceOne({ xx, xy, yy }: RowNorms, p: number, q: number): RowNorms {
  for (const norm of [xx, yy]) {
    if (norm >= LEAST && norm < Infinity) continue;
    throw new NumericalError(
      'fourth powers of the activations overflow or vanish: scale them to about 1 before comparing',
    );
  }
  return { xx: xx / p / p, xy: xy / p / q, yy: yy / q / q };
}

/** Both sides and their products, of layers held in memory. */
export async function productsInMemory(
  engine: Engine,
  x: Matrix,
  y: Matrix,
  rowNorms: boolean,
): Promise<{ x: ProductSide; y: ProductSide; products: InnerProducts }> {
  if (x.rows < Math.max(x.cols, y.cols)) {
    const [left, right] = await together([x, y], (side) => sideOfSamples(engine, side));
    return { x: left, y: right, products: productsOfKernels(left, right, rowNorms) };
  }
  const handles = await together([x, y], (side) => engine.upload(side));
  const [left, right] = await together(handles, async (handle) => {
    const moments = new Moments(engine, handle.cols);
    await moments.add(handle);
    const side = sideOfMoments(await moments.data());
    moments.dispose();
    return side;
  });
  const means = { a: left.mean, b: right.mean };
  const block = await engine.accumulateCross(handles[0], handles[1], undefined, means);
  const cross = await engine.download(block);
  engine.dispose(block, ...handles);
  const products = productsOfCross(left, right, cross);
  const norms = rowNorms && { rowNorms: normsInMemory(x, left, y, right) };
  return { x: left, y: right, products: { ...products, ...norms } };
}

/** Of traces 1 before anything is squared, so that nothing overflows; 0 of a constant layer. */
function normsInMemory(x: Matrix, left: ProductSide, y: Matrix, right: ProductSide): RowNorms {
  const relative = (side: Matrix, { mean, trace }: ProductSide): Float64Array =>
    squaredNorms(side, mean).map((norm) => norm / (trace || 1));
  const [a, b] = [relative(x, left), relative(y, right)];
  return { xx: dot(a, a), xy: dot(a, b), yy: dot(b, b) };
}

/** A Gram matrix divided by its trace, in which no square overflows or vanishes; all zeros of a constant layer. */
function ofTraceOne(gram: HostMatrix): { trace: number; scaled: HostMatrix } {
  const trace = diagonal(gram).reduce((sum, value) => sum + value, 0);
  if (trace === 0) return { trace, scaled: zeros(gram.rows, gram.cols) };
  return { trace, scaled: { ...gram, data: gram.data.map((value) => value / trace) } };
}

function diagonal({ rows, data }: HostMatrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => data[i * rows + i]);
}

function squareOf({ data }: HostMatrix): number {
  return dot(data, data);
}

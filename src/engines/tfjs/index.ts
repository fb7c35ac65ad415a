/**
 * The engine for devices that have float32 only (WebGL, WebGPU, or whatever backend is active in TensorFlow.js): products
 * over samples run there, exact by splitting, with about 41 bits below the largest entry of a column. What is small runs on an
 * engine of the host in float64.
 *
 * Largest error in a correlation at condition 1e2, 1e4, 1e6, by way of moments: 2e-10, 3e-7, 2e-3, and hardly more than that of
 * float64 where float32 activations lie away from 0. A plain float32 Gram matrix has 3e-4 and then no answer. On the device a Gram
 * matrix costs ten to twenty plain products: a processor is better off with the engines of the host.
 *
 * @module
 */
import { ShapeError } from '../../errors.js';
import { zeros } from '../../matrix.js';
import type { Matrix, TensorLike } from '../../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engine.js';
import { activeBackend } from './backend.js';
import type { Backend } from './backend.js';
import { centred, correct, deviceMeans, onDevice, projected, toHost } from './held.js';
import type { Held, OnDevice, OnHost } from './held.js';
import { verifyExactness } from './probe.js';
import { product } from './product.js';

/** What opening the engine may ask. */
export interface TfjsOptions {
  /** Multiplies on the device even what is too small to be worth the way there. @defaultValue `false` */
  readonly always?: boolean;
}

/**
 * Opens the engine on the backend that is active in TensorFlow.js; `host`, which it takes over and closes, computes what is small.
 *
 * @throws UnsupportedError when tfjs is not installed, or its backend does not compute exactly.
 */
export async function open(host: Engine, { always = false }: TfjsOptions = {}): Promise<Engine> {
  try {
    const backend = await activeBackend();
    await verifyExactness(backend);
    return new TfjsEngine(backend, host, always);
  } catch (error) {
    await host.close?.();
    throw error;
  }
}

/** Multiplications, and terms of each sum, from which on a product is worth the way to the device. */
const WORTHWHILE = 2 ** 22;
const FEW_TERMS = 32;

class TfjsEngine implements Engine {
  readonly name = 'tfjs';
  readonly description: string;
  readonly gpu?: boolean;

  constructor(
    private readonly backend: Backend,
    private readonly host: Engine,
    private readonly always: boolean,
  ) {
    const better = backend.name === 'tensorflow' ? "; here the engine 'tensorflow' is the better choice" : '';
    this.description = `${backend.description}, float32 products made exact by splitting; small matrices: ${host.name}${better}`;
    if (backend.gpu !== undefined) this.gpu = backend.gpu;
  }

  upload({ rows, cols, data }: Matrix): Promise<Handle> {
    return Promise.resolve<OnHost>({ rows, cols, data, owned: false });
  }

  adopt(tensor: TensorLike): Promise<Handle | undefined> {
    return Promise.resolve(this.adopted(tensor));
  }

  async download(handle: Handle): Promise<HostMatrix> {
    const { rows, cols, data } = await toHost(handle as Held);
    return { rows, cols, data: Float64Array.from(data) };
  }

  async columnMeans(batch: Handle): Promise<Float64Array> {
    const held = batch as Held;
    if (onDevice(held)) return (await deviceMeans(this.backend, held)).slice();
    return this.onHost([held], (x) => this.host.columnMeans(x));
  }

  async accumulateGram(batch: Handle, mean: Float64Array, into?: Handle): Promise<Handle> {
    const held = batch as Held;
    fits(into, held.cols, held.cols);
    if (!this.worthwhile(held, held.rows, held.cols ** 2)) {
      return sum(into, await this.handOver([held], (x) => this.host.accumulateGram(x, mean)));
    }
    const x = await centred(this.backend, held, mean);
    const gram = await product(this.backend, x.source);
    await correct(gram, x, x);
    return sum(into, gram);
  }

  async accumulateCross(
    a: Handle,
    b: Handle,
    into?: Handle,
    means?: { readonly a: Float64Array; readonly b: Float64Array },
  ): Promise<Handle> {
    const [left, right] = [a as Held, b as Held];
    if (left.rows !== right.rows) {
      throw new ShapeError(`a cross product of ${left.rows} and ${right.rows} samples`);
    }
    fits(into, left.cols, right.cols);
    return sum(into, await this.cross(left, right, means));
  }

  async project(batch: Handle, mean: Float64Array, weights: Handle): Promise<Handle> {
    const [x, w] = [batch as Held, weights as Held];
    if (x.cols !== w.rows) throw unfit(x.rows, x.cols, w.rows, w.cols);
    if (!this.worthwhile(x, x.cols, x.rows * w.cols)) {
      return this.handOver([x, w], (hx, hw) => this.host.project(hx, mean, hw));
    }
    return owned(await projected(this.backend, x, await toHost(w), mean));
  }

  async multiply(a: Handle, b: Handle, transpose: { a?: boolean; b?: boolean } = {}): Promise<Handle> {
    const [left, right] = [a as Held, b as Held];
    const [m, inner] = transpose.a ? [left.cols, left.rows] : [left.rows, left.cols];
    const [depth, n] = transpose.b ? [right.cols, right.rows] : [right.rows, right.cols];
    if (inner !== depth) throw unfit(m, inner, depth, n);
    if (!this.worthwhile(left, inner, m * n)) {
      return this.handOver([left, right], (x, y) => this.host.multiply(x, y, transpose));
    }
    if (transpose.a && !transpose.b) return owned(await this.cross(left, right));
    const flip = async (held: Held): Promise<Matrix> => flipped(await toHost(held));
    const first = transpose.a ? { ...(await flip(left)), owned: true } : left;
    return owned(await projected(this.backend, first, transpose.b ? await flip(right) : await toHost(right)));
  }

  async eigSymmetric(a: Handle, leading?: number): Promise<{ values: Float64Array; vectors: Handle }> {
    return this.onHost([a as Held], async (x) => {
      const { values, vectors } = await this.host.eigSymmetric(x, leading);
      return { values, vectors: await this.fetch(vectors) };
    });
  }

  eigenvalues(a: Handle): Promise<Float64Array> {
    return this.onHost([a as Held], (x) => this.host.eigenvalues(x));
  }

  cholesky(a: Handle): Promise<Handle | undefined> {
    return this.onHost([a as Held], async (x) => {
      const factor = await this.host.cholesky(x);
      return factor && this.fetch(factor);
    });
  }

  solveTriangular(
    l: Handle,
    b: Handle,
    options: { readonly side: 'left' | 'right'; readonly transpose?: boolean },
  ): Promise<Handle> {
    return this.handOver([l as Held, b as Held], (x, y) => this.host.solveTriangular(x, y, options));
  }

  async svd(a: Handle): Promise<{ u: Handle; s: Float64Array; v: Handle }> {
    return this.onHost([a as Held], async (x) => {
      const { u, s, v } = await this.host.svd(x);
      const [left, right] = await Promise.all([this.fetch(u), this.fetch(v)]);
      return { u: left, s, v: right };
    });
  }

  singularValues(a: Handle): Promise<Float64Array> {
    return this.onHost([a as Held], (x) => this.host.singularValues(x));
  }

  async qr(a: Handle): Promise<{ q: Handle; r: Handle }> {
    return this.onHost([a as Held], async (x) => {
      const { q, r } = await this.host.qr(x);
      const [left, right] = await Promise.all([this.fetch(q), this.fetch(r)]);
      return { q: left, r: right };
    });
  }

  /** Matrices are of the JavaScript heap; of an adopted tensor the handle has its own reference. */
  dispose(...handles: readonly Handle[]): void {
    for (const handle of handles) {
      const held = handle as Held;
      if (onDevice(held)) held.tensor.dispose();
    }
  }

  async close(): Promise<void> {
    await this.host.close?.();
  }

  private adopted(tensor: TensorLike): OnDevice | undefined {
    const { tf } = this.backend;
    if (!(tensor instanceof tf.Tensor)) return undefined;
    const known = tensor as OnDevice['tensor'];
    if (known.dtype !== 'float32' || known.shape.length !== 2) return undefined;
    const engine = tf.engine();
    if (engine.state.tensorInfo.get(known.dataId)?.backend !== engine.backend) return undefined;
    const [rows, cols] = known.shape;
    // Shares the values, and outlives the caller's tensor.
    return { rows, cols, tensor: tf.keep(known.clone()) };
  }

  /** Whether a product of `terms` terms in each of `entries` sums is for the device: where the operand lives there, always. */
  private worthwhile(left: Held, terms: number, entries: number): boolean {
    if (entries === 0 || terms === 0) return false;
    return this.always || onDevice(left) || (terms >= FEW_TERMS && terms * entries >= WORTHWHILE);
  }

  private async cross(
    left: Held,
    right: Held,
    means?: { readonly a: Float64Array; readonly b: Float64Array },
  ): Promise<OnHost> {
    if (!this.worthwhile(onDevice(right) ? right : left, left.rows, left.cols * right.cols)) {
      return this.handOver([left, right], (x, y) => this.host.accumulateCross(x, y, undefined, means));
    }
    const [x, y] = [
      await centred(this.backend, left, means?.a),
      await centred(this.backend, right, means?.b),
    ];
    const out = await product(this.backend, x.source, y.source);
    await correct(out, x, y);
    return owned(out);
  }

  /** Runs `work` on the host's engine, and brings what it gives here. */
  private handOver(helds: readonly Held[], work: (...handles: Handle[]) => Promise<Handle>): Promise<OnHost> {
    return this.onHost(helds, async (...handles) => this.fetch(await work(...handles)));
  }

  /** Runs `work` on the host's engine with copies of matrices, which live as long as that takes. */
  private async onHost<T>(helds: readonly Held[], work: (...handles: Handle[]) => Promise<T>): Promise<T> {
    const handles: Handle[] = [];
    try {
      for (const held of helds) handles.push(await this.host.upload(await toHost(held)));
      return await work(...handles);
    } finally {
      this.host.dispose(...handles);
    }
  }

  private async fetch(handle: Handle): Promise<OnHost> {
    try {
      return owned(await this.host.download(handle));
    } finally {
      this.host.dispose(handle);
    }
  }
}

function owned({ rows, cols, data }: Matrix): OnHost {
  return { rows, cols, data, owned: true };
}

/** Adds to `into` where the engine owns its storage, else to a copy of it. */
function sum(into: Handle | undefined, part: Matrix): OnHost {
  const { rows, cols } = part;
  if (into === undefined) return { rows, cols, data: part.data, owned: true };
  const target = into as OnHost;
  const data = target.owned ? target.data : Float64Array.from(target.data);
  for (let at = 0; at < data.length; at++) data[at] += part.data[at];
  return target.owned ? target : { rows, cols, data, owned: true };
}

function fits(into: Handle | undefined, rows: number, cols: number): void {
  if (into === undefined || (into.rows === rows && into.cols === cols)) return;
  throw new ShapeError(`cannot add a ${rows} × ${cols} product to a ${into.rows} × ${into.cols} one`);
}

function unfit(m: number, inner: number, depth: number, n: number): ShapeError {
  return new ShapeError(`cannot multiply ${m} × ${inner} by ${depth} × ${n}`);
}

function flipped({ rows, cols, data }: Matrix): HostMatrix {
  const out = zeros(cols, rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out.data[j * rows + i] = data[i * cols + j];
  return out;
}

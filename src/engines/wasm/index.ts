/**
 * The embedded default: float64 kernels in WebAssembly (SIMD), on worker threads where these can share memory.
 *
 * The kernels are AssemblyScript (`assembly/`), compiled by `scripts/wasm.mjs` into `binary.ts`. What is uploaded stays with
 * the caller: batches of samples pass through in chunks, so they may be larger than a WebAssembly memory.
 *
 * @module
 */
import { ShapeError } from '../../errors.js';
import type { Engine, Handle } from '../engine.js';
import type { EngineOptions } from '../select.js';
import * as dense from './dense.js';
import type { Prepared } from './lane.js';
import { acquire, release } from './machine.js';
import type { Machine } from './machine.js';
import * as samples from './samples.js';
import { Stored } from './stored.js';
import * as triangular from './triangular.js';

/** Opens the engine. @throws UnsupportedError where WebAssembly or its SIMD instructions are missing. */
export async function open(options: EngineOptions = {}): Promise<Engine> {
  return new WasmEngine(await acquire(options), options.fma ?? false);
}

function stored(handle: Handle): Stored {
  if (handle instanceof Stored) return handle;
  throw new TypeError('a handle of another engine was given to the wasm engine');
}

class WasmEngine implements Engine {
  readonly name = 'wasm';
  readonly description: string;
  readonly #machine: Machine;
  readonly #live = new Set<Stored>();
  #closed = false;

  constructor(machine: Machine, fma: boolean) {
    this.#machine = machine;
    const { threads } = machine;
    this.description = `${threads} ${threads === 1 ? 'thread' : 'threads'}, SIMD${fma ? ' with FMA' : ''}`;
  }

  upload: Engine['upload'] = async (value) => this.#track(Stored.of(this.#machine, value));

  download: Engine['download'] = async (handle) => {
    const read = () => ({ tasks: [], workspace: 0, cost: 0, finish: () => stored(handle).toHost() });
    return this.#together([handle], 0, read);
  };

  columnMeans: Engine['columnMeans'] = (batch) =>
    this.#alone([batch], (machine) => samples.columnMeans(machine, stored(batch)));

  accumulateGram: Engine['accumulateGram'] = async (batch, mean, into) => {
    checkSum(into, batch.cols, batch.cols);
    const run = (machine: Machine) => samples.gram(machine, stored(batch), mean, into && stored(into));
    return this.#track(await this.#alone(into ? [batch, into] : [batch], run));
  };

  accumulateCross: Engine['accumulateCross'] = async (a, b, into, means) => {
    if (a.rows !== b.rows) throw new ShapeError(`a cross product of ${a.rows} and ${b.rows} samples`);
    checkSum(into, a.cols, b.cols);
    const run = (machine: Machine) =>
      samples.cross(machine, stored(a), stored(b), into && stored(into), means);
    return this.#track(await this.#alone(into ? [a, b, into] : [a, b], run));
  };

  project: Engine['project'] = async (batch, mean, weights) => {
    checkProduct(batch.rows, batch.cols, weights.rows, weights.cols);
    const run = (machine: Machine) => samples.project(machine, stored(batch), mean, stored(weights));
    return this.#track(await this.#alone([batch, weights], run));
  };

  multiply: Engine['multiply'] = async (a, b, transpose = {}) => {
    const [m, k] = transpose.a ? [a.cols, a.rows] : [a.rows, a.cols];
    const [inner, n] = transpose.b ? [b.cols, b.rows] : [b.rows, b.cols];
    checkProduct(m, k, inner, n);
    const run = (machine: Machine) => dense.multiply(machine, stored(a), stored(b), transpose);
    return this.#track(await this.#together([a, b], 8 * m * n, run));
  };

  eigSymmetric: Engine['eigSymmetric'] = async (a, leading = a.cols) => {
    checkSquare(a, 'eigenvalues');
    const count = Math.min(leading, a.cols);
    const run = (machine: Machine) => dense.eigSymmetric(machine, stored(a), count);
    const found = await this.#together([a], 16 * a.rows * a.cols, run);
    this.#track(found.vectors);
    return found;
  };

  eigenvalues: Engine['eigenvalues'] = async (a) => {
    checkSquare(a, 'eigenvalues');
    return this.#together([a], 8 * a.rows * a.cols, (machine) => dense.eigenvalues(machine, stored(a)));
  };

  cholesky: Engine['cholesky'] = async (a) => {
    checkSquare(a, 'Cholesky');
    const run = (machine: Machine) => triangular.cholesky(machine, stored(a));
    const factor = await this.#together([a], 8 * a.rows * a.cols, run);
    return factor && this.#track(factor);
  };

  solveTriangular: Engine['solveTriangular'] = async (l, b, { side, transpose = false }) => {
    if (l.rows !== l.cols || l.rows !== (side === 'left' ? b.rows : b.cols)) {
      throw new ShapeError(
        `cannot solve ${l.rows} × ${l.cols} with ${b.rows} × ${b.cols} on the ${side === 'left' ? 'right' : 'left'}`,
      );
    }
    const run = (machine: Machine) =>
      triangular.solveTriangular(machine, stored(l), stored(b), side, transpose);
    return this.#track(await this.#together([l, b], 8 * b.rows * b.cols, run));
  };

  svd: Engine['svd'] = async (a) => {
    const found = await this.#together([a], 24 * a.rows * a.cols, (machine) => dense.svd(machine, stored(a)));
    this.#track(found.u);
    this.#track(found.v);
    return found;
  };

  singularValues: Engine['singularValues'] = (a) =>
    this.#together([a], 8 * a.rows * a.cols, (machine) => dense.singularValues(machine, stored(a)));

  qr: Engine['qr'] = async (a) => {
    if (a.rows < a.cols) {
      throw new ShapeError(`QR of ${a.rows} × ${a.cols}: at least as many rows as columns`);
    }
    const found = await this.#together([a], 24 * a.rows * a.cols, (machine) => dense.qr(machine, stored(a)));
    this.#track(found.q);
    this.#track(found.r);
    return found;
  };

  dispose: Engine['dispose'] = (...handles) => {
    for (const handle of handles) {
      stored(handle).dispose();
      this.#live.delete(stored(handle));
    }
  };

  close: NonNullable<Engine['close']> = async () => {
    if (this.#closed) return;
    this.#closed = true;
    this.dispose(...this.#live);
    release(this.#machine);
  };

  #track(handle: Stored): Stored {
    this.#live.add(handle);
    return handle;
  }

  /** A problem that may run beside others; `bytes` is what it takes in memory, about. */
  async #together<T>(
    handles: readonly Handle[],
    bytes: number,
    prepare: (machine: Machine) => Prepared<T>,
  ): Promise<T> {
    this.#checkOpen();
    return this.#machine.lane.together(handles.map(stored), bytes, () => prepare(this.#machine));
  }

  /** A computation that takes all threads. */
  async #alone<T>(handles: readonly Handle[], run: (machine: Machine) => Promise<T>): Promise<T> {
    this.#checkOpen();
    return this.#machine.lane.alone(handles.map(stored), () => run(this.#machine));
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error('the wasm engine was used after it was closed');
  }
}

function checkSquare({ rows, cols }: Handle, what: string): void {
  if (rows !== cols) throw new ShapeError(`${what} of ${rows} × ${cols}: a square matrix is needed`);
}

function checkProduct(m: number, k: number, inner: number, n: number): void {
  if (k !== inner) throw new ShapeError(`cannot multiply ${m} × ${k} by ${inner} × ${n}`);
}

function checkSum(into: Handle | undefined, rows: number, cols: number): void {
  if (into === undefined || (into.rows === rows && into.cols === cols)) return;
  throw new ShapeError(`cannot add a ${rows} × ${cols} product to a ${into.rows} × ${into.cols} one`);
}

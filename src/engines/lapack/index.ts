/**
 * The engine on a BLAS with LAPACK that this machine has, called through koffi: OpenBLAS, MKL, Accelerate and others.
 *
 * Both are optional. Matrices stay in the JavaScript heap and are passed by their address; `SVCCA_LAPACK=path` names a library.
 *
 * @module
 */
import { OptionError, ShapeError } from '../../errors.js';
import type { Engine, Handle } from '../engine.js';
import type { EngineOptions } from '../select.js';
import * as decompositions from './decompositions.js';
import { Dense } from './dense.js';
import { openLibrary } from './library.js';
import { Machine } from './machine.js';
import * as products from './products.js';
import { solveTriangular } from './triangular.js';

/** Opens the engine. @throws UnsupportedError outside Node, without koffi, and where no library is found that works. */
export async function open(options: EngineOptions = {}): Promise<Engine> {
  const library = await openLibrary();
  const threads = library.threads === undefined ? undefined : (options.threads ?? library.threads);
  const machine = new Machine(library.fortran, library.lanes, threads ?? Infinity, library.asynchronous);
  const count =
    threads === undefined ? 'its own threads' : `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return engineOn(machine, `${library.title}, ${count}`);
}

/** A handle of this engine is one of its matrices. */
function own(handle: Handle): Dense {
  if (handle instanceof Dense) return handle;
  throw new OptionError('the matrix belongs to another engine: upload it to this one');
}

function engineOn(machine: Machine, description: string): Engine {
  return {
    name: 'lapack',
    description,
    lapackSigns: true,

    upload: async (matrix) => Dense.of(matrix),

    download: async (handle) => decompositions.toHost(own(handle)),

    columnMeans: (batch) => machine.decomposition(0, 0, () => products.columnMeans(machine, own(batch))),

    accumulateGram: async (batch, mean, into) => {
      checkTarget(into, batch.cols, batch.cols);
      return machine.product(batch.rows * batch.cols ** 2, () =>
        products.gram(machine, own(batch), mean, into && own(into)),
      );
    },

    accumulateCross: async (a, b, into, means) => {
      if (a.rows !== b.rows) throw new ShapeError(`a cross product of ${a.rows} and ${b.rows} samples`);
      checkTarget(into, a.cols, b.cols);
      return machine.product(2 * a.rows * a.cols * b.cols, () =>
        products.cross(machine, own(a), own(b), into && own(into), means),
      );
    },

    project: async (batch, mean, weights) => {
      checkProduct(batch.rows, batch.cols, weights.rows, weights.cols);
      return machine.product(2 * batch.rows * weights.rows * weights.cols, () =>
        products.project(machine, own(batch), mean, own(weights)),
      );
    },

    multiply: async (a, b, transpose = {}) => {
      const [rows, inner] = transpose.a ? [a.cols, a.rows] : [a.rows, a.cols];
      const [below, cols] = transpose.b ? [b.cols, b.rows] : [b.rows, b.cols];
      checkProduct(rows, inner, below, cols);
      return machine.product(2 * rows * inner * cols, () =>
        products.multiply(machine, own(a), own(b), { rows, cols, inner }, transpose),
      );
    },

    eigSymmetric: async (a, leading = a.cols) => {
      checkSquare(a, 'eigenvalues');
      return machine.decomposition(a.rows, 9 * a.rows ** 3, () =>
        decompositions.eigSymmetric(machine, own(a), Math.min(leading, a.cols)),
      );
    },

    eigenvalues: async (a) => {
      checkSquare(a, 'eigenvalues');
      return machine.decomposition(a.rows, 4 * a.rows ** 3, () =>
        decompositions.eigenvalues(machine, own(a)),
      );
    },

    cholesky: async (a) => {
      checkSquare(a, 'Cholesky');
      return machine.product(a.rows ** 3 / 3, () => decompositions.cholesky(machine, own(a)));
    },

    solveTriangular: async (l, b, { side, transpose = false }) => {
      if (l.rows !== l.cols || l.rows !== (side === 'left' ? b.rows : b.cols)) {
        throw new ShapeError(
          `cannot solve ${l.rows} × ${l.cols} with ${b.rows} × ${b.cols} on the ${side === 'left' ? 'right' : 'left'}`,
        );
      }
      return machine.product(l.rows * b.rows * b.cols, () =>
        solveTriangular(machine, own(l), own(b), side, transpose),
      );
    },

    svd: (a) =>
      machine.decomposition(order(a), 20 * a.rows * a.cols * order(a), () =>
        decompositions.svd(machine, own(a)),
      ),

    singularValues: (a) =>
      machine.decomposition(order(a), 8 * a.rows * a.cols * order(a), () =>
        decompositions.singularValues(machine, own(a)),
      ),

    qr: async (a) => {
      if (a.rows < a.cols) {
        throw new ShapeError(`QR of ${a.rows} × ${a.cols}: at least as many rows as columns`);
      }
      // As if square: a tall one is mostly products, which gain from all threads.
      const size = Math.sqrt(a.rows * a.cols);
      return machine.decomposition(size, 4 * a.rows * a.cols ** 2, () => decompositions.qr(machine, own(a)));
    },

    // Matrices are garbage when nobody holds them.
    dispose: () => undefined,
  };
}

function order({ rows, cols }: Handle): number {
  return Math.min(rows, cols);
}

function checkTarget(into: Handle | undefined, rows: number, cols: number): void {
  if (into !== undefined && (into.rows !== rows || into.cols !== cols)) {
    throw new ShapeError(`cannot add a ${rows} × ${cols} product to a ${into.rows} × ${into.cols} one`);
  }
}

function checkProduct(rows: number, inner: number, below: number, cols: number): void {
  if (inner !== below) throw new ShapeError(`cannot multiply ${rows} × ${inner} by ${below} × ${cols}`);
}

function checkSquare({ rows, cols }: Handle, what: string): void {
  if (rows !== cols) throw new ShapeError(`${what} of ${rows} × ${cols}: a square matrix is needed`);
}

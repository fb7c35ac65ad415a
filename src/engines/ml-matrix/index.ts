/**
 * The engine that always works: pure JavaScript in float64, eigenvalues and singular values by ml-matrix. The oracle of the others.
 *
 * @module
 */
import { EigenvalueDecomposition, Matrix as MlMatrix, SingularValueDecomposition } from 'ml-matrix';
import { ShapeError } from '../../errors.js';
import { zeros } from '../../matrix.js';
import type { Matrix } from '../../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engine.js';
import { PANEL, addDots, packColumns, packRows } from './dots.js';
import { householderQr } from './householder.js';
import { cholesky, solveLeft } from './triangular.js';

/** Opens the engine. It holds nothing outside the JavaScript heap, so disposing is dropping. */
export function open(): Promise<Engine> {
  return Promise.resolve(engine);
}

// A handle of this engine is a host matrix itself.
const host = (handle: Handle): Matrix => handle as Matrix;

const engine: Engine = {
  name: 'ml-matrix',

  upload: (value) => run(() => value),

  download: (handle) => run(() => ({ ...host(handle), data: Float64Array.from(host(handle).data) })),

  columnMeans: (batch) => run(() => columnMeans(host(batch))),

  accumulateGram: (batch, mean, into) => run(() => gram(host(batch), mean, into)),

  accumulateCross: (a, b, into, means) => run(() => cross(host(a), host(b), into, means)),

  project: (batch, mean, weights) => run(() => product(host(batch), host(weights), mean)),

  multiply: (a, b, transpose = {}) =>
    run(() =>
      product(transpose.a ? transposed(host(a)) : host(a), transpose.b ? transposed(host(b)) : host(b)),
    ),

  eigSymmetric: (a, leading = a.cols) =>
    run(() => {
      // Its iteration squares what it is given. A power of two loses no digit.
      const { unit, scaled } = nearOne(host(a));
      const found = new EigenvalueDecomposition(toMl(scaled), { assumeSymmetric: true });
      const values = found.realEigenvalues;
      const order = values.map((_, i) => i).sort((i, j) => values[j] - values[i]);
      return {
        values: Float64Array.from(order, (i) => values[i] * unit),
        vectors: fromMl(found.eigenvectorMatrix, order.slice(0, leading)),
      };
    }),

  // ml-matrix has no eigenvalues without vectors.
  eigenvalues: (a) => engine.eigSymmetric(a).then(({ values }) => values),

  cholesky: (a) => run(() => cholesky(host(a))),

  solveTriangular: (l, b, { side, transpose = false }) =>
    run(() => {
      const inner = side === 'left' ? b.rows : b.cols;
      if (l.rows !== l.cols || l.rows !== inner) {
        throw new ShapeError(
          `cannot solve ${l.rows} × ${l.cols} with ${b.rows} × ${b.cols} on the ${side === 'left' ? 'right' : 'left'}`,
        );
      }
      if (side === 'left') return solveLeft(host(l), host(b), transpose);
      // b·L⁻¹ = (L⁻ᵀ·bᵀ)ᵀ
      return transposed(solveLeft(host(l), transposed(host(b)), !transpose));
    }),

  svd: (a) =>
    run(() => {
      const { unit, scaled } = nearOne(host(a));
      const found = decompose(scaled, true);
      return {
        u: fromMl(found.leftSingularVectors),
        s: Float64Array.from(found.diagonal, (value) => value * unit),
        v: fromMl(found.rightSingularVectors),
      };
    }),

  singularValues: (a) =>
    run(() => {
      const { unit, scaled } = nearOne(host(a));
      return Float64Array.from(decompose(scaled, false).diagonal, (value) => value * unit);
    }),

  qr: (a) =>
    run(() => {
      const { rows, cols } = a;
      if (rows < cols) throw new ShapeError(`QR of ${rows} × ${cols}: at least as many rows as columns`);
      return householderQr(host(a));
    }),

  dispose: () => undefined,
};

/** Runs at once; what it throws becomes a rejection, as a caller of an asynchronous contract expects. */
function run<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

function gram(x: Matrix, mean: Float64Array, into: Handle | undefined): HostMatrix {
  const sum = target(into, x.cols, x.cols);
  const part = into ? zeros(x.cols, x.cols) : sum;
  for (let from = 0; from < x.rows; from += PANEL) {
    const panel = packColumns(x.data, x.cols, from, Math.min(from + PANEL, x.rows), mean);
    addDots(panel, panel, part.data, x.cols, 0, true);
  }
  mirror(part);
  if (into) for (let i = 0; i < sum.data.length; i++) sum.data[i] += part.data[i];
  return sum;
}

function cross(
  x: Matrix,
  y: Matrix,
  into: Handle | undefined,
  means?: { readonly a: Float64Array; readonly b: Float64Array },
): HostMatrix {
  if (x.rows !== y.rows) throw new ShapeError(`a cross product of ${x.rows} and ${y.rows} samples`);
  const sum = target(into, x.cols, y.cols);
  for (let from = 0; from < x.rows; from += PANEL) {
    const to = Math.min(from + PANEL, x.rows);
    const left = packColumns(x.data, x.cols, from, to, means?.a);
    addDots(left, packColumns(y.data, y.cols, from, to, means?.b), sum.data, y.cols);
  }
  return sum;
}

/** Means by way of the first row, so that a constant column has exactly its value as mean. */
function columnMeans({ rows, cols, data }: Matrix): Float64Array {
  const sums = new Float64Array(cols);
  for (let i = 1; i < rows; i++) {
    const row = i * cols;
    for (let j = 0; j < cols; j++) sums[j] += data[row + j] - data[j];
  }
  return sums.map((sum, j) => data[j] + sum / rows);
}

function target(into: Handle | undefined, rows: number, cols: number): HostMatrix {
  if (into === undefined) return zeros(rows, cols);
  if (into.rows !== rows || into.cols !== cols) {
    throw new ShapeError(`cannot add a ${rows} × ${cols} product to a ${into.rows} × ${into.cols} one`);
  }
  return into as HostMatrix;
}

function product(a: Matrix, b: Matrix, mean?: Float64Array): HostMatrix {
  if (a.cols !== b.rows)
    throw new ShapeError(`cannot multiply ${a.rows} × ${a.cols} by ${b.rows} × ${b.cols}`);
  const out = zeros(a.rows, b.cols);
  const right = packColumns(b.data, b.cols, 0, b.rows);
  for (let from = 0; from < a.rows; from += PANEL) {
    const left = packRows(a.data, a.cols, from, Math.min(from + PANEL, a.rows), mean);
    addDots(left, right, out.data, b.cols, from);
  }
  return out;
}

function transposed({ rows, cols, data }: Matrix): HostMatrix {
  return { rows: cols, cols: rows, data: packColumns(data, cols, 0, rows).data };
}

/** Copies the upper triangle to the lower: the sum then is symmetric to the last bit. */
function mirror({ rows, data }: HostMatrix): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) data[i * rows + j] = data[j * rows + i]!;
}

function decompose(a: Matrix, vectors: boolean): SingularValueDecomposition {
  return new SingularValueDecomposition(toMl(a), {
    computeLeftSingularVectors: vectors,
    computeRightSingularVectors: vectors,
    autoTranspose: true,
  });
}

/** A matrix with its largest entry between 1 and 2, times a power of two; as it is where that says nothing. */
function nearOne({ rows, cols, data }: Matrix): { readonly unit: number; readonly scaled: Matrix } {
  let most = 0;
  for (const value of data) most = Math.max(most, Math.abs(value));
  const unit = most > 0 && most < Infinity ? 2 ** Math.floor(Math.log2(most)) : 1;
  const scaled = Float64Array.from(data, (value) => value / unit);
  return { unit, scaled: { rows, cols, data: scaled } };
}

function toMl({ rows, cols, data }: Matrix): MlMatrix {
  return MlMatrix.from1DArray(rows, cols, data);
}

/** Copies an ml-matrix matrix, its columns in `order` where given. */
function fromMl(source: MlMatrix, order?: readonly number[]): HostMatrix {
  const out = zeros(source.rows, order?.length ?? source.columns);
  for (let i = 0; i < out.rows; i++) {
    for (let j = 0; j < out.cols; j++) out.data[i * out.cols + j] = source.get(i, order ? order[j] : j);
  }
  return out;
}

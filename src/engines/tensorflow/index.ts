/**
 * The engine that computes where tfjs-node does: TensorFlow in float64, on a GPU where it has one.
 *
 * Everything stays on the device between upload and download. tfjs-node waits for each operation, so nothing else runs
 * in JavaScript meanwhile.
 *
 * @module
 */
import { NumericalError, ShapeError } from '../../errors.js';
import type { Engine, Handle } from '../engine.js';
import { Device, DeviceTensor } from './device.js';
import { tidy } from './operations.js';
import type { Operations } from './operations.js';

/**
 * Opens the engine on the TensorFlow that this process has loaded; the backend that models run on stays as it is.
 *
 * @throws UnsupportedError where tfjs has no backend `tensorflow`.
 */
export function open(): Promise<Engine> {
  return now(() => engineOn(Device.find()));
}

function engineOn(device: Device): Engine {
  const run = <T>(work: (ops: Operations) => T): Promise<T> => now(() => tidy(device, work));
  const { gpu } = device;

  return {
    name: 'tensorflow',
    description: `TensorFlow ${device.version}, ${gpu ? 'GPU' : 'CPU'}`,
    gpu,

    upload: ({ data, rows, cols }) => now(() => device.upload(data, rows, cols)),

    adopt: (tensor) => now(() => device.adopt(tensor)),

    download: (handle) =>
      now(() => ({ rows: handle.rows, cols: handle.cols, data: device.download(own(handle)) })),

    columnMeans: (batch) => run((ops) => device.download(ops.columnMeans(own(batch)))),

    accumulateGram: (batch, mean, into) =>
      run((ops) => {
        checkTarget(into, batch.cols, batch.cols);
        const centred = ops.centred(own(batch), mean);
        return accumulated(ops, ops.symmetrised(ops.multiply(centred, centred, { a: true })), into);
      }),

    accumulateCross: (a, b, into, means) =>
      run((ops) => {
        if (a.rows !== b.rows) throw new ShapeError(`a cross product of ${a.rows} and ${b.rows} samples`);
        checkTarget(into, a.cols, b.cols);
        const left = means ? ops.centred(own(a), means.a) : own(a);
        const right = means ? ops.centred(own(b), means.b) : own(b);
        return accumulated(ops, ops.multiply(left, right, { a: true }), into);
      }),

    project: (batch, mean, weights) =>
      run((ops) => ops.keep(product(ops, ops.centred(own(batch), mean), own(weights)))),

    multiply: (a, b, transpose) => run((ops) => ops.keep(product(ops, own(a), own(b), transpose))),

    eigSymmetric: (a, leading = a.cols) =>
      run((ops) => {
        checkSquare('eigenvalues', a);
        // TensorFlow has the largest last.
        const [ascending, columns] = ops.eigenvectors(own(a));
        const fromColumn = Math.max(0, a.cols - leading);
        const vectors = ops.reversed(ops.block(columns, { fromColumn }));
        return { values: device.download(ascending).reverse(), vectors: ops.keep(vectors) };
      }),

    eigenvalues: (a) =>
      run((ops) => {
        checkSquare('eigenvalues', a);
        return device.download(ops.eigenvalues(own(a))).reverse();
      }),

    cholesky: (a) =>
      run((ops) => {
        checkSquare('Cholesky', a);
        let factor: DeviceTensor;
        try {
          factor = ops.cholesky(own(a));
        } catch (error) {
          // As TensorFlow before 2.12 does where the matrix is not positive definite;
          if (error instanceof NumericalError) return undefined;
          throw error;
        }
        // later ones fill the triangle with NaN, without a word.
        const definite = device.download(ops.diagonal(factor)).every((pivot) => pivot > 0);
        return definite ? ops.keep(factor) : undefined;
      }),

    solveTriangular: (l, b, { side, transpose = false }) =>
      run((ops) => {
        const inner = side === 'left' ? b.rows : b.cols;
        if (l.rows !== l.cols || l.rows !== inner) {
          const place = side === 'left' ? 'right' : 'left';
          throw new ShapeError(
            `cannot solve ${l.rows} × ${l.cols} with ${b.rows} × ${b.cols} on the ${place}`,
          );
        }
        if (side === 'left') return ops.keep(ops.solved(own(l), own(b), transpose));
        // b·L⁻¹ = (L⁻ᵀ·bᵀ)ᵀ
        return ops.keep(ops.transposed(ops.solved(own(l), ops.transposed(own(b)), !transpose)));
      }),

    svd: (a) =>
      run((ops) => {
        const [s, u, v] = ops.svd(own(a));
        return { u: ops.keep(u), s: device.download(s), v: ops.keep(v) };
      }),

    singularValues: (a) => run((ops) => device.download(ops.singularValues(own(a)))),

    qr: (a) =>
      run((ops) => {
        if (a.rows < a.cols) {
          throw new ShapeError(`QR of ${a.rows} × ${a.cols}: at least as many rows as columns`);
        }
        const [q, r] = ops.qr(own(a));
        return { q: ops.keep(q), r: ops.keep(r) };
      }),

    dispose: (...handles) => {
      for (const handle of handles) own(handle).dispose();
    },
  };
}

/** Runs at once; what it throws becomes a rejection, as a caller of an asynchronous contract expects. */
function now<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

function own(handle: Handle): DeviceTensor {
  if (handle instanceof DeviceTensor) return handle;
  throw new TypeError('the tensorflow engine was given a matrix of another engine: upload it first');
}

function product(
  ops: Operations,
  a: DeviceTensor,
  b: DeviceTensor,
  transpose: { a?: boolean; b?: boolean } = {},
): DeviceTensor {
  const inner = [transpose.a ? a.rows : a.cols, transpose.b ? b.cols : b.rows];
  if (inner[0] !== inner[1]) {
    const shape = (m: Handle, flipped = false) =>
      flipped ? `${m.cols} × ${m.rows}` : `${m.rows} × ${m.cols}`;
    throw new ShapeError(`cannot multiply ${shape(a, transpose.a)} by ${shape(b, transpose.b)}`);
  }
  return ops.multiply(a, b, transpose);
}

/** Adds `part` to `into` where that is given. */
function accumulated(ops: Operations, part: DeviceTensor, into: Handle | undefined): Handle {
  if (into === undefined) return ops.keep(part);
  own(into).become(ops.add(own(into), part));
  return into;
}

function checkTarget(into: Handle | undefined, rows: number, cols: number): void {
  if (into !== undefined && (into.rows !== rows || into.cols !== cols)) {
    throw new ShapeError(`cannot add a ${rows} × ${cols} product to a ${into.rows} × ${into.cols} one`);
  }
}

function checkSquare(what: string, { rows, cols }: Handle): void {
  if (rows !== cols) throw new ShapeError(`${what} of ${rows} × ${cols}: a square matrix is needed`);
}

/**
 * The operations of TensorFlow that the engine is made of, in float64, and a scope that frees what they leave.
 *
 * @module
 */
import type { FloatArray } from '../../matrix.js';
import { DataType } from './device.js';
import type { Attributes, Device, DeviceTensor } from './device.js';

/** Runs `work`; every tensor it made is freed at its end, but for those it kept, and on an error those too. */
export function tidy<T>(device: Device, work: (ops: Operations) => T): T {
  const ops = new Operations(device);
  let kept: ReadonlySet<DeviceTensor> = new Set();
  try {
    const result = work(ops);
    kept = ops.kept;
    return result;
  } finally {
    for (const tensor of ops.made) if (!kept.has(tensor)) tensor.dispose();
  }
}

const DOUBLE = { T: DataType.double };

/** Operations whose results live as long as the {@link tidy} around them. */
export class Operations {
  readonly made = new Set<DeviceTensor>();
  readonly kept = new Set<DeviceTensor>();

  constructor(private readonly device: Device) {}

  /** Lets a tensor outlive the scope: it is the caller's. */
  keep(tensor: DeviceTensor): DeviceTensor {
    this.kept.add(tensor);
    return tensor;
  }

  upload(data: FloatArray, rows: number, cols: number): DeviceTensor {
    return this.#own(this.device.upload(data, rows, cols));
  }

  /** `a + b`; a row is added to every row. */
  add(a: DeviceTensor, b: DeviceTensor): DeviceTensor {
    return this.#run('AddV2', DOUBLE, a, b);
  }

  /** `a − b`; a row is subtracted from every row. */
  subtract(a: DeviceTensor, b: DeviceTensor): DeviceTensor {
    return this.#run('Sub', DOUBLE, a, b);
  }

  /** `(a + aᵀ) / 2`, which is symmetric to the last bit. */
  symmetrised(a: DeviceTensor): DeviceTensor {
    const half = this.upload(Float64Array.of(0.5), 1, 1);
    return this.#run('Mul', DOUBLE, this.add(a, this.transposed(a)), half);
  }

  /** The rows of `batch` less `mean`. */
  centred(batch: DeviceTensor, mean: Float64Array): DeviceTensor {
    return this.subtract(batch, this.upload(mean, 1, mean.length));
  }

  /** Means by way of the first row, so that a constant column has exactly its value as mean. */
  columnMeans(batch: DeviceTensor): DeviceTensor {
    const first = this.block(batch, { rows: 1 });
    const rows = this.#integers(0);
    const attributes = { ...DOUBLE, Tidx: DataType.int32, keep_dims: true };
    return this.add(first, this.#run('Mean', attributes, this.subtract(batch, first), rows));
  }

  multiply(a: DeviceTensor, b: DeviceTensor, transpose: { a?: boolean; b?: boolean } = {}): DeviceTensor {
    const { a: transpose_a = false, b: transpose_b = false } = transpose;
    return this.#run('MatMul', { ...DOUBLE, transpose_a, transpose_b }, a, b);
  }

  transposed(a: DeviceTensor): DeviceTensor {
    return this.#run('Transpose', { ...DOUBLE, Tperm: DataType.int32 }, a, this.#integers(1, 0));
  }

  /** Columns last to first. */
  reversed(a: DeviceTensor): DeviceTensor {
    return this.#run('ReverseV2', { ...DOUBLE, Tidx: DataType.int32 }, a, this.#integers(1));
  }

  /** The first `rows` rows, or the columns from `fromColumn` on. */
  block(a: DeviceTensor, { rows = a.rows, fromColumn = 0 }): DeviceTensor {
    const [begin, size] = [this.#integers(0, fromColumn), this.#integers(rows, a.cols - fromColumn)];
    return this.#run('Slice', { ...DOUBLE, Index: DataType.int32 }, a, begin, size);
  }

  diagonal(a: DeviceTensor): DeviceTensor {
    return this.#run('MatrixDiagPart', DOUBLE, a);
  }

  /** Eigenvalues of a symmetric matrix, smallest first, with the eigenvectors in columns. */
  eigenvectors(a: DeviceTensor): [values: DeviceTensor, vectors: DeviceTensor] {
    const [values, vectors] = this.#runMany('SelfAdjointEigV2', { ...DOUBLE, compute_v: true }, a, 2);
    return [values, vectors];
  }

  /** Eigenvalues alone, smallest first. */
  eigenvalues(a: DeviceTensor): DeviceTensor {
    return this.#runMany('SelfAdjointEigV2', { ...DOUBLE, compute_v: false }, a, 2)[0];
  }

  /** Lower triangle; NaN, or a NumericalError, where `a` is not positive definite. */
  cholesky(a: DeviceTensor): DeviceTensor {
    return this.#run('Cholesky', DOUBLE, a);
  }

  /** `L⁻¹·b`, or `L⁻ᵀ·b`. */
  solved(l: DeviceTensor, b: DeviceTensor, adjoint: boolean): DeviceTensor {
    return this.#run('MatrixTriangularSolve', { ...DOUBLE, lower: true, adjoint }, l, b);
  }

  /** Thin singular value decomposition, values largest first. */
  svd(a: DeviceTensor): [s: DeviceTensor, u: DeviceTensor, v: DeviceTensor] {
    const [s, u, v] = this.#runMany('Svd', { ...DOUBLE, compute_uv: true, full_matrices: false }, a, 3);
    return [s, u, v];
  }

  singularValues(a: DeviceTensor): DeviceTensor {
    return this.#runMany('Svd', { ...DOUBLE, compute_uv: false, full_matrices: false }, a, 3)[0];
  }

  qr(a: DeviceTensor): [q: DeviceTensor, r: DeviceTensor] {
    const [q, r] = this.#runMany('Qr', { ...DOUBLE, full_matrices: false }, a, 2);
    return [q, r];
  }

  #integers(...values: number[]): DeviceTensor {
    return this.#own(this.device.integers(values));
  }

  #run(name: string, attributes: Attributes, ...inputs: DeviceTensor[]): DeviceTensor {
    return this.#own(this.device.run(name, attributes, inputs, 1)[0]);
  }

  #runMany(name: string, attributes: Attributes, input: DeviceTensor, outputs: number): DeviceTensor[] {
    return this.device.run(name, attributes, [input], outputs).map((tensor) => this.#own(tensor));
  }

  #own(tensor: DeviceTensor): DeviceTensor {
    this.made.add(tensor);
    return tensor;
  }
}

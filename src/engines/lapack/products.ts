/**
 * Products of matrices by BLAS.
 *
 * Samples are brought to float64 and centred in chunks that stay in the cache, and each chunk is multiplied at once. A
 * row-major matrix is to BLAS its transpose, so nothing is ever transposed: `aᵀb` row by row is `bᵀa` column by column.
 *
 * @module
 */
import type { FloatArray } from '../../matrix.js';
import { Dense } from './dense.js';
import { leading, real } from './fortran.js';
import type { Machine } from './machine.js';

/** Values of a chunk, 1 MiB in float64, and samples that it has at least: fewer would make products slow. */
const CHUNK = { values: 2 ** 17, rows: 256 };

/** Column means by way of the first row: a constant column then has exactly its value as mean. */
export async function columnMeans(machine: Machine, x: Dense): Promise<Float64Array> {
  const { rows, cols, values } = x;
  const origin = Float64Array.from(values.subarray(0, cols));
  const sums = new Float64Array(cols);
  const samples = new Samples(x, origin);
  const ones = new Float64Array(samples.height).fill(1);
  for (let from = 0; from < rows; from += samples.height) {
    const { data, count } = samples.chunk(machine, from);
    machine.call('dgemv', 'N', cols, count, real(1), data, leading(cols), ones, 1, real(1), sums, 1);
    await machine.breathe();
  }
  return sums.map((sum, j) => origin[j] + sum / rows);
}

/** `into + (x − mean)ᵀ(x − mean)`: one triangle, that which is the lower row by row. */
export async function gram(
  machine: Machine,
  x: Dense,
  mean: Float64Array | undefined,
  into: Dense | undefined,
): Promise<Dense> {
  const { rows, cols } = x;
  const sum = into ?? Dense.zeros(cols, cols);
  const target = sum.lower as Float64Array;
  const samples = new Samples(x, mean);
  for (let from = 0; from < rows; from += samples.height) {
    const { data, count } = samples.chunk(machine, from);
    const shape = [leading(cols), real(1), target, leading(cols)] as const;
    await machine.step(count * cols * cols, 'dsyrk', 'U', 'N', cols, count, real(1), data, ...shape);
    await machine.breathe();
  }
  sum.half = true;
  return sum;
}

/** `into + (a − means.a)ᵀ(b − means.b)`. */
export async function cross(
  machine: Machine,
  a: Dense,
  b: Dense,
  into: Dense | undefined,
  means: { readonly a: Float64Array; readonly b: Float64Array } | undefined,
): Promise<Dense> {
  const sum = into ?? Dense.zeros(a.cols, b.cols);
  const [left, right] = [new Samples(a, means?.a), new Samples(b, means?.b)];
  const target = sum.values as Float64Array;
  const height = Math.min(left.height, right.height);
  for (let from = 0; from < a.rows; from += height) {
    const { data, count } = left.chunk(machine, from, height);
    const other = right.chunk(machine, from, height);
    const sizes = [b.cols, a.cols, count] as const;
    await gemm(machine, 'NT', sizes, [other.data, b.cols], [data, a.cols], 1, [target, b.cols]);
    await machine.breathe();
  }
  return sum;
}

/** `(x − mean) · weights`. */
export async function project(
  machine: Machine,
  x: Dense,
  mean: Float64Array,
  weights: Dense,
): Promise<Dense> {
  const { rows, cols } = x;
  const k = weights.cols;
  const out = new Float64Array(rows * k);
  const factor = weights.doubles;
  const samples = new Samples(x, mean);
  for (let from = 0; from < rows; from += samples.height) {
    const { data, count } = samples.chunk(machine, from);
    const part = out.subarray(from * k, (from + count) * k);
    await gemm(machine, 'NN', [k, count, cols], [factor, k], [data, cols], 0, [part, k]);
    await machine.breathe();
  }
  return new Dense(rows, k, out);
}

/** `a · b`, with either operand transposed on request; `shape` is that of the result, `inner` the length of the sums. */
export async function multiply(
  machine: Machine,
  a: Dense,
  b: Dense,
  { rows, cols, inner }: { readonly rows: number; readonly cols: number; readonly inner: number },
  transpose: { readonly a?: boolean; readonly b?: boolean },
): Promise<Dense> {
  const out = new Float64Array(rows * cols);
  const flags = `${transpose.b ? 'T' : 'N'}${transpose.a ? 'T' : 'N'}` as const;
  await gemm(machine, flags, [cols, rows, inner], [b.doubles, b.cols], [a.doubles, a.cols], 0, [out, cols]);
  return new Dense(rows, cols, out);
}

/** Samples as float64, less a mean, chunk by chunk. All at once, and as they are, where nothing need be done to them. */
class Samples {
  readonly height: number;
  private readonly mean: Float64Array | undefined;
  private readonly values: FloatArray;
  private readonly scratch: Float64Array | undefined;
  private readonly ones: Float64Array;

  constructor(
    private readonly x: Dense,
    mean: Float64Array | undefined,
  ) {
    const { rows, cols } = x;
    this.values = x.values;
    this.mean = mean?.some((value) => value !== 0) ? mean : undefined;
    const asTheyAre = this.mean === undefined && this.values instanceof Float64Array;
    const chunk = Math.max(CHUNK.rows, Math.floor(CHUNK.values / leading(cols)));
    this.height = asTheyAre ? leading(rows) : Math.min(chunk, leading(rows));
    this.scratch = asTheyAre ? undefined : new Float64Array(this.height * cols);
    this.ones = new Float64Array(this.mean ? this.height : 0).fill(1);
  }

  /** Rows from `from` on, at most `height` of them; valid until the next chunk is asked for. */
  chunk(machine: Machine, from: number, height = this.height): { data: Float64Array; count: number } {
    const { rows, cols } = this.x;
    const count = Math.min(height, rows - from);
    const part = this.values.subarray(from * cols, (from + count) * cols);
    if (this.scratch === undefined) return { data: part as Float64Array, count };
    this.scratch.set(part);
    if (this.mean) {
      machine.call(
        ...([
          'dger',
          cols,
          count,
          real(-1),
          this.mean,
          1,
          this.ones,
          1,
          this.scratch,
          leading(cols),
        ] as const),
      );
    }
    return { data: this.scratch, count };
  }
}

/** An array with the length of its columns. */
type Operand = readonly [data: Float64Array, rows: number];

/** `c = op(a)·op(b) + β·c`, all column by column; `c` is `m × n`, the sums have `k` terms. */
function gemm(
  machine: Machine,
  flags: 'NN' | 'NT' | 'TN' | 'TT',
  [m, n, k]: readonly [m: number, n: number, k: number],
  [a, lda]: Operand,
  [b, ldb]: Operand,
  beta: 0 | 1,
  [c, ldc]: Operand,
): Promise<void> {
  const operands = [a, leading(lda), b, leading(ldb), real(beta), c, leading(ldc)];
  return machine.step(2 * m * n * k, 'dgemm', flags[0], flags[1], m, n, k, real(1), ...operands);
}

/**
 * The sums of two linear kernels by way of the neurons: with fewer neurons than samples that is less work than the tiles are.
 *
 * @module
 */
import type { Engine, Handle } from '../engines/engine.js';
import type { PairwiseSums } from './sums.js';
import { centredRows, columnMeans } from './rows.js';
import type { Rows } from './rows.js';
import type { PairwiseValues } from './values.js';
import { total, totalOf } from './totals.js';

/** One side's rows, and how large the numbers were that they are left of. */
type Prepared = Rows & Pick<PairwiseValues, 'magnitude'>;

/** Whether {@link linearSums} takes fewer operations than a pass over the tiles. */
export function fewNeurons(x: Rows, y: Rows): boolean {
  const [n, p, q] = [x.rows.rows, x.rows.cols, y.rows.cols];
  return (p * p) / 2 + p * q + (q * q) / 2 < (n / 2) * (p + q);
}

/**
 * Sums of the kernels `⟨xᵢ, xⱼ⟩` and `⟨yᵢ, yⱼ⟩` of rows less their means: `Σᵢⱼ KᵢⱼLᵢⱼ = ‖XᵀY‖²`, and every row of a centred kernel
 * sums to 0, so that without the diagonal it sums to `−‖xᵢ‖²`.
 */
export async function linearSums(engine: Engine, x: Prepared, y: Prepared): Promise<PairwiseSums> {
  const [a, b] = [centredRows(x.rows), centredRows(y.rows)];
  const means = { a: columnMeans(a.rows), b: columnMeans(b.rows) };
  const [left, right] = [await engine.upload(a.rows), await engine.upload(b.rows)];
  const wholeOf = async (product: Handle): Promise<number> => {
    const { data } = await engine.download(product);
    engine.dispose(product);
    return total(data.map((value) => value * value));
  };
  const whole = {
    xx: await wholeOf(await engine.accumulateGram(left, means.a)),
    xy: await wholeOf(await engine.accumulateCross(left, right, undefined, means)),
    yy: await wholeOf(await engine.accumulateGram(right, means.b)),
  };
  engine.dispose(left, right);
  const [p, q] = [a.squaredNorms, b.squaredNorms];
  const inner = (one: Float64Array, other: Float64Array) => totalOf(one.length, (i) => one[i] * other[i]);
  const products = { xx: whole.xx - inner(p, p), xy: whole.xy - inner(p, q), yy: whole.yy - inner(q, q) };
  const side = (diagonal: Float64Array, minuend: number, { magnitude = 0 }: Prepared) => ({
    diagonal,
    rowSums: diagonal.map((value) => -value),
    shift: 0,
    magnitude,
    minuend,
  });
  return { samples: x.rows.rows, x: side(p, whole.xx, x), y: side(q, whole.yy, y), products };
}

/**
 * The sums of two linear kernels by way of the neurons: with fewer neurons than samples that is less work than the tiles are.
 *
 * @module
 */
import type { Engine, Handle } from '../engines/engine.js';
import type { PairwiseSums } from './sums.js';
import { centredRows, columnMeans } from './rows.js';
import type { Rows } from './rows.js';
import { total, totalOf } from './totals.js';

/** Whether {@link linearSums} takes fewer operations than a pass over the tiles. */
export function fewNeurons(x: Rows, y: Rows): boolean {
  const [n, p, q] = [x.rows.rows, x.rows.cols, y.rows.cols];
  return (p * p) / 2 + p * q + (q * q) / 2 < (n / 2) * (p + q);
}

/**
 * Sums of the kernels `⟨xᵢ, xⱼ⟩` and `⟨yᵢ, yⱼ⟩` of rows less their means: `Σᵢⱼ KᵢⱼLᵢⱼ = ‖XᵀY‖²`, and every row of a centred kernel
 * sums to 0, so that without the diagonal it sums to `−‖xᵢ‖²`.
 */
export async function linearSums(engine: Engine, x: Rows, y: Rows): Promise<PairwiseSums> {
  const [a, b] = [centredRows(x.rows), centredRows(y.rows)];
  const means = { a: columnMeans(a.rows), b: columnMeans(b.rows) };
  const [left, right] = [await engine.upload(a.rows), await engine.upload(b.rows)];
  const of = async (product: Handle, normsA: Float64Array, normsB: Float64Array): Promise<number> => {
    const { data } = await engine.download(product);
    engine.dispose(product);
    return total(data.map((value) => value * value)) - totalOf(normsA.length, (i) => normsA[i] * normsB[i]);
  };
  const [p, q] = [a.squaredNorms, b.squaredNorms];
  const products = {
    xx: await of(await engine.accumulateGram(left, means.a), p, p),
    xy: await of(await engine.accumulateCross(left, right, undefined, means), p, q),
    yy: await of(await engine.accumulateGram(right, means.b), q, q),
  };
  engine.dispose(left, right);
  const side = (diagonal: Float64Array) => ({ diagonal, rowSums: diagonal.map((value) => -value), shift: 0 });
  return { samples: x.rows.rows, x: side(p), y: side(q), products };
}

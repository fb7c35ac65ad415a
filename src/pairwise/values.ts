/**
 * What is computed for each pair of samples of one side, and the dissimilarities; kernels are in `kernels.ts`.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { factorDirect } from '../factor/direct.js';
import type { Rounding } from '../factor/rounding.js';
import { firstEqualRows } from './equal-rows.js';
import { centredRows, rawRows, sliceRows, squaredDifference, unitRows, withSquares } from './rows.js';
import type { Rows } from './rows.js';

/** A part of the sample × sample matrix. */
export interface TileRange {
  readonly rowStart: number;
  readonly colStart: number;
  readonly rows: number;
  readonly cols: number;
}

/** A prepared side: its rows, and what their inner products become. */
export interface PairwiseValues extends Rows {
  /** `[samples, d]` in float64, prepared: centred, or of unit length. */
  readonly rows: HostMatrix;
  /** Of the prepared rows. */
  readonly squaredNorms: Float64Array;
  /** The values are what is left of numbers as large as this, whose rounding they carry; left out: of nothing larger. */
  readonly magnitude?: number | undefined;
  /** Turns the inner products of a tile, row-major `[tile.rows, tile.cols]`, into values in place. */
  apply(products: Float64Array, tile: TileRange): void;
}

/** `‖xᵢ − xⱼ‖²`; exactly 0 on the diagonal and for equal samples. */
export function squaredEuclidean(x: Matrix): PairwiseValues {
  return squaredDistancesOf(withSquares(centredRows(x)));
}

/** The same of rows that are prepared already. */
export function squaredDistancesOf(prepared: Rows): PairwiseValues {
  return { ...prepared, apply: (products, tile) => squaredDistances(prepared, products, tile) };
}

/** `‖xᵢ − xⱼ‖`. */
export function euclidean(x: Matrix): PairwiseValues {
  const prepared = withSquares(centredRows(x));
  return {
    ...prepared,
    apply(products, tile) {
      squaredDistances(prepared, products, tile);
      for (let at = 0; at < products.length; at++) products[at] = Math.sqrt(products[at]);
    },
  };
}

/** `1 − cos(xᵢ, xⱼ)`; a sample of zeros has cosine 0 with every other, and 1 with its like. */
export function cosineDissimilarity(x: Matrix): PairwiseValues {
  return angular(x, 'origin');
}

/** `1 − r(xᵢ, xⱼ)`, Pearson's correlation over the neurons; a sample that is constant over them has r = 0 with every other. */
export function correlationDissimilarity(x: Matrix): PairwiseValues {
  return angular(x, 'rowMean');
}

/**
 * Squared Mahalanobis distance `(xᵢ − xⱼ)ᵀ Σ⁻¹ (xᵢ − xⱼ)`, Σ the covariance of the samples (divisor n − 1) restricted to the
 * directions in which they vary; exactly 0 for equal samples. With no more samples than neurons all distances are equal.
 *
 * @param rounding - in the samples, where it is not that of their storage: directions that are no more are left out.
 */
export async function mahalanobis(engine: Engine, x: Matrix, rounding?: Rounding): Promise<PairwiseValues> {
  const { basis } = await factorDirect(engine, x, rounding);
  if (basis === undefined) return squaredEuclidean(x);
  const { rows, cols, data } = await engine.download(basis);
  engine.dispose(basis);
  const scale = Math.sqrt(rows - 1);
  const whitened = data.map((value) => value * scale);
  // Whitening rounds each row in its own way: equal samples would differ, and ranks would order them by chance.
  firstEqualRows(x).forEach((first, row) => {
    if (first !== row) whitened.copyWithin(row * cols, first * cols, (first + 1) * cols);
  });
  return squaredDistancesOf(rawRows({ rows, cols, data: whitened }));
}

/**
 * `1 − uᵢ·uⱼ = ½‖uᵢ − uⱼ‖²` of unit rows. Distances do not change when a common mean is taken off, and then nothing cancels
 * where all samples point about the same way.
 */
function angular(x: Matrix, about: 'origin' | 'rowMean'): PairwiseValues {
  const prepared = unitRows(x, about);
  const { zero } = prepared;
  const someZero = zero.includes(1);
  return {
    ...prepared,
    apply(products, tile) {
      squaredDistances(prepared, products, tile);
      for (let at = 0; at < products.length; at++) products[at] *= 0.5;
      if (!someZero) return;
      for (let i = 0, at = 0; i < tile.rows; i++) {
        const left = zero[tile.rowStart + i];
        for (let j = 0; j < tile.cols; j++, at++) {
          const right = zero[tile.colStart + j];
          if (left + right > 0) products[at] = left === right ? 0 : 1;
        }
      }
    },
  };
}

/** The values of samples `from … to − 1` alone. */
export function sliceValues(values: PairwiseValues, from: number, to: number): PairwiseValues {
  return {
    ...sliceRows(values, from, to),
    magnitude: values.magnitude,
    apply(products, tile) {
      const moved = { ...tile, rowStart: tile.rowStart + from, colStart: tile.colStart + from };
      values.apply(products, moved);
    },
  };
}

/**
 * Below this share of the two squared norms a squared distance is computed from the differences: what cancels above it is less
 * than ties are rounded by. Within clusters far apart all pairs are computed so; of 10 clusters in 512 neurons that takes about
 * as long again as the products.
 */
const CLOSE = 0.05;

/** Inner products to squared distances; close rows, whose distance would cancel, from their differences. */
export function squaredDistances(
  { rows, squaredNorms }: Rows,
  products: Float64Array,
  tile: TileRange,
): void {
  const { rowStart, colStart } = tile;
  for (let i = 0, at = 0; i < tile.rows; i++) {
    const own = squaredNorms[rowStart + i];
    for (let j = 0; j < tile.cols; j++, at++) {
      const norms = own + squaredNorms[colStart + j];
      const value = norms - 2 * products[at];
      products[at] =
        value > CLOSE * norms
          ? value
          : rowStart + i === colStart + j
            ? 0
            : squaredDifference(rows, rowStart + i, colStart + j);
    }
  }
}

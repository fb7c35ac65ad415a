/**
 * What every comparison of two centred sample × sample matrices needs, from one pass over their tiles.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { Totals } from './totals.js';
import { eachTile } from './tiles.js';
import type { Tile, TileOptions } from './tiles.js';
import type { PairwiseValues } from './values.js';
import type { Breathe } from '../options.js';

/** Sums over one side's matrix `K`. */
export interface SideSums {
  /** `Kᵢᵢ`. */
  readonly diagonal: Float64Array;
  /** `Σⱼ Kᵢⱼ` over `j ≠ i`. */
  readonly rowSums: Float64Array;
  /** Taken off every value, the diagonal's too, before all sums: no centred product notices, and nothing cancels. */
  readonly shift: number;
  /** Of the values: see {@link PairwiseValues.magnitude}. */
  readonly magnitude: number;
  /** The sum that the product of the side with itself is a difference of, where it is one. */
  readonly minuend?: number;
}

/** Sums over the matrices `K` of x and `L` of y, all of the shifted values. */
export interface PairwiseSums {
  readonly samples: number;
  readonly x: SideSums;
  readonly y: SideSums;
  /** `Σ KᵢⱼKᵢⱼ`, `Σ KᵢⱼLᵢⱼ`, `Σ LᵢⱼLᵢⱼ` over `i ≠ j`. */
  readonly products: Products;
}

/** One number for each of the pairs x with x, x with y, y with y. */
export interface Products {
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

/** How the sums are taken. */
export interface SumOptions extends Pick<TileOptions, 'edge'> {
  /**
   * `'mean'`: about the mean of the first tile, for sums that will be centred. `'none'`: of the values as they are.
   * @defaultValue `'mean'`
   */
  readonly shift?: 'mean' | 'none';
}

/** Sums of two sides, of the same samples in the same order. */
export async function pairwiseSums(
  engine: Engine,
  x: PairwiseValues,
  y: PairwiseValues,
  breathe: Breathe,
  { shift = 'mean', ...tiles }: SumOptions = {},
): Promise<PairwiseSums> {
  const samples = x.rows.rows;
  let sums: Accumulator | undefined;
  const visit = (tile: Tile, [a, b]: readonly Float64Array[]): void => {
    sums ??= new Accumulator(
      samples,
      ...(shift === 'mean' ? ([meanOf(a, tile), meanOf(b, tile)] as const) : ([0, 0] as const)),
    );
    if (tile.diagonal) sums.addDiagonal(tile, a, b);
    else sums.add(tile, a, b);
  };
  await eachTile(engine, [x, y], breathe, visit, tiles);
  return sums!.finish(x.magnitude ?? 0, y.magnitude ?? 0);
}

/** Mean of the pairs of different samples in a tile on the diagonal; 0 where there are none. */
function meanOf(values: Float64Array, { rows }: Tile): number {
  if (rows < 2) return 0;
  let sum = 0;
  for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) sum += values[i * rows + j];
  return (2 * sum) / (rows * (rows - 1));
}

/** Sums of two sides. Within a row of a tile they are plain, and compensated from there on. */
class Accumulator {
  readonly #rowSums: readonly [Totals, Totals];
  readonly #diagonals: readonly [Float64Array, Float64Array];
  /** Of xx, xy, yy. */
  readonly #products = new Totals(3);
  readonly #columns: [Float64Array, Float64Array] = [new Float64Array(0), new Float64Array(0)];

  constructor(
    readonly samples: number,
    readonly shiftX: number,
    readonly shiftY: number,
  ) {
    this.#rowSums = [new Totals(samples), new Totals(samples)];
    this.#diagonals = [new Float64Array(samples), new Float64Array(samples)];
  }

  /** A tile above the diagonal: each value stands for two. */
  add({ rowStart, colStart, rows, cols }: Tile, x: Float64Array, y: Float64Array): void {
    const [sumsX, sumsY] = this.#rowSums;
    const { shiftX, shiftY } = this;
    const [columnsX, columnsY] = this.#emptyColumns(cols);
    for (let i = 0, at = 0; i < rows; i++) {
      let [rowX, rowY, xx, xy, yy] = [0, 0, 0, 0, 0];
      for (let j = 0; j < cols; j++, at++) {
        const a = x[at] - shiftX;
        const b = y[at] - shiftY;
        rowX += a;
        rowY += b;
        columnsX[j] += a;
        columnsY[j] += b;
        xx += a * a;
        xy += a * b;
        yy += b * b;
      }
      sumsX.add(rowStart + i, rowX);
      sumsY.add(rowStart + i, rowY);
      this.#addProducts(2 * xx, 2 * xy, 2 * yy);
    }
    for (let j = 0; j < cols; j++) {
      sumsX.add(colStart + j, columnsX[j]);
      sumsY.add(colStart + j, columnsY[j]);
    }
  }

  /** A tile on the diagonal: its upper triangle, mirrored, so that the sums are those of exactly symmetric matrices. */
  addDiagonal({ rowStart, rows }: Tile, x: Float64Array, y: Float64Array): void {
    const [sumsX, sumsY] = this.#rowSums;
    const [diagonalX, diagonalY] = this.#diagonals;
    const { shiftX, shiftY } = this;
    const [columnsX, columnsY] = this.#emptyColumns(rows);
    for (let i = 0; i < rows; i++) {
      const own = i * rows + i;
      diagonalX[rowStart + i] = x[own] - shiftX;
      diagonalY[rowStart + i] = y[own] - shiftY;
      let [rowX, rowY, xx, xy, yy] = [0, 0, 0, 0, 0];
      for (let j = i + 1, at = own + 1; j < rows; j++, at++) {
        const a = x[at] - shiftX;
        const b = y[at] - shiftY;
        rowX += a;
        rowY += b;
        columnsX[j] += a;
        columnsY[j] += b;
        xx += a * a;
        xy += a * b;
        yy += b * b;
      }
      sumsX.add(rowStart + i, rowX + columnsX[i]);
      sumsY.add(rowStart + i, rowY + columnsY[i]);
      this.#addProducts(2 * xx, 2 * xy, 2 * yy);
    }
  }

  finish(...magnitudes: readonly [x: number, y: number]): PairwiseSums {
    const [x, y] = [this.shiftX, this.shiftY].map((shift, side) => ({
      diagonal: this.#diagonals[side],
      rowSums: this.#rowSums[side].values(),
      shift,
      magnitude: magnitudes[side],
    }));
    const [xx, xy, yy] = this.#products.values();
    return { samples: this.samples, x, y, products: { xx, xy, yy } };
  }

  #addProducts(xx: number, xy: number, yy: number): void {
    this.#products.add(0, xx);
    this.#products.add(1, xy);
    this.#products.add(2, yy);
  }

  #emptyColumns(count: number): [Float64Array, Float64Array] {
    const columns = this.#columns;
    for (const side of [0, 1] as const) {
      if (columns[side].length < count) columns[side] = new Float64Array(count);
      else columns[side].fill(0);
    }
    return columns;
  }
}

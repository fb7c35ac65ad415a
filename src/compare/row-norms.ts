/**
 * Sums over samples of products of squared norms of the centred rows, gathered while batches pass.
 *
 * @module
 */
import { dot, squaredNorms } from '../factor/cross.js';
import type { RowNorms } from '../factor/products.js';
import type { Matrix } from '../matrix.js';
import type { Plan } from './plan.js';

/** The sums in host memory, by the numbers of views and cells in the plan. */
export interface RowNormSums {
  readonly self: Float64Array;
  readonly cross: Float64Array;
}

/** The sums of all views and cells; of one batch at a time. */
export class RowNormCollector {
  readonly sums: RowNormSums;
  private readonly squared = new Map<number, Float64Array>();

  /** @param saved - sums to go on from. */
  constructor(
    private readonly plan: Plan,
    saved?: RowNormSums,
  ) {
    const { views, cells } = plan;
    this.sums = saved ?? { self: new Float64Array(views.length), cross: new Float64Array(cells.length) };
  }

  /** Adds the rows that a batch has of a view. */
  addView(view: number, rows: Matrix, mean: Float64Array): void {
    const norms = squaredNorms(rows, mean);
    this.squared.set(view, norms);
    this.sums.self[view] += dot(norms, norms);
  }

  /** Adds what the batch has of a cell, after both of its views. */
  addCell(cell: number): void {
    const { a, b } = this.plan.cells[cell];
    this.sums.cross[cell] += dot(this.squared.get(a)!, this.squared.get(b)!);
  }

  /** What has been found of a cell. */
  of(cell: number): RowNorms {
    const { a, b } = this.plan.cells[cell];
    return { xx: this.sums.self[a], xy: this.sums.cross[cell], yy: this.sums.self[b] };
  }
}

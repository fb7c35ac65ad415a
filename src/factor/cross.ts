/**
 * From factors to cross blocks `C = U₁ᵀU₂`: projections onto a basis, and their accumulation batch by batch.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import type { Factor } from './factor.js';
import { scaleColumns } from './small.js';

/** Condition of the kept directions above which a basis formed from moments is made orthonormal once more. */
export const REFINE_ABOVE = 1e4;

/** The same where samples are projected anyway, so that it costs little: the error left is below 1e-12. */
const PROJECTED_ABOVE = 100;

/** Whether the leading `kept` directions are orthonormal enough as moments give them. */
export function wellConditioned({ s }: Factor, kept: number): boolean {
  return kept === 0 || s[0] <= REFINE_ABOVE * s[kept - 1];
}

/** `V·S⁻¹` of the leading directions: `(X − μ)` times it is the basis. */
export function whitening({ v, s }: Factor, kept: number): HostMatrix {
  return scaleColumns(
    v,
    s.subarray(0, kept).map((value) => 1 / value),
  );
}

/** Turns batches of a layer into rows of its basis, `U = (X − μ)·V·S⁻¹`, leading `kept` directions. */
export class Projector {
  private selfGram: Handle | undefined;
  private readonly refine: boolean;

  private constructor(
    private readonly engine: Engine,
    private readonly factor: Factor,
    readonly kept: number,
    private readonly weights: Handle,
  ) {
    this.refine = kept > 0 && factor.s[0] > PROJECTED_ABOVE * factor.s[kept - 1];
  }

  /** @param saved - {@link Projector.state} of a projector of the same factor, to go on from. */
  static async open(engine: Engine, factor: Factor, kept: number, saved?: HostMatrix): Promise<Projector> {
    const projector = new Projector(engine, factor, kept, await engine.upload(whitening(factor, kept)));
    if (saved) projector.selfGram = await engine.upload(saved);
    return projector;
  }

  /** What it has gathered of the rows so far, in host memory, where it gathers anything. */
  async state(): Promise<HostMatrix | undefined> {
    return this.selfGram && this.engine.download(this.selfGram);
  }

  /** Rows of the basis for a batch; the caller disposes both. */
  async rows(batch: Handle): Promise<Handle> {
    const { engine } = this;
    const u = await engine.project(batch, this.factor.mean, this.weights);
    if (this.refine) this.selfGram = await engine.accumulateCross(u, u, this.selfGram);
    return u;
  }

  /**
   * `E^(−1/2)` of `E = UᵀU` over all batches, or nothing where `U` is orthonormal as it stands. The Gram route leaves an
   * error of about `ε·cond²` in `U`; a second, symmetric orthonormalisation (as in CholeskyQR2, Yamamoto et al. 2015)
   * removes it.
   */
  async correction(): Promise<Handle | undefined> {
    if (this.selfGram === undefined) return undefined;
    const { engine } = this;
    const { values, vectors } = await engine.eigSymmetric(this.selfGram);
    const scaled = scaleColumns(
      await engine.download(vectors),
      values.map((value) => 1 / Math.sqrt(value)),
    );
    const left = await engine.upload(scaled);
    const root = await engine.multiply(left, vectors, { b: true });
    engine.dispose(left, vectors);
    return root;
  }

  dispose(): void {
    this.engine.dispose(this.weights, ...(this.selfGram ? [this.selfGram] : []));
    this.selfGram = undefined;
  }
}

/** `left · C · right` with the corrections of both sides, in host memory; disposes `cross`. */
export async function correctedCross(
  engine: Engine,
  cross: Handle,
  left: Handle | undefined,
  right: Handle | undefined,
): Promise<HostMatrix> {
  let block = cross;
  const swap = (next: Handle): void => {
    engine.dispose(block);
    block = next;
  };
  if (left) swap(await engine.multiply(left, block));
  if (right) swap(await engine.multiply(block, right));
  const result = await engine.download(block);
  engine.dispose(block);
  return result;
}

/** Squared distances `‖xᵢ − μ‖²` of the rows from the mean, as debiased estimators need them. */
export function squaredNorms({ rows, cols, data }: Matrix, mean: Float64Array): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += (data[i * cols + j] - mean[j]) ** 2;
    return sum;
  });
}

/** Sum of products of two vectors of one length. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

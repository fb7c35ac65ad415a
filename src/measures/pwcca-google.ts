/**
 * The weights that google/svcca's `pwcca.py` computes, from factors alone.
 *
 * Its directions are `uᵢᵀ(x − μ) + μᵢ`, where `u` are singular vectors of the whitened cross-covariance in the basis of the
 * neurons: the whitening is omitted, and a mean is added to each. Because of the mean the value depends on the sign of each
 * `uᵢ`, which is an accident of the LAPACK behind numpy; {@link lapackSvd} reproduces it up to 25 neurons, an engine
 * with `lapackSigns` at any size.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import type { Factor } from '../factor/factor.js';
import { multiply, orthonormalise, thinSvd } from '../factor/small.js';
import { lapackSvd } from './lapack-svd.js';
import type { LapackSvd } from './lapack-svd.js';
import { rawCoordinates } from './raw.js';

/** Neurons up to which LAPACK's signs are reproduced without a LAPACK: above, it divides and conquers. */
export const LAPACK_SIGNS_UP_TO = 25;

/** Whether google's own signs can be had for two sides. */
export function hasLapackSigns(engine: Engine, side: Factor, other: Factor): boolean {
  return engine.lapackSigns === true || Math.min(alive(side), alive(other)) <= LAPACK_SIGNS_UP_TO;
}

function alive({ neurons, dead }: Factor): number {
  return neurons - dead;
}

/**
 * @param side - factor of the side whose activations weigh.
 * @param other - factor of the other side.
 * @param cross - cross block with `side` in rows.
 * @param variates - left singular vectors of `cross` `[rank, k]`.
 * @returns `Σⱼ|⟨pᵢ, xⱼ⟩|` for the orthonormalised directions `pᵢ` and the raw neurons `xⱼ`.
 */
export async function googleWeights(
  engine: Engine,
  side: Factor,
  other: Factor,
  cross: HostMatrix,
  variates: HostMatrix,
): Promise<Float64Array> {
  const { s, samples } = side;
  const rank = s.length;
  const k = variates.cols;
  const live = liveNeurons(side);
  const signs = await lapackSigns(engine, side, other, cross, variates);
  // Directions in the basis [U, 1/√n]: the centred part is S·variates, the mean part √n·μᵢ.
  const directions = zeros(rank + 1, k);
  for (let j = 0; j < k; j++) {
    for (let i = 0; i < rank; i++) directions.data[i * k + j] = s[i] * variates.data[i * k + j] * signs[j];
    directions.data[rank * k + j] = Math.sqrt(samples) * side.mean[live[j]];
  }
  const basis = await orthonormalise(engine, directions);
  const inner = await multiply(engine, basis, rawCoordinates(side), { a: true });
  return Float64Array.from({ length: k }, (_, i) =>
    live.reduce((sum, j) => sum + Math.abs(inner.data[i * side.neurons + j]), 0),
  );
}

/** Signs that turn `V·variates` to the singular vectors that LAPACK returns for the whitened cross-covariance. */
async function lapackSigns(
  engine: Engine,
  side: Factor,
  other: Factor,
  cross: HostMatrix,
  variates: HostMatrix,
): Promise<Float64Array> {
  const ones = new Float64Array(variates.cols).fill(1);
  const [left, right] = [liveRows(side), liveRows(other)];
  if (!hasLapackSigns(engine, side, other)) return ones;
  const half = await multiply(engine, left, cross);
  const whitened = await multiply(engine, half, right, { b: true });
  const small = Math.min(left.rows, right.rows) <= LAPACK_SIGNS_UP_TO;
  const u = small ? leftVectors(lapackSvd(whitened)) : (await thinSvd(engine, whitened)).u;
  const ours = await multiply(engine, left, variates);
  return ones.map((_, j) => {
    let inner = 0;
    for (let i = 0; i < left.rows; i++) inner += u.data[i * u.cols + j] * ours.data[i * ours.cols + j];
    return inner < 0 ? -1 : 1;
  });
}

function leftVectors({ u, k }: LapackSvd): HostMatrix {
  return { rows: u.length / k, cols: k, data: u };
}

/** Indices of the neurons that change at all; google masks the others away. */
function liveNeurons({ v, neurons }: Factor): number[] {
  const live: number[] = [];
  for (let j = 0; j < neurons; j++) {
    if (v.data.subarray(j * v.cols, (j + 1) * v.cols).some((value) => value !== 0)) live.push(j);
  }
  return live;
}

/** Rows of `v` of the live neurons. */
function liveRows(factor: Factor): HostMatrix {
  const { v } = factor;
  const live = liveNeurons(factor);
  const out = zeros(live.length, v.cols);
  live.forEach((j, row) => {
    out.data.set(v.data.subarray(j * v.cols, (j + 1) * v.cols), row * v.cols);
  });
  return out;
}

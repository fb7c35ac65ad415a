/**
 * Conventions that skip centring, computed from the centred factors: `X = [U, 1/√n] · [S·Vᵀ; √n·μᵀ]`, so that no second
 * pass over the samples is needed.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { HostMatrix } from '../engines/engine.js';
import type { Factor } from '../factor/factor.js';
import { scaleColumns, transpose } from '../factor/small.js';

/** Coordinates `S·Vᵀ` `[rank, neurons]` of the centred samples in the basis `U`. */
export function centredCoordinates({ v, s }: Factor): HostMatrix {
  return transpose(scaleColumns(v, s));
}

/** Coordinates `[S·Vᵀ; √n·μᵀ]` `[rank + 1, neurons]` of the raw samples in the basis `[U, 1/√n]`. */
export function rawCoordinates(factor: Factor): HostMatrix {
  const { samples, neurons, mean } = factor;
  const centred = centredCoordinates(factor);
  const out = zeros(centred.rows + 1, neurons);
  out.data.set(centred.data);
  out.data.set(
    mean.map((value) => Math.sqrt(samples) * value),
    centred.data.length,
  );
  return out;
}

/** `C` with one more row and column for the constant direction `1/√n`, which both sides share. */
export function withConstant(cross: HostMatrix): HostMatrix {
  const out = zeros(cross.rows + 1, cross.cols + 1);
  for (let i = 0; i < cross.rows; i++) {
    out.data.set(cross.data.subarray(i * cross.cols, (i + 1) * cross.cols), i * out.cols);
  }
  out.data[out.data.length - 1] = 1;
  return out;
}

/**
 * Layers with fewer samples than neurons, factored from their smaller, n × n side.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { Engine } from '../engines/engine.js';
import { centre, layerOf } from './centred.js';
import type { Layer } from './centred.js';
import { FLOAT32_TOLERANCE } from './factor.js';
import { roundingOf } from './rounding.js';
import type { Rounding } from './rounding.js';
import { scaleColumns, transpose } from './small.js';

/** The direct route: `Xᵀ = QR`, `Rᵀ = A·S·Bᵀ`; the basis is `A`, and `V = Q·B`. */
export async function factorWide(engine: Engine, x: Matrix, known?: Rounding): Promise<Layer> {
  const centred = await centre(engine, x);
  const rounding = known ?? roundingOf(x, centred.samples, centred.mean);
  const uploaded = await engine.upload(transpose(centred.samples));
  // Centred rows sum to nothing, so these columns are dependent: the Cholesky route would only fail.
  const { q, r } = await engine.qr(uploaded);
  const flipped = await engine.upload(transpose(await engine.download(r)));
  const { u, s, v } = await engine.svd(flipped);
  const product = await engine.multiply(q, v);
  const [left, right] = [await engine.download(u), await engine.download(product)];
  engine.dispose(uploaded, q, r, flipped, u, v, product);
  return layerOf(x, centred, { v: right, s, method: 'direct', rounding }, (pick) =>
    engine.upload(pick(left)),
  );
}

/** The moments route: `XXᵀ = U·S²·Uᵀ`, `V = XᵀU·S⁻¹`. Squaring halves the digits, as in the Gram matrix of the neurons. */
export async function factorRows(engine: Engine, x: Matrix, known?: Rounding): Promise<Layer> {
  const centred = await centre(engine, x);
  const rounding = known ?? roundingOf(x, centred.samples, centred.mean);
  const uploaded = await engine.upload(transpose(centred.samples));
  const products = await engine.accumulateGram(uploaded, new Float64Array(x.rows));
  const { values, vectors } = await engine.eigSymmetric(products, x.rows - 1);
  const s = values.slice(0, vectors.cols).map((value) => Math.sqrt(Math.max(0, value)));
  const directions = await engine.multiply(uploaded, vectors);
  const [left, right] = [await engine.download(vectors), await engine.download(directions)];
  engine.dispose(uploaded, products, vectors, directions);
  const inverse = s.map((value) => (value > FLOAT32_TOLERANCE * s[0] ? 1 / value : 0));
  const found = { v: scaleColumns(right, inverse), s, method: 'moments', rounding } as const;
  return layerOf(x, centred, found, (pick) => engine.upload(pick(left)));
}

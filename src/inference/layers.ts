/**
 * One side in memory with its basis, for what is computed of many cross blocks of the same two sides.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { Engine, Handle } from '../engines/engine.js';
import type { Layer } from '../factor/centred.js';
import { Projector } from '../factor/cross.js';
import { factorDirect } from '../factor/direct.js';
import type { Route } from '../factor/in-memory.js';
import { keptDirections } from '../factor/keep.js';
import type { Keep } from '../factor/keep.js';
import { Moments, factorMoments } from '../factor/moments.js';
import { precisionOf } from '../factor/rounding.js';
import { leadingBlock } from '../factor/small.js';
import { factorRows } from '../factor/wide.js';

/** Factors a layer; its basis has the kept directions alone. The caller disposes the basis. */
export async function layerInMemory(
  engine: Engine,
  x: Matrix,
  route: Route,
  keep: Keep | 'all',
): Promise<Layer> {
  if (route === 'moments' && x.rows >= x.cols) return byMoments(engine, x, keep);
  const layer = await (route === 'moments' ? factorRows(engine, x) : factorDirect(engine, x));
  const kept = keptDirections(layer.factor.s, keep);
  if (layer.basis === undefined || kept === layer.basis.cols) return layer;
  const whole = await engine.download(layer.basis);
  engine.dispose(layer.basis);
  return { factor: layer.factor, basis: await engine.upload(leadingBlock(whole, x.rows, kept)) };
}

async function byMoments(engine: Engine, x: Matrix, keep: Keep | 'all'): Promise<Layer> {
  const samples = await engine.upload(x);
  const moments = new Moments(engine, x.cols);
  await moments.add(samples, precisionOf(x));
  const factor = await factorMoments(engine, await moments.data());
  moments.dispose();
  const kept = keptDirections(factor.s, keep);
  if (kept === 0) {
    engine.dispose(samples);
    return { factor };
  }
  const projector = await Projector.open(engine, factor, kept);
  let basis: Handle = await projector.rows(samples);
  const correction = await projector.correction();
  if (correction) {
    const corrected = await engine.multiply(basis, correction);
    engine.dispose(basis, correction);
    basis = corrected;
  }
  projector.dispose();
  engine.dispose(samples);
  return { factor, basis };
}

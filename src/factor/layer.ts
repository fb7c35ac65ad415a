/**
 * A layer held in memory: which route factors it, and its factor with a basis.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { Engine } from '../engines/engine.js';
import { keyword } from '../options.js';
import { Projector } from './cross.js';
import { factorDirect } from './direct.js';
import type { Layer } from './direct.js';
import type { Method } from './factor.js';
import { Moments, factorMoments } from './moments.js';

export type { Layer } from './direct.js';

/** What `method` may be. */
export type MethodChoice = 'auto' | Method;

/** Working memory in bytes that `auto` may use for bases in memory. */
export const DEFAULT_MEMORY = 2 ** 30;

/**
 * Resolves `'auto'` for layers held in memory: `direct` for float64 data whose bases fit `memory`, and wherever there
 * are fewer samples than neurons (the Gram matrix would be the larger side); else `moments`.
 */
export function chooseMethod(
  choice: MethodChoice,
  layers: readonly Matrix[],
  memory = DEFAULT_MEMORY,
): Method {
  const method = keyword('method', choice, ['auto', 'moments', 'direct']);
  if (method !== 'auto') return method;
  const bytes = layers.reduce((sum, { rows, cols }) => sum + 16 * rows * cols, 0);
  const precise = layers.some(({ data }) => data instanceof Float64Array);
  const wide = layers.every(({ rows, cols }) => rows < cols);
  return (precise || wide) && bytes <= memory ? 'direct' : 'moments';
}

/** Factors a layer in memory by the given route. The caller disposes its basis. */
export async function factorLayer(engine: Engine, x: Matrix, method: Method): Promise<Layer> {
  if (method === 'direct') return factorDirect(engine, x);
  const moments = new Moments(engine, x.cols);
  await moments.add(x);
  const factor = await factorMoments(engine, await moments.data());
  moments.dispose();
  const projector = await Projector.open(engine, factor, factor.s.length);
  const basis = await projector.rows(x);
  const correction = await projector.correction();
  projector.dispose();
  if (correction === undefined) return { factor, basis };
  const refined = await engine.multiply(basis, correction);
  engine.dispose(basis, correction);
  return { factor, basis: refined };
}

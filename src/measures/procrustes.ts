/**
 * Orthogonal Procrustes (Schönemann 1966) on centred sides scaled to Frobenius norm 1: `‖XᵀY‖_*` and its distances.
 *
 * @module
 */
import { keyword, knownKeys } from '../options.js';
import { singularValues } from '../factor/small.js';
import type { Measure } from './measure.js';
import { scaledCross } from './scaled-cross.js';

/** Options of {@link procrustes}. */
export interface ProcrustesOptions {
  /**
   * With `p = ‖XᵀY‖_*`: `'similarity'` `p`; `'distance'` `1 − p` (anatome); `'squaredDistance'` `2 − 2p` (Ding et al. 2021);
   * `'euclideanDistance'` `√(2 − 2p)` (ReSi); `'angle'` `arccos p` in radians (netrep). The last two are metrics.
   * @defaultValue `'similarity'`
   */
  readonly output?: keyof typeof outputs;
}

const outputs = {
  similarity: (p: number) => p,
  distance: (p: number) => 1 - p,
  squaredDistance: (p: number) => 2 - 2 * p,
  euclideanDistance: (p: number) => Math.sqrt(2 - 2 * p),
  angle: (p: number) => Math.acos(p),
};

/** Orthogonal Procrustes similarity. */
export const procrustesMeasure: Measure<ProcrustesOptions> = {
  name: 'procrustes',
  reference:
    'Schönemann 1966; Ding, Denain, Steinhardt 2021, arXiv 2108.01661; Williams et al. 2021, arXiv 2110.14739',
  invariances: ['orthogonal', 'isotropic scaling', 'translation'],
  cost: 'n·d² and d³ a layer, n·d² and d³ a pair',
  symmetric: true,
  defaults: Object.freeze({ output: 'similarity' }),

  resolve(options) {
    knownKeys('procrustes', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return { output: keyword('output', all.output, Object.keys(outputs) as (keyof typeof outputs)[]) };
  },

  needs: () => ({ keep: 'all' }),

  async evaluate(pair, { output }, engine) {
    const norm = Math.hypot(...pair.x.s) * Math.hypot(...pair.y.s);
    const values = await singularValues(engine, scaledCross(pair));
    const nuclear = values.reduce((sum, value) => sum + value, 0);
    const p = norm === 0 ? 0 : Math.min(1, nuclear / norm);
    return { score: outputs[output](p), kept: { x: pair.x.rank, y: pair.y.rank } };
  },
};

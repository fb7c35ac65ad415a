/**
 * From finished runs to the exhibits of a study.
 *
 * @module
 */
import { convergence } from './convergence.js';
import { groupRuns } from './groups.js';
import type { Exhibits, ExhibitsInput } from './input.js';
import { performance } from './performance.js';
import { similarities } from './similarities.js';

/**
 * Makes the seven exhibits of finished runs.
 *
 * Networks are loaded one at a time and disposed of. Of one architecture at a time, the activations of its `random` and
 * `pretrained` networks are held, `4·datapoints·neurons` bytes for each layer that is compared.
 *
 * @throws what `load`, `logits` and `images` throw; OptionError for a measure that a study cannot take; the signal's reason
 */
export async function exhibits(input: ExhibitsInput): Promise<Exhibits> {
  input.signal?.throwIfAborted();
  const groups = groupRuns(input);
  const areas = await performance(groups, input);
  const compared = await similarities(groups, input);
  return {
    ...areas,
    ...compared,
    convergence: convergence(groups, input),
    warnings: [...areas.warnings, ...compared.warnings],
  };
}

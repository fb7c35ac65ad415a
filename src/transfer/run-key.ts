/**
 * Runs by content: what decides the numbers of a training, and nothing else, becomes its key.
 *
 * @module
 */
import type { LayersModel } from '@tensorflow/tfjs';
import { parseCondition } from './conditions.js';
import type { Condition } from './conditions.js';
import type { ModelSpec } from './models.js';
import { sha256 } from './sha256.js';
import type { ResolvedTraining } from './train-options.js';

/** Of the code that initialises and trains: a change of it that changes numbers makes every key another. */
const TRAINING_VERSION = 1;

/** Everything that decides the numbers of a run. */
export interface RunContent {
  readonly spec: ModelSpec;
  /** Absent for a training on the source data. */
  readonly condition?: Condition;
  /** With the seed, and steps counted for these data: epochs and the same number of steps are one training. */
  readonly training: ResolvedTraining;
  /** Fingerprint of the images that are trained and tested on. */
  readonly data: string;
  /** Fingerprint of the weights that the condition starts from, where it uses any. */
  readonly pretrained?: string;
  /** Name of the tfjs backend: the same training rounds differently on another. */
  readonly backend: string;
}

/** The key of a run: 32 hexadecimal digits. */
export async function runKey({ condition, ...content }: RunContent): Promise<string> {
  // 'hybrid:block2:0.50' and 'hybrid:block2:.5' are one condition.
  const parsed = condition && parseCondition(condition);
  return digest(
    new TextEncoder().encode(canonical({ ...content, condition: parsed, version: TRAINING_VERSION })),
  );
}

/** What tells one network from another: names, shapes and values of its weights. */
export async function fingerprintModel(model: LayersModel): Promise<string> {
  const parts = await Promise.all(
    model.weights.map(async (weight) => {
      const value = weight.read();
      return [weight.originalName, value.shape, await digest(await value.data())];
    }),
  );
  return digest(new TextEncoder().encode(canonical(parts)));
}

/** JSON in which equal values are equal text: keys in order, nothing that is undefined. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** SHA-256, the first 32 of its hexadecimal digits. */
async function digest(values: ArrayBufferView): Promise<string> {
  return (await sha256(values)).slice(0, 32);
}

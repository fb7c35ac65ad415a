/** A study that a test can run in seconds, and stores that say what happens to them. */
import { Random } from '../../src/random.js';
import type { LabelledImages, Splits } from '../../src/transfer/labelled-images.js';
import type { StudyPlan } from '../../src/transfer/plan.js';
import { memoryStore, type Store } from '../../src/transfer/store.js';

/** Stripes along one axis or another, in noise: `classes` directions. */
export function stripes(count: number, seed: number, classes = 2, size = 8): LabelledImages {
  const random = new Random(seed);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
  const images = new Uint8Array(count * size * size);
  labels.forEach((label, i) => {
    const angle = (Math.PI * label) / classes;
    const phase = random.uniform();
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const along = (x * Math.cos(angle) + y * Math.sin(angle)) / 3 + phase;
        const wave = Math.sin(2 * Math.PI * along);
        images[(i * size + y) * size + x] = Math.floor(128 + 50 * wave + 70 * (random.uniform() - 0.5));
      }
    }
  });
  const names = Array.from({ length: classes }, (_, k) => `direction ${k}`);
  return { images, shape: [count, size, size, 1], labels, task: 'classes', classes: names };
}

export const data: { readonly target: Splits; readonly source: Splits } = {
  target: { train: stripes(24, 1), validation: stripes(12, 2), test: stripes(16, 3) },
  source: { train: stripes(24, 4, 3), validation: stripes(12, 5, 3), test: stripes(12, 6, 3) },
};

export const plan = {
  title: 'Stripes',
  data: { target: { from: 'stripes' }, source: { from: 'more stripes' } },
  models: { tiny: { family: 'cbr-Tiny', width: 1 / 16 } },
  conditions: ['random', 'pretrained', 'meanVar', 'transfuse:block1', 'hybrid:block1:0.5'],
  seeds: [1, 2],
  training: { steps: 4, batchSize: 8, learningRate: 0.01, evaluateEvery: 2 },
  pretraining: { steps: 3 },
} as const satisfies StudyPlan;

/** A store whose process dies at a write: nothing is written from then on. */
export class Killed extends Error {}

/** Counts writes; where `until` is given, the write of that number and all later ones do not happen. */
export function watched(inner: Store = memoryStore(), until = Infinity) {
  const written: string[] = [];
  const store: Store = {
    ...inner,
    write: async (name, bytes) => {
      if (written.length >= until) throw new Killed(name);
      written.push(name);
      await inner.write(name, bytes);
    },
    remove: async (name) => {
      if (written.length >= until) throw new Killed(name);
      await inner.remove(name);
    },
  };
  return { store, written };
}

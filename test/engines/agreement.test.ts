/** All engines of float64 on the activations of two real checkpoints: the same scores, whichever computes. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActivationBatch, ActivationSet } from '../../src/capture/activations.js';
import { capture } from '../../src/capture/capture.js';
import { compare } from '../../src/compare/compare.js';
import type { Engine, EngineName } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { UnsupportedError } from '../../src/errors.js';
import type { MeasureName } from '../../src/measures/registry.js';
import { chooseBackend, loadModel } from '../../src/node/index.js';
import { mnistTest } from '../../examples/compare-checkpoints/mnist.js';
import { distance, root } from '../support.js';

const IMAGES = 300;
const MEASURES: MeasureName[] = ['svcca', 'cca', 'pwcca', 'cka', 'procrustes', 'pls'];

/** Engines that work here, with the reason why another does not. */
await chooseBackend();
const candidates: EngineName[] = ['wasm', 'lapack', 'tensorflow'];
const opened = await Promise.all(
  candidates.map(async (name) => {
    try {
      return { name, engine: await openEngine(name), reason: undefined };
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      return { name, engine: undefined, reason: error.message.split('\n', 1)[0] };
    }
  }),
);

/** The same activations for every engine, whatever a second run of the model would give. */
async function remembered(set: ActivationSet): Promise<ActivationSet> {
  const held: ActivationBatch[] = [];
  for await (const batch of set.batches()) held.push(batch);
  return {
    ...set,
    samples: set.samples,
    batches: async function* () {
      yield* held;
    },
  };
}

describe('scores of two checkpoints', () => {
  let sides: ActivationSet[];
  const expected = new Map<MeasureName, Float64Array>();

  const scores = async (measure: MeasureName, engine: Engine) =>
    (await compare(sides[0], sides[1], undefined, { measure, engine, positions: 9 })).scores;

  beforeAll(async () => {
    const { images } = await mnistTest(IMAGES);
    const data = { shape: [IMAGES, 28, 28, 1], data: images };
    sides = [];
    for (const name of ['scratch-1', 'pretrained']) {
      const loaded = await loadModel(join(root, 'examples', 'compare-checkpoints', 'checkpoints', name));
      if (loaded.kind !== 'layers') throw new Error('a layers model');
      sides.push(await remembered(await capture(loaded.model, data, { layers: /^(relu[12]|logits)$/ })));
      loaded.model.dispose();
    }
    const oracle = await openEngine('ml-matrix');
    for (const measure of MEASURES) expected.set(measure, await scores(measure, oracle));
  }, 120_000);
  afterAll(async () => {
    for (const { engine } of opened) await engine?.close?.();
  });

  describe.each(opened)('$name', ({ name, engine, reason }) => {
    it.skipIf(engine === undefined).each(MEASURES)(
      `%s by ${name} is that of ml-matrix to 1e-8${reason === undefined ? '' : ` (skipped: ${reason})`}`,
      async (measure) => {
        const found = await scores(measure, engine!);
        const reference = expected.get(measure)!;
        const scale = Math.max(1, ...reference);
        expect(distance(found, reference)).toBeLessThanOrEqual(1e-8 * scale);
      },
    );
  });
});

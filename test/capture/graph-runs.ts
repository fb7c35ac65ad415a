/** What the tests of graphs share: models that are disposed of after a test, runs of a probe, comparison with tensors. */
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, expect } from 'vitest';
import { listLayers, openProbe, type RawActivation } from '../../src/capture/probe.js';
import { distance } from '../support.js';
import { withoutLeak } from './models.js';

beforeAll(async () => {
  tf.env().set('PROD', true);
  await tf.setBackend('cpu');
});

const open: { dispose(): void }[] = [];
afterEach(() => {
  for (const thing of open.splice(0)) thing.dispose();
});
/** Disposes of it after the test. */
export const kept = <T extends { dispose(): void }>(thing: T): T => {
  open.push(thing);
  return thing;
};

/** What a probe of these nodes gives. */
export const run = async (
  model: tf.GraphModel,
  names: string[],
  ...inputs: tf.Tensor[]
): Promise<RawActivation[]> => {
  const probe = await openProbe(model, names.map((name) => ({ name }))); // prettier-ignore
  const found = await withoutLeak(() => probe.run(inputs));
  return names.map((name) => found.get(name)!);
};

/** Values and shape are those of `expected`, which is disposed. */
export async function equal(found: RawActivation, expected: tf.Tensor, tolerance = 1e-6): Promise<void> {
  expect(found.shape).toEqual(expected.shape);
  expect(distance(Array.from(found.data, Number), await expected.data())).toBeLessThanOrEqual(tolerance);
  expected.dispose();
}

export const weight = (model: tf.GraphModel, name: string): tf.Tensor => model.weights[name][0];
export const brief = (model: tf.GraphModel) =>
  listLayers(model).map(({ name, kind, shape, parameters, leftOut }) => [
    name,
    kind,
    shape,
    parameters,
    leftOut,
  ]);

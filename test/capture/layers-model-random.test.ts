/** Random models of sequences, with masks, branches, shared layers and models in them, against what predict computes inside. */
import { fc, test } from '@fast-check/vitest';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect } from 'vitest';
import { listLayers, openProbe } from '../../src/capture/probe.js';
import { images, names, randomise, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => {
  tf.disposeVariables();
});

const STEPS = 4;
const CHANNELS = 3;

/** Layers from sequences to sequences of one shape, so that any may follow any. */
const kinds = {
  lstm: (name: string) => tf.layers.lstm({ name, units: CHANNELS, returnSequences: true }),
  gru: (name: string) => tf.layers.gru({ name, units: CHANNELS, returnSequences: true }),
  dense: (name: string) => tf.layers.dense({ name, units: CHANNELS, activation: 'tanh' }),
  conv: (name: string) => tf.layers.conv1d({ name, filters: CHANNELS, kernelSize: 3, padding: 'same' }),
  drop: (name: string) => tf.layers.dropout({ name, rate: 0.5 }),
  norm: (name: string) => tf.layers.layerNormalization({ name }),
  masking: (name: string) => tf.layers.masking({ name }),
  both: (name: string) =>
    tf.layers.bidirectional({
      name,
      layer: tf.layers.simpleRNN({ units: CHANNELS, returnSequences: true }),
      mergeMode: 'sum',
    }),
  steps: (name: string) => tf.layers.timeDistributed({ name, layer: tf.layers.dense({ units: CHANNELS }) }),
  model: (name: string) =>
    tf.sequential({
      name,
      layers: [
        tf.layers.masking({ name: `${name}m`, inputShape: [STEPS, CHANNELS] }),
        tf.layers.lstm({ name: `${name}l`, units: CHANNELS, returnSequences: true }),
      ],
    }),
  add: (name: string) => tf.layers.add({ name }),
  maximum: (name: string) => tf.layers.maximum({ name }),
};
type Kind = keyof typeof kinds;

/** Masks and what reads them come often: the rest has no influence on one another. */
const drawn = [
  ...Object.keys(kinds),
  ...Array<string>(8).fill('masking'),
  ...Array<string>(12).fill('gru'),
] as Kind[];

/** A model as a list of steps: what kind of layer, on which of the tensors before. */
const models = fc.record({
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom(...drawn),
      on: fc.nat(),
      and: fc.nat(),
      again: fc.boolean(),
    }),
    { minLength: 4, maxLength: 8 },
  ),
  outputs: fc.array(fc.nat(), { minLength: 2, maxLength: 4 }),
  wanted: fc.array(fc.nat(), { minLength: 1, maxLength: 2 }),
});

function build({
  steps,
  outputs,
}: {
  steps: { kind: Kind; on: number; and: number; again: boolean }[];
  outputs: number[];
}) {
  const inputs = ['a', 'b'].map((name) => tf.input({ shape: [STEPS, CHANNELS], name }));
  const tensors = [...inputs];
  let last: tf.layers.Layer | undefined;
  steps.forEach(({ kind, on, and, again }, i) => {
    const x = tensors[on % tensors.length];
    const merges = kind === 'add' || kind === 'maximum';
    const layer = again && last && !merges ? last : (kinds[kind](`${kind}${i}`) as tf.layers.Layer);
    if (!merges) last = layer;
    tensors.push(layer.apply(merges ? [x, tensors[and % tensors.length]] : x) as tf.SymbolicTensor);
  });
  const chosen = [...new Set(outputs.map((at) => tensors[tensors.length - 1 - (at % (tensors.length - 2))]))];
  // Inputs that lead to no output are left out.
  const reached = new Set<tf.SymbolicTensor>();
  const visit = (tensor: tf.SymbolicTensor): void => {
    if (reached.has(tensor)) return;
    reached.add(tensor);
    tensor.inputs.forEach(visit);
  };
  chosen.forEach(visit);
  return randomise(
    tf.model({ inputs: inputs.filter((input) => reached.has(input)), outputs: chosen, name: 'random' }),
  );
}

/** What every layer gave while `body` ran, call by call. */
function watched(layers: readonly tf.layers.Layer[], body: () => void): Map<tf.layers.Layer, number[][]> {
  const seen = new Map<tf.layers.Layer, number[][]>();
  for (const layer of layers) {
    const original = layer.call.bind(layer);
    layer.call = (inputs, settings) => {
      const output = original(inputs, settings);
      const [tensor] = [output].flat();
      seen.set(layer, [...(seen.get(layer) ?? []), Array.from(tensor.dataSync())]);
      return output;
    };
  }
  try {
    body();
  } finally {
    for (const layer of layers) Reflect.deleteProperty(layer, 'call');
  }
  return seen;
}

describe('random models', () => {
  test.prop([models], { numRuns: 150 })(
    'give of any choice of layers what predict computes',
    async (recipe) => {
      const model = build(recipe);
      const data = model.inputs.map((_, i) => {
        const x = images(2, [STEPS, CHANNELS], 5 + i);
        // Steps of nothing but zeros, for the layers that mask them.
        return x.mul(tf.tensor3d([1, 1, 0, 1, 0, 1, 1, 0], [2, STEPS, 1]));
      });
      const inner = model.layers.flatMap((layer) => [
        layer,
        ...('layers' in layer ? (layer.layers as tf.layers.Layer[]) : []),
      ]);
      let expected: Map<tf.layers.Layer, number[][]>;
      try {
        expected = watched(inner, () => {
          model.predict(data);
        });
      } catch {
        // tfjs cannot use the masks of merged branches itself.
        return;
      }
      const listed = names(listLayers(model));
      const wanted = [...new Set(recipe.wanted.map((at) => listed[at % listed.length]))];
      const probe = await openProbe(
        model,
        wanted.map((name) => ({ name })),
      );
      const raw = await withoutLeak(() => probe.run(data));
      for (const [name, activation] of raw) {
        const own = name.split('/').at(-1)!.replace(/@\d+$/, '');
        const layer = inner.find((one) => one.name === own)!;
        const calls = expected.get(layer);
        // Inputs are not called.
        if (calls === undefined) continue;
        expect(
          calls.map((call) => call.join()),
          name,
        ).toContain(Array.from(activation.data).join());
      }
      tf.dispose(data);
      model.dispose();
    },
  );
});

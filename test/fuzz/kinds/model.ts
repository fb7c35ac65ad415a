/** `model.json` with its weights, on disk. */
import * as tf from '@tensorflow/tfjs';
import { loadModel } from '../../../src/node/models.js';
import { Random } from '../../../src/random.js';
import { FLOOR, WrongRead, sizeOf } from '../kind.js';
import type { Case, Kind } from '../kind.js';
import { BYTES, TEXT, bytesOf, concat, damage, pick } from '../mutate.js';
import { mutateJson } from '../mutate-json.js';
import { valuesOf } from '../oracles.js';

interface Spec {
  readonly name: string;
  readonly shape: number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale?: number; readonly min?: number };
}

interface Json {
  format: string;
  modelTopology: object;
  weightsManifest: { paths: string[]; weights: Spec[] }[];
}

interface Seed {
  readonly name: string;
  readonly json: Json;
  readonly weights: Readonly<Record<string, Uint8Array>>;
}

const float = { type: 'DT_FLOAT' };
const dims = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size: `${size}` })) });
const constant = (name: string, ...sizes: number[]) => ({
  name,
  op: 'Const',
  attr: { dtype: float, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: dims(...sizes) } } },
});

/** What tensorflowjs_converter writes of `relu(x w + b)`. */
const GRAPH: Json = {
  format: 'graph-model',
  modelTopology: {
    node: [
      { name: 'x', op: 'Placeholder', attr: { dtype: float, shape: { shape: dims(-1, 6) } } },
      constant('w', 6, 4),
      constant('b', 4),
      {
        name: 'product',
        op: 'MatMul',
        input: ['x', 'w'],
        attr: { T: float, transpose_a: { b: false }, transpose_b: { b: false } },
      },
      {
        name: 'sum',
        op: 'BiasAdd',
        input: ['product', 'b'],
        attr: { T: float, data_format: { s: 'TkhXQw==' } },
      },
      { name: 'y', op: 'Relu', input: ['sum'], attr: { T: float } },
    ],
    versions: { producer: 808 },
  },
  weightsManifest: [
    {
      paths: ['weights.bin'],
      weights: [
        { name: 'w', shape: [6, 4], dtype: 'float32' },
        { name: 'b', shape: [4], dtype: 'float32' },
      ],
    },
  ],
};

/** A small convolutional network as tfjs saves it. */
async function layersModel(): Promise<Json & { bytes: Uint8Array }> {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [6, 6, 1],
        filters: 2,
        kernelSize: 3,
        activation: 'relu',
        name: 'conv',
      }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ units: 3, name: 'logits' }),
    ],
  });
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      saved = artifacts;
      return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) });
    }),
  );
  model.dispose();
  const bytes = new Uint8Array(new tf.io.CompositeArrayBuffer(saved!.weightData).slice());
  // Weights that no initialiser would give, and none twice.
  const values = Float32Array.from({ length: bytes.length / 4 }, (_, i) => Math.sin(i + 1));
  return {
    format: 'layers-model',
    modelTopology: saved!.modelTopology as object,
    weightsManifest: [{ paths: ['weights.bin'], weights: saved!.weightSpecs as Spec[] }],
    bytes: new Uint8Array(values.buffer),
  };
}

/** The same with weights of fewer bits, in two groups and three files. */
function quantised(json: Json, bytes: Uint8Array): Seed {
  const [{ weights: specs }] = json.weightsManifest;
  const groups = [specs.slice(0, 2), specs.slice(2)].map((group, g) => {
    const dtype = ['uint8', 'float16'][g];
    const quantization = g === 0 ? { dtype, scale: 1 / 128, min: -1 } : { dtype };
    return group.map((spec) => ({ ...spec, quantization }));
  });
  const counts = groups.map((group) => group.reduce((sum, { shape }) => sum + product(shape), 0));
  // Halves from 1 to 2 and every byte: no infinity among them.
  const small = Uint8Array.from({ length: counts[0] }, (_, i) => (i * 29) & 0xff);
  const halves = new Uint8Array(
    Uint16Array.from({ length: counts[1] }, (_, i) => 0x3c00 + ((i * 13) & 0x3ff)).buffer,
  );
  if (bytes.length !== 4 * (counts[0] + counts[1])) throw new Error('the groups are not the model');
  return {
    name: 'quantised',
    json: {
      ...json,
      weightsManifest: [
        { paths: ['small.bin'], weights: groups[0] },
        { paths: ['halves-1.bin', 'halves-2.bin'], weights: groups[1] },
      ],
    },
    weights: {
      'small.bin': small,
      'halves-1.bin': halves.subarray(0, 51),
      'halves-2.bin': halves.subarray(51),
    },
  };
}

const product = (shape: readonly number[]) => shape.reduce((count, size) => count * size, 1);

tf.env().set('PROD', true);
await tf.setBackend('cpu');
const { bytes: layersBytes, ...layersJson } = await layersModel();
const SEEDS: readonly Seed[] = [
  { name: 'layers', json: layersJson, weights: { 'weights.bin': layersBytes } },
  quantised(layersJson, layersBytes),
  {
    name: 'graph',
    json: GRAPH,
    weights: {
      'weights.bin': new Uint8Array(Float32Array.from({ length: 28 }, (_, i) => Math.cos(i + 1)).buffer),
    },
  },
];

/** What the manifest and the files say each weight is, by name; the last of a name counts, as in tfjs. */
function heldWeights({ files }: Case): Map<string, { shape: number[]; values: number[] }> {
  const json = JSON.parse(new TextDecoder().decode(files['model.json'])) as Json;
  const held = new Map<string, { shape: number[]; values: number[] }>();
  for (const { paths, weights } of json.weightsManifest) {
    const bytes = concat(...paths.map((path) => files[path]));
    let at = 0;
    for (const { name, shape, dtype, quantization } of weights) {
      const type = { float32: 'f4', int32: 'i4', bool: 'b1', uint8: 'u1', uint16: 'u2', float16: 'f2' }[
        quantization?.dtype ?? dtype
      ];
      if (type === undefined) throw new WrongRead(`a weight of ${dtype} was taken`);
      const size = product(shape) * Number(type[1] === '1' ? 1 : type[1]);
      const { scale = 1, min = 0 } = quantization ?? {};
      held.set(name, {
        shape,
        values: valuesOf(bytes.subarray(at, at + size), type, true).map((value) => value * scale + min),
      });
      at += size;
    }
  }
  return held;
}

function weightsOf({ kind, model }: Awaited<ReturnType<typeof loadModel>>): [string, tf.Tensor][] {
  if (kind === 'graph') return Object.entries(model.weights).map(([name, [tensor]]) => [name, tensor]);
  return model.weights.map((weight) => [
    (weight as unknown as { originalName: string }).originalName,
    weight.read(),
  ]);
}

/** Every weight of a model, as its file has it. */
function expectWeights(loaded: Awaited<ReturnType<typeof loadModel>>, damaged: Case): void {
  const held = heldWeights(damaged);
  for (const [name, tensor] of weightsOf(loaded)) {
    const { shape, values } = held.get(name) ?? {};
    if (shape?.join() !== tensor.shape.join())
      throw new WrongRead(`${name} of [${tensor.shape.join()}] instead of [${shape?.join()}]`);
    for (const [i, value] of tensor.dataSync().entries()) {
      const wanted = Math.fround(values![i]);
      if (!(Math.abs(value - wanted) <= 1e-6 * Math.abs(wanted)) && !Object.is(value, wanted)) {
        throw new WrongRead(`${name}[${i}] is ${value} instead of ${wanted}`);
      }
    }
  }
}

export const model: Kind = {
  onDisk: true,
  make: (number) => {
    const random = new Random(number, 4);
    const { name, json, weights } = pick(SEEDS, random);
    const text = bytesOf(JSON.stringify(json));
    const which = random.integer(6);
    if (which === 0) {
      const file = pick(Object.keys(weights), random);
      return {
        seed: name,
        files: { 'model.json': text, ...weights, [file]: damage(weights[file], BYTES, random) },
      };
    }
    const damaged =
      which < 3 ? damage(text, [...BYTES, ...TEXT, ...TEXT], random) : bytesOf(mutateJson(json, random));
    return { seed: name, files: { 'model.json': damaged, ...weights } };
  },
  read: async (damaged, path) => {
    const before = tf.memory().numTensors;
    try {
      const loaded = await loadModel(path);
      try {
        expectWeights(loaded, damaged);
      } finally {
        loaded.model.dispose();
      }
    } finally {
      const left = tf.memory().numTensors - before;
      // eslint-disable-next-line no-unsafe-finally -- whatever was thrown before, tensors were left
      if (left !== 0) throw new WrongRead(`${left} tensors are left`);
    }
  },
  needsOffset: () => false,
  most: (damaged) => 4 * sizeOf(damaged) + FLOOR,
};

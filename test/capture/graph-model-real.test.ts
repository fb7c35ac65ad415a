/** Real graph and layers models, as the package nsfwjs ships them. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { listLayers, openProbe } from '../../src/capture/probe.js';
import { selectLayers } from '../../src/capture/select.js';
import { compare } from '../../src/compare/compare.js';
import { chooseBackend } from '../../src/node/backend.js';
import { loadModel } from '../../src/node/models.js';
import { Random } from '../../src/random.js';
import { unpackNsfw } from '../nsfwjs.js';
import { distance, root } from '../support.js';
import { withoutLeak } from './models.js';

process.env['SVCCA_TFJS_NODE'] ??= join(root, '.native/node_modules/@tensorflow/tfjs-node');
const native = existsSync(join(process.env['SVCCA_TFJS_NODE'], 'lib/napi-v8/tfjs_binding.node'));
const backends = [
  { backend: 'wasm', skipped: false, title: 'wasm' },
  {
    backend: 'tensorflow',
    skipped: !native,
    title: native ? 'tensorflow' : 'tensorflow (skipped: needs SVCCA_TFJS_NODE or npm run native)',
  },
] as const;

let folder: string;
beforeAll(async () => {
  tf.env().set('PROD', true);
  folder = await mkdtemp(join(tmpdir(), 'svcca-nsfwjs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Smooth coloured shapes with edges and some noise, in 0 … 1. */
function photos(samples: number, size: number, seed = 5): tf.Tensor4D {
  const random = new Random(seed);
  const data = new Float32Array(samples * size * size * 3);
  for (let n = 0; n < samples; n++) {
    const waves = Array.from({ length: 4 }, () => random.normals(6));
    const [edge, tilt] = random.normals(2) as unknown as [number, number];
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const [y, x] = [(4 * i) / size - 2, (4 * j) / size - 2];
        for (let c = 0; c < 3; c++) {
          let value = y + tilt * x > edge ? 0.7 : -0.4;
          for (const w of waves) value += 0.5 * w[c] * Math.sin(3 * w[3] * x + 2 * w[4] * y + c * w[5]);
          data[((n * size + i) * size + j) * 3 + c] = 1 / (1 + Math.exp(-value));
        }
      }
    }
  }
  return tf.tensor4d(data, [samples, size, size, 3]);
}

const last = (name: string) => name.split('/').slice(-2).join('/');

/** The layers model of the same network, with the graph's weights; where the graph fuses, a layer for each part. */
function twinOf(graph: tf.GraphModel): tf.LayersModel {
  const { nodes } = (graph as unknown as { executor: { graph: { nodes: Record<string, any> } } }).executor
    .graph;
  const made = new Map<string, tf.SymbolicTensor>();
  const weights: tf.Tensor[] = [];
  const constant = (name: string): tf.Tensor => graph.weights[name][0];
  const input = tf.input({ shape: [224, 224, 3], name: 'input' });
  const scalar = (names: string[]): number =>
    constant(names.find((name) => graph.weights[name] !== undefined)!).dataSync()[0];
  const apply = (name: string, layer: tf.layers.Layer, from: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    made.set(name, layer.apply(from) as tf.SymbolicTensor);
  const activated = (name: string, relu: boolean, layer: (name: string) => tf.layers.Layer): void => {
    apply(name, layer(relu ? `${name}/linear` : name), made.get(nodes[name].inputNames[0])!);
    if (relu) apply(name, tf.layers.reLU({ name, maxValue: 6 }), made.get(name)!);
  };
  for (const node of Object.values(nodes)) {
    const { name, op, inputNames: from } = node as { name: string; op: string; inputNames: string[] };
    const relu =
      listLayers(graph)
        .find((layer) => layer.name === name)
        ?.kind.endsWith('+Relu6') ?? false;
    const strides = (node.attrParams.strides?.value as number[] | undefined)?.[1] ?? 1;
    if (op === 'Placeholder') made.set(name, input);
    else if (op === 'Mul') {
      apply(
        name,
        tf.layers.rescaling({ name, scale: scalar(from) }),
        made.get(from.find((key) => made.has(key))!)!,
      );
    } else if (op === 'Sub') {
      apply(name, tf.layers.rescaling({ name, scale: 1, offset: -scalar(from) }), made.get(from[0])!);
    } else if (op === '_FusedConv2D') {
      const kernel = constant(from[1]);
      const [kernelSize, , , filters] = kernel.shape as [number, number, number, number];
      activated(name, relu, (called) =>
        tf.layers.conv2d({ name: called, filters, kernelSize, strides, padding: 'same' }),
      );
      weights.push(kernel, constant(from[2]));
    } else if (op === 'FusedDepthwiseConv2dNative') {
      activated(name, relu, (called) =>
        tf.layers.depthwiseConv2d({ name: called, kernelSize: 3, strides, padding: 'same' }),
      );
      weights.push(constant(from[1]), constant(from[2]));
    } else if (op === 'AddV2') {
      apply(
        name,
        tf.layers.add({ name }),
        from.map((key) => made.get(key)!),
      );
    } else if (op === 'AvgPool') {
      apply(name, tf.layers.averagePooling2d({ name, poolSize: 7 }), made.get(from[0])!);
    } else if (op === 'Squeeze') apply(name, tf.layers.flatten({ name }), made.get(from[0])!);
    else if (op === '_FusedMatMul') {
      apply(name, tf.layers.dense({ name, units: 5 }), made.get(from[0])!);
      weights.push(constant(from[1]), constant(from[2]));
    } else if (op === 'Softmax') apply(name, tf.layers.softmax({ name }), made.get(from[0])!);
    else if (op !== 'Const' && op !== 'Identity') throw new Error(`no layer for ${op}`);
  }
  const end = [...made.keys()].at(-1)!;
  const twin = tf.model({ inputs: input, outputs: made.get(end)!, name: 'twin' });
  twin.setWeights(weights);
  return twin;
}

describe.each(backends)('models of nsfwjs on $title', ({ backend, skipped }) => {
  describe.skipIf(skipped)('MobileNetV2', () => {
    let model: tf.GraphModel;
    let images: tf.Tensor4D;
    beforeAll(async () => {
      await chooseBackend({ prefer: backend });
      const loaded = await loadModel(unpackNsfw('mobilenet_v2_mid', folder));
      expect(loaded.kind).toBe('graph');
      model = loaded.model as tf.GraphModel;
      images = photos(6, 224);
    }, 60_000);
    afterAll(() => {
      model.dispose();
      images.dispose();
    });

    it('lists every op but constants, with shapes, in order', async () => {
      const layers = await withoutLeak(() => Promise.resolve(listLayers(model)));
      expect(layers).toHaveLength(70);
      expect(layers[3]).toEqual({
        name: expect.stringMatching(/\/MobilenetV2\/Conv\/Relu6$/),
        kind: '_FusedConv2D+BiasAdd+Relu6',
        shape: [112, 112, 48],
        parameters: 3 * 3 * 3 * 48 + 48,
      });
      expect(layers.at(-2)).toMatchObject({ kind: 'Softmax', shape: [5] });
      expect(layers.filter(({ leftOut }) => leftOut !== undefined).map(({ kind }) => kind)).toEqual([
        ...['Placeholder', 'Squeeze', 'Identity'],
      ]);
      expect(selectLayers(layers, 'op:FusedDepthwiseConv2dNative')).toHaveLength(17);
      expect(selectLayers(layers, 'op:Relu6')).toHaveLength(35);
      expect(selectLayers(layers, '*/expanded_conv_16/*,op:AddV2')).toHaveLength(13);
      // Kernels and biases, and nothing else, are its parameters.
      const parameters = layers.reduce((sum, layer) => sum + layer.parameters!, 0);
      const weights = Object.values(model.weights).flat().filter(({ rank }) => rank > 0); // prettier-ignore
      expect(parameters).toBe(weights.reduce((sum, { size }) => sum + size, 0));
    }, 60_000);

    it('every node gives what the same layer of a layers model with the same weights gives', async () => {
      const twin = twinOf(model);
      const names = selectLayers(listLayers(model)).map(({ name }) => name);
      const two = images.slice([0], [2]);
      const select = names.map((name) => ({ name }));
      const [a, b] = [await openProbe(model, select), await openProbe(twin, select)];
      const [left, right] = await withoutLeak(async () => [await a.run([two]), await b.run([two])] as const);
      for (const name of names) {
        const [x, y] = [left.get(name)!, right.get(name)!];
        expect(x.shape, name).toEqual(y.shape);
        const size = Math.max(...(x.data.length < 5e4 ? Array.from(x.data, Math.abs) : [1]));
        expect(distance(x.data as Float32Array, y.data as Float32Array), name).toBeLessThan(
          2e-4 * Math.max(1, size),
        );
      }
      const output = model.predict(two) as tf.Tensor;
      expect(distance(await output.data(), left.get(names.at(-1)!)!.data as Float32Array)).toBe(0);
      expect(output.shape).toEqual([2, 5]);
      two.dispose();
      output.dispose();

      const layers = names.filter((name) => /expanded_conv_(1|8|16)\/(depthwise|add)|Softmax/.test(name));
      const same = await withoutLeak(() =>
        compare(model, twin, images, {
          layers,
          measure: 'cka',
          batchSize: 3,
          positions: 20,
        }),
      );
      expect(layers.length).toBeGreaterThan(4);
      layers.forEach((_, i) => {
        expect(same.scores[i * layers.length + i]).toBeCloseTo(1, 6);
      });
      twin.dispose();
    }, 120_000);

    it('is compared with the layers model of the same package', async () => {
      const { model: other } = await loadModel(unpackNsfw('mobilenet_v2', folder));
      const layersA = ['*/expanded_conv_{3,8,14}/project/*', '*/SpatialSqueeze'];
      const layersB = 'block_{3,8,14}_project_BN,average_pooling2d_1';
      const options = { positions: 12, seed: 4, batchSize: 4 };
      const similarity = await withoutLeak(() =>
        compare(model, other, images, { ...options, layers: layersA, layersB, measure: 'cka' }),
      );
      expect(similarity.rows.map(last)).toEqual([
        ...[3, 8, 14].map(() => 'BatchNorm/FusedBatchNormV3'),
        'feature_vector/SpatialSqueeze',
      ]);
      expect(similarity.cols).toEqual([
        ...['block_3_project_BN', 'block_8_project_BN', 'block_14_project_BN', 'average_pooling2d_1'],
      ]);
      expect(similarity.scores.every((score) => score > 0 && score <= 1)).toBe(true);
      other.dispose();
    }, 120_000);

    it('leaks nothing when the reading is given up', async () => {
      const set = await capture(model, images, { layers: 'op:AddV2', batchSize: 2 });
      await withoutLeak(async () => {
        for await (const { layers } of set.batches()) {
          expect(layers.size).toBe(10);
          break;
        }
      });
    }, 60_000);
  });

  it.skipIf(skipped)(
    'InceptionV3 as a layers model, quantised, in six shards',
    async () => {
      await chooseBackend({ prefer: backend });
      const before = tf.memory().numTensors;
      const { kind, model } = await loadModel(unpackNsfw('inception_v3', folder));
      expect(kind).toBe('layers');
      const layers = listLayers(model);
      expect(selectLayers(layers, 'op:Conv2D')).toHaveLength(94);
      const images = photos(2, 299);
      const { dense_3: dense } = await (
        await capture(model, images, { layers: 'mixed10,dense_3' })
      ).matrices();
      const predicted = model.predict(images) as tf.Tensor;
      expect(distance(dense.data, await predicted.data())).toBeLessThan(1e-6);
      tf.dispose([images, predicted]);
      model.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
    120_000,
  );
});

/**
 * Activations that stay where the model ran, against the same comparison through host memory. The engine here adopts
 * tensors by reading them, so that the way of the tensors is tested wherever tfjs runs.
 */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  applySpatialOnDevice,
  datapointsOnDevice,
  readDeviceBlock,
  toGridOnDevice,
} from '../../src/capture/device.js';
import { applySpatial, datapoints, toBlock, toGrid } from '../../src/capture/spatial.js';
import { compare } from '../../src/compare/compare.js';
import type { CompareOptions } from '../../src/compare/compare.js';
import type { Engine } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { DataError, ShapeError } from '../../src/errors.js';
import { Random } from '../../src/random.js';
import { distance } from '../support.js';

const host = await openEngine('ml-matrix');
let adopted = 0;
const device: Engine = {
  ...host,
  adopt: async (tensor) => {
    adopted++;
    const [rows, cols] = tensor.shape;
    return host.upload({ rows, cols, data: Float32Array.from(await tensor.data()) });
  },
};
let a: tf.LayersModel;
let b: tf.LayersModel;
let images: tf.Tensor;

function network(seed: number): tf.LayersModel {
  const init = (k: number) => ({
    kernelInitializer: tf.initializers.randomNormal({ stddev: 0.4, seed: seed * 10 + k }),
  });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'conv',
        inputShape: [12, 12, 1],
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        ...init(1),
      }),
      tf.layers.activation({ name: 'relu', activation: 'relu' }),
      tf.layers.maxPooling2d({ name: 'pool', poolSize: 3 }),
      tf.layers.conv2d({ name: 'odd', filters: 3, kernelSize: 2, strides: [1, 1], ...init(2) }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ name: 'out', units: 5, ...init(3) }),
    ],
  });
}

beforeAll(async () => {
  await tf.setBackend('cpu');
  [a, b] = [network(1), network(2)];
  images = tf.tensor(Float32Array.from(new Random(3).normals(90 * 144)), [90, 12, 12, 1]);
});
afterAll(() => {
  a.dispose();
  b.dispose();
  images.dispose();
});

describe('blocks on the device', () => {
  const raw = () => tf.tensor(Float32Array.from(new Random(4).normals(2 * 6 * 4 * 3)), [2, 6, 4, 3]);
  const values = async (tensor: tf.Tensor) => {
    const data = await tensor.data();
    tensor.dispose();
    return data;
  };

  it.each([
    [6, 4],
    [3, 2],
    [1, 1],
    [4, 3],
    [5, 4],
  ] as const)('resample to %i × %i as blocks in memory do', async (...grid) => {
    const before = tf.memory().numTensors;
    const tensor = raw();
    const expected = toGrid(toBlock(tensor.shape, await tensor.data()), grid);
    const block = await readDeviceBlock({ tensor }, 'conv', 2, 0);
    const got = await toGridOnDevice(block, grid);
    expect(got.grid).toEqual([...grid]);
    expect(distance(await values(got.tensor), expected.data)).toBeLessThan(1e-6);
    block.tensor.dispose();
    tensor.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('draw the same positions, and lay out the same neurons', async () => {
    const tensor = raw();
    const inMemory = toBlock(tensor.shape, await tensor.data());
    const block = await readDeviceBlock({ tensor }, 'conv', 2, 0);
    for (const options of [{}, { positions: 5, seed: 3, start: 7 }, { positions: 99 }]) {
      const points = await datapointsOnDevice(block, options);
      const expected = datapoints(inMemory, options);
      expect(points.shape).toEqual([expected.rows, expected.cols]);
      expect(distance(await values(points), expected.data)).toBe(0);
    }
    for (const spatial of ['positions', 'mean', 'flatten'] as const) {
      const got = await applySpatialOnDevice(block, spatial);
      const expected = applySpatial(inMemory, spatial);
      expect([got.grid, got.channels]).toEqual([expected.grid, expected.channels]);
      expect(distance(await values(got.tensor), expected.data)).toBeLessThan(1e-6);
    }
  });

  it('name the place of a value that is not finite, and an axis that is not samples', async () => {
    const broken = tf.tensor([1, 2, NaN, 4], [2, 2]);
    await expect(readDeviceBlock({ tensor: broken }, "layer 'x'", 2, 10)).rejects.toThrow(
      new DataError("layer 'x' is NaN at sample 11, channel 0: every activation must be finite"),
    );
    await expect(readDeviceBlock({ tensor: broken }, "layer 'x'", 3, 0)).rejects.toThrow(ShapeError);
  });
});

describe('compare on the device', () => {
  const scores = async (engine: Engine, options: CompareOptions) =>
    (await compare(a, b, images, { batchSize: 32, allowFewSamples: true, ...options, engine })).scores;

  it.each([
    {},
    { memory: 0 },
    { positions: 4, seed: 5 },
    { spatial: 'mean' },
    { spatial: 'flatten', keep: { dims: 3 } },
    { measure: 'cca', layers: ['conv', 'out'] },
  ] as CompareOptions[])('scores as through host memory: %j', async (options) => {
    adopted = 0;
    const before = tf.memory().numTensors;
    const through = await scores(host, options);
    expect(adopted).toBe(0);
    const direct = await scores(device, options);
    expect(adopted).toBeGreaterThan(0);
    expect(distance(direct, through)).toBeLessThan(1e-5);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('runs on the float32 devices of tfjs, whose handles outlive the tensors they were made of', async () => {
    const engine = await openEngine('tfjs');
    const before = tf.memory().numTensors;
    const options = { layers: ['conv', 'pool', 'out'] };
    expect(distance(await scores(engine, options), await scores(host, options))).toBeLessThan(1e-5);
    expect(tf.memory().numTensors).toBe(before);
    await engine.close?.();
  });

  it('takes the way through host memory where the measure needs the samples there', async () => {
    adopted = 0;
    const options = { measure: 'cka', estimator: 'debiased' } as const;
    const { scores } = await compare(a, b, images, { ...options, engine: device });
    expect(adopted).toBe(0);
    expect(scores.every(Number.isFinite)).toBe(true);
  });

  it('falls back to an upload where the engine does not take the tensor', async () => {
    const elsewhere: Engine = { ...host, adopt: () => Promise.resolve(undefined) };
    expect(distance(await scores(elsewhere, {}), await scores(host, {}))).toBeLessThan(1e-5);
  });

  it.each([undefined, 0])('leaves no tensor after an abort or an error (memory %s)', async (memory) => {
    const options = { batchSize: 16, allowFewSamples: true, ...(memory !== undefined && { memory }) };
    const before = tf.memory().numTensors;
    for (const stage of ['moments', 'cross', 'svcca']) {
      const controller = new AbortController();
      const aborted = compare(a, b, images, {
        ...options,
        engine: device,
        signal: controller.signal,
        onProgress: (progress) => {
          if (progress.stage === stage) controller.abort(new Error('enough'));
        },
      });
      await expect(aborted, stage).rejects.toThrow('enough');
      expect(tf.memory().numTensors, stage).toBe(before);
    }
    let calls = 0;
    const failing: Engine = {
      ...device,
      adopt: (tensor) => (++calls > 12 ? Promise.reject(new Error('device lost')) : device.adopt!(tensor)),
    };
    await expect(compare(a, b, images, { ...options, engine: failing })).rejects.toThrow('device lost');
    expect(tf.memory().numTensors).toBe(before);
  });
});

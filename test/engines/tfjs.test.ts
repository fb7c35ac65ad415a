/** The tfjs engine on the backends that run in Node: plain JavaScript and WebAssembly. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { describe, expect, it } from 'vitest';
import { cca } from '../../src/index.js';
import { openEngine } from '../../src/engines/select.js';
import { open } from '../../src/engines/tfjs/index.js';
import { verifyExactness } from '../../src/engines/tfjs/probe.js';
import { UnsupportedError } from '../../src/errors.js';
import type { Matrix } from '../../src/matrix.js';
import { distance, gaussian, mapped } from '../support.js';
import { conformance } from './conformance.js';
import { deviceCases } from './tfjs-cases.js';
import type { Device } from './tfjs-device.js';
import { localDevice } from './tfjs-local.js';

setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
tf.env().set('PROD', true);

const devices = new Map<string, Device>();

/** The engine on a backend, which is made the active one; everything multiplied on the device. */
async function on(backend: string): Promise<Device> {
  await tf.setBackend(backend);
  const known = devices.get(backend);
  if (known) return known;
  const device = localDevice(await open(await openEngine('ml-matrix'), { always: true }));
  devices.set(backend, device);
  return device;
}

describe.each(['cpu', 'wasm'])('on the backend %s', (backend) => {
  conformance('tfjs', async () => (await on(backend)).engine);
  deviceCases(() => on(backend));
});

describe('products of all sizes', () => {
  it.each([
    ['more columns than a tile', 70, 1100],
    ['more rows than one sum of chunks', 263_000, 3],
  ])('with %s', async (_, rows, cols) => {
    const { engine, place, remove } = await on('wasm');
    const oracle = await openEngine('ml-matrix');
    const x: Matrix = { rows, cols, data: Float32Array.from(gaussian(rows, cols, 1).data, (v) => v + 3) };
    const expected = await oracle.upload(x);
    const mean = await oracle.columnMeans(expected);
    const wanted = await oracle.download(await oracle.accumulateGram(expected, mean));
    const tensor = await place(x);
    for (const handle of [await engine.upload(x), (await engine.adopt!(tensor))!]) {
      expect(distance(await engine.columnMeans(handle), mean)).toBeLessThan(1e-12);
      const gram = await engine.download(await engine.accumulateGram(handle, mean));
      expect(distance(gram.data, wanted.data)).toBeLessThan(1e-11 * rows);
    }
    await remove(tensor);
  });

  it('with more rows of the product than a tile', async () => {
    const { engine } = await on('wasm');
    const [a, b] = [gaussian(1200, 3, 2), gaussian(3, 1100, 3)];
    const [left, right] = [await engine.upload(a), await engine.upload(b)];
    const got = await engine.download(await engine.multiply(left, right));
    const oracle = await openEngine('ml-matrix');
    const wanted = await oracle.download(
      await oracle.multiply(await oracle.upload(a), await oracle.upload(b)),
    );
    expect(distance(got.data, wanted.data)).toBeLessThan(1e-10);
  });

  it('leaves small ones to the engine of the host, digit for digit', async () => {
    await tf.setBackend('cpu');
    const oracle = await openEngine('ml-matrix');
    const engine = await open(oracle);
    const [x, w] = [gaussian(60, 7, 4), gaussian(7, 2, 5)];
    const [hx, hw] = [await engine.upload(x), await engine.upload(w)];
    const [ox, ow] = [await oracle.upload(x), await oracle.upload(w)];
    const mean = new Float64Array(7).fill(0.25);
    expect((await engine.download(await engine.accumulateGram(hx, mean))).data).toEqual(
      (await oracle.download(await oracle.accumulateGram(ox, mean))).data,
    );
    expect((await engine.download(await engine.project(hx, mean, hw))).data).toEqual(
      (await oracle.download(await oracle.project(ox, mean, ow))).data,
    );
    expect((await engine.download(await engine.multiply(hx, hw))).data).toEqual(
      (await oracle.download(await oracle.multiply(ox, ow))).data,
    );
  });

  it("adds to a sum in place, and never to the caller's storage", async () => {
    const { engine } = await on('cpu');
    const x = await engine.upload(gaussian(40, 3, 6));
    const given = gaussian(3, 3, 7);
    const before = given.data.slice();
    const sum = await engine.accumulateCross(x, x, await engine.upload(given));
    expect(given.data).toEqual(before);
    expect(await engine.accumulateCross(x, x, sum)).toBe(sum);
  });
});

describe('a measure', () => {
  it('is the same as on the engine of the host', async () => {
    const { engine } = await on('wasm');
    const x = gaussian(800, 20, 8);
    const y = mapped(gaussian(800, 15, 9), (value, i, j) => value + x.data[i * 20 + j] + 4);
    const layers = [x, y].map((m): Matrix => ({ ...m, data: Float32Array.from(m.data) })) as [Matrix, Matrix];
    const wanted = await cca(...layers, { engine: 'ml-matrix', method: 'moments' });
    const got = await cca(...layers, { engine, method: 'moments' });
    expect(got.engine).toBe('tfjs');
    expect(distance(got.correlations!, wanted.correlations!)).toBeLessThan(1e-10);
  });
});

describe('opening', () => {
  it('says where it computes, and changes neither the backend nor the number of tensors', async () => {
    await tf.setBackend('cpu');
    const before = tf.memory().numTensors;
    const engine = await open(await openEngine('ml-matrix'));
    expect(engine.description).toBe(
      `tfjs ${tf.version_core}, backend 'cpu', float32 products made exact by splitting; small matrices: ml-matrix`,
    );
    expect([engine.gpu, tf.getBackend(), tf.memory().numTensors]).toEqual([false, 'cpu', before]);
  });

  it('is refused by a device that loses the last bits', async () => {
    await tf.setBackend('cpu');
    const without = (bits: number) => (a: tf.Tensor, b: tf.Tensor) =>
      tf.tidy(() => tf.mul(tf.round(tf.mul(tf.matMul(a, b), 2 ** -bits)), 2 ** bits));
    // Veltkamp's splitting: the 11 leading bits of a difference, which is what 16-bit numbers hold.
    const half = (a: tf.Tensor, b: tf.Tensor) =>
      tf.tidy(() => {
        const [x, y] = [tf.sub(a, b), tf.mul(tf.sub(a, b), 8193)];
        return tf.sub(y, tf.sub(y, x));
      });
    const before = tf.memory().numTensors;
    for (const broken of [
      { matMul: without(1) },
      { matMul: without(13) },
      { sub: half },
      { round: tf.sign },
    ]) {
      const backend = { tf: { ...tf, ...broken } as typeof tf, name: 'cpu', description: '', gpu: false };
      await expect(verifyExactness(backend)).rejects.toThrow(UnsupportedError);
    }
    await verifyExactness({ tf, name: 'cpu', description: '', gpu: false });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is for one backend: another that became active is refused', async () => {
    const { engine } = await on('cpu');
    const x = await engine.upload(gaussian(5, 2, 10));
    await tf.setBackend('wasm');
    await expect(engine.accumulateCross(x, x)).rejects.toThrow(
      "was opened on the backend 'cpu', and 'wasm' is active now: open it again",
    );
    const other = tf.tensor2d([1, 2], [1, 2]);
    await tf.setBackend('cpu');
    expect(await engine.adopt!(other)).toBeUndefined();
    other.dispose();
  });
});

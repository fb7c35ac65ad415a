/** Models from handlers of tf.io and from artifacts in memory, and weights as converters store them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataError, FormatError, OptionError } from '../../src/errors.js';
import { loadModel } from '../../src/node/models.js';
import { graphArtifacts, node, placeholder } from '../capture/graphs.js';
import { images, nested, sequential, withoutLeak } from '../capture/models.js';
import { distance } from '../support.js';

let folder: string;
let reference: tf.Sequential;
let artifacts: tf.io.ModelArtifacts;
let input: tf.Tensor;

beforeAll(async () => {
  tf.env().set('PROD', true);
  await tf.setBackend('cpu');
  reference = sequential();
  artifacts = await artifactsOf(reference);
  input = images(4);
});
afterAll(() => {
  tf.dispose([input]);
  reference.dispose();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'svcca-models-'));
  return () => rm(folder, { recursive: true, force: true });
});

async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((given) => {
      saved = given;
      return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(given) });
    }),
  );
  return saved!;
}

async function outputs(model: { predict(x: tf.Tensor): unknown }, x = input): Promise<Float32Array> {
  const y = tf.tidy(() => model.predict(x) as tf.Tensor);
  const values = await y.data();
  y.dispose();
  return values as Float32Array;
}

const bytesOf = ({ weightData }: tf.io.ModelArtifacts) =>
  new Uint8Array(new tf.io.CompositeArrayBuffer(weightData).slice());

describe('loadModel from memory', () => {
  const sync = (given: tf.io.ModelArtifacts): tf.io.IOHandlerSync => ({ load: () => given });
  it.each([
    ['artifacts', () => artifacts],
    ['a handler', () => tf.io.fromMemory(artifacts)],
    ['a handler without promises', () => sync(artifacts)],
    [
      'a handler whose weights are in pieces',
      () => {
        const bytes = bytesOf(artifacts);
        // The last longer than the first: tfjs itself would read wrong values.
        const pieces = [bytes.slice(0, 101).buffer, bytes.slice(101).buffer];
        return sync({ ...artifacts, weightData: pieces });
      },
    ],
    [
      'a handler that streams its weights',
      () => {
        const { weightData: _, ...rest } = artifacts;
        const bytes = bytesOf(artifacts);
        const getWeightStream = () =>
          new ReadableStream<ArrayBuffer>({
            start(controller) {
              controller.enqueue(bytes.slice(0, 50).buffer);
              controller.enqueue(bytes.slice(50).buffer);
              controller.close();
            },
          });
        return sync({ ...rest, getWeightStream });
      },
    ],
  ])('%s', async (_, source) => {
    const prints = await withoutLeak(async () => {
      const { kind, model, fingerprint } = await loadModel(source());
      expect(kind).toBe('layers');
      expect(distance(await outputs(model), await outputs(reference))).toBe(0);
      model.dispose();
      return fingerprint;
    });
    const again = await loadModel(artifacts);
    expect(prints).toBe(again.fingerprint);
    again.model.dispose();
  });

  it('graphs too; another weight, another fingerprint', async () => {
    const prints = await withoutLeak(async () => {
      const found: string[] = [];
      for (const value of [3, 4]) {
        const source = graphArtifacts([placeholder('x', [-1, 1]), node('y', 'Mul', ['x', 'k'])], {
          k: { shape: [], values: [value] },
        });
        const { kind, model, fingerprint } = await loadModel(tf.io.fromMemory(source));
        expect(kind).toBe('graph');
        const x = tf.tensor2d([[2]]);
        expect(Array.from(await outputs(model, x))).toEqual([2 * value]);
        tf.dispose([x]);
        model.dispose();
        found.push(fingerprint);
      }
      return found;
    });
    expect(prints[0]).toMatch(/^[\da-f]{16}$/);
    expect(prints[0]).not.toBe(prints[1]);
  });

  it.each([
    [5, OptionError, 'the model is 5: give a path, a URL, a tf.io handler or artifacts in memory'],
    [null, OptionError, 'the model is null'],
    [{}, FormatError, 'the given model is not a TensorFlow.js model: it has no modelTopology'],
    [{ modelTopology: {} }, FormatError, 'the given model has no weightSpecs'],
    [{ modelTopology: {}, weightSpecs: [] , weightData: new ArrayBuffer(4) }, FormatError, 'weights of the given model need 0 bytes, there are 4'],
    [{ load: () => Promise.reject(new Error('the store is closed')) }, DataError, 'cannot load the given model: the store is closed'],
    [{ load: () => Promise.reject(new FormatError('odd')) }, FormatError, 'odd'],
  ])('refuses %j', async (source, type, message) => {
    await withoutLeak(async () => {
      await expect(loadModel(source as never)).rejects.toThrow(type);
      await expect(loadModel(source as never)).rejects.toThrow(message);
    });
  }); // prettier-ignore

  it('stops a stream that is longer than the weights', async () => {
    let pulled = 0;
    let cancelled = false;
    const { weightData: _, ...rest } = artifacts;
    const getWeightStream = () =>
      new ReadableStream<ArrayBuffer>({
        pull(controller) {
          pulled++;
          controller.enqueue(new ArrayBuffer(1 << 16));
        },
        cancel() {
          cancelled = true;
        },
      });
    await withoutLeak(async () => {
      await expect(loadModel({ ...rest, getWeightStream })).rejects.toThrow(
        /need \d+ bytes, there are 65536/,
      );
    });
    expect(cancelled).toBe(true);
    expect(pulled).toBeLessThan(4);
  });
});

/** Stores weights as the converter does: `scale` steps above `min`, in whole numbers of one or two bytes. */
function quantised(
  source: tf.io.ModelArtifacts,
  dtype: 'uint8' | 'uint16',
): [tf.io.WeightsManifestEntry[], Buffer] {
  const levels = dtype === 'uint8' ? 255 : 65535;
  const values = new Float32Array(bytesOf(source).buffer);
  let at = 0;
  const parts: Buffer[] = [];
  const specs = source.weightSpecs!.map((spec) => {
    const own = values.subarray(at, (at += spec.shape.reduce((product, axis) => product * axis, 1)));
    const min = Math.min(...own);
    const scale = (Math.max(...own) - min) / levels || 1;
    const steps = Array.from(own, (value) => Math.round((value - min) / scale));
    parts.push(Buffer.from((dtype === 'uint8' ? Uint8Array : Uint16Array).from(steps).buffer));
    return { ...spec, quantization: { dtype, min, scale } };
  });
  return [specs, Buffer.concat(parts)];
}

describe('loadModel: quantised weights in shards', () => {
  it.each([
    ['uint8', 1 / 255],
    ['uint16', 1 / 65535],
  ] as const)('%s, one group per layer', async (dtype, step) => {
    const { model: outer } = nested();
    const source = await artifactsOf(outer);
    const [specs, bytes] = quantised(source, dtype);
    // Each weight is a group of its own, and every third group lies in three files.
    let at = 0;
    const width = dtype === 'uint8' ? 1 : 2;
    const weightsManifest = specs.map((spec, i) => {
      const own = bytes.subarray(at, (at += width * spec.shape.reduce((product, axis) => product * axis, 1)));
      const cuts = i % 3 === 0 ? [0, 1, 2, own.length] : [0, own.length];
      const paths = cuts.slice(1).map((_, k) => `weights/group${i}-shard${k}.bin`);
      mkdirSync(join(folder, 'weights'), { recursive: true });
      paths.forEach((path, k) => writeFileSync(join(folder, path), own.subarray(cuts[k], cuts[k + 1])));
      return { paths, weights: [spec] };
    });
    const { modelTopology } = source;
    writeFileSync(join(folder, 'model.json'), JSON.stringify({ modelTopology, weightsManifest }));
    await withoutLeak(async () => {
      const { model } = await loadModel(folder);
      const exact = outer.getWeights();
      for (const [i, weight] of (model as tf.LayersModel).getWeights().entries()) {
        const [stored, true_] = [await weight.data(), await exact[i].data()];
        const range = Math.max(...true_) - Math.min(...true_);
        // Half a step, and what float32 loses.
        expect(distance(stored as Float32Array, true_ as Float32Array)).toBeLessThan(
          (range * step) / 2 + 1e-7,
        );
      }
      model.dispose();
    });
    outer.dispose();
  });
});

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataError, FormatError, SvccaError, UnsupportedError } from '../../src/errors.js';
import { loadModel } from '../../src/node/models.js';
import { distance } from '../support.js';

let folder: string;
let reference: tf.LayersModel;
let artifacts: tf.io.ModelArtifacts;
let input: tf.Tensor;
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(async () => {
  tf.env().set('PROD', true);
  await tf.setBackend('cpu');
  reference = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [6, 6, 1],
        filters: 3,
        kernelSize: 3,
        activation: 'relu',
        name: 'conv',
      }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ units: 4, name: 'logits' }),
    ],
  });
  await reference.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) };
    }),
  );
  input = tf.randomNormal([5, 6, 6, 1], 0, 1, 'float32', 3);
});
afterAll(() => {
  reference.dispose();
  input.dispose();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'svcca-models-'));
  return () => rm(folder, { recursive: true, force: true });
});

/** Writes the model as tfjs lays it out, in shards of about `shardBytes`; `change` edits the JSON. */
function save(
  options: { half?: boolean; shardBytes?: number; change?: (json: any) => void; where?: string } = {},
): string {
  const where = options.where ?? folder;
  const specs = structuredClone(artifacts.weightSpecs!);
  let bytes = Buffer.from(new tf.io.CompositeArrayBuffer(artifacts.weightData).slice());
  if (options.half) {
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    bytes = Buffer.from(Uint16Array.from(values, halfBits).buffer);
    for (const spec of specs) spec.quantization = { dtype: 'float16', original_dtype: 'float32' } as never;
  }
  const size = options.shardBytes ?? 1 << 22;
  const shards = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  const paths = shards.map((_, i) => `group1-shard${i + 1}of${shards.length}.bin`);
  mkdirSync(where, { recursive: true });
  shards.forEach((shard, i) => writeFileSync(join(where, paths[i]), shard));
  const json = {
    format: 'layers-model',
    modelTopology: artifacts.modelTopology,
    weightsManifest: [{ paths, weights: specs }],
  };
  options.change?.(json);
  writeFileSync(join(where, 'model.json'), JSON.stringify(json));
  return join(where, 'model.json');
}

/** float16 of a float32 of moderate size, rounded to nearest. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), -14);
  const fraction = Math.round((Math.abs(value) / 2 ** exponent) * 1024);
  return (value < 0 ? 0x8000 : 0) + ((exponent + 14) << 10) + fraction;
}

async function outputs(model: { predict(x: tf.Tensor): unknown }): Promise<Float32Array> {
  const y = tf.tidy(() => model.predict(input) as tf.Tensor);
  const values = (await y.data()) as Float32Array;
  y.dispose();
  return values;
}

const failure = async (path: string): Promise<SvccaError> => {
  const error: unknown = await loadModel(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SvccaError);
  return error as SvccaError;
};

describe('loadModel: layers', () => {
  it('gives the outputs of the model that was saved, from a file, a folder and a file URL', async () => {
    const path = save();
    const prints: string[] = [];
    for (const name of [path, folder, pathToFileURL(path).href]) {
      const loaded = await loadModel(name);
      expect(loaded.kind).toBe('layers');
      prints.push(loaded.fingerprint);
      expect(distance(await outputs(loaded.model), await outputs(reference))).toBe(0);
      loaded.model.dispose();
    }
    expect(new Set(prints).size).toBe(1);
    expect(prints[0]).toMatch(/^[\da-f]{16}$/);
  });

  it('joins shards that cut weights in two, in subfolders too', async () => {
    save({
      shardBytes: 101,
      change: (json) => {
        mkdirSync(at('weights'));
        const [{ paths }] = json.weightsManifest;
        for (const path of paths) writeFileSync(at('weights', path), readFileSync(at(path)));
        for (const path of paths) rmSync(at(path));
        json.weightsManifest[0].paths = paths.map((path: string) => `weights/${path}`);
      },
    });
    const { model } = await loadModel(folder);
    expect(distance(await outputs(model), await outputs(reference))).toBe(0);
    model.dispose();
  });

  it('float16 weights', async () => {
    save({ half: true });
    const { model } = await loadModel(folder);
    const error = distance(await outputs(model), await outputs(reference));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(5e-3);
    model.dispose();
  });

  it('another weight, another fingerprint', async () => {
    const path = save();
    const before = await loadModel(path);
    const shard = at(readdirSync(folder).find((name) => name.endsWith('.bin'))!);
    const bytes = readFileSync(shard);
    bytes[0] ^= 1;
    writeFileSync(shard, bytes);
    const after = await loadModel(path);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    before.model.dispose();
    after.model.dispose();
  });

  it('a file that does not say its format', async () => {
    save({ change: (json) => delete json.format });
    const { kind, model } = await loadModel(folder);
    expect(kind).toBe('layers');
    model.dispose();
  });
});

/** y = x·w of a frozen graph. */
function saveGraph(change: (json: any) => void = () => {}): void {
  const float = { dtype: { type: 'DT_FLOAT' } };
  const shape = (...size: number[]) => ({
    shape: { shape: { dim: size.map((n) => ({ size: String(n) })) } },
  });
  const json = {
    format: 'graph-model',
    modelTopology: {
      node: [
        { name: 'x', op: 'Placeholder', attr: { ...float, ...shape(-1, 2) } },
        { name: 'w', op: 'Const', attr: { ...float, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '2' }, { size: '2' }] } } } } },
        { name: 'y', op: 'MatMul', input: ['x', 'w'], attr: { T: { type: 'DT_FLOAT' }, transpose_a: { b: false }, transpose_b: { b: false } } },
      ],
      versions: {},
    },
    weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'w', shape: [2, 2], dtype: 'float32' }] }],
  }; // prettier-ignore
  change(json);
  writeFileSync(at('model.json'), JSON.stringify(json));
  writeFileSync(at('w.bin'), new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
}

describe('loadModel: graphs', () => {
  it.each([true, false])('by its format (given: %s)', async (given) => {
    saveGraph((json) => given || delete json.format);
    const { kind, model } = await loadModel(folder);
    expect(kind).toBe('graph');
    const x = tf.tensor2d([[1, 1]]);
    const y = model.predict(x) as tf.Tensor;
    expect(Array.from(await y.data())).toEqual([4, 6]);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('weights of text have no fixed length to check', async () => {
    saveGraph((json) => {
      json.weightsManifest.push({ paths: ['t.bin'], weights: [{ name: 't', shape: [1], dtype: 'string' }] });
      writeFileSync(at('t.bin'), Uint8Array.of(2, 0, 0, 0, 104, 105));
    });
    const { kind, model } = await loadModel(folder);
    expect(kind).toBe('graph');
    model.dispose();
  });
});

describe('loadModel: from the web', () => {
  let server: Server;
  beforeEach(async () => {
    server = createServer((request, response) => {
      try {
        response.end(readFileSync(at(request.url!)));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return () => new Promise((done) => server.close(done));
  });
  const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;

  it('layers and graphs', async () => {
    save({ shardBytes: 200 });
    const layers = await loadModel(url('model.json'));
    expect(distance(await outputs(layers.model), await outputs(reference))).toBe(0);
    expect(layers).toMatchObject({ kind: 'layers', fingerprint: expect.stringMatching(/^[\da-f]{16}$/) });
    layers.model.dispose();
    saveGraph();
    const graph = await loadModel(url('model.json'));
    expect(graph.kind).toBe('graph');
    graph.model.dispose();
  });

  it('what is not there, or not a model', async () => {
    const error = await failure(url('none.json'));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(`cannot load '${url('none.json')}': `);
    writeFileSync(at('page.html'), '<html>');
    const page = await failure(url('page.html'));
    expect(page).toBeInstanceOf(FormatError);
    expect(page.message).toContain(`'${url('page.html')}' is not JSON: `);
  });
});

describe('loadModel: faults', () => {
  it('a missing file of weights', async () => {
    save({ shardBytes: 200 });
    rmSync(at('group1-shard2of5.bin'));
    const error = await failure(folder);
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toMatch(
      /^weights file '.*group1-shard2of5\.bin' is missing: '.*model\.json' names it; group1-shard1of5\.bin, .* hold \d+ bytes together$/,
    );
  });

  it('a file of weights that is too short or too long', async () => {
    save();
    const shard = at('group1-shard1of1.bin');
    const bytes = readFileSync(shard);
    for (const wrong of [bytes.subarray(0, -4), Buffer.concat([bytes, Buffer.alloc(4)])]) {
      writeFileSync(shard, wrong);
      const error = await failure(folder);
      expect(error).toBeInstanceOf(FormatError);
      expect(error.message).toContain(
        `need ${bytes.length} bytes, there are ${wrong.length} in group1-shard1of1.bin (${wrong.length} bytes)`,
      );
    }
  });

  it.each(['../secret.bin', '/etc/hostname', 'a/../../secret.bin', '..', '.', ''])(
    'a path that leaves the folder: %s',
    async (path) => {
      writeFileSync(at('secret.bin'), 'secret');
      save({ where: at('model'), change: (json) => (json.weightsManifest[0].paths = [path]) });
      const error = await failure(at('model'));
      expect(error).toBeInstanceOf(FormatError);
      expect(error.message).toContain(
        `names the weights file '${path}', which is outside its folder: refused`,
      );
    },
  );

  it('a name that merely begins with dots is inside', async () => {
    save({ change: (json) => (json.weightsManifest[0].paths = ['..bin']) });
    writeFileSync(at('..bin'), readFileSync(at('group1-shard1of1.bin')));
    const { model } = await loadModel(folder);
    model.dispose();
  });

  it.each([
    ['{', 'is not JSON: '],
    ['null', 'is not a TensorFlow.js model: it has no modelTopology'],
    ['{"a": 1}', 'is not a TensorFlow.js model: it has no modelTopology'],
    ['{"modelTopology": {}}', 'has no weightsManifest: it is a topology without weights'],
    ['{"modelTopology": {}, "weightsManifest": [null]}', 'names no files in paths of group 0'],
    ['{"modelTopology": {}, "weightsManifest": [{"paths": [1]}]}', 'names no files in paths of group 0'],
    ['{"modelTopology": {}, "weightsManifest": [{"paths": []}]}', 'lists no weights with shapes in group 0'],
    [
      '{"modelTopology": {}, "weightsManifest": [{"paths": [], "weights": [null]}]}',
      'lists a weight without a name',
    ],
    ['{"modelTopology": {}, "weightsManifest": []}', 'TensorFlow.js cannot build the model of'],
  ])('model.json that holds %s', async (text, message) => {
    writeFileSync(at('model.json'), text);
    const error = await failure(folder);
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toContain(message);
    expect(error.message).toContain(at('model.json'));
  });

  it('weights that are not those of the layers', async () => {
    save({ change: (json) => (json.weightsManifest[0].weights[0].name = 'other/kernel') });
    expect(await failure(folder)).toBeInstanceOf(FormatError);
  });

  it('a layer that is not known', async () => {
    save({
      change: (json) => {
        json.modelTopology = structuredClone(json.modelTopology);
        json.modelTopology.config.layers[1].class_name = 'Mystery';
      },
    });
    const error = await failure(folder);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toContain('Unknown layer: Mystery');
    expect(error.message).toContain('tf.serialization.registerClass');
  });

  it('a model saved by Keras 3', async () => {
    save({
      change: (json) => {
        json.modelTopology = {
          class_name: 'Functional',
          config: { name: 'm', layers: [{ class_name: 'InputLayer', config: { batch_shape: [null, 2], name: 'x' }, name: 'x', inbound_nodes: [] }], input_layers: [['x', 0, 0]], output_layers: [['x', 0, 0]] },
        }; // prettier-ignore
      },
    });
    expect((await failure(folder)).message).toContain('it was saved by Keras 3');
  });

  it.each([
    ['model.h5', '--input_format=keras model.h5 folder'],
    [
      'model.keras',
      "in Python, model.export('exported') and then tensorflowjs_converter --input_format=tf_saved_model",
    ],
    ['saved_model.pb', '--input_format=tf_saved_model'],
    ['weights.bin', 'name the model.json beside it'],
    ['model.pt', 'compare .npz files'],
    ['acts.npz', 'that holds arrays, not a model'],
  ])('%s is refused with the way out', async (name, way) => {
    writeFileSync(at(name), 'x');
    const error = await failure(at(name));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toContain(way);
  });

  it('folders without a model, and paths without a file', async () => {
    expect((await failure(folder)).message).toBe(`'${folder}' holds no model.json; it holds nothing`);
    writeFileSync(at('notes.txt'), '');
    expect((await failure(folder)).message).toContain('it holds notes.txt');
    writeFileSync(at('saved_model.pb'), '');
    expect(await failure(folder)).toBeInstanceOf(UnsupportedError);
    const error = await failure(at('none.json'));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain('there is no such file');
  });
});

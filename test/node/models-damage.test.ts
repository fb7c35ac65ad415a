/** Models that lie, end early or go in circles: refused in words, before anything is allocated, and no tensor is left. */
import { mkdtemp, rm } from 'node:fs/promises';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { UnsupportedError } from '../../src/errors.js';
import { FormatError } from '../../src/errors.js';
import { loadModel } from '../../src/node/models.js';
import { branched, nested, sequential, withoutLeak } from '../capture/models.js';
import { graphArtifacts, node, placeholder } from '../capture/graphs.js';

type Json = any;

let folder: string;
const models: Record<string, tf.io.ModelArtifacts> = {};
const addWeight = (): unknown => (tf.layers.Layer.prototype as unknown as { addWeight: unknown }).addWeight;
let original: unknown;

beforeAll(async () => {
  tf.env().set('PROD', true);
  await tf.setBackend('cpu');
  original = addWeight();
  const made = { sequential: sequential(), branched: branched(), nested: nested().model };
  for (const [name, model] of Object.entries(made)) {
    await model.save(
      tf.io.withSaveHandler((saved) => {
        models[name] = saved;
        return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) });
      }),
    );
    model.dispose();
  }
  models['graph'] = graphArtifacts(
    [placeholder('x', [-1, 2]), node('y', 'MatMul', ['x', 'w']), node('z', 'Relu', ['y'])],
    { w: { shape: [2, 3] } },
  );
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'svcca-models-'));
  return () => rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  expect(addWeight(), 'the prototype of layers').toBe(original);
});

/** Writes a model whose JSON was changed by `change`, and its weights by `damage`. */
function write(name: string, change: (json: Json) => void, damage = (bytes: Buffer): Buffer => bytes): void {
  const { weightData, weightSpecs, ...rest } = models[name];
  const json = structuredClone({ ...rest, weightsManifest: [{ paths: ['w.bin'], weights: weightSpecs }] });
  change(json);
  writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
  writeFileSync(
    join(folder, 'w.bin'),
    damage(Buffer.from(new tf.io.CompositeArrayBuffer(weightData).slice())),
  );
}

async function refused(
  message: string | RegExp,
  type: typeof FormatError | typeof UnsupportedError = FormatError,
) {
  await withoutLeak(async () => {
    const error: unknown = await loadModel(folder).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
  });
}

const first = (json: Json) => json.weightsManifest[0].weights[0];
const layer = (json: Json, k: number) => json.modelTopology.config.layers[k];

describe('weights that are not what is said of them', () => {
  it.each<[string, (json: Json) => void, string | RegExp]>([
    ['a negative axis', (json) => (first(json).shape = [-3, 3, 2, 3]), 'has the shape [-3,3,2,3]: axes are whole numbers'],
    ['half an axis', (json) => (first(json).shape = [1.5, 3]), 'has the shape [1.5,3]'],
    ['an open axis', (json) => (first(json).shape = [null, 3]), 'has the shape [null,3]'],
    ['axes that are text', (json) => (first(json).shape = ['3', 3]), 'has the shape ["3",3]'],
    ['no shape', (json) => delete first(json).shape, "weight 'conv1/kernel' has no shape"],
    ['more values than there are numbers', (json) => (first(json).shape = [1e9, 1e9]), "weight 'conv1/kernel' is too large"],
    ['more values than bytes', (json) => (first(json).shape = [1e6, 1e6]), /need 4\d{12} bytes, there are \d{3}/],
    ['an unknown type', (json) => (first(json).dtype = 'float64'), 'has the type "float64": known are float32, int32, complex64, bool, string'],
    ['a type of every object', (json) => (first(json).dtype = 'constructor'), 'has the type "constructor"'],
    ['unknown quantisation', (json) => (first(json).quantization = { dtype: 'int4' }), 'is quantised to "int4": known are float16, uint16, uint8'],
    ['null quantisation', (json) => (first(json).quantization = null), 'is quantised to undefined'],
    ['quantisation without a scale', (json) => (first(json).quantization = { dtype: 'uint8', min: 0 }), 'is quantised to uint8 without a finite min and scale'],
    ['an infinite scale', (json) => (first(json).quantization = { dtype: 'uint8', min: 0, scale: NaN }), 'without a finite min and scale'],
    ['halves of whole numbers', (json) => Object.assign(first(json), { dtype: 'int32', quantization: { dtype: 'float16' } }), 'is quantised to float16, but its type is int32'],
    ['a name twice', (json) => (json.weightsManifest[0].weights[1].name = 'conv1/kernel'), "weight 'conv1/kernel' is listed twice"],
    ['a name of the prototype', (json) => (first(json).name = '__proto__'), 'lists a weight without a name'],
    ['no name', (json) => delete first(json).name, 'lists a weight without a name'],
    ['a file twice', (json) => json.weightsManifest[0].paths.push('w.bin'), "names the weights file 'w.bin' twice"],
  ])('%s', async (_, change, message) => {
    write('sequential', change);
    await refused(typeof message === 'string' ? new RegExp(message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : message);
  }); // prettier-ignore

  it('text that runs over the end, or does not reach it', async () => {
    const text = (shape: number[], bytes: number[]) => {
      write('graph', (json) => {
        json.weightsManifest.push({ paths: ['t.bin'], weights: [{ name: 't', shape, dtype: 'string' }] });
      });
      writeFileSync(join(folder, 't.bin'), Uint8Array.from(bytes));
    };
    text([1e12], [2, 0, 0, 0, 104, 105]);
    await refused(/weight 't' of '.*' runs over the end of its file \(at byte 6\)/);
    text([2], [2, 0, 0, 0, 104, 105]);
    await refused(/runs over the end of its file/);
    text([1], [255, 255, 255, 255, 104, 105]);
    await refused(/runs over the end of its file \(at byte 0\)/);
    text([1], [1, 0, 0, 0, 104, 105]);
    await refused(/end at byte 5 of 6/);
    text([1], [2, 0, 0, 0, 104, 105]);
    const { model } = await loadModel(folder);
    model.dispose();
  });

  it('what is not a file', async () => {
    write('sequential', (json) => (json.weightsManifest[0].paths = ['zero']));
    symlinkSync('/dev/zero', join(folder, 'zero'));
    await refused(/zero', which '.*model.json' names, is not a file/);
    mkdirSync(join(folder, 'w'));
    write('sequential', (json) => (json.weightsManifest[0].paths = ['w']));
    await refused(/is not a file/);
  });
});

describe('layers that do not go with the weights', () => {
  it.each<[string, string, (json: Json) => void, RegExp]>([
    ['sequential', 'a layer larger than the files', (json) => (layer(json, 5).config.units = 4e8), /layer 'logits' wants a weight of shape \[12, 400000000\], and there are fewer values/],
    ['sequential', 'an image larger than the files', (json) => (layer(json, 0).config.batch_input_shape = [null, 60000, 60000, 2]), /layer 'logits' wants a weight of shape \[\d+, 4\], and there are fewer values/],
    ['nested', 'a layer of a nested model', (json) => (layer(json, 2).config.layers[1].config.layers[0].config.filters = 1e9), /layer 'conv' wants a weight of shape \[3, 3, 3, 1000000000\]/],
    ['sequential', 'another number of units', (json) => (layer(json, 5).config.units = 3), /weight 'logits\/kernel' has shape \[12, 4\], its layer wants \[12, 3\]/],
    ['sequential', 'a weight of no layer', (json) => (first(json).name = 'conv9/kernel'), /no layer has a weight 'conv9\/kernel'/],
    ['sequential', 'a weight that is missing', (json) => Object.assign(layer(json, 1).config, { scale: true, name: 'norm9' }), /no layer has a weight 'norm\/gamma'/],
    ['sequential', 'a weight of an optimizer in its place', (json) => (first(json).group = 'optimizer'), /wants a weight|do not hold 'conv1\/kernel'/],
    ['sequential', 'weights as Keras 3 numbers them', (json) => json.weightsManifest[0].weights.forEach((weight: Json, i: number) => (weight.name = `layers/l/vars/${i}`)), /cannot build the model/],
    ['sequential', 'units that are no number', (json) => (layer(json, 5).config.units = {}), /cannot build the model/],
    ['sequential', 'a loss that does not exist', (json) => (json.trainingConfig = { optimizer_config: { class_name: 'Adam', config: {} }, loss: 'Mystery' }), /cannot build the model/],
    ['branched', 'a layer that is missing', (json) => (layer(json, 2).inbound_nodes[0][0][0] = 'lost'), /layer '\w+' is called on 'lost', and there is no such layer/],
    ['branched', 'a circle', (json) => (layer(json, 1).inbound_nodes[0][0][0] = 'sum'), /layer 'long1' is called on 'sum', and that comes in a circle/],
    ['branched', 'a call that never comes', (json) => (layer(json, 2).inbound_nodes[0][0][1] = 7), /comes in a circle/],
    ['branched', 'a call on nothing', (json) => (layer(json, 2).inbound_nodes[0][0] = {}), /there is no such layer/],
    ['branched', 'two layers of one name', (json) => { layer(json, 2).name = layer(json, 1).name; }, /has two layers that are both called 'long1'/],
    ['branched', 'a layer of two names', (json) => (layer(json, 2).config.name = 'other'), /has a layer that is called both '\w+' and "other"/],
    ['branched', 'a layer without a name', (json) => delete layer(json, 2).name, /has a layer without a name/],
    ['nested', 'a circle in a nested model', (json) => (layer(json, 2).config.layers[1].inbound_nodes[0][0][0] = 'pool'), /layer 'block' is called on 'pool'/],
    ['nested', 'an empty Sequential in front', (json) => (layer(json, 2).config.layers[1].config.layers = []), /cannot build|is called on 'block'/],
  ])('%s: %s', async (name, _, change, message) => {
    write(name, change);
    await refused(message);
  }); // prettier-ignore

  it('an initializer that never ends, in a nested model, is not asked', async () => {
    write('nested', (json) => {
      const { kernel_initializer: initializer } = layer(json, 2).config.layers[1].config.layers[0].config;
      initializer.config.scale = {};
    });
    await withoutLeak(async () => {
      const { model } = await loadModel(folder);
      const weights = (model as tf.LayersModel).getWeights();
      const values = Array.from(await weights[2].data());
      expect(values.every((value) => value >= 0.1 && value <= 0.9)).toBe(true);
      model.dispose();
    });
  });

  it('a state for more samples than anyone has', async () => {
    const model = tf.sequential({
      layers: [tf.layers.lstm({ units: 2, batchInputShape: [3, 4, 5], stateful: true })],
    });
    await model.save(
      tf.io.withSaveHandler((saved) => {
        models['stateful'] = saved;
        return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) });
      }),
    );
    model.dispose();
    write('stateful', (json) => (layer(json, 0).config.batch_input_shape[0] = 2e9));
    await refused(/has a layer that keeps a state for batches of 2000000000 samples/);
    write('stateful', () => undefined);
    (await loadModel(folder)).model.dispose();
  });

  it.each(['sequential', 'branched', 'nested'])('%s itself is loaded', async (name) => {
    write(name, () => undefined);
    await withoutLeak(async () => {
      const { model } = await loadModel(folder);
      model.dispose();
    });
  });

  it('several at once, one of them damaged', async () => {
    write('branched', (json) => (layer(json, 3).config.filters = 1e9));
    const damaged = folder;
    const sound = await mkdtemp(join(tmpdir(), 'svcca-models-'));
    folder = sound;
    write('nested', () => undefined);
    await withoutLeak(async () => {
      const results = await Promise.allSettled(
        [damaged, sound, damaged, sound].map((path) => loadModel(path)),
      );
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
      for (const result of results) if (result.status === 'fulfilled') result.value.model.dispose();
    });
    await rm(damaged, { recursive: true, force: true });
  });
});

describe('damaged graphs', () => {
  it.each<[string, (json: Json) => void]>([
    ['a node that reads what is not there', (json) => (json.modelTopology.node[2].input = ['lost', 'w'])],
    ['a node without an op', (json) => delete json.modelTopology.node[2].op],
    ['nodes that are no list', (json) => (json.modelTopology.node = 5)],
    ['no versions', (json) => delete json.modelTopology.versions],
    ['a library without functions', (json) => (json.modelTopology.library = { function: [{}] })],
  ])('%s', async (_, change) => {
    write('graph', change);
    await refused(/TensorFlow\.js cannot build the model of '.*model\.json': /);
  });
});

describe('JSON that is none, or too deep', () => {
  it.each([
    ['{"modelTopology": {', 19],
    ['{"modelTopology": {"ä": tru}}', 28],
    ['<html>', 0],
    ['{"a" 1}', 5],
    ['', 0],
  ])('%j names byte %i', async (text, offset) => {
    writeFileSync(join(folder, 'model.json'), text);
    await withoutLeak(async () => {
      await expect(loadModel(folder)).rejects.toMatchObject({ name: 'FormatError', offset });
    });
  });

  it.each([600, 200_000])('%i levels', async (depth) => {
    const deep = '['.repeat(depth) + ']'.repeat(depth);
    writeFileSync(join(folder, 'model.json'), `{"modelTopology": {"a": ${deep}}, "weightsManifest": []}`);
    await refused(/nested more than 500 levels deep|is not JSON/);
  });

  it('a key of the prototype', async () => {
    write('sequential', () => undefined);
    const { weightData: _, weightSpecs, modelTopology } = models['sequential'];
    const text = JSON.stringify({
      modelTopology,
      weightsManifest: [{ paths: ['w.bin'], weights: weightSpecs }],
    });
    writeFileSync(
      join(folder, 'model.json'),
      text.replace('"filters":3', '"filters":3,"__proto__":{"units":1}'),
    );
    await refused(/has a key '__proto__': refused/);
  });
});

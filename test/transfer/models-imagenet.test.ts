/** The ImageNet weights that `npm run imagenet` fetches, and the reader of their file. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PHOTOS, TOLERANCE, probabilities } from '../../scripts/imagenet-proof.js';
import { setTorchWeights, torchNames } from '../../scripts/lite0-weights.js';
import { readTorchWeights } from '../../scripts/torch-weights.js';
import { chooseBackend } from '../../src/node/backend.js';
import { decodeImage } from '../../src/node/images.js';
import { loadModel } from '../../src/node/models.js';
import { efficientNetLite0 } from '../../src/transfer/efficientnet-lite0.js';
import { stages } from '../../src/transfer/stages.js';
import { root } from '../support.js';

const home = join(root, '.imagenet');
const file = join(home, 'efficientnet-lite0', 'model.json');
const skipped = existsSync(join(home, 'ready.json')) ? '' : ' (skipped: npm run imagenet has not been run)';

/** A state dictionary with strides that are not C's and a whole number: python3 test/transfer/models-torch.py */
const STATE = [
  'gAKKCmz8nEb5IGqoUBkugAJN6QMugAJ9cQAoWBAAAABwcm90b2NvbF92ZXJzaW9ucQFN6QNYDQAAAGxpdHRsZV9lbmRpYW5xAohY',
  'CgAAAHR5cGVfc2l6ZXNxA31xBChYBQAAAHNob3J0cQVLAlgDAAAAaW50cQZLBFgEAAAAbG9uZ3EHSwR1dS6AAmNjb2xsZWN0aW9u',
  'cwpPcmRlcmVkRGljdApxAClScQEoWAgAAABhLndlaWdodHECY3RvcmNoLl91dGlscwpfcmVidWlsZF90ZW5zb3JfdjIKcQMoKFgH',
  'AAAAc3RvcmFnZXEEY3RvcmNoCkZsb2F0U3RvcmFnZQpxBVgCAAAAMTJxBlgDAAAAY3B1cQdLB050cQhRSwFLAksDhnEJSwFLAoZx',
  'ColoAClScQt0cQxScQ1YBgAAAGEuYmlhc3EOaAMoKGgEaAVYAQAAADdxD2gHSwJOdHEQUUsASwKFcRFLAYVxEoloAClScRN0cRRS',
  'cRVYFQAAAGEubnVtX2JhdGNoZXNfdHJhY2tlZHEWaAMoKGgEY3RvcmNoCkxvbmdTdG9yYWdlCnEXWAIAAAAzNHEYaAdLAU50cRlR',
  'SwApKYloAClScRp0cRtScRx1LoACXXEAKFgCAAAAMTJxAVgCAAAAMzRxAlgBAAAAN3EDZS4HAAAAAAAAAAAAEEEAAIA/AAAAQAAA',
  'QEAAAIBAAACgQAAAwEABAAAAAAAAAAUAAAAAAAAAAgAAAAAAAAAAAAC/AACAPg==',
].join('');

beforeAll(async () => {
  await chooseBackend();
});

describe.skipIf(skipped !== '')(`EfficientNet-Lite0 with ImageNet weights${skipped}`, () => {
  let model: tf.LayersModel;
  beforeAll(async () => {
    model = (await loadModel(file)).model as tf.LayersModel;
  });
  afterAll(() => model?.dispose());

  it('is the network that the library builds', async () => {
    const own = await efficientNetLite0();
    expect(model.countParams()).toBe(4_694_024);
    expect(stages(model)).toEqual(stages(own));
    const shapes = ({ weights }: tf.LayersModel) =>
      weights.map(({ originalName, shape }) => [originalName, shape]);
    expect(shapes(model)).toEqual(shapes(own));
    own.dispose();
  });

  // Figures of ../shared/spec/pretrained.md, which matched PyTorch's logits to 8.6e-6.
  it.each(PHOTOS)('knows what $file shows', async ({ file: photo, classes }) => {
    const image = await decodeImage(readFileSync(join(home, 'photos', photo)), photo);
    const before = tf.memory().numTensors;
    const found = await probabilities(tf, model, image);
    expect(tf.memory().numTensors).toBe(before);
    expect(found).toHaveLength(1000);
    expect(found.indexOf(Math.max(...found))).toBe(classes[0].index);
    for (const { index, probability } of classes)
      expect(Math.abs(found[index] - probability)).toBeLessThan(TOLERANCE);
  });

  it('knows nothing without them', async () => {
    const image = await decodeImage(readFileSync(join(home, 'photos', 'coffee.png')), 'coffee.png');
    const fresh = await efficientNetLite0();
    const found = await probabilities(tf, fresh, image);
    fresh.dispose();
    expect(Math.max(...found)).toBeLessThan(0.05);
  });
});

describe('the reader of weights of PyTorch', () => {
  const bytes = Uint8Array.from(Buffer.from(STATE, 'base64'));

  it('gives float32 tensors in C order, and leaves whole numbers out', () => {
    const found = readTorchWeights(bytes);
    expect([...found.keys()]).toEqual(['a.weight', 'a.bias']);
    expect(found.get('a.weight')!.shape).toEqual([2, 3]);
    expect([...found.get('a.weight')!.data]).toEqual([1, 3, 5, 2, 4, 6]);
    expect([...found.get('a.bias')!.data]).toEqual([-0.5, 0.25]);
    // A Buffer is a view of more than itself.
    const inside = Buffer.concat([Buffer.from('xyz'), bytes]).subarray(3);
    expect(readTorchWeights(inside)).toEqual(found);
  });

  it('refuses what is not such a file', () => {
    expect(() => readTorchWeights(bytes.subarray(1))).toThrow('does not begin as torch.save');
    expect(() => readTorchWeights(bytes.subarray(0, -2))).toThrow();
    const longer = Uint8Array.from([...bytes, 0]);
    expect(() => readTorchWeights(longer)).toThrow('goes on after the last storage');
    const text = Buffer.from(bytes).toString('latin1').replace('collections\nOrderedDict', 'posix\nsystem');
    expect(() => readTorchWeights(Buffer.from(text, 'latin1'))).toThrow('names posix.system');
  });

  it('gives each layer of Lite0 a name of PyTorch of its own, and misses none', async () => {
    const model = await efficientNetLite0({ inputShape: [32, 32, 3], classes: 2 });
    const names = torchNames(model);
    expect(names.get('block1_1_depthwise_conv')).toBe('_blocks.0._depthwise_conv');
    expect(names.get('block7_1_project_bn')).toBe('_blocks.15._bn2');
    expect(new Set(names.values()).size).toBe(names.size);
    expect(() => setTorchWeights(tf, model, new Map())).toThrow("the file has no '_conv_stem.weight'");
    model.dispose();
  });
});

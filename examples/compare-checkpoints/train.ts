/**
 * Trains the demo's three checkpoints: two from scratch with different seeds, and one first trained on Fashion-MNIST
 * and then fine-tuned, all on the same MNIST digits. Needs `npm run native` once; then
 * `npx tsx examples/compare-checkpoints/train.ts --fashion path/to/fashion_mnist_12k.npz`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { loadModel } from 'svcca/node';
import { saveCheckpoint } from './checkpoint.js';
import { readFashion } from './fashion.js';
import { accuracy, fit, type Schedule } from './fit.js';
import { type LabelledImages, mnistTest, mnistTrain } from './mnist.js';
import { loadNative } from './native.js';
import { cbrTiny, copyFeatures } from './network.js';

const { values: options } = parseArgs({
  options: {
    fashion: { type: 'string', default: '../shared/data/fashion_mnist_12k.npz' },
    out: { type: 'string', default: fileURLToPath(new URL('checkpoints', import.meta.url)) },
    images: { type: 'string', default: '12000' },
  },
});
const SCHEDULE: Schedule = { epochs: 3, batchSize: 32, learningRate: 1e-3 };
const SEEDS = { 'scratch-1': 1, 'scratch-2': 2, fashion: 3, pretrained: 4 };

const started = performance.now();
const seconds = () => Math.round((performance.now() - started) / 1000);
const log = (line: string) => console.log(`[${seconds()} s] ${line}`);

const versions = loadNative();
await tf.setBackend('tensorflow');
const train = await mnistTrain(Number(options.images));
const test = await mnistTest(10_000);
const fashion = await readFashion(options.fashion);

/** Saves a network trained on MNIST, and what its weights are worth before and after rounding to float16. */
async function finish(name: string, model: tf.LayersModel, seed: number, losses: number[]) {
  const folder = join(options.out, name);
  await saveCheckpoint(model, folder);
  const saved = (await loadModel(folder)).model as tf.LayersModel;
  const float32 = accuracy(model, test);
  const float16 = accuracy(saved, test);
  saved.dispose();
  log(`${name}: test accuracy ${float32} as float32, ${float16} as float16`);
  return { seed, losses, testAccuracy: { float32, float16 } };
}

async function trainOn(model: tf.LayersModel, data: LabelledImages, name: string, seed: number) {
  return fit(model, data, SCHEDULE, seed, (line) => log(`${name}: ${line}`));
}

async function fromScratch(name: 'scratch-1' | 'scratch-2') {
  const seed = SEEDS[name];
  const model = cbrTiny(seed);
  return finish(name, model, seed, await trainOn(model, train, name, seed));
}

async function fromFashion() {
  const source = cbrTiny(SEEDS.fashion);
  const losses = await trainOn(source, fashion.train, 'fashion', SEEDS.fashion);
  const testAccuracy = accuracy(source, fashion.test);
  log(`fashion: test accuracy ${testAccuracy} before fine-tuning`);
  const model = cbrTiny(SEEDS.pretrained);
  copyFeatures(source, model);
  const before = { data: 'Fashion-MNIST', trainImages: fashion.train.count, testImages: fashion.test.count };
  const record = await finish(
    'pretrained',
    model,
    SEEDS.pretrained,
    await trainOn(model, train, 'pretrained', SEEDS.pretrained),
  );
  return { ...record, pretraining: { ...before, seed: SEEDS.fashion, losses, testAccuracy } };
}

const checkpoints = {
  'scratch-1': await fromScratch('scratch-1'),
  'scratch-2': await fromScratch('scratch-2'),
  pretrained: await fromFashion(),
};
const lowest = Math.min(...Object.values(checkpoints).map((record) => record.testAccuracy.float16));
if (lowest <= 0.97) log(`The lowest accuracy, ${lowest}, is not above 0.97: train longer.`);

const file = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const record = {
  command:
    'npx tsx examples/compare-checkpoints/train.ts --fashion path/to/fashion_mnist_12k.npz' +
    (train.count === 12_000 ? '' : ` --images ${train.count}`),
  network: 'CBR-Tiny, 5 × 5 kernels, filters 32 64 128 256, 28 × 28 × 1',
  data: { name: 'MNIST', trainImages: train.count, testImages: test.count },
  optimizer: { name: 'Adam', ...SCHEDULE, decay: 'linear to 0' },
  checkpoints,
  versions: { svcca: file.version, tfjs: tf.version.tfjs, ...versions, node: process.versions.node },
  seconds: seconds(),
};
await writeFile(join(options.out, 'training.json'), `${JSON.stringify(record, null, 2)}\n`);
log(`wrote ${Object.keys(checkpoints).join(', ')} and training.json`);

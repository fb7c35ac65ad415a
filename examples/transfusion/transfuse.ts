/**
 * Weight transfusion by hand: a network learns the digits 0 to 4, its first blocks go into fresh networks, and those learn the
 * digits 5 to 9 from few images. How similar is each to the pretrained network before and after, and what is its AUC?
 */
import type { LayersModel } from '@tensorflow/tfjs';
import { compare } from 'svcca';
import { chooseBackend, openLabelled } from 'svcca/node';
import { cbr, evaluate, train, transfuse } from 'svcca/transfer';

const SIZE = [14, 14] as const;
const NETWORK = { inputShape: [...SIZE, 1], classes: 5, width: 0.125 } as const;
const TRAINING = { batchSize: 16, learningRate: 3e-3 };
const BLOCKS = ['block1', 'block2', 'block3', 'block4'];

// What runs without anything installed, and prints the same digits everywhere. On TensorFlow it is faster still.
await chooseBackend({ prefer: 'wasm' });
const low = ['0', '1', '2', '3', '4'];
const high = ['5', '6', '7', '8', '9'];
const source = await openLabelled({
  from: 'mnist',
  only: low,
  size: SIZE,
  train: 800,
  validation: 50,
  test: 50,
});
const target = await openLabelled({
  from: 'mnist',
  only: high,
  size: SIZE,
  train: 240,
  validation: 50,
  test: 500,
});

const pretrained = await cbr('Tiny', { ...NETWORK, seed: 1 });
await train(pretrained, source, { ...TRAINING, steps: 50, evaluateEvery: 50, seed: 1 });

const row = (first: string, before: string, after: string, auc: string) =>
  console.log(`${first.padEnd(15)}${before.padEnd(29)}${after.padEnd(29)}${auc}`.trimEnd());
row('', 'SVCCA with the pretrained network, block 1 to 4', '', '');
row('reused up to', 'before training', 'after 15 steps', 'AUC');
for (const upTo of ['nothing', ...BLOCKS]) {
  const model = await cbr('Tiny', { ...NETWORK, seed: 2 });
  if (upTo !== 'nothing') await transfuse(pretrained, model, { upTo });
  const before = await similarity(model);
  await train(model, target, { ...TRAINING, steps: 15, evaluateEvery: 15, seed: 2 });
  const after = await similarity(model);
  const { auc } = await evaluate(model, target.test);
  row(upTo, before, after, auc.toFixed(3));
  model.dispose();
}
pretrained.dispose();

/** How similar what each block gives is to what it gives in the pretrained network, on test images of 5 to 9. */
async function similarity(model: LayersModel): Promise<string> {
  const { images, shape } = target.test;
  const options = { layers: BLOCKS.map((block) => `${block}_pool`), preprocess: { std: 255 } };
  const compared = await compare(model, pretrained, { shape, data: images }, options);
  return compared
    .diagonal()
    .map(({ score }) => score.toFixed(3))
    .join('  ');
}

/**
 * EfficientNet-Lite0 from ImageNet weights against the same network from random ones, stage by stage on real images, before a
 * very short training and after it. Two random starts against each other say how alike networks are that share no weights.
 */
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { LayersModel } from '@tensorflow/tfjs';
import { compare } from 'svcca';
import type { Similarity } from 'svcca';
import { chooseBackend, loadModel, openLabelled, writeAtomic } from 'svcca/node';
import { report } from 'svcca/report';
import { efficientNetLite0, evaluate, stages, startFrom, toChannels, train } from 'svcca/transfer';
import type { Condition } from 'svcca/transfer';

const { values: asked } = parseArgs({
  options: {
    // MedMNIST's PneumoniaMNIST: chest X-rays of children, normal or pneumonia.
    data: { type: 'string', default: 'https://zenodo.org/records/10519652/files/pneumoniamnist.npz' },
    size: { type: 'string', default: '64' },
    steps: { type: 'string', default: '20' },
    out: { type: 'string', default: 'demo/imagenet-vs-scratch' },
  },
});
const [size, steps] = [Number(asked.size), Number(asked.steps)];
const TRAINING = { batchSize: 32, learningRate: 1e-3, seed: 1 };
// As the ImageNet weights were trained: (value − 127) / 128.
const PIXELS = { offset: 127, scale: 128 };

const { name: backend } = await chooseBackend();
const imagenet = await loadModel('.imagenet/efficientnet-lite0');
const opened = await openLabelled({
  ...{ from: asked.data, size: [size, size] },
  ...{ train: 320, validation: 100, test: 200 },
});
const [images, validation, test] = [opened.train, opened.validation, opened.test].map((part) =>
  toChannels(part, 3),
);
console.log(`${test.shape[0]} test images at ${size} × ${size}, on the tfjs backend '${backend}'\n`);

const networks = {
  'scratch-1': await start('random', 1),
  'scratch-2': await start('random', 2),
  pretrained: await start('pretrained', 3),
};
const ends = stages(networks.pretrained).slice(0, -1);
const columns = await comparisons('before training');
const aucs: string[] = [];
if (steps > 0) {
  for (const [name, model] of Object.entries(networks)) {
    await train(
      model,
      { train: images, validation },
      { ...TRAINING, steps, evaluateEvery: steps, pixels: PIXELS },
    );
    const { auc } = await evaluate(model, test, { pixels: PIXELS });
    aucs.push(`${name} ${auc.toFixed(3)}`);
  }
  columns.push(...(await comparisons(`after ${steps} steps`)));
}

const pair = 'scratch–scratch  scratch–pretrained';
const heads = ['before training', `after ${steps} steps`].slice(0, columns.length / 2);
console.log(['SVCCA ', ...heads.map((head) => head.padEnd(pair.length))].join('  ').trimEnd());
console.log(['stage ', ...heads.map(() => pair), 'chance'].join('  '));
ends.forEach(({ name, layers }, i) => {
  const scores = columns.map((one) => one.diagonal()[i].score.toFixed(3));
  const chance = columns[0].cell(layers.at(-1)!, layers.at(-1)!).chance?.toFixed(3) ?? '';
  const cells = [...scores.map((score, k) => score.padStart(k % 2 === 0 ? 17 : 20)), chance.padStart(8)];
  console.log(name.padEnd(6) + cells.join(''));
});
if (aucs.length > 0) console.log(`\nTest AUC: ${aucs.join(', ')}`);

await mkdir(asked.out, { recursive: true });
await writeAtomic(
  `${asked.out}/report.html`,
  report(columns, { title: 'ImageNet weights against random ones' }),
);
console.log(`\nWrote ${asked.out}/report.html`);

function start(condition: Condition, seed: number): Promise<LayersModel> {
  const build = () => efficientNetLite0({ inputShape: [size, size, 3], classes: test.classes.length });
  return startFrom(condition, { build, pretrained: imagenet.model as LayersModel, seed });
}

/** Scratch against scratch, then against pretrained: what the last layer of each stage gives for the test images. */
async function comparisons(when: string): Promise<Similarity[]> {
  const options = {
    layers: ends.map(({ layers }) => layers.at(-1)!),
    preprocess: { mean: PIXELS.offset, std: PIXELS.scale },
  };
  const against = (name: 'scratch-2' | 'pretrained') =>
    compare(
      networks['scratch-1'],
      networks[name],
      { shape: test.shape, data: test.images },
      {
        ...options,
        names: { a: `scratch-1 ${when}`, b: `${name} ${when}` },
      },
    );
  return [await against('scratch-2'), await against('pretrained')];
}

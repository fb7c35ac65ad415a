/**
 * Compares three checkpoints of one network on real digits: two trained from scratch with different seeds, and one
 * pretrained on pictures of clothes. Writes `demo/report.html` and `demo/similarity.json`.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compare } from 'svcca';
import type { Similarity } from 'svcca';
import { chooseBackend, fingerprint, loadModel, writeAtomic } from 'svcca/node';
import { report } from 'svcca/report';
import { mnistTest } from './mnist.js';

const IMAGES = 1000;
const LAYERS = /^(relu\d|gap|logits)$/;
// Of each feature map, so that the first layers (28 × 28 positions) do not take most of the time.
const POSITIONS = 49;

const started = performance.now();
const folder = fileURLToPath(new URL('checkpoints/', import.meta.url));
const target = fileURLToPath(new URL('../../demo/', import.meta.url));
const backend = await chooseBackend();
const { images } = await mnistTest(IMAGES);
const data = { shape: [IMAGES, 28, 28, 1], data: images };
console.log(`${IMAGES} MNIST test images, models on the tfjs backend '${backend.name}'\n`);

const scratch = await compareCheckpoints('scratch-1', 'scratch-2');
const pretrained = await compareCheckpoints('scratch-1', 'pretrained');

console.log('SVCCA of corresponding layers (1: the kept subspaces coincide):\n');
console.log(`${'layer'.padEnd(8)}  scratch–scratch  scratch–pretrained`);
scratch.diagonal().forEach(({ layer, score }, i) => {
  const other = pretrained.diagonal()[i].score;
  console.log(`${layer.padEnd(8)}  ${score.toFixed(4).padStart(15)}  ${other.toFixed(4).padStart(18)}`);
});

await mkdir(target, { recursive: true });
const title = 'Does pretraining on clothes change how a network reads digits?';
await writeAtomic(`${target}report.html`, report([scratch, pretrained], { title }));
const comparisons = { format: 'svcca/similarities@1', comparisons: [scratch, pretrained] };
await writeAtomic(`${target}similarity.json`, `${JSON.stringify(comparisons)}\n`);
console.log(
  `\nWrote demo/report.html and demo/similarity.json in ${Math.round((performance.now() - started) / 1000)} s`,
);

async function compareCheckpoints(a: string, b: string): Promise<Similarity> {
  const [left, right] = [await open(a), await open(b)];
  try {
    return await compare(left.model, right.model, data, {
      layers: LAYERS,
      positions: POSITIONS,
      names: { a, b },
      fingerprints: {
        a: left.fingerprint,
        b: right.fingerprint,
        data: fingerprint(new Uint8Array(images.buffer)),
      },
    });
  } finally {
    left.model.dispose();
    right.model.dispose();
  }
}

async function open(name: string) {
  const loaded = await loadModel(`${folder}${name}`);
  if (loaded.kind !== 'layers') throw new Error(`${name} is not a layers model`);
  return loaded;
}

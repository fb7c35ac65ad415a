/** What commands take as data and what is done to them. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mnistTest } from '../../examples/compare-checkpoints/mnist.js';
import { captureOptionsOf, dataOptionsOf } from '../../src/cli/capture-arguments.js';
import { compareCommand } from '../../src/cli/compare.js';
import { Similarity } from '../../src/compare/similarity.js';
import { saveNpz } from '../../src/node/files.js';
import { root } from '../support.js';
import { runHere } from './here.js';

const [first, second] = ['scratch-1', 'scratch-2'].map((name) =>
  join(root, 'examples/compare-checkpoints/checkpoints', name),
) as [string, string];
const SAMPLES = 40;

let folder: string;
const at = (name: string) => join(folder, name);
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
    gap: { shape: [SAMPLES, 5], data: noise.slice(0, SAMPLES * 5) },
    labels: { shape: [7], data: new Float32Array(7) },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function scoresOf(...args: string[]): Promise<Similarity> {
  const asked = ['--layers', 'gap,logits', '--json'];
  const { out, err } = await runHere(compareCommand, first, second, ...asked, ...args);
  expect(err).not.toMatch(/^svcca:/m);
  return Similarity.fromJSON(JSON.parse(out) as never);
}

describe('--data', () => {
  it('takes an array of any axis and layout, a folder and a glob of images: all the same samples', async () => {
    const scaled = ['--scale', '1/255'];
    const expected = await scoresOf('--data', at('images.npz'), ...scaled);
    expect(expected.samples).toBe(SAMPLES);
    for (const [path, ...data] of [
      ['images.npz:x', '--preprocess', 'scale=1/255'],
      ['last.npz', '--data-axis', '-1', ...scaled],
      ['first.npz', '--data-layout', 'NCHW', ...scaled],
      ['digits', ...scaled],
      ['digits/*.png', '--preprocess', 'resize=input;scale=1/255'],
    ]) {
      const similarity = await scoresOf('--data', at(path), ...data);
      expect(Array.from(similarity.scores), path).toEqual(Array.from(expected.scores));
    }
    const few = await scoresOf('--data', at('digits'), '--count', '30', ...scaled);
    expect(few.samples).toBe(30);
  });

  it('takes other steps for the second side', async () => {
    const options = ['--data', at('digits'), '--preprocess', 'scale=1/255'];
    const inverted = await scoresOf(...options, '--preprocess-b', 'scale=-1/255;mean=-1');
    const same = await scoresOf(...options);
    expect(inverted.scores).not.toEqual(same.scores);
  });

  it('names a damaged image and a bad step', async () => {
    mkdirSync(join(folder, 'damaged'));
    copyFileSync(join(folder, 'digits', '000.png'), join(folder, 'damaged', '0.png'));
    writeFileSync(join(folder, 'damaged', '1.png'), 'no image');
    const run = (...args: string[]) => runHere(compareCommand, first, second, '--layers', 'gap', ...args);
    await expect(run('--data', at('damaged'))).rejects.toThrow(
      /damaged.1\.png is neither a PNG nor a JPEG file \(at byte 0\)$/,
    );
    const axis = run('--data', at('digits'), '--data-axis', '1');
    await expect(axis).rejects.toThrow(/--data-axis is for arrays, and '.*digits'/);
    const step = run('--data', at('digits'), '--preprocess', 'resize=input;size=3');
    await expect(step).rejects.toThrow(/'size=3' is no step of it: give steps such as/);
    const missing = run('--data', at('nowhere'));
    await expect(missing).rejects.toThrow(/cannot read '.*nowhere': there is no such file/);
  });
});

describe('activations', () => {
  const neurons = async (...args: string[]) => {
    const { out, err } = await runHere(
      compareCommand,
      at('acts.npz'),
      at('acts.npz'),
      '--measure',
      'cka',
      '--json',
      ...args,
    );
    expect(err).not.toMatch(/^svcca:/m);
    const [{ x, y }] = (JSON.parse(out) as { cells: Record<'x' | 'y', { neurons: number }>[] }).cells;
    return [x.neurons, y.neurons];
  };

  it('are read with channels first or last, each side as it is, beside arrays that are none', async () => {
    const layers = ['--layers', 'conv'];
    expect(await neurons(...layers)).toEqual([4, 4]);
    expect(await neurons(...layers, '--layout', 'NCHW')).toEqual([3, 3]);
    expect(await neurons(...layers, '--spatial', 'mean', '--layout', 'NCHW', '--layout-b', 'NHWC')).toEqual([
      3, 4,
    ]);
    expect(await neurons(...layers, '--spatial', 'mean', '--layout-b', 'NCHW')).toEqual([4, 3]);
  });

  it('are those of each side by layers of its own', async () => {
    expect(await neurons('--layers', 'conv', '--layers-b', 'gap')).toEqual([4, 5]);
    await expect(neurons('--layers', 'conv', '--layers-b', 'labels')).rejects.toThrow(/7 samples/);
  });
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

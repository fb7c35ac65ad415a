/** `svcca capture`, as a child process in a folder of its own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mnistTest } from '../../examples/compare-checkpoints/mnist.js';
import { UsageError } from '../../src/cli/arguments.js';
import { captureCommand } from '../../src/cli/capture.js';
import { compareCommand } from '../../src/cli/compare.js';
import { Similarity } from '../../src/compare/similarity.js';
import { OptionError } from '../../src/errors.js';
import { loadNpz, saveNpz } from '../../src/node/files.js';
import { root } from '../support.js';
import { runHere } from './here.js';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const [first, second] = ['scratch-1', 'scratch-2'].map((name) =>
  join(root, 'examples/compare-checkpoints/checkpoints', name),
) as [string, string];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-capture-'));
  const { images } = await mnistTest(100);
  await saveNpz(join(folder, 'images.npz'), {
    images: { shape: [100, 28, 28, 1], data: Float32Array.from(images) },
  });
  const many = new Float32Array(30 * images.length);
  for (let i = 0; i < 30; i++) many.set(images, i * images.length);
  await saveNpz(join(folder, 'many.npz'), { images: { shape: [3000, 28, 28, 1], data: many } });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command; `during` may send a signal to it. */
function svcca(args: string[], during?: (child: ReturnType<typeof spawn>) => void) {
  return new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    const env = { ...process.env, SVCCA_TFJS_NODE: '' };
    const child = spawn(process.execPath, ['--import', tsx, join(root, 'src/cli/main.ts'), ...args], {
      cwd: folder,
      env,
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    during?.(child);
  });
}

const layers = ['--layers', 'relu4,gap,logits'];

describe('svcca capture', () => {
  it('keeps what compare would have seen: the same numbers from files as from the models', async () => {
    const [images, one, other] = ['images.npz', 'a.npz', 'b.safetensors'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    const data = ['--data', images, ...layers];
    const measures = ['--measure', 'svcca,cka', '--json'];
    const live = await runHere(compareCommand, first, second, ...data, ...measures);
    const a = await runHere(captureCommand, first, ...data, '--out', one);
    expect(a.err).toBe(`wrote ${one}\n`);
    expect(a.out).toMatch(/^layer +samples × shape +type\nrelu4 +100 × \d+ × \d+ × \d+ +float32\n/);
    await runHere(captureCommand, second, ...data, '--out', other);
    expect(Object.keys(await loadNpz(one))).toEqual(['relu4', 'gap', 'logits']);
    const kept = await runHere(compareCommand, one, other, ...measures);
    const [wanted, found] = [live.out, kept.out].map((text) => Similarity.fromJSON(JSON.parse(text)));
    for (const name of ['svcca', 'cka']) {
      const [x, y] = [wanted.by(name).scores, found.by(name).scores];
      expect(Math.max(...x.map((value, i) => Math.abs(value - y[i])))).toBeLessThan(1e-12);
    }
  });

  it('reduces, narrows, and writes a folder', async () => {
    const args = ['capture', first, '--data', 'images.npz', '--layers', 'relu4', '--spatial', 'mean'];
    const { code, out, err } = await svcca([...args, '--dtype', 'float16', '--out', 'kept']);
    expect({ code, err }).toEqual({ code: 0, err: 'wrote kept\n' });
    expect(out).toMatch(/relu4 +100 × \d+ +float16/);
    expect(readdirSync(join(folder, 'kept'))).toEqual(['relu4.npy']);
    const again = await svcca([...args, '--out', 'kept']);
    expect([again.code, again.err]).toEqual([1, expect.stringMatching(/it is there already/)]);
  });

  it.each([
    ['no --out', ['--data', 'images.npz'], UsageError, /name the file to write: --out acts\.npz/],
    ['no --data', ['--out', 'x.npz'], UsageError, /models are run on data/],
    [
      'another kind of file',
      ['--data', 'images.npz', '--out', 'x.csv'],
      OptionError,
      /cannot be written as '.*x\.csv'/,
    ],
    [
      'another type',
      ['--data', 'images.npz', '--dtype', 'int8', '--out', 'x.npz'],
      OptionError,
      /dtype is 'int8'/,
    ],
    [
      'an unknown layer',
      ['--data', 'images.npz', '--layers', 'conv9', '--out', 'x.npz'],
      OptionError,
      /no layer matches/,
    ],
    ['positions', ['--data', 'images.npz', '--positions', '3'], UsageError, /no option '--positions'/],
    ['a layout', ['--data', 'images.npz', '--layout', 'NCHW'], UsageError, /no option '--layout'/],
  ])('%s', async (_, args, kind, message) => {
    const placed = args.map((arg) => (/\.\w+$/.test(arg) ? join(folder, arg) : arg));
    const error: unknown = await runHere(captureCommand, first, ...placed).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(message);
    expect(existsSync(join(folder, 'x.npz'))).toBe(false);
  });

  it('activations instead of a model', async () => {
    const given = join(folder, 'given.npy');
    writeFileSync(given, '');
    const run = runHere(captureCommand, given, '--data', 'images.npz', '--out', join(folder, 'x.npz'));
    await expect(run).rejects.toThrow(/holds activations already/);
  });

  it.skipIf(process.platform === 'win32')('interrupted: nothing is left', async () => {
    const args = ['capture', first, '--data', 'many.npz', '--batch-size', '8', '--out', 'never.npz'];
    const { code, err } = await svcca(args, (child) => {
      // Once it is writing.
      const timer = setInterval(() => {
        if (!readdirSync(folder).some((name) => name.endsWith('.tmp'))) return;
        clearInterval(timer);
        child.kill('SIGINT');
      }, 20);
      child.on('close', () => clearInterval(timer));
    });
    expect({ code, err }).toEqual({ code: 130, err: 'svcca: interrupted; nothing was written\n' });
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp') || name === 'never.npz')).toEqual([]);
  });
});

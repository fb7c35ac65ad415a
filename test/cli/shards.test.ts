/** `svcca moments` and `svcca merge`, as child processes in a folder of their own. */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mnistTest } from '../../examples/compare-checkpoints/mnist.js';
import { UsageError } from '../../src/cli/arguments.js';
import { compareCommand } from '../../src/cli/compare.js';
import { mergeCommand } from '../../src/cli/merge.js';
import { momentsCommand } from '../../src/cli/moments.js';
import { shardMoments } from '../../src/compare/shards/moments.js';
import type { ShardOptions } from '../../src/compare/shards/moments.js';
import { Similarity } from '../../src/compare/similarity.js';
import { saveNpz } from '../../src/node/files.js';
import { savePart } from '../../src/node/parts.js';
import { gaussian, root } from '../support.js';
import { runHere } from './here.js';

const command = join(root, 'src/cli/main.ts');
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const checkpoints = join(root, 'examples/compare-checkpoints/checkpoints');
const [first, second] = [join(checkpoints, 'scratch-1'), join(checkpoints, 'scratch-2')];
const models = [first, second, '--data', 'images.npz', '--layers', 'relu3,gap,logits'];
const measures = ['--measure', 'svcca,cka,procrustes', '--estimator', 'debiased', '--keep', 'dims=4'];

interface Result {
  code: number | null;
  out: string;
  err: string;
}

let folder: string;

function svcca(...args: string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, SVCCA_TFJS_NODE: '' };
    const child = spawn(process.execPath, ['--import', tsx, command, ...args], { cwd: folder, env });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const read = (name: string) => Similarity.fromJSON(readFileSync(join(folder, name), 'utf8'));

function farthest(a: Similarity, b: Similarity): number {
  const pairs = [a, ...a.others].map((one, m) => [one, [b, ...b.others][m]] as const);
  return Math.max(
    ...pairs.flatMap(([one, other]) =>
      Array.from(one.scores, (score, i) => Math.abs(score - other.scores[i])),
    ),
  );
}

/** Three uneven shards of 90 images, in files of any name. */
const shards = [
  ['--samples', '0:7', '--out', 'z.first'],
  ['--samples', '7:71', '--out', 'parts/b'],
  ['--samples', '71:', '--out', 'c.part'],
];
const files = ['z.first', 'parts/b', 'c.part'];

const before = process.cwd();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-shards-'));
  process.chdir(folder);
  const { images } = await mnistTest(90);
  await saveNpz(join(folder, 'images.npz'), {
    images: { shape: [90, 28, 28], data: Float32Array.from(images) },
  });
  for (const [name, seed] of [
    ['x', 1],
    ['y', 2],
  ] as const) {
    const layer = gaussian(50, 4, seed);
    await saveNpz(join(folder, `${name}.npz`), { l: { shape: [50, 4], data: layer.data } });
  }
  for (const shard of shards) {
    const { code, out, err } = await svcca('moments', ...models, ...measures, ...shard);
    expect({ code, err }).toEqual({ code: 0, err: `wrote ${shard[3]}\n` });
    expect(out).toMatch(/^samples \d+:\d+ of 90\n$/);
  }
}, 240_000);
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

describe('three uneven shards of two models', () => {
  it('give what compare gives, in the same files', async () => {
    const whole = await svcca('compare', ...models, ...measures, '--out', 'whole.json,whole.html');
    const merged = await svcca('merge', ...files, '--out', 'merged.json,merged.html,merged.csv,merged.npz');
    expect({ code: merged.code, out: merged.out }).toEqual({ code: 0, out: whole.out });
    expect(merged.err).toBe(
      ['json', 'html', 'csv', 'csv', 'csv', 'npz']
        .map((kind, i) => `wrote merged${['', '', '', '-cka', '-procrustes', ''][i]}.${kind}\n`)
        .join(''),
    );
    expect(farthest(read('whole.json'), read('merged.json'))).toBeLessThan(1e-12);
    const { fingerprints, names, samples } = read('merged.json');
    expect({ fingerprints, names, samples }).toEqual({
      fingerprints: read('whole.json').fingerprints,
      names: { a: 'scratch-1', b: 'scratch-2' },
      samples: 90,
    });
    // The same page, but that nothing was squared on the way to the merged one.
    const page = (name: string) => readFileSync(join(folder, name), 'utf8').replaceAll('moments', 'direct');
    expect(page('merged.html')).toBe(page('whole.html'));
    expect(page('merged.html')).toContain('<svg');
  }, 120_000);

  it('in any order give the same bytes', async () => {
    await svcca('merge', ...files, '--out', 'one.json');
    await svcca('merge', ...[...files].reverse(), '--out', 'two.json');
    expect(readFileSync(join(folder, 'two.json'))).toEqual(readFileSync(join(folder, 'one.json')));
  }, 120_000);

  it('in steps, and by another measure', async () => {
    expect((await svcca('merge', files[2], files[0], '--out', 'outer.part')).err).toBe('wrote outer.part\n');
    const { code } = await svcca(
      'merge',
      'outer.part',
      files[1],
      '--measure',
      'rvCoefficient',
      '--out',
      'rv.json',
    );
    expect(code).toBe(0);
    await svcca('compare', ...models, '--measure', 'rvCoefficient', '--out', 'wanted.json');
    expect(farthest(read('rv.json'), read('wanted.json'))).toBeLessThan(1e-12);
  }, 120_000);

  it('equal shards of activations from files', async () => {
    for (const i of [0, 1, 2])
      await runHere(momentsCommand, 'x.npz', 'y.npz', '--shard', `${i}/3`, '--out', `x${i}`);
    await runHere(mergeCommand, 'x2', 'x0', 'x1', '--out', 'x.json');
    await runHere(compareCommand, 'x.npz', 'y.npz', '--out', 'x-whole.json');
    expect(farthest(read('x.json'), read('x-whole.json'))).toBeLessThan(1e-12);
  }, 120_000);
});

describe('parts that do not make up the whole are refused by name, and nothing is written', () => {
  /** Parts of two small layers, as `moments` writes them. */
  const write = async (name: string, options: ShardOptions = {}, rows = 50): Promise<void> => {
    const layer = (seed: number) => ({ l: gaussian(rows, 4, seed) });
    const own = { fingerprints: { a: '1', b: '2', data: '3' }, ...options };
    await savePart(join(folder, name), await shardMoments(layer(1), layer(2), undefined, own));
  };
  const refused = async (expected: RegExp, ...parts: string[]) => {
    await expect(runHere(mergeCommand, ...parts, '--out', 'no.json')).rejects.toThrow(expected);
    expect(existsSync(join(folder, 'no.json'))).toBe(false);
  };
  beforeAll(async () => {
    await write('p0', { shard: { from: 0, to: 20 } });
    await write('p1', { shard: { from: 20, to: 21 } });
    await write('p2', { shard: { from: 21, to: 50 } });
  });

  it(
    'missing',
    () => refused(/samples 20:21 of 50 are in none of the 2 parts \(p2, p0\)/, 'p2', 'p0'),
    30_000,
  );

  it('repeated', () => refused(/p1 was given twice \(samples 20:21\)/, 'p0', 'p1', 'p2', 'p1'), 30_000);

  it('repeated under another name', async () => {
    copyFileSync(join(folder, 'p2'), join(folder, 'copy'));
    await refused(/(p2 and copy|copy and p2) both hold samples 21:50/, 'p0', 'p1', 'p2', 'copy');
  }, 30_000);

  it.each([
    [
      'of other data',
      { fingerprints: { a: '1', b: '2', data: 'x' } },
      50,
      /the data \(fingerprint\) differs/,
    ],
    [
      'of another network',
      { fingerprints: { a: 'x', b: '2', data: '3' } },
      50,
      /the first network \(fingerprint\) differs/,
    ],
    ['of fewer data', {}, 40, /the number of samples of all shards differs, 40 against 50/],
    ['of other options', { measure: 'cka' }, 50, /'measure' and its options differs/],
  ] as const)(
    '%s',
    async (_name, options, rows, why) => {
      await write('foreign', { ...options, shard: { from: 21, to: rows } }, rows);
      await refused(
        new RegExp(`foreign is not of the same comparison as p0: ${why.source}`),
        'p0',
        'p1',
        'foreign',
      );
    },
    30_000,
  );

  it('of the same files, read in another way', async () => {
    // As many channels as rows and columns: the shapes do not tell.
    const { data } = gaussian(20, 27, 5);
    await saveNpz(join(folder, 'cubes.npz'), { l: { shape: [20, 3, 3, 3], data } });
    const moments = ['cubes.npz', 'cubes.npz', '--measure', 'cka'];
    await runHere(momentsCommand, ...moments, '--shard', '0/2', '--out', 'last.0');
    await runHere(momentsCommand, ...moments, '--shard', '1/2', '--out', 'first.1', '--layout', 'NCHW');
    await refused(
      /first.1 is not of the same comparison as last.0: the first network \(fingerprint\) differs, "\w{16} layout=NCHW"/,
      'last.0',
      'first.1',
    );
    await runHere(momentsCommand, ...moments, '--shard', '1/2', '--out', 'first-b.1', '--layout-b', 'NCHW');
    await refused(/the second network \(fingerprint\) differs/, 'last.0', 'first-b.1');
  }, 60_000);

  it('of other data of the same file', async () => {
    const images = (seed: number) => ({
      shape: [6, 28, 28],
      data: Float32Array.from(gaussian(6, 784, seed).data),
    });
    await saveNpz(join(folder, 'two.npz'), { one: images(1), other: images(2) });
    const moments = [first, second, '--layers', 'gap', '--measure', 'cka'];
    await runHere(momentsCommand, ...moments, '--data', 'two.npz:one', '--shard', '0/2', '--out', 'one.0');
    await runHere(
      momentsCommand,
      ...moments,
      '--data',
      'two.npz:other',
      '--shard',
      '1/2',
      '--out',
      'other.1',
    );
    await refused(/the data \(fingerprint\) differs, "\w{16} key=other"/, 'one.0', 'other.1');
  }, 60_000);

  it.each([
    [
      'damaged',
      (bytes: Buffer) => ((bytes[bytes.length - 100] ^= 4), bytes),
      /bad: the checksum is wrong, so it is damaged/,
    ],
    [
      'cut off',
      (bytes: Buffer) => bytes.subarray(0, bytes.length - 50),
      /bad: it is cut off: \d+ bytes of \d+/,
    ],
    [
      'no part at all',
      () => Buffer.from('not a part, but long enough'),
      /bad is not a part as 'svcca moments'/,
    ],
  ] as const)(
    '%s',
    async (_name, change, why) => {
      writeFileSync(join(folder, 'bad'), change(readFileSync(join(folder, 'p2'))));
      await refused(why, 'p0', 'p1', 'bad');
    },
    30_000,
  );

  it('absent', () => refused(/cannot read 'absent': there is no such file/, 'absent'), 30_000);
});

describe('wrong usage', () => {
  it.each([
    [['moments', 'x.npz', 'y.npz', '--out', 'p'], /say which samples: --shard 0\/4/],
    [['moments', 'x.npz', 'y.npz', '--shard', '4/4', '--out', 'p'], /--shard is '4\/4': give 0\/4/],
    [['moments', 'x.npz', 'y.npz', '--shard', '1', '--out', 'p'], /--shard is '1'/],
    [['moments', 'x.npz', 'y.npz', '--samples', '3', '--out', 'p'], /--samples is '3': give from:to/],
    [['moments', 'x.npz', 'y.npz', '--shard', '0/2', '--samples', '0:3', '--out', 'p'], /give one of them/],
    [['moments', 'x.npz', 'y.npz', '--shard', '0/2'], /name the part to write/],
    [['moments', first, second, '--shard', '0/2', '--out', 'p'], /models are compared on data/],
    [['merge', 'p', '--keep', 'dims=3'], /--keep is given without --measure/],
    [['merge', 'p', '--out', 'a.part,b.json'], /write it alone/],
    [['merge', 'p', '--out', 'a.txt'], /the extension decides/],
  ])(
    '%j',
    async (args, expected) => {
      const [name, ...rest] = args;
      const error = await runHere(name === 'merge' ? mergeCommand : momentsCommand, ...rest).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(UsageError);
      expect((error as Error).message).toMatch(expected);
      expect(existsSync(join(folder, 'p'))).toBe(false);
    },
    30_000,
  );

  it('a shard outside the data', async () => {
    const { code, err } = await svcca('moments', 'x.npz', 'y.npz', '--samples', '40:60', '--out', 'p');
    expect({ code, err }).toEqual({
      code: 1,
      err: 'svcca: shard is samples 40:60 of 50: give from below to, and to at most 50\n',
    });
  });

  it('a measure that does not merge', async () => {
    const args = ['x.npz', 'y.npz', '--measure', 'rsa', '--shard', '0/2', '--out', 'p'];
    await expect(runHere(momentsCommand, ...args)).rejects.toThrow(
      /rsa compares samples with samples, of which shards keep none/,
    );
  });

  it('leaves no temporary file', () => {
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

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
import { Similarity } from '../../src/compare/similarity.js';
import { saveNpz } from '../../src/node/files.js';
import { gaussian, root } from '../support.js';

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

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-shards-'));
  const { images } = await mnistTest(90);
  await saveNpz(join(folder, 'images.npz'), {
    images: { shape: [90, 28, 28], data: Float32Array.from(images) },
  });
  const fewer = images.subarray(0, 80 * 784);
  await saveNpz(join(folder, 'fewer.npz'), {
    images: { shape: [80, 28, 28], data: Float32Array.from(fewer) },
  });
  const other = Float32Array.from(images, (value) => 1 - value);
  await saveNpz(join(folder, 'other.npz'), { images: { shape: [90, 28, 28], data: other } });
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
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('three uneven shards of two models', () => {
  it('give what compare gives, in the same files', async () => {
    const whole = await svcca('compare', ...models, ...measures, '--out', 'whole.json');
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
    const html = readFileSync(join(folder, 'merged.html'), 'utf8');
    expect(html).toContain('<svg');
  }, 60_000);

  it('in any order give the same bytes', async () => {
    await svcca('merge', ...files, '--out', 'one.json');
    await svcca('merge', ...[...files].reverse(), '--out', 'two.json');
    expect(readFileSync(join(folder, 'two.json'))).toEqual(readFileSync(join(folder, 'one.json')));
  }, 60_000);

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
  }, 60_000);

  it('equal shards of activations from files', async () => {
    for (const i of [0, 1, 2, 3, 4])
      await svcca('moments', 'x.npz', 'y.npz', '--shard', `${i}/5`, '--out', `x${i}`);
    await svcca('merge', 'x4', 'x1', 'x0', 'x3', 'x2', '--out', 'x.json');
    await svcca('compare', 'x.npz', 'y.npz', '--out', 'x-whole.json');
    expect(farthest(read('x.json'), read('x-whole.json'))).toBeLessThan(1e-12);
  }, 60_000);
});

describe.concurrent('parts that do not make up the whole are refused by name, and nothing is written', () => {
  const refused = async (expected: RegExp, ...parts: string[]) => {
    const name = `no-${parts.join('-').replaceAll(/\W/g, '')}.json`;
    const { code, out, err } = await svcca('merge', ...parts, '--out', name);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(expected);
    expect(existsSync(join(folder, name))).toBe(false);
  };

  it('missing', () =>
    refused(/samples 7:71 of 90 are in none of the 2 parts \(c\.part, z\.first\)/, 'c.part', 'z.first'));

  it('repeated', () =>
    refused(/parts\/b was given twice \(samples 7:71\)/, 'z.first', 'parts/b', 'c.part', 'parts/b'));

  it('repeated under another name', async () => {
    copyFileSync(join(folder, 'c.part'), join(folder, 'copy'));
    await refused(/c\.part and copy both hold samples 71:90/, ...files, 'copy');
  });

  it('of other data', async () => {
    const others = models.map((text) => (text === 'images.npz' ? 'other.npz' : text));
    await svcca('moments', ...others, ...measures, '--samples', '71:90', '--out', 'foreign');
    await refused(
      /foreign is not of the same comparison as z\.first: the data \(fingerprint\) differs/,
      ...['z.first', 'parts/b', 'foreign'],
    );
  }, 20_000);

  it('of fewer data', async () => {
    const others = models.map((text) => (text === 'images.npz' ? 'fewer.npz' : text));
    await svcca('moments', ...others, ...measures, '--samples', '71:80', '--out', 'short');
    await refused(/short is not of the same comparison as z\.first/, 'z.first', 'parts/b', 'short');
  }, 20_000);

  it('of other options', async () => {
    await svcca('moments', ...models, '--measure', 'cka', '--samples', '71:90', '--out', 'cka');
    await refused(
      /cka is not of the same comparison as .*: 'measure' and its options differs/,
      ...files.slice(0, 2),
      'cka',
    );
  }, 20_000);

  it('damaged, cut off, or no part at all', async () => {
    const bytes = readFileSync(join(folder, 'c.part'));
    const damaged = Uint8Array.from(bytes);
    damaged[bytes.length - 100] ^= 4;
    writeFileSync(join(folder, 'damaged'), damaged);
    writeFileSync(join(folder, 'cut'), bytes.subarray(0, bytes.length - 1000));
    writeFileSync(join(folder, 'text'), 'not a part, but long enough to be one');
    await refused(
      /damaged: the checksum is wrong, so it is damaged; compute this part again/,
      ...files.slice(0, 2),
      'damaged',
    );
    await refused(/cut: it is cut off: \d+ bytes of \d+/, ...files.slice(0, 2), 'cut');
    await refused(/text is not a part as 'svcca moments' writes it/, ...files.slice(0, 2), 'text');
    await refused(/cannot read 'absent': there is no such file/, 'absent');
  }, 30_000);
});

describe.concurrent('wrong usage', () => {
  it.each([
    [['moments', 'x.npz', 'y.npz', '--out', 'p'], /say which samples: --shard 0\/4/],
    [['moments', 'x.npz', 'y.npz', '--shard', '4/4', '--out', 'p'], /--shard is '4\/4': give 0\/4/],
    [['moments', 'x.npz', 'y.npz', '--shard', '1', '--out', 'p'], /--shard is '1'/],
    [['moments', 'x.npz', 'y.npz', '--samples', '3', '--out', 'p'], /--samples is '3': give from:to/],
    [['moments', 'x.npz', 'y.npz', '--shard', '0/2', '--samples', '0:3', '--out', 'p'], /give one of them/],
    [['moments', 'x.npz', 'y.npz', '--shard', '0/2'], /name the part to write/],
    [['moments', first, second, '--shard', '0/2', '--out', 'p'], /models are compared on data/],
    [['merge', 'c.part', '--keep', 'dims=3'], /--keep is given without --measure/],
    [['merge', 'c.part', '--out', 'a.part,b.json'], /write it alone/],
    [['merge', 'c.part', '--out', 'a.txt'], /the extension decides/],
  ])('%j', async (args, expected) => {
    const { code, err } = await svcca(...args);
    expect(code).toBe(2);
    expect(err).toMatch(expected);
    expect(existsSync(join(folder, 'p'))).toBe(false);
  });

  it('a shard outside the data', async () => {
    const { code, err } = await svcca('moments', 'x.npz', 'y.npz', '--samples', '40:60', '--out', 'p');
    expect({ code, err }).toEqual({
      code: 1,
      err: 'svcca: shard is samples 40:60 of 50: give from below to, and to at most 50\n',
    });
  });

  it('a measure that does not merge', async () => {
    const { code, err } = await svcca(
      'moments',
      'x.npz',
      'y.npz',
      '--measure',
      'rsa',
      '--shard',
      '0/2',
      '--out',
      'p',
    );
    expect(code).toBe(1);
    expect(err).toMatch(/rsa compares samples with samples, of which shards keep none/);
  });

  it('leaves no temporary file', () => {
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

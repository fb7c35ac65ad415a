/** The command itself, as a child process in a folder of its own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mnistTest } from '../../examples/compare-checkpoints/mnist.js';
import { measureArgs } from '../../src/cli/measure-arguments.js';
import { ModelSimilarity } from '../../src/compare/model-similarity.js';
import { Similarity } from '../../src/compare/similarity.js';
import { partial } from '../../src/measures/partial.js';
import { measures } from '../../src/measures/registry.js';
import { permutationTest } from '../../src/inference/permutation.js';
import { loadNpz, saveNpy, saveNpz } from '../../src/node/files.js';
import { gaussian, hasReference, root, shared } from '../support.js';

const command = join(root, 'src/cli/main.ts');
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const checkpoints = join(root, 'examples/compare-checkpoints/checkpoints');
const [first, second] = [join(checkpoints, 'scratch-1'), join(checkpoints, 'scratch-2')];
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-cli-'));
  const { images } = await mnistTest(100);
  const bytes = Float32Array.from(images, (value) => Math.round(value * 255));
  await saveNpz(join(folder, 'images.npz'), { images: { shape: [100, 28, 28], data: bytes } });
  const many = new Float32Array(20 * bytes.length);
  for (let i = 0; i < 20; i++) many.set(bytes, i * bytes.length);
  await saveNpz(join(folder, 'many.npz'), { images: { shape: [2000, 28, 28], data: many } });
  for (const [name, seed] of [
    ['x', 1],
    ['y', 2],
  ] as const) {
    const [small, wide] = [gaussian(80, 3, seed), gaussian(80, 4, seed + 10)];
    await saveNpy(join(folder, `${name}.npy`), { shape: [80, 3], data: small.data });
    await saveNpz(join(folder, `${name}.npz`), {
      one: { shape: [80, 3], data: small.data },
      two: { shape: [80, 2, 2, 1], data: wide.data },
    });
  }
  await saveNpy(join(folder, 'big.npy'), { shape: [5001, 2], data: gaussian(5001, 2, 4).data });
  const bad = gaussian(80, 3, 3).data;
  bad[7 * 3 + 2] = NaN;
  await saveNpy(join(folder, 'nan.npy'), { shape: [80, 3], data: bad });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command; `during` may send a signal to it. */
function svcca(args: string[], during?: (child: ReturnType<typeof spawn>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    // Without tfjs-node, as most users have it: TensorFlow's own library writes lines of its log on standard error.
    const env = { ...process.env, SVCCA_TFJS_NODE: '' };
    const child = spawn(process.execPath, ['--import', tsx, command, ...args], { cwd: folder, env });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    during?.(child);
  });
}

/** Files that a half-finished writing would leave. */
const temporary = () => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

const models = [first, second, '--data', 'images.npz', '--scale', '1/255', '--layers', 'relu4,gap,logits'];

describe.concurrent('help and usage', () => {
  it.each([[], ['compare'], ['score'], ['many'], ['measures'], ['layers'], ['transfer'], ['doctor']])(
    '--help %s',
    async (...name) => {
      const { code, out, err } = await svcca([...name, '--help']);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain(name[0] ?? 'compare');
      if (name[0] === 'compare') expect(out).toMatch(/--layers-b[ =]/);
      // The parser takes --batch-size alone.
      expect(out).not.toMatch(/--[a-z-]*[A-Z]/);
    },
  );

  it('--version', async () => {
    expect(await svcca(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it.each([
    ['no command', [], /^$/],
    [
      'an unknown command',
      ['compair'],
      /no command 'compair': there are compare, score, many, moments, merge, capture, transfer, measures, layers, doctor/,
    ],
    ['an unknown option', ['score', 'x.npy', 'y.npy', '--keeep', '3'], /score has no option '--keeep'/],
    ['an unknown measure', ['score', 'x.npy', 'y.npy', '--measure', 'rsaa'], /measure is 'rsaa': choose/],
    [
      'an option of another measure',
      ['score', 'x.npy', 'y.npy', '--measure', 'cka', '--keep', 'all'],
      /cka has no/,
    ],
    ['an option without its value', ['score', 'x.npy', 'y.npy', '--measure'], /'--measure' needs a value/],
    ['too many arguments', ['score', 'x.npy', 'y.npy', 'z.npy'], /score takes 2 arguments, got 3/],
    ['a missing argument', ['score', 'x.npy'], /svcca: /],
    ['an unknown --out', ['compare', 'x.npz', 'y.npz', '--out', 'a.pdf'], /--out a\.pdf: .*\.html/],
    ['models without data', ['compare', first, second], /give --data/],
    ['a bad size', ['score', 'x.npy', 'y.npy', '--memory', 'lots'], /--memory is 'lots'/],
  ] as [string, string[], RegExp][])('%s has code 2 and the way out', async (_, args, message) => {
    const { code, out, err } = await svcca(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    if (args.length > 0) expect(err).toMatch(/\nTry: svcca .*--help\n$/);
    else expect(out).toContain('compare');
  });
});

describe.concurrent('bad data has code 1 and one line', () => {
  it.each([
    ['a missing file', ['score', 'none.npy', 'y.npy'], /cannot read 'none\.npy': there is no such file/],
    ['NaN', ['score', 'nan.npy', 'y.npy'], /NaN at row 7, column 2/],
    ['NaN in a comparison', ['compare', 'nan.npy', 'x.npy'], /NaN/],
    ['several arrays', ['score', 'x.npz', 'y.npy'], /holds 2 arrays \(one, two\): name one, as x\.npz:one/],
    ['an unknown layer', ['compare', 'x.npz', 'y.npz', '--layers', 'tow'], /did you mean 'two'/],
  ] as [string, string[], RegExp][])('%s', async (_, args, message) => {
    const { code, out, err } = await svcca(args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe.concurrent('score', () => {
  it.skipIf(!hasReference)('prints every golden value (needs ../shared/reference)', async () => {
    const files = [0, 1].map((i) => join(shared, 'reference', `mnist_lay04_model${i}.npy`));
    const { code, out } = await svcca(['score', ...files, '--json', '--method', 'direct']);
    expect(code).toBe(0);
    const { results, format } = JSON.parse(out);
    expect(format).toBe('svcca/score@1');
    const golden: [string, number, number][] = [
      ['CCA, mean ρ', 0.70572631366, 1e-9],
      ['CCA, mean ρ² (R²CCA)', 0.5686243744, 1e-9],
      ['CCA, mean ρ² uncentred (Kornblith’s demo)', 0.61236, 5e-6],
      ['CCA, mean of ρ up to 98 % of their sum (google)', 0.77410832936, 1e-9],
      ['SVCCA, 99 % of Σs²', 0.77875133803, 1e-9],
      ['SVCCA, 98 % of Σs²', 0.74125, 5e-6],
      ['SVCCA, 99 % of Σs', 0.70572631366, 1e-9],
      ['SVCCA, 98 % of Σs', 0.73607, 5e-6],
      ['SVCCA, anatome', 0.73882, 5e-6],
      ['PWCCA, paper', 0.80744493476, 1e-9],
      ['PWCCA, paper, weights of y', 0.79896, 5e-6],
      ['PWCCA, google (x, y)', 0.73720072636, 1e-9],
      ['PWCCA, google (y, x)', 0.81796343009, 1e-9],
      ['PWCCA, anatome', 0.66429, 5e-6],
      ['linear CKA', 0.43745231243, 1e-9],
      ['linear CKA, debiased', 0.43739528065, 1e-9],
      ['Procrustes similarity', 0.7076871543, 1e-9],
      ['PLS, largest covariance', 964.137922, 5e-7],
    ];
    for (const [label, value, tolerance] of golden) {
      const found = results.find((result: { label: string }) => result.label === label);
      expect(Math.abs(found.score - value), label).toBeLessThanOrEqual(tolerance);
    }
  });

  it('leaves measures of n × n out of the default where there are many samples, and says how to have them', async () => {
    const big = await svcca(['score', 'big.npy', 'big.npy']);
    expect(big.code).toBe(0);
    expect(big.out).toMatch(/^not taken: RBF CKA.*; mutual 10-NN: each of 5001 samples/m);
    const asked = await svcca(['score', 'big.npy', 'big.npy', '--measure', 'mutualKnn', '--k', '3']);
    expect(asked.out).toMatch(/^x big: 2 neurons\n/);
    expect(asked.out).toMatch(/^mutualKnn +1\.0000000 +0\.0006$/m);
    const few = await svcca(['score', 'x.npy', 'y.npy', '--measure', 'mutualKnn', '--k', '90']);
    expect(few).toMatchObject({ code: 1, out: '' });
    expect(few.err).toMatch(/nothing could be computed: mutualKnn: k is 90/);
    const small = await svcca(['score', 'x.npy', 'y.npy']);
    expect(small.out).toMatch(/^mutual 10-NN +0\.\d+ +0\.1266$/m);
    expect(small.out).not.toContain('not taken');
  });

  it('tests and intervals on request, the same as the API gives', async () => {
    const args = ['score', 'x.npy', 'y.npy', '--measure', 'cca,cka', '--permutations', '99'];
    const { code, out } = await svcca([...args, '--interval', 'jackknife', '--block', '4', '--seed', '3']);
    expect(code).toBe(0);
    expect(out).toMatch(/^measure +score +chance +kept x +kept y +p +matched at random +95 % interval/m);
    const json = await svcca([...args, '--interval', 'jackknife', '--block', '4', '--seed', '3', '--json']);
    const [first] = (JSON.parse(json.out) as { inference: [{ test: object; interval: object }] }).inference;
    const [x, y] = [1, 2].map((seed) => gaussian(80, 3, seed));
    const {
      draws: _draws,
      result: _result,
      measure: _measure,
      ...test
    } = await permutationTest(x, y, {
      measure: 'cca',
      permutations: 99,
      block: 4,
      seed: 3,
      engine: 'ml-matrix',
    });
    for (const [key, value] of Object.entries(test)) {
      if (typeof value === 'number') expect(first.test).toHaveProperty(key, expect.closeTo(value, 9));
    }
    expect(first.interval).toMatchObject({ level: 0.95, blocks: 20, groups: 20 });
    expect(json.out).not.toContain('"draws"');
  });

  it('--given takes a third representation, or labels, out of both', async () => {
    const labels = Float64Array.from({ length: 80 }, (_, i) => i % 4);
    await saveNpy(join(folder, 'labels.npy'), { shape: [80], data: labels });
    await saveNpy(join(folder, 'z.npy'), { shape: [80, 2], data: gaussian(80, 2, 9).data });
    const [x, y] = [1, 2].map((seed) => gaussian(80, 3, seed));
    for (const [file, given] of [
      ['labels.npy', { labels: Array.from(labels) }],
      ['z.npy', gaussian(80, 2, 9)],
    ] as const) {
      const args = ['score', 'x.npy', 'y.npy', '--given', file];
      const json = await svcca([...args, '--measure', 'cca,cka', '--json']);
      const { results } = JSON.parse(json.out) as { results: { score: number; given: { rank: number } }[] };
      const expected = await partial(x, y, given, { engine: 'ml-matrix' });
      expect(Math.abs(results[0].score - expected.score)).toBeLessThanOrEqual(1e-9);
      expect(results.map((result) => result.given.rank)).toEqual([expected.given.rank, expected.given.rank]);
      expect((await svcca(args)).out).toMatch(
        /^without what \w+ explains: rank \d, \d+\.\d % of the variance of x/m,
      );
    }
    const both = await svcca(['score', 'x.npy', 'y.npy', '--given', 'z.npy', '--permutations', '9']);
    expect(both).toMatchObject({ code: 2 });
    expect(both.err).toMatch(/--given cannot be combined/);
    const wrong = await svcca(['score', 'x.npy', 'y.npy', '--given', 'big.npy']);
    expect(wrong).toMatchObject({ code: 1 });
  });

  it('inference asked for in part, or in the wrong way, has code 2', async () => {
    const idle = await svcca(['score', 'x.npy', 'y.npy', '--block', '4']);
    expect(idle).toMatchObject({ code: 2 });
    expect(idle.err).toMatch(/--block says how to infer: give --permutations or --interval/);
    const how = await svcca(['score', 'x.npy', 'y.npy', '--interval', 'bayes']);
    expect(how).toMatchObject({ code: 2 });
    expect(how.err).toMatch(/--interval is 'bayes': give auto, jackknife or bootstrap/);
    const level = await svcca(['score', 'x.npy', 'y.npy', '--permutations', '9', '--level', '0.9']);
    expect(level).toMatchObject({ code: 2 });
    expect(level.err).toMatch(/--level is that of an interval/);
    const share = await svcca(['score', 'x.npy', 'y.npy', '--interval', 'jackknife', '--level', '95']);
    expect(share.err).toMatch(/--level is '95': give a probability between 0 and 1/);
    const block = await svcca(['score', 'x.npy', 'y.npy', '--permutations', '9', '--block', '80']);
    expect(block).toMatchObject({ code: 2 });
    expect(block.err).toMatch(/nothing to permute/);
  });

  it('one measure with its options, as a table and as a file', async () => {
    const args = ['score', 'x.npy', 'y.npy', '--measure', 'svcca', '--keep', 'variance=0.98'];
    const { code, out } = await svcca([...args, '--out', 'score.json']);
    expect(code).toBe(0);
    expect(out).toMatch(/svcca +\d/);
    const { results } = JSON.parse(readFileSync(join(folder, 'score.json'), 'utf8'));
    expect(results).toHaveLength(1);
    expect(results[0].options).toMatchObject({ keep: { variance: 0.98 } });
  });
});

describe.concurrent('compare', () => {
  it('two checkpoints, on images as bytes', async () => {
    const { code, out, err } = await svcca(['compare', ...models, '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const similarity = Similarity.fromJSON(out);
    expect(similarity.rows).toEqual(['relu4', 'gap', 'logits']);
    expect(similarity.names).toEqual({ a: 'scratch-1', b: 'scratch-2' });
    expect(similarity.samples).toBe(100);
    for (const score of similarity.scores) expect(score > 0 && score <= 1).toBe(true);
    expect(Object.keys(similarity.fingerprints)).toEqual(['a', 'b', 'data']);
  });

  it('writes every kind of file', async () => {
    const names = ['a.html', 'b.json', 'c.csv', 'd.svg', 'e.npz'];
    const { code, out, err } = await svcca(['compare', 'x.npz', 'y.npz', '--out', names.join(',')]);
    expect(code).toBe(0);
    expect(out).toContain('most similar');
    expect(err).toBe(names.map((name) => `wrote ${name}\n`).join(''));
    const text = (name: string) => readFileSync(join(folder, name), 'utf8');
    expect(text('a.html')).toMatch(/^<!doctype html>/i);
    const similarity = Similarity.fromJSON(text('b.json'));
    expect(similarity.rows).toEqual(['one', 'two']);
    expect(text('c.csv').trim().split('\n').length).toBeGreaterThan(2);
    expect(text('d.svg')).toContain('<svg');
    const { scores } = await loadNpz(join(folder, 'e.npz'));
    expect({ shape: scores.shape, data: Array.from(scores.data) }).toEqual({
      shape: [2, 2],
      data: Array.from(similarity.scores),
    });
  });

  it('leaves a file as it was when the computation fails', async () => {
    writeFileSync(join(folder, 'kept.json'), 'precious');
    const { code } = await svcca(['compare', 'nan.npy', 'x.npy', '--out', 'kept.json,new.html']);
    expect(code).toBe(1);
    expect(readFileSync(join(folder, 'kept.json'), 'utf8')).toBe('precious');
    expect(existsSync(join(folder, 'new.html'))).toBe(false);
  });
});

describe.concurrent('several measures, many models', () => {
  it('compare --measure a,b prints and writes each, from one pass', async () => {
    const args = ['compare', 'x.npz', 'y.npz', '--measure', 'cca,cka', '--out', 'm.csv,m.npz,m.html,m.json'];
    const { code, out, err } = await svcca(args);
    expect(code).toBe(0);
    expect(out).toMatch(/^cca: /m);
    expect(out).toMatch(/^cka: /m);
    expect(out).toMatch(/^layer +cca +chance +most similar/m);
    expect(err).toContain('wrote m-cka.csv\n');
    const similarity = Similarity.fromJSON(readFileSync(join(folder, 'm.json'), 'utf8'));
    const arrays = await loadNpz(join(folder, 'm.npz'));
    expect(Object.keys(arrays)).toEqual(['scores', 'cka']);
    expect(Array.from(arrays['cka'].data)).toEqual(Array.from(similarity.by('cka').scores));
    expect(readFileSync(join(folder, 'm.html'), 'utf8')).toContain('CKA');
    const one = await svcca(['compare', 'x.npz', 'y.npz', '--measure', 'cka', '--json']);
    // Alone it goes by inner products, beside cca by the same factors.
    Similarity.fromJSON(one.out).scores.forEach((score, at) => {
      expect(Math.abs(score - similarity.by('cka').scores[at])).toBeLessThanOrEqual(1e-12);
    });
    const twice = await svcca([
      'compare',
      'x.npz',
      'y.npz',
      '--measure',
      'cca,cka',
      '--out',
      'q.svg,q-cka.svg',
    ]);
    expect(twice).toMatchObject({ code: 2 });
    expect(twice.err).toMatch(/--out would write q-cka\.svg twice/);
    expect(existsSync(join(folder, 'q.svg'))).toBe(false);
  });

  it('--preset takes the options of another tool, of its measures or of those named', async () => {
    const all = JSON.parse(
      (await svcca(['score', 'x.npy', 'y.npy', '--preset', 'anatome', '--json'])).out,
    ) as {
      results: { label: string; options: object }[];
    };
    expect(all.results.map(({ label }) => label)).toEqual(
      ['svcca', 'pwcca', 'cka', 'procrustes'].map((name) => `${name} (anatome)`),
    );
    expect(all.results[0].options).toMatchObject({ crossing: 'dropped', directions: 'raw' });
    const named = await svcca([
      'compare',
      'x.npz',
      'y.npz',
      '--preset',
      'google',
      '--measure',
      'cca',
      '--json',
    ]);
    expect(Similarity.fromJSON(named.out)).toMatchObject({
      label: 'cca (google)',
      measure: 'cca',
      options: { summary: 'thresholded' },
    });
    const unknown = await svcca(['score', 'x.npy', 'y.npy', '--preset', 'googel']);
    expect(unknown.err).toMatch(/preset is 'googel': choose one of google/);
    const missing = await svcca(['score', 'x.npy', 'y.npy', '--preset', 'netrep', '--measure', 'cka']);
    expect(missing.err).toMatch(/preset 'netrep' has no 'cka': it has procrustes/);
    expect([unknown.code, missing.code]).toEqual([2, 2]);
  });

  it('many: a matrix, and a test of groups by name or place', async () => {
    const args = ['many', 'x.npz', 'y.npz', 'x.npz', '--measure', 'cka,svcca', '--out', 'many.json'];
    const { code, out, err } = await svcca([...args, '--groups', 'same=1,3;other=y']);
    expect({ code, err }).toEqual({ code: 0, err: 'wrote many.json\n' });
    expect(out).toContain('cka: 3 models, mean of 2 layers, 80 samples');
    expect(out).toMatch(/^x\.npz \(2\) +1\.000 +0\.\d+ +1\.000$/m);
    expect(out).toMatch(/^one +1\.0000 +0\.\d+ +0\.333 +all 3$/m);
    const text = readFileSync(join(folder, 'many.json'), 'utf8');
    const { groupTests } = JSON.parse(text) as { groupTests: object[] };
    expect(groupTests).toHaveLength(6);
    expect(groupTests[2]).toMatchObject({ measure: 'cka', layer: null, labellings: 3, exact: true });
    const back = ModelSimilarity.fromJSON(text);
    expect(back.models).toEqual(['x.npz (1)', 'y.npz', 'x.npz (2)']);
    expect(back.by('svcca').at('x.npz (1)', 'x.npz (2)', 'one')).toBeCloseTo(1, 12);
    expect(Object.keys(back.fingerprints)).toEqual(back.models);
  });

  it('many: with little memory, a spool and a checkpoint, which is removed in the end', async () => {
    const args = ['many', 'x.npz', 'y.npz', 'x.npz', '--measure', 'cka,svcca', '--json', '--memory', '1kB'];
    const keeping = [...args, '--spool', 'many-spools', '--resume', 'many.state', '--save-every', '0'];
    const [whole, kept] = [await svcca([...args, '--spool', 'none']), await svcca(keeping)];
    expect(kept).toEqual({ ...whole, code: 0 });
    expect(existsSync(join(folder, 'many.state'))).toBe(false);
    expect(readdirSync(join(folder, 'many-spools'))).toEqual([]);
    writeFileSync(join(folder, 'many.state'), 'of something else');
    const foreign = await svcca(keeping);
    expect(foreign).toMatchObject({ code: 1, out: '' });
    expect(foreign.err).toMatch(/checkpoint/);
  });

  it('many refuses groups that it cannot read, before anything is computed', async () => {
    const unknown = await svcca(['many', 'x.npz', 'y.npz', '--groups', 'a=1;b=9']);
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.err).toMatch(/no model '9' among x\.npz, y\.npz/);
    for (const [groups, message] of [
      ['a;b', /give 'scratch=1,2,3.*each group once/],
      ['a=1;b=2;a=1', /each group once/],
      ['a=1,2;b=2', /model 'y\.npz' is named twice/],
      ['a=1,2', /give two groups/],
      ['a=1;b=2', /at least one of them with two models/],
    ] as const) {
      const wrong = await svcca(['many', 'x.npz', 'y.npz', '--groups', groups, '--out', 'never-many.json']);
      expect(wrong, groups).toMatchObject({ code: 2 });
      expect(wrong.err).toMatch(message);
    }
    expect(existsSync(join(folder, 'never-many.json'))).toBe(false);
  });

  it('measures: every one with its invariances, cost and reference', async () => {
    const { out, code } = await svcca(['measures']);
    expect(code).toBe(0);
    for (const name of Object.keys(measures)) {
      expect(out).toMatch(new RegExp(`^${name} `, 'm'));
      expect(out).toMatch(new RegExp(`^${name}: .*\\d{4}`, 'm'));
    }
    const listed = JSON.parse((await svcca(['measures', '--json'])).out) as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(Object.keys(measures));
  });

  it('every option of every measure is an argument', () => {
    for (const { defaults } of Object.values(measures)) {
      for (const option of Object.keys(defaults)) expect(Object.keys(measureArgs)).toContain(option);
    }
  });
});

describe.concurrent('layers', () => {
  it('layers of a model and of a file', async () => {
    const model = await svcca(['layers', join(first, 'model.json')]);
    expect(model.code).toBe(0);
    expect(model.out).toMatch(/^layer +kind/);
    expect(model.out).toMatch(/conv1 +Conv2D +28 × 28 × 32/);
    const arrays = await svcca(['layers', 'x.npz', '--json']);
    expect(JSON.parse(arrays.out).map(({ name }: { name: string }) => name)).toEqual(['one', 'two']);
  });
});

describe('an interrupt', () => {
  it('ends with code 130 and writes nothing', async () => {
    const args = [
      'compare',
      first,
      second,
      '--data',
      'many.npz',
      '--scale',
      '1/255',
      '--layers',
      'relu1,relu2',
    ];
    const { code, err } = await svcca([...args, '--out', 'never.json'], (child) => {
      // Long after it has begun, long before it can be done.
      setTimeout(() => child.kill('SIGINT'), 6000);
    });
    expect({ code, err }).toEqual({ code: 130, err: 'svcca: interrupted; nothing was written\n' });
    expect(existsSync(join(folder, 'never.json'))).toBe(false);
    expect(temporary()).toEqual([]);
  });
});

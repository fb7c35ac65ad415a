/** The library as a user gets it: the packed tarball, installed outside the repository. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, install, manifest, pack, root, temporary } from './install.js';
import type { Project } from './install.js';

const entries = ['svcca', 'svcca/node', 'svcca/report', 'svcca/transfer'];

let files: string[];
/** A user with the required peer packages. */
let project: Project;
/** A user who has no TensorFlow.js and compares arrays. */
let bare: Project;
const cleanups: (() => Promise<void>)[] = [];

beforeAll(async () => {
  await build();
  const folders = await Promise.all([temporary(), temporary(), temporary()]);
  cleanups.push(...folders.map((folder) => folder.remove));
  const [packed, withPeers, without] = folders.map((folder) => folder.folder) as [string, string, string];
  const packing = await pack(packed);
  files = packing.files;
  const { peerDependencies, peerDependenciesMeta } = await manifest();
  const required = Object.keys(peerDependencies).filter(
    (name) => peerDependenciesMeta[name]?.optional !== true,
  );
  project = await install(packing.tarball, withPeers, required);
  bare = await install(packing.tarball, without, []);
}, 300_000);

afterAll(async () => {
  await Promise.all(cleanups.map((remove) => remove()));
});

describe('the tarball', () => {
  it('holds the build, README, LICENSE, CHANGELOG and package.json, and nothing else', () => {
    const outside = files.filter((file) => !file.startsWith('dist/')).sort();
    expect(outside).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
    const odd = files.filter(
      (file) => file.startsWith('dist/') && !/\.(js|cjs|d\.ts|d\.cts|map)$/.test(file),
    );
    expect(odd).toEqual([]);
  });

  it('has every file that package.json points to', async () => {
    const text = await readFile(join(project.folder, 'node_modules/svcca/package.json'), 'utf8');
    const targets = [...text.matchAll(/"\.\/(dist\/[^"]+)"/g)].map((match) => match[1]);
    expect(targets.length).toBeGreaterThan(12);
    expect(targets.filter((target) => !files.includes(target))).toEqual([]);
  });

  it('does not tell where it was built', async () => {
    const dist = join(project.folder, 'node_modules/svcca/dist');
    for (const file of await readdir(dist)) {
      expect((await readFile(join(dist, file), 'utf8')).includes(root), file).toBe(false);
    }
  });
});

describe('imports', () => {
  it('gives the same names as ES module and as CommonJS, from every entry', async () => {
    for (const entry of entries) {
      const name = entry.replace('/', '-');
      const esm = await project.script(
        `${name}.mjs`,
        `import * as it from '${entry}'; console.log(JSON.stringify(Object.keys(it).sort()));`,
      );
      const cjs = await project.script(
        `${name}.cjs`,
        `const it = require('${entry}'); console.log(JSON.stringify(Object.keys(it).sort()));`,
      );
      const isName = (key: string): boolean => key !== 'default' && key !== '__esModule';
      expect(esm.length, entry).toBeGreaterThan(0);
      expect(cjs.filter(isName), entry).toEqual(esm.filter(isName));
    }
  });

  it('keeps the names of classes', async () => {
    const names = await project.script(
      'classes.mjs',
      `const isClass = (value) => typeof value === 'function' && String(value).startsWith('class');
       const all = Object.entries({ ...(await import('svcca')), ...(await import('svcca/node')) });
       console.log(JSON.stringify(all.filter(([, value]) => isClass(value)).map(([key, { name }]) => [key, name])));`,
    );
    expect(names).not.toEqual([]);
    for (const [key, name] of names) expect(name).toBe(key);
  });

  it('computes the same score as ES module and as CommonJS', async () => {
    const body = `
      const x = Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
      const y = x.map(([a, b]) => [2 * a - b, a + b]);
      svcca(x, y).then(({ score }) => console.log(JSON.stringify(score)));`;
    const esm = await project.script('score.mjs', `import { svcca } from 'svcca';${body}`);
    const cjs = await project.script('score.cjs', `const { svcca } = require('svcca');${body}`);
    expect(esm).toBeCloseTo(1, 12);
    expect(cjs).toBe(esm);
  });

  it('shares the error classes between entries', async () => {
    const body = `
      const run = async () => {
        const error = await node.loadNpy('no-such-file.npy').then(() => undefined, (reason) => reason);
        console.log(JSON.stringify({ name: error?.name, shared: error instanceof neutral.SvccaError }));
      };
      run();`;
    const esm = await project.script(
      'errors.mjs',
      `import * as neutral from 'svcca'; import * as node from 'svcca/node';${body}`,
    );
    const cjs = await project.script(
      'errors.cjs',
      `const neutral = require('svcca'); const node = require('svcca/node');${body}`,
    );
    expect(esm).toMatchObject({ shared: true });
    expect(cjs).toEqual(esm);
  });

  it('does not load TensorFlow.js', async () => {
    const body = `console.log(JSON.stringify(Object.keys(cache).filter((path) => /[\\\\/]@tensorflow[\\\\/]/.test(path))));`;
    for (const entry of entries) {
      const esm = await project.script(
        'lazy.mjs',
        `import '${entry}'; import { createRequire } from 'node:module';
         const { cache } = createRequire(import.meta.url);${body}`,
      );
      const cjs = await project.script('lazy.cjs', `require('${entry}'); const { cache } = require;${body}`);
      expect([...esm, ...cjs], entry).toEqual([]);
    }
  });

  it('works without TensorFlow.js, on arrays', async () => {
    const score = await bare.script(
      'bare.mjs',
      `import { cca } from 'svcca'; import 'svcca/node'; import 'svcca/report'; import 'svcca/transfer';
       const x = [[1, 2], [2, 1], [3, 5], [4, 4], [5, 9], [7, 1]];
       console.log(JSON.stringify((await cca(x, x)).score));`,
    );
    expect(score).toBeCloseTo(1, 12);
  });

  it('trains a network that begins with the first block of another', async () => {
    const [copied, steps, history] = await project.script(
      'train.mjs',
      `import { cbr, train, transfuse } from 'svcca/transfer';
       const images = Uint8Array.from({ length: 16 * 64 }, (_, i) => (i * 37) % 256);
       const data = {
         images, shape: [16, 8, 8, 1], task: 'classes', classes: ['even', 'odd'],
         labels: Uint8Array.from({ length: 16 }, (_, i) => i % 2),
       };
       const build = (seed) => cbr('Tiny', { inputShape: [8, 8, 1], classes: 2, width: 1 / 16, seed });
       const [source, model] = [await build(1), await build(2)];
       const { layers } = await transfuse(source, model, { upTo: 'block1' });
       const { steps, history } = await train(model, { train: data, validation: data }, { steps: 2, batchSize: 8 });
       console.log(JSON.stringify([layers, steps, history.map(({ step }) => step)]));`,
    );
    expect(copied).toEqual(['block1_conv', 'block1_bn']);
    expect([steps, history]).toEqual([2, [0, 2]]);
  });

  it.each(['index.js', 'report.js', 'transfer.js'])(
    'needs nothing of Node in the neutral entry %s',
    async (entry) => {
      const dist = join(project.folder, 'node_modules/svcca/dist');
      const seen = new Set<string>();
      const visit = async (file: string): Promise<void> => {
        if (seen.has(file)) return;
        seen.add(file);
        const code = await readFile(join(dist, file), 'utf8');
        for (const [, target] of code.matchAll(/^(?:import|export)\b[^'"\n]*?['"]([^'"\n]+)['"];?$/gm)) {
          expect(
            target.startsWith('node:') || builtinModules.includes(target),
            `${file} imports ${target}`,
          ).toBe(false);
          if (target.startsWith('./')) await visit(target.slice(2));
        }
      };
      await visit(entry);
      expect(seen.size).toBeGreaterThan(1);
    },
  );
});

describe('the command line', () => {
  it('starts with the line that makes it a program', async () => {
    const code = await readFile(join(project.folder, 'node_modules/svcca/dist/cli.js'), 'utf8');
    expect(code.split('\n')[0]).toBe('#!/usr/bin/env node');
  });

  it('answers --help, also through the link that npm makes', async () => {
    const paths = ['node_modules/svcca/dist/cli.js'];
    if (process.platform !== 'win32') paths.push('node_modules/.bin/svcca');
    for (const path of paths) {
      const { code, stdout, stderr } = await project.node(path, '--help');
      expect({ code, stderr }, path).toEqual({ code: 0, stderr: '' });
      for (const command of ['compare', 'score', 'transfer', 'layers', 'doctor'])
        expect(stdout, path).toContain(command);
    }
  });
});

describe('types', () => {
  const uses = `
    declare const parts: Splits;
    const result: Promise<SimilarityResult> = svcca([[1], [2], [4]], [[1], [3], [2]], { keep: { variance: 0.99 } });
    result.then(({ score, correlations }) => [score.toFixed(3), correlations?.length] as const);
    // @ts-expect-error: a misspelt option is an error
    void cca([[1]], [[1]], { epsilom: 1 });
    export async function run(): Promise<Similarity> {
      const similarity = await compare({ a: [[1], [2]] }, { b: [[1], [2]] });
      const value: number = similarity.at('a', 'b');
      const model = await transfer.cbr('Tiny', { inputShape: [28, 28, 1], classes: 2 });
      const { kept }: TrainResult = await transfer.train(model, parts, { epochs: 1 });
      const entries: readonly object[] = [node, report, { value, auc: kept.auc.toFixed(3) }];
      return entries.length > 0 ? similarity : Promise.reject(new ShapeError('none'));
    }`;
  const head = `import { cca, compare, ShapeError, svcca } from 'svcca';
    import type { Similarity, SimilarityResult } from 'svcca';
    import * as node from 'svcca/node';
    import * as report from 'svcca/report';
    import * as transfer from 'svcca/transfer';
    import type { Splits, TrainResult } from 'svcca/transfer';`;

  it.each([
    ['an ES module', 'consumer.mts'],
    ['CommonJS', 'consumer.cts'],
  ])(
    'are complete for %s under moduleResolution node16',
    async (_kind, name) => {
      await writeFile(join(project.folder, name), `${head}\n${uses}\n`);
      const compilerOptions = {
        ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [] },
        ...{ target: 'es2022', lib: ['es2023', 'dom'], module: 'node16', moduleResolution: 'node16' },
      };
      await writeFile(
        join(project.folder, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: [name] }),
      );
      const { stdout } = await project.node(join(root, 'node_modules/typescript/bin/tsc'));
      // The declarations of tfjs 4.22 do not pass without skipLibCheck; ours and the consumer's must.
      const ours = stdout
        .split('\n')
        .filter((line) => line.includes('error TS') && !line.includes('/@tensorflow/'));
      expect(ours).toEqual([]);
    },
    120_000,
  );
});

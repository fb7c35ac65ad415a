/** `svcca transfer`: a study that is killed goes on, and says the same in the end. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transferCommand } from '../../src/cli/transfer.js';
import { saveNpz } from '../../src/node/files.js';
import type { StudyResult } from '../../src/transfer/study-result.js';
import { root } from '../support.js';
import { data, plan } from '../transfer/study-data.js';
import { runHere } from './here.js';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-transfer-'));
  for (const [name, { train, validation, test }] of Object.entries(data)) {
    const arrays = Object.entries({ train, val: validation, test }).flatMap(
      ([part, { images, labels, shape }]) => [
        [`${part}_images`, { shape: shape.slice(0, 3), data: Float32Array.from(images) }] as const,
        [`${part}_labels`, { shape: [shape[0]], data: Float32Array.from(labels) }] as const,
      ],
    );
    await saveNpz(join(folder, `${name}.npz`), Object.fromEntries(arrays));
  }
  const json = {
    ...plan,
    data: { target: { from: 'target.npz' }, source: { from: 'source.npz' } },
    conditions: ['random', 'pretrained'],
    training: { ...plan.training, steps: 12, evaluateEvery: 1 },
  };
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(json));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const installed = process.env['SVCCA_TFJS_NODE'] ?? join(root, '.native/node_modules/@tensorflow/tfjs-node');
const native = existsSync(join(installed, 'lib/napi-v8/tfjs_binding.node')) ? installed : undefined;

/** Starts the command on the plan, on TensorFlow where there is a `tensorflow`. */
function start(args: readonly string[], tensorflow = '') {
  const all = ['--import', tsx, join(root, 'src/cli/main.ts'), 'transfer', 'plan.json', ...args];
  const env = { ...process.env, SVCCA_TFJS_NODE: tensorflow };
  const child = spawn(process.execPath, all, { cwd: folder, env });
  let [out, err] = ['', ''];
  let running = true;
  child.stdout.on('data', (text) => (out += String(text)));
  child.stderr.on('data', (text) => (err += String(text)));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      running = false;
      resolve({ code, out, err });
    });
  });
  /** Waits until the checkpoints of so many trainings have been seen, or the process has ended. */
  const training = async (times: number): Promise<boolean> => {
    const seen = new Set<string>();
    const runs = join(folder, args[args.indexOf('--out') + 1], 'runs');
    while (running && seen.size < times) {
      for (const key of existsSync(runs) ? readdirSync(runs) : []) {
        if (existsSync(join(runs, key, 'checkpoint'))) seen.add(key);
      }
      await sleep(2);
    }
    return running;
  };
  return { child, ended, training };
}

/** Names of what should not be left. */
const leftovers = (out: string): string[] =>
  readdirSync(join(folder, out), { recursive: true })
    .map(String)
    .filter((name) => /tmp$|checkpoint$|lock/.test(name));

/** Kills a study twice, each in the middle of a training, and compares what it ends with. */
async function killedIsWhole(name: string, tensorflow?: string) {
  const [whole, killed] = [`${name}-whole`, `${name}-killed`];
  const first = await start(['--out', whole], tensorflow).ended;
  expect(first.code, first.err).toBe(0);
  const study = readFileSync(join(folder, whole, 'study.json'), 'utf8');
  const result = JSON.parse(study) as StudyResult;
  expect(result.runs).toHaveLength(4);
  expect(result.backend).toBe(name);
  for (const times of [1, 2]) {
    const { child, ended, training } = start(['--out', killed], tensorflow);
    expect(await training(times)).toBe(true);
    child.kill('SIGKILL');
    expect((await ended).code).toBe(null);
    expect(existsSync(join(folder, killed, 'study.json'))).toBe(false);
  }
  const resumed = await start(['--out', killed, '--json'], tensorflow).ended;
  expect(resumed.code, resumed.err).toBe(0);
  expect(readFileSync(join(folder, killed, 'study.json'), 'utf8')).toBe(study);
  expect(resumed.out).toBe(study);
  expect(leftovers(killed)).toEqual([]);
  return { first, study, result };
}

/** Time enough for a machine that is busy with other things. */
const PATIENCE = 600_000;

describe('svcca transfer', () => {
  it(
    'killed in the middle of trainings ends with the JSON of a study that was not',
    async () => {
      const { first, study } = await killedIsWhole('wasm');
      expect(first.err).not.toContain('svcca:');
      expect(first.err).toMatch(/tiny, random, seed 1: AUC \d\.\d{4} \(\d\.\d{4} to \d\.\d{4}\), \d+ s/);
      expect(first.out).toMatch(
        /^model +condition +parameters +seeds +AUC +low +high +gain +p\ntiny +random +\d+ +2 /,
      );
      expect(readFileSync(join(folder, 'wasm-whole/report.html'), 'utf8')).toMatch(/^<!DOCTYPE html>/);
      const again = await start(['--out', 'wasm-killed', '--budget', '0']).ended;
      expect(again.code, again.err).toBe(0);
      expect(again.err.match(/was there/g)).toHaveLength(4);
      expect(readFileSync(join(folder, 'wasm-killed/study.json'), 'utf8')).toBe(study);
    },
    PATIENCE,
  );

  it.skipIf(native === undefined)(
    'does so on TensorFlow too (needs npm run native, or SVCCA_TFJS_NODE)',
    () => killedIsWhole('tensorflow', native).then(() => undefined),
    PATIENCE,
  );

  it(
    'interrupted says that it can go on, and does; meanwhile keeps others out',
    async () => {
      const usual = ['--backend', 'cpu', '--runs-only', '--out', 'stopped'];
      const { child, ended, training } = start(usual);
      expect(await training(1)).toBe(true);
      const second = await start(usual).ended;
      expect(second).toMatchObject({ code: 1, out: '' });
      expect(second.err).toContain(`'stopped' is in use by process ${child.pid}`);
      child.kill('SIGINT');
      const { code, out, err } = await ended;
      expect({ code, out }).toEqual({ code: 130, out: '' });
      expect(err).toMatch(/^svcca: networks are trained on .* 'cpu'.*npm install @tensorflow\/tfjs-node/);
      expect(err).toContain(
        "interrupted; what was trained is kept in 'stopped', and the same command goes on from there",
      );
      const rest = await start(usual).ended;
      expect(rest.code, rest.err).toBe(0);
      expect(rest.out).toMatch(/^model +condition +seed +steps +AUC/);
      expect(readdirSync(join(folder, 'stopped')).sort()).toEqual(['runs', 'runs.json', 'times.json']);
    },
    PATIENCE,
  );

  it.each<[string, string[], RegExp]>([
    ['no folder', [], /--out/],
    ['a budget', ['--out', 'x', '--budget', 'an hour'], /--budget is 'an hour': give minutes/],
    [
      'a backend of browsers',
      ['--out', 'x', '--backend', 'webgl'],
      /--backend is 'webgl': choose tensorflow, wasm or cpu/,
    ],
    [
      'a model',
      ['--out', 'x', '--backend', 'cpu', '--only', 'large'],
      /plan\.json has no model 'large': there are tiny/,
    ],
  ])('refuses %s', async (_, args, message) => {
    const place = (arg: string) => (arg === 'x' ? join(folder, 'x') : arg);
    const refused = runHere(transferCommand, join(folder, 'plan.json'), ...args.map(place));
    await expect(refused).rejects.toThrow(message);
    expect(existsSync(join(folder, 'x/.svcca-lock'))).toBe(false);
  });
});

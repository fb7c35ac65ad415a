/** `svcca transfer`: a study that is killed goes on, and says the same in the end. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveNpz } from '../../src/node/files.js';
import type { StudyResult } from '../../src/transfer/study-result.js';
import { root } from '../support.js';
import { data, plan } from '../transfer/study-data.js';

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

/** Starts the command on the plan. */
function start(...args: string[]) {
  const all = ['--import', tsx, join(root, 'src/cli/main.ts'), 'transfer', ...args];
  const child = spawn(process.execPath, all, { cwd: folder });
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
  /** Waits until so many checkpoints have been seen, or the process has ended. */
  const training = async (times: number): Promise<boolean> => {
    const seen = new Set<string>();
    while (running && seen.size < times) {
      const runs = join(folder, args[args.indexOf('--out') + 1], 'runs');
      for (const key of existsSync(runs) ? readdirSync(runs) : []) {
        try {
          seen.add(key + String(readFileSync(join(runs, key, 'checkpoint')).length) + String(Date.now()));
        } catch {
          // No checkpoint yet, or none any more.
        }
      }
      await sleep(5);
    }
    return running;
  };
  return { child, ended, training };
}

const usual = ['plan.json', '--backend', 'cpu'];

describe('svcca transfer', () => {
  it('killed in the middle of trainings ends with the JSON of a study that was not', async () => {
    const whole = await start(...usual, '--out', 'whole').ended;
    expect(whole.code, whole.err).toBe(0);
    expect(whole.err).toMatch(/plain JavaScript backend 'cpu'.*npm install @tensorflow\/tfjs-node/);
    expect(whole.err).toMatch(/tiny, random, seed 1: AUC \d\.\d{4} \(\d\.\d{4} to \d\.\d{4}\), \d+ s/);
    expect(whole.out).toMatch(
      /^model +condition +parameters +seeds +AUC +low +high +gain +p\ntiny +random +\d+ +2 /,
    );
    const study = readFileSync(join(folder, 'whole/study.json'), 'utf8');
    const result = JSON.parse(study) as StudyResult;
    expect(result.runs).toHaveLength(4);
    expect(readFileSync(join(folder, 'whole/report.html'), 'utf8')).toMatch(/^<!DOCTYPE html>/);

    let kills = 0;
    for (const times of [1, 6, 12]) {
      const { child, ended, training } = start(...usual, '--out', 'killed');
      if (!(await training(times))) break;
      child.kill('SIGKILL');
      await ended;
      kills++;
      expect(existsSync(join(folder, 'killed/study.json'))).toBe(false);
    }
    expect(kills).toBeGreaterThan(1);
    const resumed = await start(...usual, '--out', 'killed', '--json').ended;
    expect(resumed.code, resumed.err).toBe(0);
    expect(readFileSync(join(folder, 'killed/study.json'), 'utf8')).toBe(study);
    expect(resumed.out).toBe(study);
    const leftovers = readdirSync(join(folder, 'killed'), { recursive: true }).filter((name) =>
      /tmp$|checkpoint$|lock/.test(String(name)),
    );
    expect(leftovers).toEqual([]);

    const again = await start(...usual, '--out', 'killed', '--budget', '0').ended;
    expect(again.code, again.err).toBe(0);
    expect(again.err.match(/was there/g)).toHaveLength(4);
    expect(readFileSync(join(folder, 'killed/study.json'), 'utf8')).toBe(study);
  }, 240_000);

  it('interrupted says that it can go on, and does; meanwhile keeps others out', async () => {
    const { child, ended, training } = start(...usual, '--out', 'stopped', '--runs-only');
    expect(await training(1)).toBe(true);
    const second = await start(...usual, '--out', 'stopped').ended;
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.err).toContain(`'stopped' is in use by process ${child.pid}`);
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    expect({ code, out }).toEqual({ code: 130, out: '' });
    expect(err).toContain(
      "interrupted; what was trained is kept in 'stopped', and the same command goes on from there",
    );
    const rest = await start(...usual, '--out', 'stopped', '--runs-only').ended;
    expect(rest.code, rest.err).toBe(0);
    expect(rest.out).toMatch(/^model +condition +seed +steps +AUC/);
    expect(readdirSync(join(folder, 'stopped')).sort()).toEqual(['runs', 'runs.json', 'times.json']);
  }, 240_000);

  it.each<[string, string[], number, RegExp]>([
    ['no folder', [], 2, /--out/],
    ['a budget', ['--out', 'x', '--budget', 'an hour'], 2, /--budget is 'an hour': give minutes/],
    [
      'a backend of browsers',
      ['--out', 'x', '--backend', 'webgl'],
      2,
      /--backend is 'webgl': choose tensorflow, wasm or cpu/,
    ],
    ['a model', ['--out', 'x', '--only', 'large'], 1, /plan\.json has no model 'large': there are tiny/],
  ])('refuses %s', async (_, args, code, message) => {
    const ended = await start(
      'plan.json',
      ...(args.includes('--backend') ? [] : ['--backend', 'cpu']),
      ...args,
    ).ended;
    expect(ended).toMatchObject({ code, out: '' });
    expect(ended.err).toMatch(message);
  });
});

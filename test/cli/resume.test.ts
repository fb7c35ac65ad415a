/** A comparison that is killed goes on where it was, and says the same in the end. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mnistTest } from '../../examples/compare-checkpoints/mnist.js';
import { progressLine } from '../../src/cli/output.js';
import { Similarity } from '../../src/compare/similarity.js';
import { saveNpz } from '../../src/node/files.js';
import { distance, root } from '../support.js';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const checkpoints = join(root, 'examples/compare-checkpoints/checkpoints');
const sides = [join(checkpoints, 'scratch-1'), join(checkpoints, 'scratch-2')];

let folder: string;
let usual: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-resume-'));
  const { images } = await mnistTest(400);
  await saveNpz(join(folder, 'images.npz'), {
    images: { shape: [400, 28, 28], data: Float32Array.from(images) },
  });
  usual = ['compare', ...sides, '--data', 'images.npz', '--batch-size', '8', '--layers', 'conv*', '--json'];
  usual.push('--engine', 'wasm', '--threads', '2', '--backend', 'wasm');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the command. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', tsx, join(root, 'src/cli/main.ts'), ...args], {
    cwd: folder,
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += String(text)));
  child.stderr.on('data', (text) => (err += String(text)));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, out, err });
    });
  });
  return { child, ended };
}

/** Waits until a file has been replaced so often since the call, or the process has ended. */
async function replaced(file: string, times: number, ended: Promise<unknown>): Promise<boolean> {
  const now = () => (existsSync(file) ? statSync(file, { bigint: true }).ino : undefined);
  let running = true;
  void ended.then(() => {
    running = false;
  });
  let [seen, count] = [now(), 0];
  while (running) {
    await sleep(2);
    if (now() === seen || now() === undefined) continue;
    seen = now();
    if (++count === times) return true;
  }
  return false;
}

describe('svcca compare --resume', () => {
  it('after kills in any pass prints the JSON of a run without them, and removes the file', async () => {
    const whole = await start(usual).ended;
    expect(whole).toMatchObject({ code: 0, err: '' });
    const saving = [...usual, '--save-every', '0'];
    let kills = 0;
    for (const times of [3, 20, 35]) {
      const first = kills === 0 ? ['--checkpoint', 'state'] : ['--resume', 'state'];
      const { child, ended } = start([...saving, ...first]);
      if (!(await replaced(join(folder, 'state'), times, ended))) break;
      child.kill('SIGKILL');
      await ended;
      kills++;
      expect(existsSync(join(folder, 'state'))).toBe(true);
    }
    expect(kills).toBeGreaterThan(1);
    const resumed = await start([...saving, '--resume', 'state']).ended;
    expect(resumed.code).toBe(0);
    expect(resumed.out).toBe(whole.out);
    expect(existsSync(join(folder, 'state'))).toBe(false);
  }, 240_000);

  it('after an interrupt says how to go on', async () => {
    const { child, ended } = start([
      ...usual,
      '--save-every',
      '0',
      '--checkpoint',
      'stopped',
      '--spool',
      'spools',
    ]);
    await replaced(join(folder, 'stopped'), 2, ended);
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    expect(code).toBe(130);
    expect(out).toBe('');
    expect(err).toContain('--resume stopped');
    if (existsSync(join(folder, 'spools'))) expect(readdirSync(join(folder, 'spools'))).toEqual([]);
    const other = await start([...usual, '--measure', 'cka', '--resume', 'stopped']).ended;
    expect(other).toMatchObject({ code: 1, out: '' });
    expect(other.err).toMatch(/another comparison \(measures: .*svcca.* there, .*cka.* here\)/);
    const again = await start([...usual, '--checkpoint', 'stopped']).ended;
    expect(again.code).toBe(2);
    expect(again.err).toContain('--resume goes on from it');
    const bytes = readFileSync(join(folder, 'stopped'));
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(join(folder, 'stopped'), bytes);
    const damaged = await start([...usual, '--resume', 'stopped']).ended;
    expect(damaged.code).toBe(1);
    expect(damaged.err).toMatch(/checkpoint is damaged \(at byte \d+\)/);
  }, 240_000);

  it('does with little memory and a folder for the rest, or none', async () => {
    const [whole, spooled, again] = await Promise.all([
      start(usual).ended,
      start([...usual, '--memory', '1kB', '--spool', 'spools']).ended,
      start([...usual, '--memory', '1kB', '--spool', 'none']).ended,
    ]);
    const { scores } = Similarity.fromJSON(whole.out);
    for (const { code, out } of [spooled, again]) {
      expect(code).toBe(0);
      expect(distance(Similarity.fromJSON(out).scores, scores)).toBeLessThan(1e-12);
    }
    expect(readdirSync(join(folder, 'spools'))).toEqual([]);
  }, 240_000);
});

describe('the progress bar', () => {
  it('shows the stage, how much is done, datapoints per second and the time left', () => {
    let now = 0;
    const line = progressLine(() => now);
    expect(line({ stage: 'moments', done: 100, total: 1000, datapointsPerSecond: 51_234 })).toBe(
      'moments [===---------------------------] 100/1000, 51.2k datapoints/s',
    );
    now = 2000;
    // 400 in 2 s: the other 500 take 2.5.
    expect(line({ stage: 'moments', done: 500, total: 1000, datapointsPerSecond: 999 })).toBe(
      'moments [===============---------------] 500/1000, 999 datapoints/s, 3 s left',
    );
    now += 1000;
    expect(line({ stage: 'moments', done: 1000, total: 1000 })).toMatch(/1000\/1000$/);
    expect(line({ stage: 'cross (1 of 3)', done: 7, total: undefined, datapointsPerSecond: 2.5e6 })).toBe(
      'cross (1 of 3) 7, 2.5M datapoints/s',
    );
    expect(line({ stage: 'cka', done: 1, total: 1e6 })).toMatch(/1\/1000000$/);
    now += 3600_000;
    expect(line({ stage: 'cka', done: 2, total: 1e6 })).toMatch(/ h left$/);
  });
});

/** Two networks as files, the `svcca` command as a program that can be killed, and what it should find. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { saveNpz } from '../../src/node/files.js';
import { related, root } from '../support.js';

export const recipes = join(root, 'examples', 'distributed');
const main = join(root, 'src', 'cli', 'main.ts');
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const hook = fileURLToPath(new URL('faults.mjs', import.meta.url));

const SAMPLES = 3000;

/** When a process is killed: in the middle of reading, or of writing; `parent` is the process that started it. */
export type Fault = 'reading' | 'writing' | 'parent';

/** Runs a program; its output, errors and exit status. */
export async function run(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ out: string; err: string; status: number }> {
  try {
    const options = { env: { ...process.env, SVCCA_TFJS_NODE: '', ...env }, maxBuffer: 1 << 26 };
    const { stdout, stderr } = await promisify(execFile)(program, [...args], options);
    return { out: stdout, err: stderr, status: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
    return { out: stdout, err: stderr, status: code };
  }
}

let whole: Promise<unknown> | undefined;

/** A folder for one test: two networks, `svcca` in `bin`, and what the whole comparison gives. */
export class Workshop {
  readonly bin: string;
  readonly parts: string;
  readonly sides: readonly [string, string];

  private constructor(readonly folder: string) {
    this.bin = join(folder, 'bin');
    this.parts = join(folder, 'parts');
    this.sides = [join(folder, 'a.npz'), join(folder, 'b.npz')];
  }

  static async open(folder: string): Promise<Workshop> {
    const workshop = new Workshop(folder);
    mkdirSync(workshop.bin);
    const pairs = [12, 20, 7].map((neurons, i) => related(SAMPLES, neurons, neurons + i, i + 1));
    for (const [s, path] of workshop.sides.entries()) {
      const arrays = pairs.map(({ x, y }, i) => {
        const { rows, cols, data } = s === 0 ? x : y;
        return [`layer${i}`, { shape: [rows, cols], data }] as const;
      });
      await saveNpz(path, Object.fromEntries(arrays));
    }
    workshop.install();
    return workshop;
  }

  /** Puts a `svcca` into `bin` that runs the sources, with faults to come or without. */
  install(faults?: Readonly<Record<number, Fault>>): void {
    const plan = JSON.stringify({ folder: this.folder, bytes: this.bytes, faults });
    const command = ['exec', process.execPath, '--import', tsx, '--import', hook, main].join(' ');
    writeFileSync(
      join(this.bin, 'svcca'),
      `#!/bin/sh\nexport SVCCA_TEST_FAULTS='${plan}'\n${command} "$@"\n`,
      { mode: 0o755 },
    );
  }

  /** An environment where `svcca` is the one of this workshop. */
  get env(): Record<string, string> {
    return { PATH: `${this.bin}:${process.env['PATH']}` };
  }

  /** Bytes that one of `shards` reads, by a run that is not disturbed. */
  async measure(shards: number): Promise<void> {
    const out = join(this.folder, 'measured.part');
    const done = await run(join(this.bin, 'svcca'), [
      'moments',
      ...this.sides,
      '--shard',
      `1/${shards}`,
      '--out',
      out,
    ]);
    expect(done.status, done.err).toBe(0);
    expect(this.bytes).toBeGreaterThan(10_000);
    writeFileSync(join(this.folder, 'runs.log'), '');
  }

  private get bytes(): number {
    const path = join(this.folder, 'bytes');
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  }

  /** Which shards were run, each as often as it was. */
  get runs(): number[] {
    const lines = readFileSync(join(this.folder, 'runs.log'), 'utf8').trim().split('\n');
    return lines.map((line) => Number(line.split(' ')[0])).sort((a, b) => a - b);
  }

  /** Process ids by shard that were killed. */
  get killed(): number[] {
    const names = readdirSync(this.folder).filter((name) => name.startsWith('killed-'));
    return names.map((name) => Number(name.slice(7))).sort((a, b) => a - b);
  }

  /** The whole comparison, in one process; the networks are the same in every workshop. */
  whole(): Promise<unknown> {
    return (whole ??= this.compare());
  }

  private async compare(): Promise<unknown> {
    const { out, status } = await run(join(this.bin, 'svcca'), ['compare', ...this.sides, '--json']);
    expect(status).toBe(0);
    return JSON.parse(out);
  }

  /** All parts and nothing else is in their folder: no half-written ones. */
  expectParts(shards: number, others: readonly string[] = []): void {
    const names = Array.from({ length: shards }, (_, i) => `part.${i}`);
    expect(readdirSync(this.parts).sort()).toEqual([...names, ...others].sort());
  }
}

/** Two results, equal to 1e-12 in every number. */
export function expectEqual(found: unknown, wanted: unknown, where = 'result'): void {
  if (typeof wanted === 'number') {
    expect(typeof found, where).toBe('number');
    expect(Math.abs((found as number) - wanted), where).toBeLessThan(1e-12 * Math.max(1, Math.abs(wanted)));
  } else if (typeof wanted === 'object' && wanted !== null) {
    expect(Object.keys(found as object).sort(), where).toEqual(Object.keys(wanted).sort());
    for (const [key, value] of Object.entries(wanted))
      expectEqual((found as any)[key], value, `${where}.${key}`);
  } else expect(found, where).toEqual(wanted);
}

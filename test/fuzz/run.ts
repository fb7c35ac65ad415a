/** Runs the damaged files of a kind in child processes, and outlives those that hang or die. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A damaged file that was neither refused as it should be nor read correctly. */
export interface Failure {
  /** Of the file: `npx tsx test/fuzz/show.ts kind number folder` writes it. */
  readonly number: number;
  readonly seed: string;
  readonly problem: string;
}

/** A line that a child sends. */
export type Message =
  | { readonly began: number; readonly read: number; readonly refused: number }
  | { readonly failure: Failure }
  | { readonly done: true; readonly read: number; readonly refused: number; readonly megabytes: number };

export interface Outcome {
  readonly read: number;
  readonly refused: number;
  readonly failures: readonly Failure[];
  /** Resident memory at its highest, of the last child. */
  readonly megabytes: number;
}

/** Milliseconds without a line after which a child is taken to hang: a file takes a few. */
const PATIENCE = 30_000;
/** A child that is lost is replaced so many times. */
const LOSSES = 3;

const worker = fileURLToPath(new URL('worker.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Reads `count` damaged files of a kind. `patience` is the watchdog's, in milliseconds. */
export async function fuzz(kind: string, count: number, patience = PATIENCE): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'svcca-fuzz-'));
  const failures: Failure[] = [];
  let [read, refused, megabytes] = [0, 0, 0];
  try {
    for (let first = 0, losses = 0; first < count;) {
      const part = await child(kind, first, count, folder, patience);
      failures.push(...part.failures);
      read += part.read;
      refused += part.refused;
      megabytes = part.megabytes;
      if (part.lost === undefined) break;
      failures.push({ number: part.last, seed: '', problem: part.lost });
      first = part.last + 1;
      if (++losses > LOSSES) break;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { read, refused, failures, megabytes };
}

/** What a child did. */
interface Part {
  failures: Failure[];
  read: number;
  refused: number;
  megabytes: number;
  /** The file that it began last. */
  last: number;
  /** How it ended, where it had not come to the end. */
  lost?: string;
}

function child(kind: string, first: number, end: number, folder: string, patience: number): Promise<Part> {
  return new Promise((resolve, reject) => {
    // What no counter sees, such as strings and objects, comes up against the heap's limit.
    const options = ['--max-old-space-size=400', '--import', tsx, worker, kind, `${first}`, `${end}`, folder];
    const env = { ...process.env, SVCCA_TFJS_NODE: '' };
    const started = spawn(process.execPath, options, { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    const part: Part = { failures: [], read: 0, refused: 0, megabytes: 0, last: first };
    let [isDone, hung, printed] = [false, false, ''];
    const stop = () => {
      hung = true;
      started.kill('SIGKILL');
    };
    // Loading TensorFlow.js takes its time, before the first file.
    let watchdog = setTimeout(stop, patience + 30_000);
    createInterface({ input: started.stdio[3] as Readable }).on('line', (line) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(stop, patience);
      const message = JSON.parse(line) as Message;
      if ('failure' in message) {
        part.failures.push(message.failure);
        return;
      }
      ({ read: part.read, refused: part.refused } = message);
      if ('began' in message) part.last = message.began;
      else [isDone, part.megabytes] = [true, message.megabytes];
    });
    for (const stream of [started.stdout!, started.stderr!]) {
      stream.on('data', (text) => (printed = `${printed}${String(text)}`.slice(-3000)));
    }
    started.on('error', reject);
    started.on('close', (code, signal) => {
      clearTimeout(watchdog);
      if (!isDone)
        part.lost = hung ? `hung for ${patience} ms` : `ended the process (${signal ?? code}): ${printed}`;
      resolve(part);
    });
  });
}

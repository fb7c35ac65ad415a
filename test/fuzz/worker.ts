/** Reads damaged files of one kind, in a process of its own that may hang or die: `worker kind first end folder`. */
import { allocations, resetAllocations } from './allocation.js';
import { writeSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Case, Kind } from './kind.js';
import type { Failure, Message } from './run.js';

/** Milliseconds of the processor that a file of a few kilobytes may take, whatever else the machine does. */
const SLOW = 2000;
/** All that a read allocates together, as a multiple of the most that one allocation may take. */
const TOTAL = 32;

const [name, first, end, folder] = process.argv.slice(2);
// After the counters are in place: libraries keep the constructors that they find.
const { SvccaError, FormatError } = await import('../../src/errors.js');
const { WrongRead, inflatedSize, sizeOf } = await import('./kind.js');
const { kinds } = await import('./kinds.js');
const kind: Kind = await kinds[name]();

// A line at a time and at once: the last one names the file that hung.
const send = (message: Message) => writeSync(3, `${JSON.stringify(message)}\n`);

function write(damaged: Case): string {
  const names = Object.keys(damaged.files);
  for (const file of names) writeFileSync(join(folder, file), damaged.files[file]);
  return join(folder, names[0]);
}

/** What is wrong with how a file was refused; nothing where it was refused as it should be. */
function wrongRefusal(error: unknown, damaged: Case): string | undefined {
  if (error instanceof WrongRead) return `read wrongly: ${error.message}`;
  if (
    !(error instanceof SvccaError) ||
    !['FORMAT', 'DATA', 'UNSUPPORTED', ...(kind.codes ?? [])].includes(error.code)
  ) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  if (!(error instanceof FormatError) || !kind.needsOffset(damaged)) return undefined;
  const { offset } = error;
  if (offset !== undefined && Number.isSafeInteger(offset) && offset >= 0 && offset <= inflatedSize(damaged))
    return undefined;
  return `names the byte ${offset}: ${error.message}`;
}

async function tryOne(number: number): Promise<'read' | 'refused' | Failure> {
  const damaged = kind.make(number);
  const path = kind.onDisk ? write(damaged) : damaged.seed;
  let problem: string | undefined;
  let outcome: 'read' | 'refused' = 'read';
  resetAllocations();
  const started = process.cpuUsage();
  try {
    await kind.read(damaged, path);
  } catch (error) {
    outcome = 'refused';
    problem = wrongRefusal(error, damaged);
  }
  const { user, system } = process.cpuUsage(started);
  const took = (user + system) / 1000;
  const { largest, total } = allocations();
  const most = kind.most(damaged);
  if (largest > most)
    problem ??= `allocated ${largest} bytes at once, for ${sizeOf(damaged)} of file: at most ${most}`;
  if (total > TOTAL * most) problem ??= `allocated ${total} bytes together, for ${sizeOf(damaged)} of file`;
  if (took > SLOW) problem ??= `took ${took.toFixed(0)} ms`;
  if (problem === undefined) return outcome;
  return { number, seed: damaged.seed, problem };
}

let [read, refused] = [0, 0];
for (let number = Number(first); number < Number(end); number++) {
  send({ began: number, read, refused });
  const result = await tryOne(number);
  if (result === 'read') read++;
  else if (result === 'refused') refused++;
  else send({ failure: result });
}
send({ done: true, read, refused, megabytes: process.resourceUsage().maxRSS / 1024 });

/**
 * A process of its own for what memory is measured of: a script that takes a task as JSON and prints its answer as JSON.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { root } from './library.js';

/** Runs the script; its answer is the last line that it prints. */
export async function runChild<Answer>(script: string, task: object): Promise<Answer> {
  const args = ['--import', 'tsx', script, JSON.stringify(task)];
  const running = promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 1 << 26 });
  const end = () => running.child.kill();
  process.once('exit', end);
  const { stdout } = await running.finally(() => process.removeListener('exit', end));
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Answer;
}

/**
 * Bytes that this process held at most. Linux's `VmHWM` is its own; `maxRSS` starts from what the process that started it
 * held, and is used elsewhere.
 */
export function peakMemory(): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

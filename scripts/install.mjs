/** What scripts that install something in an ignored folder have in common. */
import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import process from 'node:process';

/** What stands in the way of an installation, in words for whoever runs the script. */
export class Problem extends Error {}

/** Options of pip that keep it quiet. */
export const QUIET = ['--quiet', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];

/** Prints what was done, after how many seconds. */
export function stepsOf(name) {
  const started = Date.now();
  return (text) => console.log(`${name}: ${text} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
}

/** Runs a program quietly; what it printed. @throws Problem with what it said last */
export function run(what, program, args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error) throw new Problem(`${what} failed: ${error.message}`);
  if (status !== 0) throw new Problem(`${what} failed: ${lastWords(`${stdout}${stderr}`)}`);
  return `${stdout}${stderr}`;
}

function lastWords(printed) {
  const lines = printed.trim().split('\n');
  const errors = lines.filter((line) => /^(ERROR|\w*Error):/.test(line));
  return (errors.length > 0 ? errors : lines).slice(-2).join(' ').slice(0, 500);
}

/**
 * The Python that the script uses: `python3`, or what SVCCA_PYTHON names.
 *
 * @throws Problem where it does not run, or is older or newer than `who` needs
 */
export function findPython(who, needed, [oldest, newest]) {
  const program = process.env.SVCCA_PYTHON ?? 'python3';
  const { status, error, stdout } = spawnSync(program, ['-c', 'import sys; print(*sys.version_info[:2])'], {
    encoding: 'utf8',
  });
  if (error || status !== 0) {
    throw new Problem(`${program} does not run: install Python ${needed}, or name one in SVCCA_PYTHON.`);
  }
  const [major, minor] = stdout.trim().split(' ').map(Number);
  if (major !== 3 || minor < oldest || minor > newest) {
    throw new Problem(
      `${program} is Python ${major}.${minor}, and ${who} ${needed}: name one in SVCCA_PYTHON.`,
    );
  }
  return program;
}

/** @throws Problem where less disk is free than an installation needs */
export function checkDisk(what, folder, gigabytes) {
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 2 ** 30;
  if (free < gigabytes)
    throw new Problem(`${what} needs ${gigabytes} GB of disk, and ${free.toFixed(1)} GB are free.`);
}

/** Runs a script, or its promise, to its end; a problem is its last word, and the exit status 1. */
export async function runScript(name, main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Problem) && error?.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw error;
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

#!/usr/bin/env node
/**
 * `npm run spark`: Apache Spark from PyPI in the ignored folder `.venv/spark`, for the tests that run
 * `examples/distributed` on it. Where it cannot be installed, the reason is noted and those tests are skipped with it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `Usage: npm run spark [-- --force]

Installs Apache Spark (PySpark, local mode) in .venv/spark, pinned in test/distributed/requirements.txt.
Needs Java 8, 11 or 17 (java on the path, or JAVA_HOME) and Python 3.9 to 3.12 with venv and pip (python3, or what
SVCCA_PYTHON names); a download of 320 MB, 430 MB of disk. A second run finds it ready and does nothing.

  --force   install it again even if it is ready
  --help    print this text`;

const GIGABYTES = 1.5;

const started = Date.now();
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const requirements = join(root, 'test', 'distributed', 'requirements.txt');
const home = join(root, '.venv', 'spark');
const python = join(home, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
const stamp = join(home, 'ready.json');

class Problem extends Error {}

function step(text) {
  console.log(`spark: ${text} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
}

/** Runs a program quietly; what it printed. @throws Problem with what it said last */
function run(what, program, args) {
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

/** Spark 3.5 runs on Java 8, 11 and 17; on 21 it stops in the middle of a job. */
function checkJava() {
  const { JAVA_HOME } = process.env;
  const java = JAVA_HOME ? join(JAVA_HOME, 'bin', 'java') : 'java';
  const printed = run('java -version', java, ['-version']);
  const major = Number(/version "(?:1\.)?(\d+)/.exec(printed)?.[1]);
  if (![8, 11, 17].includes(major)) {
    throw new Problem(`Java here is ${major}, and Spark needs 8, 11 or 17: name one in JAVA_HOME.`);
  }
}

function checkPython() {
  const program = process.env.SVCCA_PYTHON ?? 'python3';
  const version = run(program, program, ['-c', 'import sys; print(*sys.version_info[:2])']).trim();
  const [major, minor] = version.split(' ').map(Number);
  if (major !== 3 || minor < 9 || minor > 12) {
    throw new Problem(
      `${program} is Python ${major}.${minor}, and Spark needs 3.9 to 3.12: name one in SVCCA_PYTHON.`,
    );
  }
  return program;
}

/** What is installed: a changed pin is another one. */
const fingerprint = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);

function isReady() {
  if (!existsSync(stamp) || !existsSync(python)) return false;
  try {
    return JSON.parse(readFileSync(stamp, 'utf8')).fingerprint === fingerprint;
  } catch {
    return false;
  }
}

function install() {
  checkJava();
  const program = checkPython();
  mkdirSync(home, { recursive: true });
  const { bavail, bsize } = statfsSync(home);
  const free = (bavail * bsize) / 2 ** 30;
  if (free < GIGABYTES)
    throw new Problem(`Spark needs ${GIGABYTES} GB of disk, and ${free.toFixed(1)} GB are free.`);
  run('python -m venv', program, ['-m', 'venv', '--clear', home]);
  step('created a virtual environment');
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  // Nothing of it is used twice: the cache would keep another 320 MB.
  run('pip install', python, ['-m', 'pip', 'install', ...quiet, '--no-cache-dir', '-r', requirements]);
  step('installed PySpark');
}

function main() {
  const { values } = parseArgs({ options: { force: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) return console.log(HELP);
  if (values.force) rmSync(home, { recursive: true, force: true });
  if (!isReady()) {
    try {
      install();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      mkdirSync(home, { recursive: true });
      writeFileSync(stamp, `${JSON.stringify({ reason: error.message }, undefined, 2)}\n`);
      throw error;
    }
    writeFileSync(stamp, `${JSON.stringify({ fingerprint }, undefined, 2)}\n`);
  }
  console.log(`spark: ready in ${relative(root, home)}`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof Problem) && error?.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw error;
  console.error(`spark: ${error.message}`);
  process.exitCode = 1;
}

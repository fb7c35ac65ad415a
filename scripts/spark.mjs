#!/usr/bin/env node
/**
 * `npm run spark`: Apache Spark from PyPI in the ignored folder `.venv/spark`, for the tests that run
 * `examples/distributed` on it. Where it cannot be installed, the reason is noted and those tests are skipped with it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Problem, QUIET, checkDisk, findPython, run, runScript, stepsOf } from './install.mjs';

const HELP = `Usage: npm run spark [-- --force]

Installs Apache Spark (PySpark, local mode) in .venv/spark, pinned in test/distributed/requirements.txt.
Needs Java 8, 11 or 17 (java on the path, or JAVA_HOME) and Python 3.9 to 3.12 with venv and pip (python3, or what
SVCCA_PYTHON names); a download of 320 MB, 430 MB of disk. A second run finds it ready and does nothing.

  --force   install it again even if it is ready
  --help    print this text`;

const GIGABYTES = 1.5;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const requirements = join(root, 'test', 'distributed', 'requirements.txt');
const home = join(root, '.venv', 'spark');
const python = join(home, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
const stamp = join(home, 'ready.json');

const step = stepsOf('spark');

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
  const program = findPython('Spark needs', '3.9 to 3.12', [9, 12]);
  mkdirSync(home, { recursive: true });
  checkDisk('Spark', home, GIGABYTES);
  run('python -m venv', program, ['-m', 'venv', '--clear', home]);
  step('created a virtual environment');
  // Nothing of it is used twice: the cache would keep another 320 MB.
  run('pip install', python, ['-m', 'pip', 'install', ...QUIET, '--no-cache-dir', '-r', requirements]);
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

await runScript('spark', main);

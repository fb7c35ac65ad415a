#!/usr/bin/env node
/**
 * `npm run peers`: the Python packages that `npm run test:peers` compares with, in the ignored folder `.venv/peers`.
 * They come in groups; a group that cannot be installed is noted with the reason, and the tests of its peers are skipped.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Problem, QUIET, checkDisk, findPython, run, runScript, stepsOf } from './install.mjs';

const HELP = `Usage: npm run peers [-- --torch] [-- --force]

Installs the Python packages that the library is compared with in .venv/peers, pinned in test/peers/requirements*.txt.
Needs Python 3.11 or newer with venv and pip (python3, or what SVCCA_PYTHON names); about 250 MB of downloads, 860 MB of disk.
A second run finds them ready and does nothing.

  --torch   the peers of PyTorch too: 2 GB more of downloads, 5 GB more of disk
  --force   install all of it again even if it is ready
  --help    print this text`;

/** The first is needed; the others may fail. */
const GROUPS = [
  { name: 'wheels', file: 'requirements.txt', gigabytes: 1.5, options: ['--only-binary=:all:'] },
  { name: 'source', file: 'requirements-source.txt', gigabytes: 0.5, options: [] },
  { name: 'torch', file: 'requirements-torch.txt', gigabytes: 8, options: ['--only-binary=:all:'] },
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = join(root, '.venv', 'peers');
const python = join(home, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
const stamp = join(home, 'ready.json');

const step = stepsOf('peers');

const requirements = (group) => join(root, 'test', 'peers', group.file);

/** What a group is made of: a changed pin is another group. */
function fingerprint(group) {
  return createHash('sha256')
    .update(readFileSync(requirements(group)))
    .digest('hex')
    .slice(0, 16);
}

function readStamp() {
  if (!existsSync(stamp) || !existsSync(python)) return {};
  try {
    return JSON.parse(readFileSync(stamp, 'utf8'));
  } catch {
    return {};
  }
}

/** Installs a group; returns what the stamp says of it. */
function install(group) {
  checkDisk(`the group '${group.name}'`, home, group.gigabytes);
  const args = ['-m', 'pip', 'install', ...QUIET, ...group.options];
  // The pins of the first group hold for what the others bring along.
  const pins = group === GROUPS[0] ? [] : ['-c', requirements(GROUPS[0])];
  run(`pip install of '${group.name}'`, python, [...args, ...pins, '-r', requirements(group)]);
  step(`installed ${group.name}: ${packages(group).join(', ')}`);
  return { fingerprint: fingerprint(group) };
}

/** The packages that the tests run, which stand before the first empty line. */
function packages(group) {
  const lines = readFileSync(requirements(group), 'utf8').split('\n\n')[0].split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.replace('==', ' '));
}

function main() {
  const { values } = parseArgs({
    options: { torch: { type: 'boolean' }, force: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) return console.log(HELP);
  if (values.force) rmSync(home, { recursive: true, force: true });
  const state = readStamp();
  const isReady = (group) => state[group.name]?.fingerprint === fingerprint(group);
  // What was installed once is kept up to date without being asked for again.
  const wanted = GROUPS.filter(({ name }) => name !== 'torch' || values.torch || state.torch?.fingerprint);
  const missing = wanted.filter((group) => !isReady(group));

  if (missing.length > 0 && !existsSync(python)) {
    const program = findPython('the peers need', '3.11 or newer', [11, Infinity]);
    mkdirSync(dirname(home), { recursive: true });
    run('python -m venv', program, ['-m', 'venv', '--clear', home]);
    step('created a virtual environment');
  }
  const failed = [];
  for (const group of missing) {
    try {
      state[group.name] = install(group);
    } catch (error) {
      if (!(error instanceof Problem) || group === GROUPS[0]) throw error;
      state[group.name] = { reason: error.message };
      failed.push(error.message);
    }
    writeFileSync(stamp, `${JSON.stringify(state, undefined, 2)}\n`);
  }
  for (const reason of failed) console.error(`peers: ${reason} The tests of its peers are skipped.`);
  if (values.torch && state.torch.reason) process.exitCode = 1;
  const ready = wanted.filter(isReady).map(({ name }) => name);
  console.log(`peers: ready in ${relative(root, home)} (${ready.join(', ')})`);
}

await runScript('peers', main);

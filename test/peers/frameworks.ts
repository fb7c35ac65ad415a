/** Runs the Python blocks of docs/activations.md in the virtual environment that `npm run peers -- --torch` makes. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from '../docs/blocks.js';
import { root } from '../support.js';

const home = join(root, '.venv', 'peers');
/** The Python of that environment. */
export const python = join(
  home,
  ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
);

/** Why the frameworks cannot run here; nothing where they can. */
export function missingFrameworks(): string | undefined {
  const stamp = join(home, 'ready.json');
  if (!existsSync(stamp) || !existsSync(python)) return 'no .venv/peers: npm run peers -- --torch';
  const { torch } = JSON.parse(readFileSync(stamp, 'utf8')) as Record<
    string,
    { fingerprint?: string; reason?: string }
  >;
  if (torch?.fingerprint !== undefined) return undefined;
  return torch?.reason ?? 'PyTorch, Keras and JAX are not installed: npm run peers -- --torch';
}

/** The Python blocks of the page that stand below a heading. */
export function pythonBlocks(heading: string): string[] {
  const file = 'docs/activations.md';
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  const from = lines.indexOf(`## ${heading}`) + 1;
  const next = lines.findIndex((line, i) => i >= from && line.startsWith('## '));
  return blocksOf(file)
    .filter(({ language, line }) => language === 'python' && line > from && line <= next)
    .map(({ text }) => text);
}

/** Runs a program in a folder. @throws Error with what it said last */
export function runPython(folder: string, program: string): Promise<void> {
  const path = join(folder, 'program.py');
  writeFileSync(path, program);
  const child = spawn(python, [path], {
    cwd: folder,
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      KERAS_BACKEND: 'torch',
      CUDA_VISIBLE_DEVICES: '',
      JAX_PLATFORMS: 'cpu',
      OMP_NUM_THREADS: '2',
    },
  });
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (text: Buffer) => (said = (said + text.toString()).slice(-3000));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`Python ended with ${code}: ${said}`));
    });
  });
}

/**
 * Packs the built library as `npm publish` would, and unpacks it into a temporary project beside the packages that a user
 * would have: its dependencies, and its peers on request. Nothing is downloaded, so a package that the library imports
 * without declaring it is missing there, as it would be for a user.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary project with `svcca` in its node_modules. */
export interface Project {
  readonly folder: string;
  /** Runs Node there. */
  node(...args: string[]): Promise<Ran>;
  /** Writes a script there, runs it and parses what it printed. */
  script(name: string, code: string): Promise<any>;
}

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional?: boolean }>;
}

export async function manifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
}

/** A new temporary folder, and how to remove it. */
export async function temporary(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'svcca-package-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Builds unless `dist` is newer than all that it is made of. */
export async function build(): Promise<void> {
  const built = join(root, 'dist', 'cli.js');
  const inputs = await readdir(join(root, 'src'), { recursive: true });
  const paths = ['tsup.config.ts', 'package.json', ...inputs.map((path) => join('src', path))];
  const times = await Promise.all(paths.map(async (path) => (await stat(join(root, path))).mtimeMs));
  if (existsSync(built) && (await stat(built)).mtimeMs >= Math.max(...times)) return;
  const { code, stdout, stderr } = await npm(['run', 'build']);
  if (code !== 0) throw new Error(`npm run build failed:\n${stdout}\n${stderr}`);
}

/** Packs into `folder` and returns the path of the tarball and the files in it. */
export async function pack(folder: string): Promise<{ tarball: string; files: string[] }> {
  const { code, stdout, stderr } = await npm([
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  ]);
  if (code !== 0) throw new Error(`npm pack failed:\n${stderr}`);
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(folder, packed.filename), files: packed.files.map((file) => file.path) };
}

/** Makes a project of the tarball, `peers` being those of its peer packages that the user has installed. */
export async function install(tarball: string, folder: string, peers: readonly string[]): Promise<Project> {
  const modules = join(folder, 'node_modules');
  const library = join(modules, 'svcca');
  await mkdir(library, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true }\n');
  const unpacked = await execute('tar', ['-xzf', tarball, '-C', library, '--strip-components=1'], folder);
  if (unpacked.code !== 0) throw new Error(`tar failed:\n${unpacked.stderr}`);

  for (const name of [...Object.keys((await manifest()).dependencies), ...peers]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  await mkdir(join(modules, '.bin'));
  if (process.platform !== 'win32') await symlink('../svcca/dist/cli.js', join(modules, '.bin', 'svcca'));

  const node = (...args: string[]): Promise<Ran> => execute(process.execPath, args, folder);
  return {
    folder,
    node,
    async script(name, code) {
      await writeFile(join(folder, name), code);
      const ran = await node(name);
      if (ran.code !== 0) throw new Error(`${name} ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`);
      return JSON.parse(ran.stdout);
    },
  };
}

function npm(args: readonly string[]): Promise<Ran> {
  return execute('npm', args, root, process.platform === 'win32');
}

/** Runs a program with nothing on its standard input. */
export function execute(file: string, args: readonly string[], cwd: string, shell = false): Promise<Ran> {
  // The environment of the test runner (loaders, NODE_ENV) is not the user's.
  const { NODE_OPTIONS: _options, NODE_ENV: _mode, VITEST: _vitest, ...env } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      { cwd, env, shell, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr: error !== null && stderr === '' ? error.message : stderr });
      },
    );
    child.stdin?.end();
  });
}

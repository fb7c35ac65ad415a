/**
 * The Python side: a virtual environment in the ignored folder `.venv/`, and one process for each module of peers.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Absence, Run } from './harness.js';
import type { NpySource } from 'svcca';
import { root } from './library.js';

/** Packages that are installed together, pinned; one that fails leaves the others as they are. */
const GROUPS = [
  {
    packages: ['numpy==2.4.6', 'scipy==1.17.1', 'threadpoolctl==3.6.0'],
    gigabytes: 0.5,
    modules: ['numpy_expert', 'numpy_pairwise', 'numpy_kernels', 'google_procedure'],
  },
  { packages: ['scikit-learn==1.9.1'], gigabytes: 0.5, modules: ['sklearn_peer'] },
  { packages: ['cca-zoo==4.0.1'], gigabytes: 0.5, modules: ['cca_zoo_peer'] },
  // The registry's Linux wheel is the CUDA build: it brings 5 GB of libraries that a CPU never touches.
  { packages: ['torch==2.8.0'], gigabytes: 9, modules: ['torch_peer'] },
  { packages: ['pytorch-cka==1.1.3', 'matplotlib==3.10.8'], gigabytes: 0.5, modules: ['pytorch_cka_peer'] },
  {
    packages: ['torch_cka==0.21', 'matplotlib==3.10.8', 'tqdm'],
    gigabytes: 0.5,
    modules: ['torch_cka_peer'],
  },
  { packages: ['netrep'], gigabytes: 0.5, modules: ['netrep_peer'] },
] as const;

/** A file of `peers/`. */
export type PeerModule = (typeof GROUPS)[number]['modules'][number];

/** The peers that can run here. */
export interface Environment {
  readonly python: string;
  readonly threads: number;
  readonly modules: ReadonlySet<PeerModule>;
  /** What could not be installed, and why. */
  readonly absent: readonly Absence[];
}

const home = join(root, '.venv', 'bench');
const peers = fileURLToPath(new URL('peers/', import.meta.url));

/**
 * Creates the environment where it is missing, and installs what is not there. @param all - every peer, not numpy alone
 * @throws Error where there is no Python
 */
export function openEnvironment(all: boolean, threads: number, log: (line: string) => void): Environment {
  const python = join(home, 'bin', 'python');
  if (!existsSync(python)) {
    log('creating a virtual environment in .venv/bench');
    const { status, error, stderr } = spawnSync('python3', ['-m', 'venv', home], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`no virtual environment: ${error?.message ?? lastLine(stderr)}`);
  }
  const modules = new Set<PeerModule>();
  const absent: Absence[] = [];
  for (const [i, { packages, gigabytes, modules: users }] of GROUPS.entries()) {
    if (!all && i > 0) break;
    const reason = installed(packages) ? undefined : install(python, packages, gigabytes, log);
    if (reason === undefined) users.forEach((name) => modules.add(name));
    else absent.push({ name: packages[0], reason });
  }
  return { python, threads, modules, absent };
}

/** What was installed before is noted in a file; pip would need seconds to tell. */
const stamp = join(home, 'installed.json');

function noted(): string[] {
  return existsSync(stamp) ? (JSON.parse(readFileSync(stamp, 'utf8')) as string[]) : [];
}

function installed(packages: readonly string[]): boolean {
  const known = noted();
  return packages.every((name) => known.includes(name));
}

/** Installs packages; says why it could not. */
function install(
  python: string,
  packages: readonly string[],
  gigabytes: number,
  log: (line: string) => void,
): string | undefined {
  const { bavail, bsize } = statfsSync(home);
  const free = (bavail * bsize) / 2 ** 30;
  if (free < gigabytes) return `${gigabytes} GB of disk are needed and ${free.toFixed(1)} GB are free`;
  log(`installing ${packages.join(' ')}`);
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
  const { status, error, stderr } = spawnSync(python, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (error) return error.message;
  if (status !== 0) return lastLine(stderr);
  writeFileSync(stamp, JSON.stringify([...new Set([...noted(), ...packages])]));
  return undefined;
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return lines.findLast((line) => line.startsWith('ERROR:'))?.slice(7) ?? lines.at(-1) ?? '';
}

/** Arrays of one case as files, which every peer of the case reads. */
export class SharedArrays {
  readonly folder = mkdtempSync(join(tmpdir(), 'svcca-bench-'));
  readonly paths: Record<string, string> = {};

  constructor(arrays: Readonly<Record<string, NpySource>>, writeNpy: typeof import('svcca').writeNpy) {
    process.once('exit', this.remove);
    for (const [name, matrix] of Object.entries(arrays)) {
      this.paths[name] = join(this.folder, `${name}.npy`);
      writeFileSync(this.paths[name], writeNpy(matrix));
    }
  }

  /** Also at the end of the process, whatever ends it. */
  readonly remove = (): void => {
    process.removeListener('exit', this.remove);
    rmSync(this.folder, { recursive: true, force: true });
  };
}

interface Answer {
  readonly ms?: number;
  readonly value?: number[];
  readonly memory?: number;
  readonly versions?: Record<string, string>;
  readonly blas?: object[];
  readonly error?: string;
}

/** A process that runs one module of peers. */
export class Peer {
  private readonly child: ChildProcess;
  private readonly waiting: ((answer: Answer) => void)[] = [];
  private errors = '';

  constructor(environment: Environment, module: PeerModule) {
    const threads = String(environment.threads);
    // What an administrator or a workaround for an old OpenBLAS has set must not slow down the numpy of today.
    const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _size, ...inherited } = process.env;
    this.child = spawn(environment.python, [join(peers, 'serve.py'), module], {
      env: {
        ...inherited,
        PYTHONDONTWRITEBYTECODE: '1',
        OMP_NUM_THREADS: threads,
        OPENBLAS_NUM_THREADS: threads,
        MKL_NUM_THREADS: threads,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) =>
      this.waiting.shift()?.(JSON.parse(line) as Answer),
    );
    this.child.stderr!.on(
      'data',
      (text: Buffer) => (this.errors = (this.errors + text.toString()).slice(-2000)),
    );
    const failed = (reason: string) => {
      for (const answer of this.waiting.splice(0)) answer({ error: reason });
    };
    this.child.on('error', (error) => failed(error.message));
    this.child.on('close', (code) => failed(`python ended (${code}): ${lastLine(this.errors)}`));
  }

  /** Has the process read its arrays; tells the versions of what it has loaded. */
  async load(paths: Record<string, string>): Promise<{ versions: Record<string, string>; blas: object[] }> {
    const { versions = {}, blas = [] } = await this.ask({ load: paths });
    return { versions, blas };
  }

  /** One timed call; `memory` is what the process took at most, beyond what it had after its imports, in bytes. */
  async run(name: string, options: object = {}): Promise<Run & { memory: number }> {
    const { ms = NaN, value = [], memory = NaN } = await this.ask({ run: name, options });
    return { ms, value, memory };
  }

  private async ask(request: object): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve) => {
      if (this.child.exitCode !== null) {
        resolve({ error: `python ended: ${lastLine(this.errors)}` });
        return;
      }
      this.waiting.push(resolve);
      this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  close(): void {
    this.child.stdin!.end();
  }
}

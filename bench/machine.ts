/**
 * The machine and the versions that figures are figures of.
 */
import { availableParallelism, cpus, totalmem } from 'node:os';
import process from 'node:process';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './library.js';
import type { Library } from './library.js';

/** Where and with what a run was made. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Sets of instructions that matter here, of those the processor has. */
  readonly vectors: readonly string[];
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  readonly library: string;
  readonly build: string;
  readonly commit: string;
  /** What each engine says of itself. */
  readonly engines: Readonly<Record<string, string>>;
}

/** Describes this machine. */
export function describeMachine(library: Library): Machine {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    vectors: vectors(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    library: version,
    build: library.build,
    commit: commit(),
    engines: Object.fromEntries(library.engines.map(({ name, description }) => [name, description ?? ''])),
  };
}

function vectors(): string[] {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? [];
    return ['sse4_1', 'avx', 'avx2', 'fma', 'avx512f'].filter((name) => flags.includes(name));
  } catch {
    return [];
  }
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed =
      git('status', '--porcelain', '--untracked-files=no', 'src') === '' ? '' : ', with changes';
    return git('rev-parse', '--short', 'HEAD') + changed;
  } catch {
    return 'unknown';
  }
}

/**
 * Cholesky factors and triangular systems.
 *
 * @module
 */
import type { Prepared } from './lane.js';
import type { Machine } from './machine.js';
import { prepare } from './places.js';
import type { Stored } from './stored.js';
import { split } from './stream.js';
import type { Task } from './threads.js';

/** Order from which a Cholesky factorisation by itself is worth several threads. */
const SPLIT_CHOLESKY = 256;
/** Columns of a block of it, as in the kernel. */
const CHOLESKY_BLOCK = 64;

/** Lower `L` with `a = L·Lᵀ`; nothing where a pivot is not positive. */
export function cholesky(machine: Machine, a: Stored): Prepared<Stored | undefined> {
  return prepare(machine, (places) => {
    const n = a.rows;
    const out = places.output(n, n);
    const at = out.address();
    a.copyTo(at);
    const workspace = machine.kernels['choleskyWork']();
    return {
      tasks: [{ run: 'cholesky', args: [n, at] }],
      workspace,
      cost: n ** 3 / 3,
      ...(n >= SPLIT_CHOLESKY && { alone: () => choleskyByBlocks(machine, n, at, workspace) }),
      finish: ([code]) => {
        if (code === 0) return out;
        out.dispose();
        return undefined;
      },
    };
  });
}

/** What the kernel `cholesky` does, with the rows below each block on the diagonal shared among threads. */
async function choleskyByBlocks(
  machine: Machine,
  n: number,
  at: number,
  workspace: number,
): Promise<readonly number[]> {
  for (let j = 0; j < n; j += CHOLESKY_BLOCK) {
    const diagonal = [{ run: 'choleskyDiagonal', args: [n, j, at] }];
    const [code] = await machine.run({ tasks: diagonal, workspace, cost: 0 });
    if (code !== 0) return [code];
    const below = Math.min(n, j + CHOLESKY_BLOCK);
    const tasks: Task[] = split(n - below, machine.threads, 32).map(([from, to]) => ({
      run: 'choleskyRows',
      args: [n, j, below + from, below + to, at],
    }));
    await machine.run({ tasks, workspace, cost: 2 * (n - below) * CHOLESKY_BLOCK * below });
  }
  return [0];
}

/** `L⁻¹·b`, `b·L⁻¹`, or the same with `Lᵀ`, with the shapes checked before. */
export function solveTriangular(
  machine: Machine,
  l: Stored,
  b: Stored,
  side: 'left' | 'right',
  transpose: boolean,
): Prepared<Stored> {
  return prepare(machine, (places) => {
    const n = l.rows;
    const out = places.output(b.rows, b.cols);
    const x = out.address();
    b.copyTo(x);
    const factor = places.read(l);
    const ld = 8 * b.cols;
    const [rs, cs] = transpose ? [8, 8 * n] : [8 * n, 8];
    const [run, forward, others] =
      side === 'left' ? ['solveLeft', Number(!transpose), b.cols] : ['solveRight', Number(transpose), b.rows];
    const tasks = split(others, machine.threads, 32).map(([from, to]) => ({
      run,
      args: [n, to - from, factor, rs, cs, forward, x + from * (side === 'left' ? 8 : ld), ld],
    }));
    return {
      tasks,
      workspace: machine.kernels['solveWork'](),
      cost: n * n * others,
      finish: () => out,
    };
  });
}

/**
 * Products and decompositions of matrices that lie in linear memory as a whole: problems that run side by side.
 *
 * @module
 */
import { NumericalError } from '../../errors.js';
import { Scratch } from './arena.js';
import type { Prepared } from './lane.js';
import type { Machine } from './machine.js';
import { Stored } from './stored.js';
import { split } from './stream.js';
import type { Task } from './threads.js';

/** Order from which a Cholesky factorisation by itself is worth several threads. */
const SPLIT_CHOLESKY = 256;
/** Columns of a block of it, as in the kernel. */
const CHOLESKY_BLOCK = 64;

/** What a problem has in memory: what it gives to the caller, and what is freed when it is done. */
class Places {
  readonly scratch: Scratch;
  readonly outputs: Stored[] = [];

  constructor(readonly machine: Machine) {
    this.scratch = new Scratch(machine.arena);
  }

  output(rows: number, cols: number): Stored {
    const stored = Stored.empty(this.machine, rows, cols);
    this.outputs.push(stored);
    return stored;
  }

  /** A float64 copy of a matrix, for a function that overwrites it. */
  copy(a: Stored): number {
    const at = this.scratch.take(8 * a.length);
    a.copyTo(at);
    return at;
  }

  /** A matrix in float64, to be read: the matrix itself where it is that already. */
  read(a: Stored): number {
    return a.single || a.host ? this.copy(a) : a.address();
  }

  vector(length: number): number {
    return this.scratch.take(8 * length);
  }

  /** Copies a vector for the caller. */
  values(at: number, length: number): Float64Array {
    return Float64Array.from(this.machine.arena.f64(at, length));
  }

  abandon(): void {
    this.scratch.free();
    for (const output of this.outputs) output.dispose();
  }
}

/** Lays out a problem; what `plan` took is freed where it fails. */
function prepare<T>(machine: Machine, plan: (places: Places) => Omit<Prepared<T>, 'abandon'>): Prepared<T> {
  const places = new Places(machine);
  try {
    const planned = plan(places);
    return {
      ...planned,
      finish: (results) => {
        try {
          const result = planned.finish(results);
          places.scratch.free();
          return result;
        } catch (error) {
          places.abandon();
          throw error;
        }
      },
      abandon: () => places.abandon(),
    };
  } catch (error) {
    places.abandon();
    throw error;
  }
}

/** Throws where a decomposition reports that it failed. */
function check(code: number, what: string): void {
  if (code === 0) return;
  throw new NumericalError(
    code === 1
      ? `the ${what} did not converge`
      : `the ${what} was asked of a matrix with NaN or infinite values`,
  );
}

/** `op(a) · op(b)`, with the shapes checked before. */
export function multiply(
  machine: Machine,
  a: Stored,
  b: Stored,
  transpose: { a?: boolean; b?: boolean },
): Prepared<Stored> {
  return prepare(machine, (places) => {
    const [m, k] = transpose.a ? [a.cols, a.rows] : [a.rows, a.cols];
    const n = transpose.b ? b.rows : b.cols;
    const out = places.output(m, n);
    const [left, right, to] = [a.address(), b.address(), out.address()];
    const [rsa, csa] = strides(a, transpose.a);
    const flags = Number(a.single) + 2 * Number(b.single);
    const tasks = split(m, Math.max(2 * machine.threads, m / 256), 32).map(([from, end]) => ({
      run: 'product',
      args: [
        ...[end - from, n, k, flags, left + from * rsa, rsa, csa, 0],
        ...[right, ...strides(b, transpose.b), to + from * 8 * n, 8 * n],
      ],
    }));
    return { tasks, workspace: machine.kernels['gemmWork'](), cost: 2 * m * n * k, finish: () => out };
  });
}

/** Bytes from row to row and from column to column. */
function strides({ cols, size }: Stored, transpose: boolean | undefined): [number, number] {
  return transpose ? [size, cols * size] : [cols * size, size];
}

export function eigSymmetric(
  machine: Machine,
  a: Stored,
  leading: number,
): Prepared<{ values: Float64Array; vectors: Stored }> {
  return prepare(machine, (places) => {
    const n = a.rows;
    const [copy, values] = [places.copy(a), places.vector(n)];
    const vectors = places.output(n, leading);
    return {
      tasks: [{ run: 'eigh', args: [n, copy, values, vectors.address(), leading] }],
      workspace: machine.kernels['eighWork'](n),
      cost: 9 * n ** 3,
      finish: ([code]) => {
        check(code, 'eigendecomposition');
        return { values: places.values(values, n), vectors };
      },
    };
  });
}

export function eigenvalues(machine: Machine, a: Stored): Prepared<Float64Array> {
  return prepare(machine, (places) => {
    const n = a.rows;
    const [at, values] = [places.read(a), places.vector(n)];
    return {
      tasks: [{ run: 'eigenvalues', args: [n, at, values] }],
      workspace: machine.kernels['eigenvaluesWork'](n),
      cost: 2 * n ** 3,
      finish: ([code]) => {
        check(code, 'eigendecomposition');
        return places.values(values, n);
      },
    };
  });
}

export function svd(machine: Machine, a: Stored): Prepared<{ u: Stored; s: Float64Array; v: Stored }> {
  return prepare(machine, (places) => {
    const { rows, cols } = a;
    const rank = Math.min(rows, cols);
    const [at, s] = [places.read(a), places.vector(rank)];
    const [u, v] = [places.output(rows, rank), places.output(cols, rank)];
    return {
      tasks: [{ run: 'svd', args: [rows, cols, at, u.address(), s, v.address()] }],
      workspace: machine.kernels['svdWork'](rows, cols),
      cost: 10 * rows * cols * rank,
      finish: ([code]) => {
        check(code, 'singular value decomposition');
        return { u, s: places.values(s, rank), v };
      },
    };
  });
}

export function singularValues(machine: Machine, a: Stored): Prepared<Float64Array> {
  return prepare(machine, (places) => {
    const { rows, cols } = a;
    const rank = Math.min(rows, cols);
    const [at, s] = [places.read(a), places.vector(rank)];
    return {
      tasks: [{ run: 'singularValues', args: [rows, cols, at, s] }],
      workspace: machine.kernels['singularValuesWork'](rows, cols),
      cost: 3 * rows * cols * rank,
      finish: ([code]) => {
        check(code, 'singular value decomposition');
        return places.values(s, rank);
      },
    };
  });
}

export function qr(machine: Machine, a: Stored): Prepared<{ q: Stored; r: Stored }> {
  return prepare(machine, (places) => {
    const { rows, cols } = a;
    const at = places.read(a);
    const [q, r] = [places.output(rows, cols), places.output(cols, cols)];
    return {
      tasks: [{ run: 'qr', args: [rows, cols, at, q.address(), r.address()] }],
      workspace: machine.kernels['qrWork'](rows, cols),
      cost: 4 * rows * cols * cols,
      finish: ([code]) => {
        check(code, 'QR factorisation');
        return { q, r };
      },
    };
  });
}

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

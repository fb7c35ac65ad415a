/**
 * Products and decompositions of matrices that lie in linear memory as a whole: problems that run side by side.
 *
 * @module
 */
import { NumericalError } from '../../errors.js';
import type { Prepared } from './lane.js';
import type { Machine } from './machine.js';
import { prepare } from './places.js';
import type { Stored } from './stored.js';
import { split } from './stream.js';

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

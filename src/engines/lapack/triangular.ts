/**
 * Triangular systems with many right-hand sides.
 *
 * @module
 */
import { Dense } from './dense.js';
import { leading, real } from './fortran.js';
import type { Machine } from './machine.js';

/** Order that dtrsm solves by itself: its kernel is several times slower than that of products. */
const BLOCK = 64;

/** Right-hand sides solved for at a time: a few hundred stay in the cache. */
const SIDES = 512;

/** `op(L)⁻¹·b` or `b·op(L)⁻¹`: to BLAS the same of the transposes, from the other side and with the upper triangle. */
export async function solveTriangular(
  machine: Machine,
  l: Dense,
  b: Dense,
  side: 'left' | 'right',
  transpose: boolean,
): Promise<Dense> {
  const { rows, cols } = b;
  const [upper, { values }] = [l.doubles, b];
  const x = new Float64Array(rows * cols);
  const fromLeft = side === 'right';
  const count = fromLeft ? rows : cols;
  if (!fromLeft) x.set(values);
  for (let first = 0; first < count; first += SIDES) {
    const others = Math.min(SIDES, count - first);
    const chunk = x.subarray(fromLeft ? first * cols : first);
    // Copied when its turn comes, it is in the cache already.
    if (fromLeft) chunk.set(values.subarray(first * cols, (first + others) * cols));
    const system = { n: l.rows, upper, x: chunk, height: cols, others, fromLeft, transpose };
    solve(machine, system, 0, l.rows);
    await machine.breathe();
  }
  return new Dense(rows, cols, x);
}

/** `op(U)·X = B` or `X·op(U) = B`, column by column; `X` takes the place of `B`. */
interface System {
  readonly n: number;
  readonly upper: Float64Array;
  readonly x: Float64Array;
  /** Rows of the whole array. */
  readonly height: number;
  /** Right-hand sides. */
  readonly others: number;
  readonly fromLeft: boolean;
  readonly transpose: boolean;
}

/** Solves for rows (or columns) `from … to − 1` of `X`: half of them, a product that takes these out of the others, the others. */
function solve(machine: Machine, system: System, from: number, to: number): void {
  const { n, upper, fromLeft, transpose, height, others } = system;
  const order = to - from;
  if (order <= BLOCK) {
    const flags = [fromLeft ? 'L' : 'R', 'U', transpose ? 'T' : 'N', 'N'] as const;
    const sizes = fromLeft ? [order, others] : [others, order];
    const block = upper.subarray(from + from * n);
    const target = part(system, from);
    machine.call('dtrsm', ...flags, ...sizes, real(1), block, leading(n), target, leading(height));
    return;
  }
  const middle = from + BLOCK * Math.ceil(order / BLOCK / 2);
  const [upperHalf, lowerHalf] = [[from, middle] as const, [middle, to] as const];
  // The half that depends on itself alone comes first.
  const [first, second] = fromLeft === transpose ? [upperHalf, lowerHalf] : [lowerHalf, upperHalf];
  solve(machine, system, ...first);
  const [known, wanted] = [first[1] - first[0], second[1] - second[0]];
  // The corner of U that joins the halves; BLAS has it on the side where U is.
  const corner = [upper.subarray(from + middle * n), leading(n)] as const;
  const solved = [part(system, first[0]), leading(height)] as const;
  const op = transpose ? 'T' : 'N';
  const flags = fromLeft ? [op, 'N'] : ['N', op];
  const sizes = fromLeft ? [wanted, others, known] : [others, wanted, known];
  const factors = fromLeft ? [...corner, ...solved] : [...solved, ...corner];
  const target = part(system, second[0]);
  machine.call('dgemm', ...flags, ...sizes, real(-1), ...factors, real(1), target, leading(height));
  solve(machine, system, ...second);
}

/** `X` from row (or column) `from` on. */
function part({ x, fromLeft, height }: System, from: number): Float64Array {
  return x.subarray(fromLeft ? from : from * height);
}

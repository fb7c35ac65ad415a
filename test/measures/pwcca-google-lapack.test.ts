/** google's PWCCA above 25 neurons, where its signs are those of LAPACK's divide and conquer: only the engine lapack has them. */
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import type { Matrix } from '../../src/matrix.js';
import { pwcca } from '../../src/measures/functions.js';
import { whyNot } from '../engines/lapack-support.js';

const skipped = await whyNot();

/** Smooth functions of sample and neuron, the same in numpy. */
const wave = (i: number, j: number, shift: number, neurons: number): number =>
  Math.sin((i + 1) * (j + 1) * 0.7 + shift) +
  Math.cos((i + 2) * 0.37 * (j + shift + 1) ** 1.1) +
  (0.1 * j) / neurons;

const filled = (cols: number, value: (i: number, j: number) => number): Matrix => ({
  rows: 400,
  cols,
  data: Float64Array.from({ length: 400 * cols }, (_, at) => value(Math.floor(at / cols), at % cols)),
});

describe.skipIf(skipped)(`google's PWCCA on lapack${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  it('of 30 and 28 neurons is the number that numpy gives', async () => {
    const x = filled(30, (i, j) => wave(i, j, 0, 30));
    const y = filled(28, (i, j) => 0.5 * wave(i, 29 - j, 0, 30) + wave(i, j, 2, 28));
    const engine = await openEngine('lapack');
    const { score, warnings } = await pwcca(x, y, { variant: 'google', side: 'x', engine });
    // numpy 2 with OpenBLAS 0.3.31, the procedure of docs/conventions.md with epsilon 1e-10: 0.48867420361635555.
    expect(Math.abs(score - 0.48867420361635555)).toBeLessThan(1e-8);
    expect(warnings).toEqual([]);
    const { score: other, warnings: told } = await pwcca(x, y, {
      variant: 'google',
      side: 'x',
      engine: 'ml-matrix',
    });
    expect(told[0]).toContain('arbitrary signs');
    expect(Math.abs(other - score)).toBeGreaterThan(1e-4);
  });
});

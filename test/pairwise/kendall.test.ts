import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { kendall } from '../../src/pairwise/kendall.js';
import { Random } from '../../src/random.js';

/** The definition: signs over all pairs. */
function bruteForce(x: Float64Array, y: Float64Array): { tauA: number; tauB: number } {
  let [sum, pairs, untiedX, untiedY] = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [Math.sign(x[i] - x[j]), Math.sign(y[i] - y[j])];
      sum += a * b;
      pairs++;
      untiedX += a * a;
      untiedY += b * b;
    }
  }
  return { tauA: sum / pairs, tauB: sum / Math.sqrt(untiedX * untiedY) };
}

describe("Kendall's τ", () => {
  it('has the values of scipy and rsatoolbox, with ties', () => {
    // from scipy.stats import kendalltau; from rsatoolbox.rdm.compare import _tau_a
    // i = np.arange(30); x, y = i * i * 7 % 31, (i * 11 + i * i) % 7; kendalltau(x, y)[0], _tau_a(x, y)
    const i = Float64Array.from({ length: 30 }, (_, at) => at);
    const found = kendall(
      i.map((v) => (v * v * 7) % 31),
      i.map((v) => (v * 11 + v * v) % 7),
    );
    expect(found.tauB).toBeCloseTo(0.3466176818474043, 14);
    expect(found.tauA).toBeCloseTo(0.296551724137931, 14);
  });

  test.prop([fc.integer({ min: 2, max: 120 }), fc.integer({ min: 1, max: 200 }), fc.nat()], {
    seed: 5,
    numRuns: 200,
  })('is its definition over all pairs', (length, levels, seed) => {
    const random = new Random(seed);
    const draw = () => Float64Array.from({ length }, () => random.integer(levels));
    const [x, y] = [draw(), draw()];
    fc.pre(new Set(x).size > 1 && new Set(y).size > 1);
    const [found, expected] = [kendall(x, y), bruteForce(x, y)];
    expect(found.tauA).toBe(expected.tauA);
    expect(found.tauB).toBeCloseTo(expected.tauB, 14);
    expect(kendall(y, x)).toMatchObject({ tauA: found.tauA, tauB: found.tauB });
  });

  it('of a list and itself is 1 as τ-b, and as τ-a only without ties', () => {
    const tied = Float64Array.of(1, 1, 2, 3);
    expect(kendall(tied, tied).tauA).toBe(5 / 6);
    expect(kendall(tied, tied).tauB).toBeCloseTo(1, 14);
    const falling = Float64Array.of(4, 3, 2, 1);
    expect(kendall(Float64Array.of(1, 2, 3, 4), falling)).toMatchObject({ tauA: -1, tauB: -1 });
  });

  it('is 0 where a side is constant', () => {
    const [x, flat] = [Float64Array.of(1, 2, 3), Float64Array.of(5, 5, 5)];
    expect(kendall(x, flat)).toEqual({ tauA: 0, tauB: 0, tied: { x: false, y: true } });
  });

  it('takes a million values in seconds', () => {
    const random = new Random(1);
    const x = Float64Array.from({ length: 2 ** 20 }, () => random.uniform());
    const y = x.map((value) => value + random.uniform());
    // Differences of x and of the noise are alike, so a pair is discordant where those of the noise are larger and opposed:
    // once in four, τ = 1/2.
    expect(kendall(x, y).tauA).toBeCloseTo(0.5, 2);
  });
});

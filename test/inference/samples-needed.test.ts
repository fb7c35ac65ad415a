/** Chance levels by sizes alone, and how many samples they ask for. */
import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.js';
import { openEngine } from '../../src/engines/select.js';
import { chanceLevel, samplesNeeded } from '../../src/inference/samples-needed.js';
import { chanceMean } from '../../src/measures/chance.js';
import { cka, regression } from '../../src/measures/functions.js';
import { gaussian } from '../support.js';

describe('the chance level', () => {
  // Mean linear CKA of centred Gaussian sides, numpy's default_rng(3); standard errors 1.3e-4 to 8e-4.
  it.each([
    [4, 1, 2, 0.39039],
    [4, 2, 2, 0.45712],
    [5, 2, 3, 0.40474],
    [10, 2, 3, 0.21696],
    [10, 20, 3, 0.41216],
    [20, 50, 5, 0.38315],
    [50, 10, 10, 0.16772],
    [100, 100, 20, 0.28902],
    [500, 30, 30, 0.05655],
  ])('of CKA of %i samples, %i and %i neurons is the simulated', (samples, x, y, expected) => {
    expect(Math.abs(chanceLevel('cka', { samples, x, y }) - expected)).toBeLessThan(0.003);
    expect(chanceLevel('rvCoefficient', { samples, x: y, y: x })).toBeCloseTo(
      chanceLevel('cka', { samples, x, y }),
      15,
    );
  });

  it('is about √(d₁d₂ / ((n + d₁)(n + d₂))) of CKA', () => {
    const samples = 1e5;
    expect(chanceLevel('cka', { samples, x: 400, y: 30 })).toBeCloseTo(Math.sqrt(12000 / 100400 / 100030), 8);
  });

  it('agrees with what results say of Gaussian data', async () => {
    const engine = await openEngine('ml-matrix');
    const [x, y] = [gaussian(200, 20, 1), gaussian(200, 30, 2)];
    const sizes = { samples: 200, x: 20, y: 30 };
    expect(Math.abs((await cka(x, y, { engine })).chance! - chanceLevel('cka', sizes))).toBeLessThan(0.003);
    expect(chanceLevel('regression', sizes)).toBeCloseTo((await regression(x, y, { engine })).chance!, 12);
    for (const measure of ['cca', 'svcca', 'pwcca'] as const) {
      expect(chanceLevel(measure, sizes)).toBe(chanceMean(200, { x: 20, y: 30 }));
    }
    expect(chanceLevel('regression', { samples: 10, x: 40, y: 3 })).toBe(1);
  });

  it('refuses a measure without a law, and sizes that are none', () => {
    expect(() => chanceLevel('rsa' as never, { samples: 10, x: 2, y: 2 })).toThrow("choose one of 'cca'");
    expect(() => chanceLevel('cca', { samples: 1, x: 2, y: 2 })).toThrow('samples is 1');
    expect(() => chanceLevel('cca', { samples: 10, x: 0, y: 2 })).toThrow(OptionError);
  });
});

describe('samples needed', () => {
  it.each([
    [100, 100, 0.1],
    [100, 100, 0.637],
    [1, 1, 0.05],
    [2, 2, 0.99],
    [500, 20, 0.3],
    [3, 40, 0.01],
    [2048, 2048, 0.05],
  ])('for %i and %i directions bring chance to %f and no fewer do', (d1, d2, tolerance) => {
    const n = samplesNeeded(d1, d2, tolerance);
    expect(chanceMean(n, { x: d1, y: d2 })).toBeLessThanOrEqual(tolerance);
    expect(chanceMean(n - 1, { x: d1, y: d2 })).toBeGreaterThan(tolerance);
    expect(samplesNeeded(d2, d1, tolerance)).toBe(n);
  });

  it('are those of the levels known', () => {
    // conventions.md: .272 at 1000 samples and .192 at 2000, to 0.003.
    expect(Math.abs(samplesNeeded(100, 100, 0.272) / 1000 - 1)).toBeLessThan(0.02);
    expect(Math.abs(samplesNeeded(100, 100, 0.192) / 2000 - 1)).toBeLessThan(0.03);
    // Halving chance takes four times as many.
    expect(samplesNeeded(50, 50, 0.05) / samplesNeeded(50, 50, 0.1)).toBeCloseTo(4, 1);
  });

  it('refuse what is no size, and no tolerance', () => {
    expect(() => samplesNeeded(0, 3, 0.1)).toThrow('d1 is 0');
    expect(() => samplesNeeded(3, 2.5, 0.1)).toThrow('d2 is 2.5');
    for (const tolerance of [0, 1, NaN, '0.1']) {
      expect(() => samplesNeeded(3, 3, tolerance as number)).toThrow('give a number between 0 and 1');
    }
  });
});

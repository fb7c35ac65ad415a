import { describe, expect, it } from 'vitest';
import { cca, svcca } from '../../src/measures/functions.js';
import { beside, gaussian, mapped } from '../support.js';

const x = gaussian(40, 5, 1);
const dead = beside(
  x,
  mapped(gaussian(40, 1, 2), () => 1),
);

describe('the score adjusted for chance', () => {
  it.each([
    ['a sum', x, { summary: 'sum' }, 5],
    ['a mean over the neurons of x, one of them dead', dead, { divisor: 'x' }, 5 / 6],
    [
      'a mean square over the neurons, one of them dead',
      dead,
      { summary: 'meanSquared', divisor: 'neurons' },
      5 / 6,
    ],
    ['a mean', x, {}, 1],
  ] as const)('is 1 for equal sides under %s', async (_, side, options, most) => {
    for (const found of [
      await cca(side, side, options),
      await svcca(side, side, { keep: 'all', ...options }),
    ]) {
      expect(found.score).toBeCloseTo(most, 9);
      expect(found.adjusted).toBeCloseTo(1, 9);
    }
  });

  it('is 0 where chance reaches the most that there is', async () => {
    const [a, b] = [gaussian(6, 5, 1), gaussian(6, 3, 2)];
    const found = await cca(a, b, { summary: 'sum', allowFewSamples: true });
    expect(found).toMatchObject({ chance: 3, adjusted: 0 });
  });

  it('has single correlations only where enough are free, or all that count are forced', async () => {
    // 50 × 60 directions of 79 dimensions: 31 correlations are 1, and 19 are left to vary.
    const [a, b] = [gaussian(80, 50, 1), gaussian(80, 60, 2)];
    for (const summary of ['thresholded', { top: 40 }] as const) {
      expect(await cca(a, b, { summary })).not.toHaveProperty('chance');
    }
    const forced = await cca(a, b, { summary: { top: 31 } });
    expect(forced).toMatchObject({ chance: 1, adjusted: 0 });
    expect(forced.score).toBeCloseTo(1, 9);
  });
});

import { describe, expect, it } from 'vitest';
import { rateAt, schedule } from '../../src/transfer/schedule.js';
import type { Schedule } from '../../src/transfer/training.js';

const rates = (given: Schedule, steps: number) =>
  Array.from({ length: steps }, (_, step) => rateAt(step, steps, schedule(given, steps)));

describe('schedules', () => {
  it('follow their closed forms', () => {
    expect(rates({ kind: 'constant' }, 3)).toEqual([1, 1, 1]);
    expect(rates({ kind: 'linear' }, 4)).toEqual([1, 0.75, 0.5, 0.25]);
    const cosine = rates({}, 6);
    // [(1 + math.cos(math.pi * t / 6)) / 2 for t in range(6)]
    [1, 0.9330127018922194, 0.75, 0.5, 0.25, 0.0669872981077807].forEach((rate, i) => {
      expect(cosine[i]).toBeCloseTo(rate, 14);
    });
    const steps = rates({ kind: 'steps', at: [2, 3], factor: 0.5 }, 5);
    expect(steps).toEqual([1, 1, 0.5, 0.25, 0.25]);
    expect(rates({ kind: 'steps', at: [1] }, 2)).toEqual([1, 0.1]);
  });

  it('warm up in equal steps, and then begin at the whole rate', () => {
    expect(rates({ kind: 'linear', warmup: 3 }, 7)).toEqual([0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25]);
    expect(rates({ warmup: 1 }, 3)[0]).toBe(0.5);
    expect(rates({ warmup: 1 }, 3)[1]).toBe(1);
    // The steps of `steps` are those of the training, warm-up included.
    expect(rates({ kind: 'steps', warmup: 2, at: [3] }, 4).map((rate) => +rate.toFixed(3))).toEqual([
      0.333, 0.667, 1, 0.1,
    ]);
  });

  it('say what they take', () => {
    const message = (given: unknown, steps = 10) => {
      try {
        schedule(given as Schedule, steps);
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error('nothing was thrown');
    };
    expect(message({ kind: 'exponential' })).toBe(
      "schedule.kind is 'exponential': choose one of 'constant', 'linear', 'cosine', 'steps'",
    );
    expect(message({ warmup: 10 })).toBe(
      'schedule.warmup is 10, and the training has 10 steps: give less than that',
    );
    expect(message({ warmup: -1 })).toBe('schedule.warmup is -1: give a whole number of at least 0');
    expect(message({ kind: 'steps' })).toContain("the kind 'steps' needs the steps");
    expect(message({ kind: 'steps', at: [5, 5] })).toBe(
      'schedule.at is [5,5]: give the steps in ascending order',
    );
    expect(message({ kind: 'steps', at: [0] })).toBe(
      'schedule.at[0] is 0: give a whole number of at least 1',
    );
    expect(message({ kind: 'steps', at: [5], factor: 0 })).toBe(
      'schedule.factor is 0: give a number above 0',
    );
    expect(message({ at: [5] })).toBe("schedule.at is of the kind 'steps', and the kind is 'cosine'");
    expect(message({ decay: 1 })).toBe("schedule has no option 'decay': it takes kind, warmup, at, factor");
  });
});

/** `meanVar`: the law of each tensor, what is never drawn, and determinism. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import { cbr } from '../../src/transfer/cbr.js';
import { meanVar } from '../../src/transfer/mean-var.js';
import { withoutLeak } from '../capture/models.js';
import { copied, residual, weightsOf, worn } from './start-models.js';

let source: tf.LayersModel;

beforeAll(async () => {
  await tf.setBackend('cpu');
  source = worn(await tiny(3, 1));
});
afterAll(() => {
  source.dispose();
});

const tiny = (classes: number, seed: number) =>
  cbr('Tiny', { inputShape: [12, 12, 1], classes, width: 0.25, seed });

/** By numbers alone: mean and variance of an array. */
function moments(values: Float32Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}

const isStatistic = (name: string) => name.includes('moving');
const isHead = (name: string) => name.startsWith('head');

describe('meanVar', () => {
  it('matches mean and variance of each tensor within five standard errors', async () => {
    const target = await tiny(2, 2);
    const before = weightsOf(target);
    const kept = copied(source);
    const { layers } = await withoutLeak(() => meanVar(source, target, { seed: 3 }));
    expect(layers).toHaveLength(8);
    expect(copied(source)).toEqual(kept);

    const [from, after] = [weightsOf(source), weightsOf(target)];
    let drawn = 0;
    for (const [name, values] of Object.entries(after)) {
      if (isHead(name)) expect(values, name).toEqual(before[name]);
      if (isHead(name) || isStatistic(name)) continue;
      drawn++;
      const n = values.length;
      const [law, sample] = [moments(from[name]), moments(values)];
      // Standard errors of a normal sample: σ/√n of the mean, σ²√(2/n) of the variance, which falls short by σ²/n.
      expect(Math.abs(sample.mean - law.mean), name).toBeLessThan(5 * Math.sqrt(law.variance / n));
      expect(Math.abs(sample.variance / law.variance - 1), name).toBeLessThan(5 * Math.sqrt(2 / n) + 1 / n);
      expect(values, name).not.toEqual(from[name]);
      if (n > 1000) expect(Math.abs(correlation(values, from[name])), name).toBeLessThan(5 / Math.sqrt(n));
    }
    // Kernel, gamma and beta of four blocks.
    expect(drawn).toBe(12);
    // Normal: 4.55 % beyond two deviations.
    const kernel = after['block4_conv/kernel'];
    const { mean, variance } = moments(kernel);
    const far =
      kernel.filter((value) => Math.abs(value - mean) > 2 * Math.sqrt(variance)).length / kernel.length;
    expect(Math.abs(far - 0.0455)).toBeLessThan(5 * Math.sqrt((0.0455 * 0.9545) / kernel.length));
    target.dispose();
  });

  it('never draws a running statistic', async () => {
    const target = worn(await tiny(2, 2), 8);
    await meanVar(source, target);
    for (const [name, values] of Object.entries(weightsOf(target))) {
      if (isStatistic(name))
        expect(new Set(values), name).toEqual(new Set([name.includes('variance') ? 1 : 0]));
    }
    await meanVar(source, target, { statistics: 'copy' });
    const from = weightsOf(source);
    for (const [name, values] of Object.entries(weightsOf(target))) {
      if (isStatistic(name)) expect(values, name).toEqual(from[name]);
    }
    target.dispose();
  });

  it('repeats for a seed, and draws a classifier of the same shape unless told where to end', async () => {
    const draw = async (seed: number, upTo?: string) => {
      const target = await tiny(3, 2);
      await meanVar(source, target, { seed, ...(upTo !== undefined && { upTo }) });
      const weights = weightsOf(target);
      target.dispose();
      return weights;
    };
    const [first, again, other, body] = [
      await draw(1),
      await draw(1),
      await draw(2),
      await draw(1, 'block4'),
    ];
    expect(again).toEqual(first);
    expect(other['block1_conv/kernel']).not.toEqual(first['block1_conv/kernel']);
    expect(body['block4_conv/kernel']).toEqual(first['block4_conv/kernel']);
    const untouched = await tiny(3, 2);
    expect(body['head_logits/kernel']).toEqual(weightsOf(untouched)['head_logits/kernel']);
    expect(first['head_logits/kernel']).not.toEqual(body['head_logits/kernel']);
    untouched.dispose();
  });

  it("works on users' own models", async () => {
    const [a, b] = [worn(residual(3)), residual(4)];
    await withoutLeak(() => meanVar(a, b, { seed: 1 }));
    const kernel = copied(b)[0];
    const law = moments(copied(a)[0]);
    expect(Math.abs(moments(kernel).mean - law.mean)).toBeLessThan(
      5 * Math.sqrt(law.variance / kernel.length),
    );
    a.dispose();
    b.dispose();
  });

  it('says what is wrong before it writes anything', async () => {
    const target = await tiny(2, 2);
    const narrow = await cbr('Tiny', { inputShape: [12, 12, 1], classes: 2, width: 0.125 });
    const broken = await tiny(2, 3);
    tf.tidy(() => {
      broken.getLayer('block3_bn').weights[1].write(tf.fill([32], NaN));
    });
    const before = copied(target);
    await withoutLeak(async () => {
      await expect(meanVar(narrow, target)).rejects.toThrow(ShapeError);
      await expect(meanVar(narrow, target)).rejects.toThrow("layer 'block1_conv': kernel is [5, 5, 1, 8]");
      await expect(meanVar(source, target, { upTo: 'head' })).rejects.toThrow(/head_logits/);
      await expect(meanVar(broken, target)).rejects.toThrow(DataError);
      await expect(meanVar(broken, target)).rejects.toThrow(/block3_bn: beta has values that are not finite/);
      await expect(meanVar(source, target, { statistics: 'drawn' as 'copy' })).rejects.toThrow(
        "statistics is 'drawn': choose one of 'reset', 'copy'",
      );
      await expect(meanVar(source, target, { seed: -1 })).rejects.toThrow(OptionError);
    });
    expect(copied(target)).toEqual(before);
    for (const model of [target, narrow, broken]) model.dispose();
  });
});

function correlation(a: Float32Array, b: Float32Array): number {
  const [x, y] = [moments(a), moments(b)];
  const product = a.reduce((sum, value, i) => sum + (value - x.mean) * (b[i] - y.mean), 0) / a.length;
  return product / Math.sqrt(x.variance * y.variance);
}

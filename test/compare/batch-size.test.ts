import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { batchSizeFor } from '../../src/compare/batch-size.js';
import { batchAllowance } from '../../src/compare/budget.js';

/** 512 × 512 × 2 values twice, then two, and one. */
function model(batch: number | null = null): tf.LayersModel {
  const layers = [
    tf.layers.conv2d({ batchInputShape: [batch, 512, 512, 3], filters: 2, kernelSize: 1 }),
    tf.layers.activation({ activation: 'relu' }),
    tf.layers.globalAveragePooling2d({}),
    tf.layers.dense({ units: 1 }),
  ];
  return tf.sequential({ layers });
}

describe('samples that are run at a time', () => {
  const one = [{ model: model(), label: 'a' }];
  const two = [...one, { model: model(), label: 'b' }];
  const values = 2 * 512 * 512 * 2 + 2 + 1;
  const memory = 2 ** 30;
  /** As many of so many values as the allowance of a batch holds. */
  const fitting = (count: number) => Math.floor(batchAllowance(memory) / (4 * count));

  it('are as many as fit, 64 at most and 1 at least', () => {
    expect(fitting(values)).toBeGreaterThan(20);
    expect(batchSizeFor(one, memory, {})).toBe(fitting(values));
    expect(batchSizeFor(two, memory, { spatial: 'positions' })).toBe(fitting(2 * values));
    expect(batchSizeFor(two, memory, { spatial: 'flatten' })).toBe(fitting(2 * values));
    expect(batchSizeFor(one, 100 * memory, {})).toBe(64);
    expect(batchSizeFor(two, 1, {})).toBe(1);
    expect(batchSizeFor([{ ...one[0], layers: 'dense*' }], memory, {})).toBe(64);
  });

  it.each(['mean', 'last'] as const)('count what %s is taken of, of one model at a time', (spatial) => {
    expect(batchSizeFor(one, memory, { spatial })).toBe(fitting(values));
    expect(batchSizeFor(two, memory, { spatial })).toBe(fitting(values));
  });

  it('are a multiple of what a model is bound to, that number at least', () => {
    const bound = (batch: number) => ({ model: model(batch), label: 'b' });
    expect(batchSizeFor([bound(10)], 100 * memory, {})).toBe(60);
    expect(batchSizeFor([bound(5), bound(3), one[0]], 100 * memory, {})).toBe(60);
    expect(batchSizeFor([bound(8)], memory, {})).toBe(Math.floor(fitting(values) / 8) * 8);
    expect(batchSizeFor([bound(100)], 1, {})).toBe(100);
  });

  it('are left alone in training', () => {
    expect(batchSizeFor(one, memory, { training: true })).toBeUndefined();
  });
});

/** Shards of models: the same batches as the whole, and nothing left on the device. */
import type * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, test } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { mergeParts } from '../../src/compare/shards/merge.js';
import { shardMoments } from '../../src/compare/shards/moments.js';
import { images, sequential, withoutLeak } from '../capture/models.js';

const [a, b] = [sequential(1), sequential(50)];
const data = images(40);
const options = { measure: 'svcca,cka', allowFewSamples: true, batchSize: 8 } as const;
afterAll(() => {
  for (const one of [a, b, data]) one.dispose();
});

describe('shards of two models', () => {
  test('merge to what compare gives, in batches of the whole', async () => {
    const whole = await compare(a, b, data, options);
    const merged = await withoutLeak(async () => {
      const ranges = [0, 3, 29, 40];
      const parts = [];
      for (const [i, from] of ranges.slice(0, -1).entries()) {
        const shard = { from, to: ranges[i + 1] };
        parts.push(await shardMoments(a, b, data, { ...options, shard }));
      }
      return mergeParts(parts);
    });
    for (const [m, one] of [merged, ...merged.others].entries()) {
      one.scores.forEach((score, i) =>
        expect(Math.abs(score - [whole, ...whole.others][m].scores[i])).toBeLessThan(1e-12),
      );
    }
  });

  test('run the whole batches around them, and no other', async () => {
    const seen: number[][] = [];
    const preprocess = (batch: tf.Tensor): tf.Tensor => {
      seen.push([batch.shape[0], Math.fround(batch.flatten().slice([0], [1]).dataSync()[0])]);
      return batch;
    };
    await shardMoments(a, a, data, { ...options, preprocess, shard: { from: 13, to: 21 } });
    const firsts = [8, 16].map((at) => data.slice([at], [1]).dataSync()[0]);
    // However often each is prepared.
    const different = seen.filter(([, value], i) => seen.findIndex((other) => other[1] === value) === i);
    expect(different).toEqual(firsts.map((value) => [8, value]));
  });

  test('one model against activations of the other', async () => {
    const x = {
      layer: { shape: [40, 3], data: Float32Array.from({ length: 120 }, (_, i) => Math.sin(i * i)) },
    };
    const one = { layers: 'logits', layersB: 'layer', measure: 'cka', batchSize: 16 };
    const whole = await compare(a, x, data, one);
    const parts = [];
    for (const index of [0, 1, 2])
      parts.push(await shardMoments(a, x, data, { ...one, shard: { index, of: 3 } }));
    expect(Math.abs((await mergeParts(parts)).scores[0] - whole.scores[0])).toBeLessThan(1e-12);
  });

  test('leave nothing on the device after an error or an abort', async () => {
    await withoutLeak(async () => {
      const controller = new AbortController();
      const aborted = shardMoments(a, b, data, {
        ...{ ...options, signal: controller.signal },
        onProgress: ({ done }) => {
          if (done >= 16) controller.abort();
        },
      });
      await expect(aborted).rejects.toThrow(/abort/i);
    });
    await withoutLeak(async () => {
      let batches = 0;
      const preprocess = (batch: tf.Tensor): tf.Tensor => (batches++ > 1 ? batch.mul(NaN) : batch);
      await expect(shardMoments(a, b, data, { ...options, preprocess })).rejects.toThrow(/NaN/);
    });
  });

  test('a part says how the data were preprocessed', async () => {
    const shard = { index: 0, of: 2 };
    const plain = await shardMoments(a, b, data, { ...options, shard });
    const scaled = await shardMoments(a, b, data, {
      ...options,
      preprocess: { scale: 2 },
      shard: { index: 1, of: 2 },
    });
    await expect(mergeParts([plain, scaled])).rejects.toThrow(/'preprocess' differs, \{"a":\{"scale":2\}/);
  });

  test('are not resumed', async () => {
    const checkpoint = { load: () => undefined } as never;
    await expect(shardMoments(a, b, data, { checkpoint })).rejects.toThrow(/a shard has none/);
  });
});

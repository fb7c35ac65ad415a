import { readdir } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import type { DecodedImage } from '../../src/capture/images.js';
import { compare } from '../../src/compare/compare.js';
import { compareMany } from '../../src/compare/many.js';
import { mergeParts } from '../../src/compare/shards/merge.js';
import { shardMoments } from '../../src/compare/shards/moments.js';
import { Similarity } from '../../src/compare/similarity.js';
import { DataError, OptionError } from '../../src/errors.js';
import { spoolTo } from '../../src/node/spool.js';
import { images, randomise, sequential, withoutLeak } from '../capture/models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const pixels = images(40, [8, 8, 3], 5).mul(127).add(128).round() as tf.Tensor4D;

/** conv and pool of images of a size of its own. */
function network(size: number, channels: number, name: string, seed: number): tf.LayersModel {
  const conv = tf.layers.conv2d({
    name: 'conv',
    inputShape: [size, size, channels],
    filters: 3,
    kernelSize: 3,
  });
  const pool = tf.layers.globalAveragePooling2d({ name: 'pool', dataFormat: 'channelsLast' });
  return randomise(tf.sequential({ name, layers: [conv, pool] }), seed);
}

const small = network(4, 1, 'small', 1);
const large = network(8, 3, 'large', 2);
const steps = { resize: 'input', channels: 1, scale: 1 / 255 } as const;
const shared = { measure: 'cka', batchSize: 16, engine: 'ml-matrix' } as const;

describe('compare', () => {
  it('gives each side its own preprocessing of the same samples', async () => {
    await withoutLeak(async () => {
      const live = await compare(small, large, pixels, {
        ...shared,
        preprocess: steps,
        preprocessB: { scale: 1 / 255 },
      });
      const a = await (await capture(small, pixels, { preprocess: steps, spatial: 'mean' })).matrices();
      const b = await (
        await capture(large, pixels, { preprocess: { scale: 1 / 255 }, spatial: 'mean' })
      ).matrices();
      const apart = await compare(a, b, undefined, shared);
      expect(live.at('pool', 'pool')).toBeCloseTo(apart.at('pool', 'pool'), 5);
      expect(live.options['preprocess']).toEqual({ a: steps, b: { scale: 1 / 255 } });
      expect(apart.options).not.toHaveProperty('preprocess');
      expect(Similarity.fromJSON(JSON.stringify(live)).options).toEqual(live.options);
    });
  });

  it('gives the second side that of the first unless told otherwise', async () => {
    await withoutLeak(async () => {
      const same = await compare(small, small, pixels, { ...shared, preprocess: steps });
      expect(same.at('conv', 'conv')).toBeCloseTo(1, 9);
      const other = await compare(small, small, pixels, {
        ...shared,
        preprocess: steps,
        preprocessB: (batch) => batch.reverse(0).slice([0, 0, 0, 0], [-1, 4, 4, 1]),
      });
      expect(other.at('conv', 'conv')).toBeLessThan(0.9);
      expect(other.options['preprocess']).toEqual({ a: steps, b: 'a function' });
    });
  });

  it('refuses preprocessing of what is no model', async () => {
    const acts = { pool: { shape: [40, 2], data: new Float32Array(80).map((_, i) => Math.sin(i)) } };
    await expect(compare(large, acts, pixels, { preprocessB: steps })).rejects.toThrow(OptionError);
    await expect(compare(acts, acts, undefined, { preprocess: steps })).rejects.toThrow(/no side is a model/);
    const mixed = await compare(acts, large, pixels, {
      ...shared,
      layersB: 'pool',
      preprocess: { scale: 1 / 255 },
    });
    expect(mixed.samples).toBe(40);
    expect(mixed.options['preprocess']).toEqual({ b: { scale: 1 / 255 } });
  });

  it('reads images of several sizes, and leaves nothing after one that is damaged', async () => {
    const image = (n: number): DecodedImage => ({
      height: 6 + (n % 5),
      width: 9,
      channels: n % 2 === 0 ? 3 : 1,
      data: new Uint8Array((6 + (n % 5)) * 9 * (n % 2 === 0 ? 3 : 1)).map((_, i) => (i * (n + 7) * 13) % 256),
    });
    const photos = (broken?: number) => ({
      images: Array.from({ length: 30 }, (_, n) => async () => {
        if (n === broken) throw new DataError('photo 20 is damaged');
        return Promise.resolve(image(n));
      }),
    });
    const options = {
      ...shared,
      preprocess: steps,
      preprocessB: { resize: 'input', normalise: 'tf' },
    } as const;
    await withoutLeak(async () => {
      const similarity = await compare(small, large, photos(), { ...options, memory: 1e6 });
      expect(similarity.samples).toBe(30);
      await expect(compare(small, large, photos(20), options)).rejects.toThrow('photo 20 is damaged');
    });
  });
});

describe('compareMany', () => {
  it('takes preprocessing for all, and for single models by name', async () => {
    await withoutLeak(async () => {
      const many = await compareMany({ small, large, again: small }, pixels, {
        ...shared,
        preprocess: steps,
        preprocessOf: { large: { normalise: 'tf' } },
      });
      expect(many.models).toEqual(['small', 'large', 'again']);
      expect(many.at('small', 'again')).toBeCloseTo(1, 9);
      expect(many.options['preprocess']).toEqual({ small: steps, large: { normalise: 'tf' }, again: steps });
      const pair = await compare(small, large, pixels, {
        ...shared,
        preprocess: steps,
        preprocessB: { normalise: 'tf' },
      });
      expect(many.at('small', 'large', 'pool')).toBeCloseTo(pair.at('pool', 'pool'), 9);
    });
    const unknown = compareMany({ small, large }, pixels, { preprocessOf: { bigger: {} } });
    await expect(unknown).rejects.toThrow(/preprocessOf names 'bigger': the models are small, large/);
  });
});

it('training is recorded, and only where it is asked for', async () => {
  await withoutLeak(async () => {
    const plain = await compare(small, small, pixels, { ...shared, preprocess: steps });
    expect(plain.options).not.toHaveProperty('training');
    const trained = await compare(small, small, pixels, { ...shared, preprocess: steps, training: true });
    expect(trained.options['training']).toBe(true);
  });
});

describe('shards', () => {
  it('record preprocessing as compare does', async () => {
    await withoutLeak(async () => {
      for (const options of [shared, { ...shared, preprocess: steps, preprocessB: { scale: 1 / 255 } }]) {
        const [x, y] = 'preprocess' in options ? [small, large] : [large, large];
        const whole = await compare(x, y, pixels, options);
        const part = await shardMoments(x, y, pixels, options);
        expect((await mergeParts([part], { engine: 'ml-matrix' })).options).toEqual(whole.options);
      }
    });
  });
});

describe('data that can be read only once', () => {
  const openFiles = async () => (await readdir('/proc/self/fd').catch(() => [])).length;
  const all = images(30);
  function* batches() {
    for (let at = 0; at < 30; at += 10) yield all.slice([at], [10]);
  }
  const [a, b] = [sequential(1), sequential(2)];
  const plain = { engine: 'ml-matrix', layers: 'conv1,logits' } as const;

  it('are compared with a spool as arrays are, also in two passes, and nothing stays open', async () => {
    const files = await openFiles();
    await withoutLeak(async () => {
      const expected = await compare(a, b, all, plain);
      for (const memory of [1e9, 8e3]) {
        const once = await compare(a, b, batches(), { ...plain, memory, spool: spoolTo() });
        once.scores.forEach((score, i) => expect(score).toBeCloseTo(expected.scores[i], 9));
      }
    });
    expect(await openFiles()).toBe(files);
  });

  it('are read once without a spool where memory holds what they give, else the way out is named', async () => {
    await withoutLeak(async () => {
      const expected = await compare(a, b, all, plain);
      const once = await compare(a, b, batches(), plain);
      once.scores.forEach((score, i) => expect(score).toBeCloseTo(expected.scores[i], 9));
      await expect(compare(a, b, batches(), { ...plain, memory: 8e3 })).rejects.toThrow(
        /can be read only once, and a second pass is needed.*'spool'/s,
      );
    });
  });

  it('show several models beside activations the same samples', async () => {
    await withoutLeak(async () => {
      const acts = await (await capture(a, all, { layers: plain.layers })).matrices();
      const arrays = Object.fromEntries(
        Object.entries(acts).map(([name, { rows, cols, data }]) => [
          name,
          { shape: name === 'conv1' ? [30, 4, 4, cols] : [rows, cols], data },
        ]),
      );
      const many = await compareMany({ arrays, a, b }, batches(), {
        ...plain,
        measure: 'cka',
        spool: spoolTo(),
      });
      expect(many.at('arrays', 'a')).toBeCloseTo(1, 6);
      const pair = await compare(a, b, all, { ...plain, measure: 'cka' });
      expect(many.at('a', 'b', 'logits')).toBeCloseTo(pair.at('logits', 'logits'), 6);
    });
  });
});

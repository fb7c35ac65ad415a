/** Two models with masks, compared end to end against the rows that count, gathered by hand. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { compare } from '../../src/compare/compare.js';
import type { CompareOptions } from '../../src/compare/compare.js';
import type { Engine } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { cca, rsa } from '../../src/measures/functions.js';
import type { Matrix } from '../../src/matrix.js';
import { Random } from '../../src/random.js';
import { distance } from '../support.js';
import { checkpointInMemory } from '../compare/streams.js';
import { predict, withoutLeak } from './models.js';

const SAMPLES = 90;
const STEPS = 8;
let a: tf.LayersModel;
let b: tf.LayersModel;
let ids: tf.Tensor2D;
let mask: Uint8Array;

/** embedding with masks → lstm → convolution over steps, which drops the mask → pooled to half the steps → dense. */
function network(seed: number): tf.LayersModel {
  const init = (k: number) => tf.initializers.randomNormal({ stddev: 0.7, seed: seed * 20 + k });
  return tf.sequential({
    name: `net${seed}`,
    layers: [
      tf.layers.embedding({
        name: 'embed',
        inputDim: 30,
        outputDim: 4,
        maskZero: true,
        inputShape: [STEPS],
        embeddingsInitializer: init(0),
      }),
      tf.layers.lstm({
        name: 'lstm',
        units: 5,
        returnSequences: true,
        kernelInitializer: init(1),
        recurrentInitializer: init(2),
      }),
      tf.layers.conv1d({
        name: 'conv',
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        kernelInitializer: init(3),
      }),
      tf.layers.averagePooling1d({ name: 'pool', poolSize: 2 }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ name: 'out', units: 3, kernelInitializer: init(4) }),
    ],
  });
}

beforeAll(async () => {
  await tf.setBackend('cpu');
  [a, b] = [network(1), network(2)];
  const random = new Random(4);
  // Padding at the end of most, gaps in some, one sample in the middle of a batch and a whole batch of nothing else.
  const rows = Array.from({ length: SAMPLES }, (_, n) => {
    const length = n === 5 || (n >= 40 && n < 50) ? 0 : 1 + random.integer(STEPS);
    return Array.from({ length: STEPS }, (_, t) =>
      t < length && random.uniform() > 0.1 ? 1 + random.integer(29) : 0,
    );
  });
  ids = tf.tensor2d(rows, [SAMPLES, STEPS], 'int32');
  mask = Uint8Array.from(rows.flat(), (token) => (token === 0 ? 0 : 1));
});

/** What a layer gives on the steps that count, by tfjs's own predict, on a coarser grid where one is asked for. */
function rowsOf(model: tf.LayersModel, layer: string, steps = STEPS): Matrix {
  const [output] = predict(model, [model.getLayer(layer).output as tf.SymbolicTensor], ids);
  const values = output.dataSync();
  const channels = output.shape.at(-1)!;
  const own = output.shape.length === 3 ? output.shape[1] : 1;
  const masked = ['embed', 'lstm'].includes(layer);
  const counts = (n: number, t: number): boolean => {
    const width = STEPS / steps;
    return mask.subarray(n * STEPS + t * width, n * STEPS + (t + 1) * width).includes(1);
  };
  const rows: number[] = [];
  for (let n = 0; n < SAMPLES; n++) {
    for (let t = 0; t < steps; t++) {
      if (!counts(n, t)) continue;
      const within = Array.from({ length: own / steps }, (_, i) => n * own + t * (own / steps) + i);
      const taken = masked ? within.filter((row) => mask[row] === 1) : within;
      for (let c = 0; c < channels; c++) {
        rows.push(
          Math.fround(taken.reduce((sum, row) => sum + values[row * channels + c], 0) / taken.length),
        );
      }
    }
  }
  return { rows: rows.length / channels, cols: channels, data: Float32Array.from(rows) };
}

const pairs = [
  ['lstm', 'lstm', STEPS],
  ['embed', 'conv', STEPS],
  ['conv', 'conv', STEPS],
  ['lstm', 'pool', STEPS / 2],
  ['conv', 'pool', STEPS / 2],
  ['lstm', 'out', 1],
  ['out', 'out', 1],
] as const;

describe('models with masks', () => {
  const scoresOf = async (options: CompareOptions) => {
    const similarity = await withoutLeak(() => compare(a, b, ids, { measure: 'cca', ...options }));
    return pairs.map(([x, y]) => similarity.cell(x, y));
  };

  it.each([
    { method: 'direct' },
    { method: 'direct', batchSize: 7 },
    { method: 'moments' },
    // With ten samples a batch, one batch is padding throughout.
    { method: 'moments', batchSize: 10 },
    { method: 'moments', batchSize: 10, engine: 'ml-matrix' },
    { method: 'moments', batchSize: 10, memory: 0 },
  ] as CompareOptions[])('are compared on the steps that count: %j', async (options) => {
    const cells = await scoresOf(options);
    for (const [i, [x, y, steps]] of pairs.entries()) {
      const { method = 'auto', engine = 'auto' } = options;
      const expected = await cca(rowsOf(a, x, steps), rowsOf(b, y, steps), { method, engine });
      expect(cells[i].samples, `${x} ${y}`).toBe(expected.samples);
      expect(Math.abs(cells[i].score - expected.score), `${x} ${y}`).toBeLessThan(1e-12);
    }
  });

  it('draw the same steps on both sides, of those that count alone, whatever the batches', async () => {
    const options = { positions: 2, seed: 3, method: 'direct' } as const;
    const [whole, cut] = [
      await scoresOf({ ...options, batchSize: SAMPLES }),
      await scoresOf({ ...options, batchSize: 7 }),
    ];
    const least = Array.from({ length: SAMPLES }, (_, n) =>
      Math.min(2, mask.subarray(n * STEPS, (n + 1) * STEPS).filter((one) => one === 1).length),
    );
    for (const [i, [x, y, steps]] of pairs.entries()) {
      if (steps === STEPS) expect(whole[i].samples).toBe(least.reduce((sum, one) => sum + one, 0));
      expect(cut[i].samples, `${x} ${y}`).toBe(whole[i].samples);
      expect(Math.abs(cut[i].score - whole[i].score), `${x} ${y}`).toBeLessThan(1e-9);
    }
    // A layer against itself would not be 1 if the sides drew different steps.
    const same = await compare(a, a, ids, { measure: 'cca', ...options, layers: ['embed', 'lstm'] });
    expect(same.at('lstm', 'lstm')).toBeCloseTo(1, 6);
  });

  it('are the same on the device', async () => {
    const host = await openEngine('ml-matrix');
    let adopted = 0;
    const device: Engine = {
      ...host,
      adopt: async (tensor) => {
        adopted++;
        const [rows, cols] = tensor.shape;
        return host.upload({ rows, cols, data: Float32Array.from(await tensor.data()) });
      },
    };
    for (const options of [{ batchSize: 10 }, { positions: 2 }, { spatial: 'flatten' }] as CompareOptions[]) {
      const through = await scoresOf({ ...options, method: 'moments', engine: host });
      expect(adopted).toBe(0);
      const direct = await scoresOf({ ...options, method: 'moments', engine: device });
      expect(adopted).toBeGreaterThan(0);
      adopted = 0;
      direct.forEach(({ score, samples }, i) => {
        expect(samples).toBe(through[i].samples);
        expect(Math.abs(score - through[i].score), JSON.stringify([options, i])).toBeLessThan(1e-4);
      });
    }
  });

  it('go on after an interruption in batches that are padding throughout', async () => {
    const padded = tf.concat([tf.zeros([20, STEPS], 'int32'), ids]);
    const options = { measure: 'cca', batchSize: 10 } as const;
    const whole = await compare(a, b, padded, options);
    for (const after of [1, 2, 3]) {
      const checkpoint = checkpointInMemory();
      let reports = 0;
      const onProgress = () => {
        if (++reports > after) throw new Error('interrupted');
      };
      await expect(compare(a, b, padded, { ...options, checkpoint, onProgress })).rejects.toThrow(
        'interrupted',
      );
      expect(checkpoint.saved).toBeDefined();
      const similarity = await compare(a, b, padded, { ...options, checkpoint });
      expect(JSON.stringify(similarity)).toBe(JSON.stringify(whole));
    }
  });

  it('keep their masks as captured sets, cut to other batches', async () => {
    const options = { measure: 'cca', method: 'direct' } as const;
    const sets = [await capture(a, ids, { batchSize: 7 }), await capture(b, ids, { batchSize: 16 })] as const;
    const [live, captured] = [await compare(a, b, ids, options), await compare(...sets, undefined, options)];
    expect(distance(captured.scores, live.scores)).toBeLessThan(1e-12);
    expect(captured.cell('lstm', 'conv').samples).toBe(live.cell('lstm', 'conv').samples);
  });

  it('hold the samples themselves for measures that need them', async () => {
    const similarity = await compare(a, b, ids, { measure: 'rsa', layers: ['lstm', 'conv'], batchSize: 10 });
    const expected = await rsa(rowsOf(a, 'lstm'), rowsOf(b, 'conv'));
    expect(Math.abs(similarity.at('lstm', 'conv') - expected.score)).toBeLessThan(1e-9);
  });
});

/** `compare` against matrices built by hand: sub-models, tf.avgPool to the coarser grid, datapoints × channels. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import type { CompareOptions } from '../../src/compare/compare.js';
import type { Engine } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { DataError, OptionError, ShapeError, UnsupportedError } from '../../src/errors.js';
import type { Matrix } from '../../src/matrix.js';
import { cca, cka, procrustes, pwcca, svcca } from '../../src/measures/functions.js';
import { Random } from '../../src/random.js';
import { distance, gaussian } from '../support.js';

const SAMPLES = 120;
const LAYERS = ['conv', 'pool', 'flat', 'out'];
let a: tf.LayersModel;
let b: tf.LayersModel;
let images: tf.Tensor4D;

beforeAll(async () => {
  await tf.setBackend('cpu');
  a = network(1);
  b = network(2);
  images = tf.tensor4d(Float32Array.from(new Random(9).normals(SAMPLES * 64), Math.fround), [
    SAMPLES,
    8,
    8,
    1,
  ]);
});
afterAll(() => {
  a.dispose();
  b.dispose();
  images.dispose();
});

/** conv 8 × 8 × 3, pool 4 × 4 × 3, flatten 48, dense 5; every weight seeded. */
function network(seed: number): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 1], name: 'image' });
  const init = (k: number) => ({
    kernelInitializer: tf.initializers.randomNormal({ stddev: 0.5, seed: seed * 10 + k }),
    biasInitializer: tf.initializers.randomNormal({ stddev: 0.5, seed: seed * 10 + k + 1 }),
  });
  const conv = tf.layers
    .conv2d({ name: 'conv', filters: 3, kernelSize: 3, padding: 'same', activation: 'tanh', ...init(1) })
    .apply(input);
  const pool = tf.layers.maxPooling2d({ name: 'pool', poolSize: 2 }).apply(conv);
  const flat = tf.layers.flatten({ name: 'flat' }).apply(pool);
  const out = tf.layers.dense({ name: 'out', units: 5, ...init(3) }).apply(flat);
  return tf.model({ inputs: input, outputs: out as tf.SymbolicTensor });
}

/** Datapoints × channels of a layer, on a grid of `side × side` where it has one. */
function byHand(model: tf.LayersModel, layer: string, side: number | 'flatten'): Matrix {
  return tf.tidy(() => {
    const part = tf.model({
      inputs: model.inputs,
      outputs: model.getLayer(layer).output,
    });
    let x = part.predict(images) as tf.Tensor;
    if (side === 'flatten') x = x.reshape([SAMPLES, -1]);
    else if (x.rank === 4 && x.shape[1]! > side) {
      const k = x.shape[1]! / side;
      x = tf.avgPool(x as tf.Tensor4D, k, k, 'valid');
    }
    const cols = x.shape.at(-1)!;
    return { rows: x.size / cols, cols, data: Float32Array.from(x.dataSync()) };
  });
}

const SIDES: Record<string, number> = { conv: 8, pool: 4, flat: 1, out: 1 };
const few = { allowFewSamples: true };

/** Counts what an engine is asked to do. */
async function counting(): Promise<{ engine: Engine; calls: Map<string, number> }> {
  const inner = await openEngine('ml-matrix');
  const calls = new Map<string, number>();
  const engine = new Proxy(inner, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        calls.set(String(key), (calls.get(String(key)) ?? 0) + 1);
        return value.apply(target, args);
      };
    },
  });
  return { engine, calls };
}

describe('each cell equals the measure of matrices built by hand', () => {
  const measures = {
    svcca: (x: Matrix, y: Matrix) => svcca(x, y),
    cca: (x: Matrix, y: Matrix) => cca(x, y),
    cka: (x: Matrix, y: Matrix) => cka(x, y),
    procrustes: (x: Matrix, y: Matrix) => procrustes(x, y),
    pwcca: (x: Matrix, y: Matrix) => pwcca(x, y),
  };
  it.each(Object.entries(measures))('%s over positions, on the coarser grid', async (measure, by) => {
    const similarity = await compare(a, b, images, { measure: measure as 'cka' });
    expect(similarity.rows).toEqual(LAYERS);
    expect(similarity.samples).toBe(SAMPLES);
    for (const row of LAYERS) {
      for (const col of LAYERS) {
        const side = Math.min(SIDES[row], SIDES[col]);
        const expected = await by(byHand(a, row, side), byHand(b, col, side));
        const cell = similarity.cell(row, col);
        expect(Math.abs(cell.score - expected.score), `${row} × ${col}`).toBeLessThan(1e-6);
        expect(cell.samples).toBe(SAMPLES * side * side);
      }
    }
  });

  it.each([
    ['mean', 1],
    ['flatten', 'flatten'],
  ] as const)('cka with spatial %s', async (spatial, side) => {
    const similarity = await compare(a, b, images, { measure: 'cka', spatial });
    for (const row of LAYERS) {
      for (const col of LAYERS) {
        const expected = await cka(byHand(a, row, side), byHand(b, col, side));
        expect(Math.abs(similarity.at(row, col) - expected.score), `${row} × ${col}`).toBeLessThan(1e-6);
      }
    }
  });

  it.each([
    ['cka', { estimator: 'debiased' }, (x: Matrix, y: Matrix) => cka(x, y, { estimator: 'debiased' })],
    ['pwcca', { variant: 'google' }, (x: Matrix, y: Matrix) => pwcca(x, y, { variant: 'google' })],
    [
      'pwcca',
      { variant: 'anatome', side: 'x' },
      (x: Matrix, y: Matrix) => pwcca(x, y, { variant: 'anatome', side: 'x' }),
    ],
    [
      'svcca',
      { keep: { dims: 2 }, crossing: 'dropped' },
      (x: Matrix, y: Matrix) => svcca(x, y, { keep: { dims: 2 }, crossing: 'dropped' }),
    ],
  ] as const)('%s with %j', async (measure, options, by) => {
    const all: CompareOptions = { measure, ...options, layers: ['conv', 'pool', 'out'] };
    const similarity = await compare(a, b, images, all);
    for (const row of similarity.rows) {
      for (const col of similarity.cols) {
        const side = Math.min(SIDES[row], SIDES[col]);
        const expected = await by(byHand(a, row, side), byHand(b, col, side));
        expect(Math.abs(similarity.at(row, col) - expected.score), `${row} × ${col}`).toBeLessThan(1e-6);
      }
    }
  });

  it('arrays of rank 4 beside a model, float64 by the direct route', async () => {
    const x = gaussian(SAMPLES * 16, 3, 4);
    const grid = { shape: [SAMPLES, 4, 4, 3], data: x.data };
    const arrays = await compare({ grid }, { grid }, undefined, { measure: 'procrustes' });
    expect(arrays.cells[0]).toMatchObject({ method: 'direct', samples: SAMPLES * 16 });
    const mixed = await compare({ grid }, b, images, { measure: 'cka' });
    const expected = await cka(x, byHand(b, 'pool', 4));
    expect(Math.abs(mixed.at('grid', 'pool') - expected.score)).toBeLessThan(1e-6);
  });
});

describe('what must not change a score', () => {
  it('the batch size, all positions or some', async () => {
    for (const positions of ['all', 5] as const) {
      const reference = await compare(a, b, images, { positions });
      for (const batchSize of [1, 7, SAMPLES]) {
        const other = await compare(a, b, images, { positions, batchSize });
        expect(distance(other.scores, reference.scores)).toBeLessThan(1e-9);
      }
    }
  });

  it('a draw of positions takes the same places on both sides', async () => {
    const similarity = await compare(a, a, images, { positions: 3, seed: 5, layers: ['conv', 'pool'] });
    for (const { score } of similarity.diagonal()) expect(score).toBeCloseTo(1, 9);
    expect(similarity.cell('pool', 'pool').samples).toBe(3 * SAMPLES);
    const other = await compare(a, a, images, { positions: 3, seed: 6, layers: ['conv', 'pool'] });
    expect(other.at('conv', 'pool')).not.toBe(similarity.at('conv', 'pool'));
  });

  it('memory: 0, which runs the models twice', async () => {
    const [held, twice] = [await compare(a, b, images), await compare(a, b, images, { memory: 0 })];
    expect(distance(held.scores, twice.scores)).toBeLessThan(1e-9);
  });

  it('the route: direct or moments', async () => {
    const direct = await compare(a, b, images, { method: 'direct' });
    const moments = await compare(a, b, images, { method: 'moments' });
    expect(direct.cells.every((cell) => cell.method === 'direct')).toBe(true);
    expect(distance(direct.scores, moments.scores)).toBeLessThan(1e-7);
  });

  it('a network with itself has 1 on the diagonal', async () => {
    for (const measure of ['svcca', 'cka', 'procrustes'] as const) {
      const similarity = await compare(a, a, images, { measure });
      for (const { score } of similarity.diagonal()) expect(Math.abs(score - 1)).toBeLessThan(1e-9);
    }
  });
});

describe('economy', () => {
  it('hears an abort in the middle of one large batch', async () => {
    const inner = await openEngine('ml-matrix');
    let crosses = 0;
    const slow: Engine = {
      ...inner,
      // Busy, as an engine is that computes on this thread.
      accumulateCross: (...args) => {
        crosses++;
        const until = performance.now() + 10;
        while (performance.now() < until);
        return inner.accumulateCross(...args);
      },
    };
    const layers = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`l${i}`, gaussian(40, 2, i)] as const),
    );
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 100);
    const aborted = compare(layers, layers, undefined, {
      measure: 'cka',
      engine: slow,
      signal: controller.signal,
    });
    await expect(aborted).rejects.toThrow('enough');
    expect(crosses).toBeLessThan(144);
  });

  it('factors each view once, however many pairs there are', async () => {
    const { engine, calls } = await counting();
    const similarity = await compare(a, b, images, {
      engine,
      method: 'moments',
      measure: 'procrustes',
      batchSize: SAMPLES,
    });
    // conv on 8, 4 and 1; pool on 4 and 1; flat and out on 1: seven views a side, sixteen pairs.
    expect(similarity.cells).toHaveLength(16);
    expect(calls.get('eigSymmetric')).toBe(14);
    expect(calls.get('accumulateGram')).toBe(14);
  });

  it('factors nothing where inner products are enough', async () => {
    for (const options of [{ measure: 'cka' }, { measure: 'rvCoefficient', modified: true }] as const) {
      const { engine, calls } = await counting();
      await compare(a, b, images, { engine, batchSize: SAMPLES, ...options });
      expect([...calls.keys()].filter((name) => /eig|svd|qr|project|singular/i.test(name))).toEqual([]);
      expect(calls.get('accumulateGram')).toBe(14);
      expect(calls.get('accumulateCross')).toBe(16);
    }
  });

  it('reports progress stage by stage, never backwards', async () => {
    const seen: { stage: string; done: number }[] = [];
    await compare(a, b, images, { batchSize: 50, onProgress: (progress) => seen.push(progress) });
    const stages = [...new Set(seen.map(({ stage }) => stage))];
    expect(stages).toEqual(['moments', 'cross', 'svcca']);
    for (const [i, now] of seen.entries()) {
      const before = seen[i - 1];
      if (before === undefined) continue;
      expect(stages.indexOf(now.stage)).toBeGreaterThanOrEqual(stages.indexOf(before.stage));
      if (now.stage === before.stage) expect(now.done).toBeGreaterThan(before.done);
    }
    expect(seen.filter(({ stage }) => stage === 'moments').map(({ done }) => done)).toEqual([50, 100, 120]);
  });

  it.each([undefined, 0])(
    'leaves no tensor after an end, an abort or an error (memory %s)',
    async (memory) => {
      const options: CompareOptions = { batchSize: 16, ...(memory !== undefined && { memory }) };
      await compare(a, b, images, options);
      const before = tf.memory().numTensors;
      await compare(a, b, images, options);
      expect(tf.memory().numTensors).toBe(before);
      for (const stage of ['moments', 'cross', 'svcca']) {
        const controller = new AbortController();
        const aborted = compare(a, b, images, {
          ...options,
          signal: controller.signal,
          onProgress: (progress) => {
            if (progress.stage === stage && progress.done > 1) controller.abort(new Error('enough'));
          },
        });
        await expect(aborted, stage).rejects.toThrow('enough');
        const failed = compare(a, b, images, {
          ...options,
          onProgress: (progress) => {
            if (progress.stage === stage) throw new Error('broken');
          },
        });
        await expect(failed, stage).rejects.toThrow('broken');
        expect(tf.memory().numTensors, stage).toBe(before);
      }
    },
  );
});

describe('what can be wrong', () => {
  it('a dead layer has score 0 with a warning', async () => {
    const [x, dead] = [gaussian(60, 3, 1), { rows: 60, cols: 2, data: new Float64Array(120).fill(0.3) }];
    const similarity = await compare({ x, dead }, { x, dead });
    expect(similarity.at('x', 'dead')).toBe(0);
    expect(similarity.cell('dead', 'dead').warnings[0]).toMatch(/constant over the samples/);
    expect(similarity.scores.some(Number.isNaN)).toBe(false);
    expect(similarity.at('x', 'x')).toBeCloseTo(1, 9);
  });

  it('too few samples, naming both layers', async () => {
    const failed = compare({ wide: gaussian(20, 30, 1) }, { slim: gaussian(20, 3, 2) }, undefined, {
      measure: 'cca',
    });
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(/wide.*slim.*20 samples/);
    await expect(failed).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    const one = compare({ x: gaussian(1, 2, 1) }, { x: gaussian(1, 2, 2) });
    await expect(one).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
  });

  it('a value that is not finite, naming layer and sample', async () => {
    const data = Float32Array.from(images.dataSync());
    data[77 * 64 + 3] = NaN;
    const failed = compare(a, b, { shape: [SAMPLES, 8, 8, 1], data });
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(/conv.* NaN at sample 77/);
  });

  it('samples that do not match', async () => {
    const failed = compare({ x: gaussian(20, 2, 1) }, { x: gaussian(21, 2, 1) });
    await expect(failed).rejects.toThrow(ShapeError);
    await expect(failed).rejects.toThrow(/20 and 21 samples/);
    await expect(compare({ x: gaussian(20, 2, 1) }, b, images)).rejects.toThrow(ShapeError);
  });

  it('anatome’s weights without the samples: the way out', async () => {
    const failed = compare(a, b, images, {
      measure: 'pwcca',
      variant: 'anatome',
      memory: 0,
      layers: ['conv', 'out'],
    });
    await expect(failed).rejects.toThrow(UnsupportedError);
    await expect(failed).rejects.toThrow(/raise 'memory'/);
  });

  it.each<[string, CompareOptions, string]>([
    ['layer', { layers: 'cnov' }, "did you mean 'conv'"],
    ['layer of the second side', { layersB: /nothing/ }, 'there are image, conv, pool, flat, out'],
    ['measure', { measure: 'rsaa' }, "measure is 'rsaa'"],
    ['option', { keeep: 1 }, "svcca has no option 'keeep'"],
    ['method', { method: 'svd' as 'direct' }, "method is 'svd'"],
    ['positions', { positions: 0 }, 'positions is 0'],
    ['seed', { seed: -1 }, 'seed is -1'],
    ['memory', { memory: 0.5 }, 'memory is 0.5'],
    ['batch size', { batchSize: 0 }, 'batchSize is 0'],
    ['spatial', { spatial: 'sum' as 'mean' }, "spatial is 'sum'"],
    ['engine', { engine: 'blas' as 'auto' }, "engine is 'blas'"],
    ['direct route in too little memory', { method: 'direct', memory: 1000 }, "raise 'memory'"],
  ])('a bad %s', async (_, options, message) => {
    const failed = compare(a, b, images, options);
    await expect(failed).rejects.toThrow(OptionError);
    await expect(failed).rejects.toThrow(message);
  });

  it('data missing, or given for nothing', async () => {
    await expect(compare(a, b)).rejects.toThrow('data is missing');
    const x = gaussian(20, 2, 1);
    await expect(compare({ x }, { x }, images)).rejects.toThrow('no side is a model');
    await expect(compare(3 as never, { x }, undefined)).rejects.toThrow('a is 3');
    await expect(compare({ x }, { x }, undefined, few)).resolves.toBeDefined();
  });
});

import { fc, test } from '@fast-check/vitest';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { ActivationBlock } from '../../src/capture/activations.js';
import { applySpatial, commonGrid, datapoints, toBlock, toGrid } from '../../src/capture/spatial.js';
import { OptionError, ShapeError } from '../../src/errors.js';

const axis = fc.integer({ min: 1, max: 7 });
const value = fc.double({ min: -100, max: 100, noNaN: true });

/** Blocks of any small shape, in either storage. */
const blocks = fc
  .tuple(fc.integer({ min: 1, max: 4 }), axis, axis, fc.integer({ min: 1, max: 3 }), fc.boolean())
  .chain(([n, h, w, c, single]) =>
    fc
      .array(value, { minLength: n * h * w * c, maxLength: n * h * w * c })
      .map((values): ActivationBlock => ({
        samples: n,
        grid: [h, w],
        channels: c,
        data: single ? Float32Array.from(values) : Float64Array.from(values),
      })),
  );

function counting(shape: number[]): ActivationBlock {
  const size = shape.reduce((a, b) => a * b, 1);
  return toBlock(
    shape,
    Float64Array.from({ length: size }, (_, i) => i),
  );
}

describe('toBlock', () => {
  it('reads rank 1 to 4, channels last', () => {
    expect(toBlock([3], new Float32Array(3))).toMatchObject({ samples: 3, grid: [1, 1], channels: 1 });
    expect(toBlock([3, 2], new Float32Array(6))).toMatchObject({ samples: 3, grid: [1, 1], channels: 2 });
    expect(toBlock([3, 4, 2], new Float32Array(24))).toMatchObject({ samples: 3, grid: [4, 1], channels: 2 });
    expect(toBlock([3, 4, 5, 2], new Float32Array(120))).toMatchObject({
      samples: 3,
      grid: [4, 5],
      channels: 2,
    });
  });

  it('shares float storage and turns integers into float64', () => {
    const data = new Float32Array(6);
    expect(toBlock([3, 2], data).data).toBe(data);
    expect(toBlock([2], Int32Array.of(1, -2)).data).toEqual(Float64Array.of(1, -2));
  });

  it('refuses other ranks, empty axes and a wrong length', () => {
    expect(() => toBlock([1, 1, 2, 2, 2, 1], new Float32Array(8), "layer 'c'")).toThrow(
      /layer 'c' has shape \[1, 1, 2, 2, 2, 1\]/,
    );
    expect(() => toBlock([], new Float32Array(1))).toThrow(ShapeError);
    expect(() => toBlock([2, 0], new Float32Array(0))).toThrow(/an axis is empty/);
    expect(() => toBlock([2, 2], new Float32Array(5))).toThrow(/needs 4 values, got 5/);
  });
});

describe('applySpatial', () => {
  it('averages over the grid', () => {
    // Channels 0 and 1 of four positions: 0 2 4 6 and 1 3 5 7.
    expect(applySpatial(counting([1, 2, 2, 2]), 'mean')).toEqual({
      samples: 1,
      grid: [1, 1],
      channels: 2,
      data: Float64Array.of(3, 4),
    });
  });

  it('lays positions out as neurons in the order of memory', () => {
    const block = counting([2, 2, 2, 3]);
    expect(applySpatial(block, 'flatten')).toEqual({ ...block, grid: [1, 1], channels: 12 });
  });

  test.prop([blocks, fc.constantFrom('positions', 'mean', 'flatten')])(
    'changes nothing the second time',
    (block, rule) => {
      const once = applySpatial(block, rule);
      expect(applySpatial(once, rule)).toEqual(once);
    },
  );
});

describe('toGrid', () => {
  it('meets on the coarser of two grids, axis by axis', () => {
    expect(commonGrid({ grid: [8, 3] }, { grid: [4, 6] })).toEqual([4, 3]);
  });

  it('averages neighbours where the target divides the grid', async () => {
    const x = tf.randomUniform<tf.Rank.R4>([2, 6, 4, 3], -1, 1, 'float32', 3);
    const pooled = tf.avgPool(x, [3, 2], [3, 2], 'valid');
    const ours = toGrid(toBlock(x.shape, await x.data()), [2, 2]);
    const theirs = await pooled.data();
    expect(ours.grid).toEqual([2, 2]);
    ours.data.forEach((v, i) => expect(v).toBeCloseTo(theirs[i], 6));
  });

  it.each([
    [
      [7, 5],
      [3, 4],
    ],
    [
      [9, 7],
      [4, 2],
    ],
    [
      [3, 4],
      [5, 7],
    ],
    [
      [6, 6],
      [5, 4],
    ],
  ] as [[number, number], [number, number]][])(
    'is tf.image.resizeBilinear from %j to %j',
    async (from, to) => {
      const x = tf.randomUniform<tf.Rank.R4>([2, ...from, 3], -1, 1, 'float32', 3);
      const theirs = await tf.image.resizeBilinear(x, to, false, true).data();
      const ours = toGrid(toBlock(x.shape, await x.data()), to);
      expect(ours.data).toBeInstanceOf(Float32Array);
      ours.data.forEach((v, i) => expect(v).toBeCloseTo(theirs[i], 5));
    },
  );

  it('treats each axis on its own', () => {
    // Rows 4 → 2 are averaged in pairs, columns 3 → 2 interpolated at 0.25 and 1.75.
    const { data } = toGrid(counting([1, 4, 3, 1]), [2, 2]);
    expect([...data]).toEqual([1.75, 3.25, 7.75, 9.25]);
  });

  it('refuses a grid that is none', () => {
    expect(() => toGrid(counting([1, 2, 2, 1]), [0, 2])).toThrow(OptionError);
  });

  test.prop([blocks, axis, axis])('keeps storage, and values within their range', (block, h, w) => {
    const out = toGrid(block, [h, w]);
    expect(out.data.constructor).toBe(block.data.constructor);
    expect(out.data.length).toBe(block.samples * h * w * block.channels);
    const range = [Math.min(...block.data), Math.max(...block.data)];
    for (const v of out.data) {
      expect(v).toBeGreaterThanOrEqual(range[0] - 1e-4);
      expect(v).toBeLessThanOrEqual(range[1] + 1e-4);
    }
  });

  test.prop([blocks, axis, axis])(
    'is linear: the resampled sum is the sum of the resampled',
    (block, h, w) => {
      const double = { ...block, data: Float64Array.from(block.data) };
      const shifted = { ...double, data: double.data.map((v, i) => 3 * v + (i % 5)) };
      const ramp = { ...double, data: double.data.map((_, i) => i % 5) };
      const [a, b, c] = [toGrid(shifted, [h, w]), toGrid(double, [h, w]), toGrid(ramp, [h, w])];
      a.data.forEach((v, i) => expect(Math.abs(v - (3 * b.data[i] + c.data[i]))).toBeLessThan(1e-10));
    },
  );
});

describe('datapoints', () => {
  it('takes every position in order, without a copy', () => {
    const block = counting([2, 2, 2, 3]);
    const x = datapoints(block);
    expect([x.rows, x.cols]).toEqual([8, 3]);
    expect(x.data).toBe(block.data);
    expect(datapoints(block, { positions: 4 }).data).toBe(block.data);
  });

  test.prop([blocks, fc.integer({ min: 1, max: 10 }), fc.nat(1000), fc.nat(50)])(
    'draws without replacement, ascending within a sample',
    (block, positions, seed, start) => {
      const size = block.grid[0] * block.grid[1];
      const numbered = {
        ...block,
        channels: 1,
        data: Float64Array.from({ length: block.samples * size }, (_, i) => i),
      };
      const { rows, data } = datapoints(numbered, { positions, seed, start });
      const p = Math.min(positions, size);
      expect(rows).toBe(block.samples * p);
      data.forEach((v, i) => {
        expect(Math.floor(v / size)).toBe(Math.floor(i / p));
        if (i % p > 0) expect(v).toBeGreaterThan(data[i - 1]);
      });
    },
  );

  test.prop([blocks, fc.integer({ min: 1, max: 10 }), fc.nat(1000), fc.nat()])(
    'takes the same positions whatever the batches, and on both sides of a pair',
    (block, positions, seed, at) => {
      const cut = at % (block.samples + 1);
      const width = block.grid[0] * block.grid[1] * block.channels;
      const part = (from: number, to: number) =>
        datapoints(
          { ...block, samples: to - from, data: block.data.subarray(from * width, to * width) },
          { positions, seed, start: from },
        );
      const whole = datapoints(block, { positions, seed });
      expect([...part(0, cut).data, ...part(cut, block.samples).data]).toEqual([...whole.data]);
      const other = { ...block, data: block.data.map((v) => -v) };
      expect([...datapoints(other, { positions, seed }).data]).toEqual([...whole.data].map((v) => -v));
    },
  );

  it('draws every position about equally often, and differently for every sample and seed', () => {
    const block = {
      samples: 3000,
      grid: [3, 2] as const,
      channels: 1,
      data: new Float64Array(18000).map((_, i) => i % 6),
    };
    const { data } = datapoints(block, { positions: 2, seed: 5 });
    const counts = new Array<number>(6).fill(0);
    data.forEach((v) => counts[v]++);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
    expect(datapoints(block, { positions: 2, seed: 6 }).data).not.toEqual(data);
  });

  it('refuses a number of positions that is none', () => {
    expect(() => datapoints(counting([1, 2, 2, 1]), { positions: 0 })).toThrow(OptionError);
    expect(() => datapoints(counting([1, 2, 2, 1]), { positions: 'some' as never })).toThrow(
      /positions is 'some'/,
    );
  });
});

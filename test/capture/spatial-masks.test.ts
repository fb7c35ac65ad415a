/** Blocks with masks: grids, rules and draws, in memory and on the device. */
import { fc, test } from '@fast-check/vitest';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ActivationBlock, Spatial } from '../../src/capture/activations.js';
import {
  applySpatialOnDevice,
  datapointsOnDevice,
  readDeviceBlock,
  toGridOnDevice,
  toHost,
} from '../../src/capture/device.js';
import { commonMask, maskOnGrid, toGrid } from '../../src/capture/grid.js';
import { maskOfPositions } from '../../src/capture/model-masks.js';
import { countDatapoints, datapoints } from '../../src/capture/positions.js';
import { applySpatial, toBlock } from '../../src/capture/spatial.js';
import { DataError, ShapeError } from '../../src/errors.js';
import { distance } from '../support.js';
import { withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const axis = fc.integer({ min: 1, max: 7 });

/** Blocks of any small shape with any mask, their values single so that the device holds the same. */
const blocks = fc
  .record({ n: fc.integer({ min: 1, max: 4 }), h: axis, w: axis, c: fc.integer({ min: 1, max: 3 }) })
  .chain(({ n, h, w, c }) => {
    const array = <T>(item: fc.Arbitrary<T>, length: number) =>
      fc.array(item, { minLength: length, maxLength: length });
    return fc
      .tuple(array(fc.integer({ min: -99, max: 99 }), n * h * w * c), array(fc.boolean(), n * h * w))
      .map(
        ([values, mask]) =>
          ({
            samples: n,
            grid: [h, w],
            channels: c,
            data: Float32Array.from(values),
            mask: Uint8Array.from(mask, Number),
          }) as const,
      );
  });
type Masked = ActivationBlock & { readonly mask: Uint8Array };

/** The same block with other values under the mask. */
function repainted(block: Masked): Masked {
  const data = block.data.map((v, i) => (block.mask[Math.floor(i / block.channels)] === 1 ? v : 1e6 + i));
  return { ...block, data };
}

/** Rows of a block that count, one sample after the other. */
function rowsByHand({ samples, grid, channels, data, mask }: Masked): number[][][] {
  const size = grid[0] * grid[1];
  return Array.from({ length: samples }, (_, n) =>
    Array.from({ length: size }, (_, i) => n * size + i)
      .filter((row) => mask[row] === 1)
      .map((row) => [...data.subarray(row * channels, (row + 1) * channels)]),
  );
}

describe('grids of masked blocks', () => {
  it('average what counts, and count where anything does', () => {
    const data = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const block = toBlock([2, 4, 1], data, 'x', Uint8Array.of(1, 1, 0, 1, 0, 0, 1, 1));
    expect(toGrid(block, [2, 1])).toEqual({
      samples: 2,
      grid: [2, 1],
      channels: 1,
      data: Float64Array.of(1.5, 4, 0, 7.5),
      mask: Uint8Array.of(1, 1, 0, 1),
    });
    // 4 → 3: positions 0 and 2 lie a sixth off the first and the last, position 1 half between the two in the middle.
    const { data: third, mask } = toGrid(block, [3, 1]);
    const expected = [(1 - 1 / 6) * 1 + (1 / 6) * 2, 2, 4, 0, 7, (5 / 6) * 8 + (1 / 6) * 7];
    expect(distance(third, expected)).toBeLessThan(1e-12);
    expect(Array.from(mask!)).toEqual([1, 1, 1, 0, 1, 1]);
  });

  test.prop([blocks, axis, axis])('never see a value under the mask', (block, h, w) => {
    const [one, other] = [toGrid(block, [h, w]), toGrid(repainted(block), [h, w])];
    if (h === block.grid[0] && w === block.grid[1]) return;
    expect([...other.data]).toEqual([...one.data]);
    expect(one.mask).toEqual(maskOnGrid(block, [h, w]));
    // Of ones, an average is 1 where it counts and 0 where nothing does.
    const ones = toGrid({ ...block, data: block.data.map(() => 1) }, [h, w]);
    ones.data.forEach((v, i) => expect(v).toBeCloseTo(ones.mask![Math.floor(i / block.channels)], 6));
  });

  test.prop([blocks, axis, axis])('are those without a mask where all of it counts', (block, h, w) => {
    const { mask: _, ...plain } = block;
    const full = toGrid({ ...block, mask: block.mask.map(() => 1) }, [h, w]);
    expect(distance(full.data, toGrid(plain, [h, w]).data)).toBeLessThan(1e-4);
    expect(full.mask!.every((one) => one === 1)).toBe(true);
  });

  it('meet in what counts everywhere on the grid, and without any mask in nothing', () => {
    const mask = (...values: number[]) => Uint8Array.from(values);
    const fine = { samples: 1, grid: [4, 1], mask: mask(1, 0, 0, 0) } as const;
    const same = { samples: 1, grid: [2, 1], mask: mask(1, 1) } as const;
    const coarse = { samples: 1, grid: [1, 1], mask: mask(0) } as const;
    const plain = { samples: 1, grid: [2, 1] } as const;
    expect(commonMask([fine, same, coarse, plain], [2, 1])).toEqual(mask(1, 0));
    expect(commonMask([fine, same, coarse, plain], [1, 1])).toEqual(mask(0));
    expect(commonMask([fine, same, plain], [1, 1])).toEqual(mask(1));
    expect(commonMask([plain], [2, 1])).toBeUndefined();
  });
});

describe('datapoints of masked blocks', () => {
  test.prop([blocks])('are the rows that count', (block) => {
    const { rows, data } = datapoints(block);
    expect([...data]).toEqual(rowsByHand(block).flat(2));
    expect(countDatapoints(block, 'all')).toBe(rows);
  });

  test.prop([blocks, fc.integer({ min: 1, max: 9 }), fc.nat(99), fc.nat(9)])(
    'are drawn of those alone: ascending, without replacement, as of a sample that has no others',
    (block, positions, seed, start) => {
      const { rows, data } = datapoints(block, { positions, seed, start });
      expect(countDatapoints(block, positions)).toBe(rows);
      const expected = rowsByHand(block).flatMap((sample, n) => {
        if (sample.length === 0) return [];
        const alone = toBlock([1, sample.length, block.channels], Float64Array.from(sample.flat()));
        return [...datapoints(alone, { positions, seed, start: start + n }).data];
      });
      expect([...data]).toEqual(expected);
    },
  );

  test.prop([blocks, fc.integer({ min: 1, max: 9 }), fc.nat()])(
    'do not depend on the batches',
    (block, positions, at) => {
      const cut = at % (block.samples + 1);
      const size = block.grid[0] * block.grid[1];
      const part = (from: number, to: number) =>
        datapoints(
          {
            ...block,
            samples: to - from,
            data: block.data.subarray(from * size * block.channels, to * size * block.channels),
            mask: block.mask.subarray(from * size, to * size),
          },
          { positions, start: from },
        );
      const whole = datapoints(block, { positions });
      expect([...part(0, cut).data, ...part(cut, block.samples).data]).toEqual([...whole.data]);
    },
  );
});

describe('rules on masked blocks', () => {
  test.prop([blocks])('mean and last by hand; flatten with 0; positions left alone', (block) => {
    const rows = rowsByHand(block);
    expect(applySpatial(block, 'positions')).toBe(block);
    const flat = applySpatial(repainted(block), 'flatten');
    expect([...flat.data]).toEqual(
      [...block.data].map((v, i) => (block.mask[Math.floor(i / block.channels)] === 1 ? v : 0)),
    );
    expect(flat.mask).toBeUndefined();
    const sequence: Masked = { ...block, grid: [block.grid[0] * block.grid[1], 1] };
    const empty = rows.findIndex((sample) => sample.length === 0);
    for (const spatial of ['mean', 'last'] as const) {
      const apply = () => applySpatial(sequence, spatial, { layer: "layer 'x'", start: 10 });
      if (empty !== -1) {
        expect(apply).toThrow(DataError);
        expect(apply).toThrow(`layer 'x' masks every position of sample ${10 + empty}, `);
        continue;
      }
      const expected = rows.flatMap((sample) =>
        spatial === 'last'
          ? sample.at(-1)!
          : sample[0].map((_, k) => sample.reduce((sum, row) => sum + row[k], 0) / sample.length),
      );
      expect(distance(apply().data, expected)).toBeLessThan(1e-4);
      expect(apply().mask).toBeUndefined();
    }
  });

  it('need a mask of as many positions', () => {
    expect(() => toBlock([2, 3, 1], new Float32Array(6), 'x', new Uint8Array(5))).toThrow(ShapeError);
    expect(() => toBlock([2, 3, 1], new Float32Array(6), 'x', new Uint8Array(5))).toThrow(
      /needs a mask of 6 positions, got 5/,
    );
  });
});

describe('blocks on the device', () => {
  test.prop([blocks, axis, axis, fc.integer({ min: 1, max: 9 })], { numRuns: 40 })(
    'do as blocks in memory, and leave no tensor',
    async (block, h, w, positions) => {
      const shape = [block.samples, ...block.grid, block.channels];
      await withoutLeak(async () => {
        const tensor = tf.tensor(block.data, shape);
        const device = await readDeviceBlock({ tensor, mask: block.mask }, 'x', block.samples, 0);
        const resampled = await toGridOnDevice(device, [h, w]);
        const expected = toGrid(block, [h, w]);
        const host = await toHost(resampled);
        expect(host.mask).toEqual(expected.mask);
        expect(distance(host.data, expected.data)).toBeLessThan(1e-3);
        const drawn = await datapointsOnDevice(device, { positions, seed: 2 });
        const points = datapoints(block, { positions, seed: 2 });
        expect(drawn.shape).toEqual([points.rows, points.cols]);
        expect([...(await drawn.data())]).toEqual([...points.data]);
        tf.dispose([tensor, resampled.tensor, drawn]);
        for (const spatial of ['positions', 'mean', 'last', 'flatten'] as Spatial[]) {
          let rule: ActivationBlock;
          try {
            rule = applySpatial(block, spatial);
          } catch (error) {
            await expect(applySpatialOnDevice(device, spatial)).rejects.toThrow((error as Error).message);
            continue;
          }
          const got = await applySpatialOnDevice(device, spatial);
          const { data, mask } = await toHost(got);
          expect(distance(data, rule.data)).toBeLessThan(1e-3);
          expect(mask).toEqual(rule.mask);
          got.tensor.dispose();
        }
        device.tensor.dispose();
      });
    },
  );
});

describe('masks as models hand them on', () => {
  const fit = (maskShape: number[], data: number[], shape: number[]) => {
    const mask = maskOfPositions({ shape: maskShape, data }, shape);
    return mask && [...mask];
  };

  it('fit the positions, repeat within a step, and may have axes of 1', () => {
    expect(fit([2, 2], [1, 0, 1, 1], [2, 2, 5])).toEqual([1, 0, 1, 1]);
    expect(fit([2, 2], [1, 0, 1, 1], [2, 2, 3, 5])).toEqual([1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    expect(fit([1, 2, 2], [1, 0, 1, 1], [2, 2, 5])).toEqual([1, 0, 1, 1]);
    expect(fit([2, 2, 1], [1, 0, 1, 1], [2, 2, 5])).toEqual([1, 0, 1, 1]);
    expect(fit([2], [1, 0], [2, 5])).toEqual([1, 0]);
    expect(fit([2], [1, 0], [2])).toEqual([1, 0]);
  });

  it('are left out where the steps are gone, and where they mask nothing', () => {
    expect(fit([2, 3], [1, 0, 1, 1, 1, 1], [2, 15])).toBeUndefined();
    expect(fit([2, 3], [1, 0, 1, 1, 1, 1], [2, 2, 5])).toBeUndefined();
    expect(fit([2, 2], [1, 1, 1, 1], [2, 2, 5])).toBeUndefined();
  });
});

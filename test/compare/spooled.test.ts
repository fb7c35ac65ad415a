/** Batches in a spool come back as they were, in host memory or on the device. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActivationBatch, ActivationBlock } from '../../src/capture/activations.js';
import type { DeviceBatch } from '../../src/capture/device.js';
import { inParts } from '../../src/compare/batches.js';
import { compare } from '../../src/compare/compare.js';
import { SpooledBatches } from '../../src/compare/spooled.js';
import type { Batches } from '../../src/compare/stream.js';
import { openEngine } from '../../src/engines/select.js';
import { spoolTo } from '../../src/node/spool.js';
import { gaussian } from '../support.js';
import { spoolInMemory } from './streams.js';

beforeAll(() => tf.setBackend('cpu'));

/** Two sides: float32 with a mask, and float64. */
function hostBatch(start: number, samples: number): ActivationBatch[] {
  const x = Float32Array.from(gaussian(samples * 6, 2, start + 1).data);
  const mask = Uint8Array.from({ length: samples * 6 }, (_, i) => (i % 5 === 0 ? 0 : 1));
  const block = { samples, grid: [3, 2] as const, channels: 2, data: x, mask };
  const other = { samples, grid: [1, 1] as const, channels: 4, data: gaussian(samples, 4, start + 2).data };
  const z = { ...other, data: Float32Array.from(other.data) };
  const layersOf = (blocks: Record<string, ActivationBlock>) => new Map(Object.entries(blocks));
  return [
    { start, samples, layers: layersOf({ x: block, z }) },
    { start, samples, layers: layersOf({ y: other }) },
  ];
}

async function read(spooled: SpooledBatches, ...args: [number, ((side: number, layer: string) => boolean)?]) {
  const all: Batches[] = [];
  for await (const batches of spooled.read(...args)) all.push(batches);
  return all;
}

describe('batches in host memory', () => {
  it.each([
    ['in a file', () => spoolTo()()],
    ['in memory', () => spoolInMemory().open()],
  ])('are the same afterwards, as often as they are read, %s', async (_, open) => {
    const spooled = new SpooledBatches(await open());
    const all = [hostBatch(0, 4), hostBatch(4, 3)];
    for (const batches of all) await spooled.add(batches);
    expect(await read(spooled, 0)).toEqual(all);
    expect(await read(spooled, 4)).toEqual([all[1]]);
    expect(await read(spooled, 0)).toEqual(all);
    await spooled.close();
  });

  it('leave out layers that are not wanted, but for those with a mask, which counts for all', async () => {
    const spooled = new SpooledBatches(await spoolInMemory().open());
    await spooled.add(hostBatch(0, 4));
    const [[first, second]] = await read(spooled, 0, (side) => side === 1);
    expect([...first.layers.keys()]).toEqual(['x']);
    expect([...second.layers.keys()]).toEqual(['y']);
    await spooled.close();
  });

  it('fall into parts, masks too', () => {
    const whole = hostBatch(0, 5);
    const parts = [...inParts(whole, 2)];
    expect(parts.map(([{ start, samples }]) => [start, samples])).toEqual([
      [0, 2],
      [2, 2],
      [4, 1],
    ]);
    const pieces = parts.map(([{ layers }]) => (layers as ActivationBatch['layers']).get('x')!);
    const block = whole[0].layers.get('x')!;
    expect(pieces.flatMap(({ data }) => [...data])).toEqual([...block.data]);
    expect(pieces.flatMap(({ mask }) => [...mask!])).toEqual([...block.mask!]);
    expect([...inParts(whole, 5)]).toEqual([whole]);
  });
});

describe('batches on the device', () => {
  const batch = (): DeviceBatch => {
    const tensor = tf.randomNormal<tf.Rank.R4>([5, 3, 2, 2], 0, 1, 'float32', 3);
    const block = {
      samples: 5,
      grid: [3, 2] as const,
      channels: 2,
      tensor,
      mask: new Uint8Array(30).fill(1),
    };
    return { start: 0, samples: 5, layers: new Map([['x', block]]) };
  };

  it('come back to it, and leave no tensor', async () => {
    const before = tf.memory().numTensors;
    const spooled = new SpooledBatches(await spoolInMemory().open());
    const whole = batch();
    await spooled.add([whole]);
    const { tensor } = whole.layers.get('x')!;
    for await (const [again] of spooled.read(0)) {
      const block = (again as DeviceBatch).layers.get('x')!;
      expect(block.tensor.shape).toEqual([5, 3, 2, 2]);
      expect(await block.tensor.data()).toEqual(await tensor.data());
      expect(block.mask).toEqual(new Uint8Array(30).fill(1));
    }
    for await (const _ of spooled.read(0)) break;
    tensor.dispose();
    expect(tf.memory().numTensors).toBe(before);
    await spooled.close();
  });

  it('fall into parts that are freed', async () => {
    const before = tf.memory().numTensors;
    const whole = batch();
    const { tensor } = whole.layers.get('x')!;
    const values: number[] = [];
    for (const [part] of inParts([whole], 2)) {
      const block = (part as DeviceBatch).layers.get('x')!;
      expect(block.mask).toHaveLength(block.samples * 6);
      values.push(...(await block.tensor.data()));
    }
    expect(values).toEqual([...(await tensor.data())]);
    tensor.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('compare with a spool', () => {
  let model: tf.LayersModel;
  let images: tf.Tensor4D;
  beforeAll(() => {
    const init = tf.initializers.randomNormal({ seed: 1 });
    model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          name: 'conv',
          inputShape: [6, 6, 1],
          filters: 3,
          kernelSize: 3,
          kernelInitializer: init,
        }),
        tf.layers.averagePooling2d({ name: 'pool', poolSize: 2 }),
      ],
    });
    images = tf.randomNormal([60, 6, 6, 1], 0, 1, 'float32', 5);
  });
  afterAll(() => {
    model.dispose();
    images.dispose();
  });

  it.each(['tfjs', 'ml-matrix'] as const)('gives the bits that running again gives, on %s', async (name) => {
    const engine = await openEngine(name);
    const options = { engine, batchSize: 16, memory: 0, allowFewSamples: true };
    const again = await compare(model, model, images, options);
    const before = tf.memory().numTensors;
    const { open, count } = spoolInMemory();
    const spooled = await compare(model, model, images, { ...options, spool: open });
    expect(JSON.stringify(spooled)).toBe(JSON.stringify(again));
    expect(count).toMatchObject({ opened: 1, open: 0 });
    expect(count.bytes).toBe(2 * 60 * (4 * 4 * 3 + 2 * 2 * 3) * 4);
    const failed = compare(model, model, images, {
      ...{ ...options, spool: open },
      onProgress: ({ stage, done }) => {
        if (stage === 'cross' && done === 32) throw new Error('enough');
      },
    });
    await expect(failed).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
    expect(count.open).toBe(0);
    await engine.close?.();
  });
});

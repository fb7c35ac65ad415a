import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { DataError, FormatError, OptionError, ShapeError } from '../../src/errors.js';
import { writeNpy } from '../../src/io/npy.js';
import { dataFile } from '../../src/node/data.js';
import type { DataFile, DataFileOptions } from '../../src/node/data.js';
import { saveNpy, saveNpz } from '../../src/node/files.js';
import { images, sequential, withoutLeak } from '../capture/models.js';

let folder: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'svcca-data-'));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const count = (...shape: number[]) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i),
});

/** All that a reading gives, as one flat list, and the shapes of its parts. */
async function readAll(data: DataFile, from = 0, to = data.samples, batchSize = 2) {
  const [shapes, values]: number[][][] = [[], []];
  for await (const element of data.read({ from, to }, batchSize)) {
    const { shape, data: part } = element as { shape: number[]; data: Float32Array };
    shapes.push([...shape]);
    values.push([...part]);
  }
  return { shapes, values: values.flat() };
}

const openHandles = async () => (await readdir('/proc/self/fd').catch(() => [])).length;

describe('dataFile', () => {
  it('reads runs of samples of .npy, .npz and one array of several', async () => {
    const array = count(5, 3, 2);
    await saveNpy(at('x.npy'), array);
    await saveNpz(at('one.npz'), { x: array });
    await saveNpz(at('several.npz'), { x: array, z: count(4) }, { compress: true });
    for (const path of ['x.npy', 'one.npz', 'several.npz:x']) {
      const data = await dataFile(at(path));
      expect([data.samples, data.shape, data.labels]).toEqual([5, [5, 3, 2], undefined]);
      expect(await readAll(data)).toEqual({
        shapes: [
          [2, 3, 2],
          [2, 3, 2],
          [1, 3, 2],
        ],
        values: [...array.data],
      });
      expect((await readAll(data, 3, 5)).values).toEqual([...array.data.subarray(18)]);
      expect((await readAll(data, 1, 2)).values).toEqual([...array.data.subarray(6, 12)]);
    }
    expect((await dataFile(at('x.npy'))).fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  it('moves the axis of samples to the front, and channels to the back', async () => {
    // As in Cifar's .mat files: rows, columns, channels, samples.
    const [h, w, c, n] = [2, 3, 4, 5];
    await saveNpy(at('last.npy'), count(h, w, c, n));
    const last = await dataFile(at('last.npy'), { axis: -1 });
    expect(last.shape).toEqual([n, h, w, c]);
    const expected = tf.tidy(() => [
      ...tf
        .tensor(count(h, w, c, n).data, [h, w, c, n])
        .transpose([3, 0, 1, 2])
        .dataSync(),
    ]);
    expect((await readAll(last)).values).toEqual(expected);
    expect((await readAll(last, 2, 4)).values).toEqual(expected.slice(2 * h * w * c, 4 * h * w * c));

    await saveNpy(at('first.npy'), count(n, c, h, w));
    const first = await dataFile(at('first.npy'), { layout: 'NCHW' });
    expect(first.shape).toEqual([n, h, w, c]);
    const nchw = tf.tidy(() => [
      ...tf
        .tensor(count(n, c, h, w).data, [n, c, h, w])
        .transpose([0, 2, 3, 1])
        .dataSync(),
    ]);
    expect((await readAll(first)).values).toEqual(nchw);

    await saveNpy(at('both.npy'), count(c, n, h, w));
    const both = await dataFile(at('both.npy'), { axis: 1, layout: 'channelsFirst' });
    const cnhw = tf.tidy(() => [
      ...tf
        .tensor(count(c, n, h, w).data, [c, n, h, w])
        .transpose([1, 2, 3, 0])
        .dataSync(),
    ]);
    expect([both.shape, (await readAll(both)).values]).toEqual([[n, h, w, c], cnhw]);
  });

  it('has labels beside the samples', async () => {
    const [x, y] = [count(3, 2), count(3)];
    await saveNpz(at('labelled.npz'), { x, y, other: count(2) });
    const data = await dataFile(at('labelled.npz'), { key: 'x' });
    expect([...data.labels!.data]).toEqual([0, 1, 2]);
    expect((await dataFile(at('labelled.npz:x'), { labels: false })).labels).toBeUndefined();
    expect((await dataFile(at('labelled.npz:y'))).labels).toBeUndefined();
    await expect(dataFile(at('labelled.npz:x'), { labels: 'other' })).rejects.toThrow(
      /'other' .* are 2, and there are 3 samples/,
    );
    await expect(dataFile(at('labelled.npz:x'), { labels: 'none' })).rejects.toThrow(
      /no array 'none': it has x, y, other/,
    );
    await saveNpz(at('plain.npz'), { x, labels: y });
    expect((await dataFile(at('plain.npz'))).shape).toEqual([3, 2]);
    // Maps of labels as large as the images are read where they are asked for.
    await saveNpz(at('maps.npz'), { x, y: count(3, 4, 4) });
    expect((await dataFile(at('maps.npz'))).labels).toBeUndefined();
    expect((await dataFile(at('maps.npz'), { labels: 'y' })).labels!.shape).toEqual([3, 4, 4]);
    // As np.savez(path, x=x, labels=['cat', 'dog', 'cat']) leaves them.
    const head = "{'descr': '<U3', 'fortran_order': False, 'shape': (3,), }".padEnd(117) + '\n';
    const text = Buffer.concat([Buffer.from('\x93NUMPY\x01\0\x76\0' + head, 'latin1'), Buffer.alloc(36)]);
    await writeFile(at('text.npz'), zipSync({ 'x.npy': writeNpy(x), 'labels.npy': text }));
    expect(await dataFile(at('text.npz'))).toMatchObject({ shape: [3, 2], labels: undefined });
    await expect(dataFile(at('text.npz'), { labels: 'labels' })).rejects.toThrow(/dtype '<U3' holds text/);
  });

  it('gives several arrays to a model of several inputs, by name', async () => {
    await saveNpz(at('inputs.npz'), { b: count(5, 1), a: count(5, 2) });
    const inputs = ['a', 'b'].map((name, i) => tf.input({ shape: [2 - i], name }));
    const y = tf.layers.concatenate({ name: 'both' }).apply(inputs) as tf.SymbolicTensor;
    const data = await dataFile(at('inputs.npz'), { key: ['a', 'b'] });
    const { both } = await (
      await capture(tf.model({ inputs, outputs: y }), data, { batchSize: 2 })
    ).matrices();
    expect([...both.data]).toEqual([0, 1, 0, 2, 3, 1, 4, 5, 2, 6, 7, 3, 8, 9, 4]);
    await saveNpz(at('uneven.npz'), { a: count(5, 2), b: count(4, 1) });
    await expect(dataFile(at('uneven.npz'), { key: ['a', 'b'] })).rejects.toThrow(ShapeError);
  });

  it('is read as the same array in memory is, again and again and by range, and leaves nothing open', async () => {
    const x = images(7);
    const values = { shape: x.shape, data: new Float32Array(await x.data()) };
    await saveNpz(at('images.npz'), { values });
    const handles = await openHandles();
    await withoutLeak(async () => {
      const model = sequential();
      const data = await dataFile(at('images.npz'));
      const set = await capture(model, data, { batchSize: 3, layers: 'conv1' });
      expect(set.samples).toBe(7);
      const expected = await (await capture(model, values, { layers: 'conv1' })).matrices();
      for (let pass = 0; pass < 2; pass++) expect(await set.matrices()).toEqual(expected);
      const part: number[] = [];
      for await (const { start, samples } of set.batches({ from: 2, to: 6 })) part.push(start, samples);
      expect(part).toEqual([2, 3, 5, 1]);
      for await (const { start } of set.batches()) if (start === 3) break;
      const failing = await capture(model, data, {
        batchSize: 3,
        preprocess: () => {
          throw new Error('stop');
        },
      });
      await expect(failing.matrices()).rejects.toThrow('stop');
      await set.close();
      model.dispose();
    });
    expect(await openHandles()).toBe(handles);
  });

  it('names what is wrong', async () => {
    await saveNpz(at('two.npz'), { p: count(2), q: count(2) });
    await saveNpy(at('empty.npy'), { shape: [0, 2], data: new Float32Array(0) });
    const open = (name: string, options?: DataFileOptions) => dataFile(at(name), options);
    await expect(open('two.npz')).rejects.toThrow(/2 arrays \(p, q\): name one, as .*two\.npz:p/);
    await expect(open('two.npz:p', { key: 'q' })).rejects.toThrow(/names one already/);
    await expect(open('two.npz', { key: [] })).rejects.toThrow(OptionError);
    await expect(open('two.npz:r')).rejects.toThrow(/no array 'r': it has p, q/);
    await expect(open('two.npz:p', { axis: 1 })).rejects.toThrow(/shape \[2\], which has no axis 1/);
    await expect(open('two.npz:p', { axis: 0.5 })).rejects.toThrow(OptionError);
    await expect(open('two.npz:p', { layout: 'x' } as never)).rejects.toThrow(OptionError);
    await expect(open('two.npz:p', { axes: 1 } as never)).rejects.toThrow(/no option 'axes'/);
    await expect(open('empty.npy')).rejects.toThrow(DataError);
    await expect(open('missing.npy')).rejects.toThrow(/no such file/);
    await writeFile(at('damaged.npy'), 'not an array');
    await expect(open('damaged.npy')).rejects.toThrow(FormatError);
  });

  it('refuses a file that was changed between passes', async () => {
    await saveNpy(at('changing.npy'), count(4, 2));
    const data = await dataFile(at('changing.npy'));
    await utimes(at('changing.npy'), 1, 1);
    await expect(readAll(data)).rejects.toThrow(/was changed while it was in use/);
  });
});

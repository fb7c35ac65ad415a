import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActivationSet } from '../../src/capture/activations.js';
import { fromArrays } from '../../src/capture/arrays.js';
import { capture } from '../../src/capture/capture.js';
import { activationStream } from '../../src/capture/stream-set.js';
import { compare } from '../../src/compare/compare.js';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import { openActivations } from '../../src/node/array-files.js';
import { saveActivations } from '../../src/node/save-activations.js';
import { Random } from '../../src/random.js';
import { images, nested, randomise, sequential, withoutLeak } from '../capture/models.js';
import { root } from '../support.js';

const python = [join(root, '.venv', 'peers', 'bin', 'python')].find(existsSync);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-save-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string) => join(folder, name);
const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);

const targets = ['acts.npz', 'acts.safetensors', 'acts'];

describe('saveActivations', () => {
  it.each(targets)('%s: what was captured, to the last bit, on the same grids', async (target) => {
    const model = sequential();
    const data = images(10);
    await withoutLeak(async () => {
      const live = await capture(model, data, { batchSize: 4 });
      const saved = await saveActivations(at(target), live);
      expect(saved[0]).toEqual({ name: 'conv1', shape: [10, 4, 4, 3], dtype: 'float32' });
      const { set, close } = await openActivations(at(target));
      expect(await set.matrices()).toEqual(await live.matrices());
      const names = live.layers.map(({ name }) => name);
      // A folder does not keep the order of its files.
      expect(set.layers.map(({ name }) => name)).toEqual(target === 'acts' ? names.toSorted() : names);
      const options = { measure: 'cka', layers: 'conv1,pool,logits' };
      const fromFile = await compare(set, model, data, options);
      const both = await compare(model, model, data, options);
      for (const row of both.rows)
        for (const col of both.cols) expect(fromFile.at(row, col)).toBe(both.at(row, col));
      await close();
      expect(readdirSync(folder)).toEqual([target]);
    });
  });

  it.each(targets)('%s: samples that are not known beforehand', async (target) => {
    const values = Float32Array.from(new Random(5).normals(7 * 6));
    const stream = await activationStream(function* () {
      for (const [from, to] of [
        [0, 3],
        [3, 4],
        [4, 7],
      ] as const)
        yield {
          x: { shape: [to - from, 2, 3], data: values.slice(from * 6, to * 6) },
          y: [...values.slice(from, to)].map((v) => [v]),
        };
    });
    expect(stream.samples).toBeUndefined();
    const saved = await saveActivations(at(target), stream);
    expect(saved).toEqual([
      { name: 'x', shape: [7, 2, 3], dtype: 'float32' },
      { name: 'y', shape: [7, 1], dtype: 'float64' },
    ]);
    const { set } = await openActivations(at(target));
    expect((await set.matrices()).x.data).toEqual(values);
    expect(readdirSync(folder)).toEqual([target]);
  });

  it('reduces positions, keeps paths of nested models, and stores narrower types', async () => {
    const { model } = nested();
    const live = await capture(model, images(5), { spatial: 'mean' });
    const saved = await saveActivations(at('deep'), live, { dtype: 'float16' });
    expect(saved.map(({ shape, dtype }) => [shape.length, dtype])).toEqual(saved.map(() => [2, 'float16']));
    expect(existsSync(join(folder, 'deep', 'backbone', 'block', 'conv.npy'))).toBe(true);
    const { set } = await openActivations(at('deep'));
    const [kept, exact] = [await set.matrices(), await live.matrices()];
    for (const [name, { data }] of Object.entries(exact)) {
      const error = kept[name].data.map(
        (value, i) => Math.abs(value - data[i]) / Math.max(1e-3, Math.abs(data[i])),
      );
      expect(Math.max(...error), name).toBeLessThan(2 ** -10);
    }
    const flat = await saveActivations(at('flat.npz'), await capture(model, images(5)), {
      spatial: 'flatten',
    });
    expect(flat.find(({ name }) => name === 'stem')!.shape).toEqual([5, 6 * 6 * 3]);
  });

  it.each(targets)('%s: masks of sequences', async (target) => {
    const before = openFiles();
    const model = randomise(
      tf.sequential({
        layers: [
          tf.layers.embedding({ name: 'embed', inputDim: 5, outputDim: 3, inputLength: 6, maskZero: true }),
          tf.layers.simpleRNN({ name: 'steps', units: 4, returnSequences: true }),
          tf.layers.simpleRNN({ name: 'last', units: 2 }),
        ],
      }),
    );
    const tokens = tf.tensor2d(
      Array.from({ length: 8 }, (_, n) =>
        Array.from({ length: 6 }, (__, t) => (t > n % 4 ? 0 : 1 + ((n + t) % 4))),
      ),
    );
    const live = await capture(model, tokens, { batchSize: 3 });
    const saved = await saveActivations(at(target), live);
    expect(saved.map(({ name, shape }) => [name, shape])).toEqual([
      ['embed', [8, 6, 3]],
      ['steps', [8, 6, 4]],
      ['last', [8, 2]],
    ]);
    const { set } = await openActivations(at(target), { batchSize: 5 });
    expect(set.layers.map(({ name }) => name).sort()).toEqual(['embed', 'last', 'steps']);
    const [kept, wanted] = [await set.matrices(), await live.matrices()];
    expect(kept).toEqual(wanted);
    // 1 + 2 + 3 + 4 tokens, twice.
    expect(kept.steps.rows).toBe(20);
    for (const spatial of ['mean', 'last', 'flatten'] as const) {
      const rule = await openActivations(at(target), { spatial });
      expect(await rule.set.matrices()).toEqual(await (await capture(model, tokens, { spatial })).matrices());
    }
    await expect(
      saveActivations(at('some.npz'), { ...live, samples: 3, batches: () => live.batches({ to: 3 }) }),
    ).resolves.toHaveLength(3);
    expect(openFiles()).toBe(before);
  });

  it.skipIf(python === undefined)(
    `numpy reads them, and archives beyond 4 GiB${python === undefined ? ' (needs .venv/peers: npm run peers)' : ''}`,
    async () => {
      const record = {
        'çà/層': { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
        double: [[Math.PI], [2], [3]],
      };
      const set = await fromArrays(record);
      await saveActivations(at('a.npz'), set);
      await saveActivations(at('half.npz'), set, { dtype: 'float16' });
      await saveActivations(at('folder'), await fromArrays({ 'block/conv': record.double }));
      const script = `
import sys, zipfile, numpy as np
a, half = np.load("a.npz"), np.load("half.npz")
assert a.files == ["çà/層", "double"] and zipfile.ZipFile("a.npz").testzip() is None
assert a["çà/層"].dtype == "<f4" and a["çà/層"].tolist() == [[1, 2], [3, 4], [5, 6]]
assert a["double"].dtype == "<f8" and a["double"][0, 0] == np.pi
assert half["double"].dtype == "<f2" and half["double"][0, 0] == np.float16(np.pi)
assert np.load("folder/block/conv.npy").shape == (3, 1)
large = zipfile.ZipFile("large.npz")
assert [entry.file_size for entry in large.infolist()] == [128 + 4 * 1300 * 2**20, 128 + 24]
with large.open("large.npy") as file:
    assert np.lib.format.read_magic(file) == (1, 0)
    assert np.lib.format.read_array_header_1_0(file) == ((1300 * 2**20, 1), False, np.dtype("<f4"))
assert np.load("large.npz")["behind"].tolist() == [1, 2, 3]
`;
      await saveLarge(at('large.npz'));
      execFileSync(python!, ['-c', script], { cwd: folder, stdio: 'pipe' });
    },
  );
});

describe('saveActivations: faults', () => {
  const set = () =>
    fromArrays({ x: { shape: [4, 2, 2, 3], data: new Random(1).normals(48) } }, { batchSize: 1 });

  it.each(targets)('%s: an error in a batch leaves the old file and nothing else', async (target) => {
    const before = openFiles();
    if (target === 'acts') mkdirSync(at(target));
    else writeFileSync(at(target), 'old');
    for (const samples of [4, undefined]) {
      const good = await set();
      const bad: ActivationSet = {
        ...good,
        samples,
        async *batches() {
          for await (const batch of good.batches()) {
            if (batch.start === 2) throw new DataError('batch 2');
            yield batch;
          }
        },
      };
      await expect(saveActivations(at(target), bad)).rejects.toThrow('batch 2');
      expect(readdirSync(folder)).toEqual([target]);
      if (target === 'acts') expect(readdirSync(at(target))).toEqual([]);
      else expect(readFileSync(at(target), 'utf8')).toBe('old');
    }
    expect(openFiles()).toBe(before);
  });

  it('an abort, with no tensor left', async () => {
    const [model, data, stop] = [sequential(), images(12), new AbortController()];
    await withoutLeak(async () => {
      const live = await capture(model, data, {
        batchSize: 2,
        onProgress: ({ done }) => {
          if (done === 6) stop.abort(new Error('stop'));
        },
      });
      await expect(saveActivations(at('x.npz'), live, { signal: stop.signal })).rejects.toThrow('stop');
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('other numbers of samples than were promised', async () => {
    const good = await set();
    for (const samples of [3, 5]) {
      await expect(saveActivations(at('x.npz'), { ...good, samples })).rejects.toThrow(
        `said that they have ${samples} samples`,
      );
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('batches of other shapes, values beyond the type, names that are no paths', async () => {
    const [a, b] = [
      await fromArrays({ x: { shape: [2, 2, 2, 1], data: new Float32Array(8) } }),
      await fromArrays({ x: { shape: [2, 3, 2, 1], data: new Float32Array(12) } }),
    ];
    const growing: ActivationSet = {
      ...a,
      samples: undefined,
      async *batches() {
        yield* a.batches();
        for await (const batch of b.batches()) yield { ...batch, start: 2 };
      },
    };
    await expect(saveActivations(at('x.npz'), growing)).rejects.toThrow(ShapeError);
    const wide = await fromArrays({ x: [[1], [65504], [65505]] });
    await expect(saveActivations(at('x.npz'), wide, { dtype: 'float16' })).rejects.toThrow(
      "layer 'x' is 65505 at sample 2, beyond float16",
    );
    for (const name of ['../x', '/x', 'a//b', 'a/..', 'C:x', 'a\\b', 'a.', 'nul\0', 'Con', 'x/aux.1']) {
      const one = await fromArrays({ [name]: [[1], [2]] });
      await expect(saveActivations(at('out'), one), name).rejects.toThrow(/cannot be the name of a file/);
    }
    const alike = await fromArrays({ 'block/Conv': [[1], [2]], 'Block/conv': [[1], [2]] });
    await expect(saveActivations(at('out'), alike)).rejects.toThrow(
      /'block\/Conv' and 'Block\/conv' would be one/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('places that cannot be written', async () => {
    const good = await set();
    await expect(saveActivations(at('x.csv'), good)).rejects.toThrow(OptionError);
    await expect(saveActivations(at('x.npz'), good, { dtype: 'int8' } as never)).rejects.toThrow(OptionError);
    mkdirSync(at('full'));
    writeFileSync(join(folder, 'full', 'precious'), '');
    await expect(saveActivations(at('full'), good)).rejects.toThrow(/it is there already/);
    mkdirSync(at('dir.npz'));
    await expect(saveActivations(at('dir.npz'), good)).rejects.toThrow(/it is a directory/);
    expect(readdirSync(join(folder, 'full'))).toEqual(['precious']);
  });
});

/** A sparse archive of an array of 5.5 GB and a small one behind it. */
async function saveLarge(path: string): Promise<void> {
  const { open } = await import('node:fs/promises');
  const { npzLayout } = await import('../../src/io/file-layout.js');
  const { crc32 } = await import('../../src/io/crc32.js');
  const layout = npzLayout([
    { name: 'large', shape: [1300 * 2 ** 20, 1], code: 'f4' },
    { name: 'behind', shape: [3], code: 'f8' },
  ]);
  const values = new Uint8Array(Float64Array.of(1, 2, 3).buffer);
  const file = await open(path, 'w');
  await file.write(values, 0, values.length, layout.places[1].at);
  for (const { at: place, bytes } of layout.seal([0, crc32(values, layout.places[1].crc)])) {
    await file.write(bytes, 0, bytes.length, place);
  }
  await file.close();
}

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActivationBatch } from '../../src/capture/activations.js';
import { fromArrays } from '../../src/capture/arrays.js';
import { compare } from '../../src/compare/compare.js';
import { DataError, FormatError, OptionError, ShapeError } from '../../src/errors.js';
import { npyHeader, writeNpy } from '../../src/io/npy.js';
import { readNpz, writeNpz } from '../../src/io/npz.js';
import { readSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { isArrayFile, loadArray } from '../../src/node/activations.js';
import { openActivations, type FileOptions } from '../../src/node/array-files.js';
import { Random } from '../../src/random.js';
import { fixture, npy } from '../io/support.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-arrays-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

const normal = (shape: number[], seed = 1) => ({
  shape,
  data: Float32Array.from(new Random(seed).normals(shape.reduce((a, b) => a * b, 1))),
});
const arrays = {
  'conv1/relu:0': normal([7, 3, 2, 4]),
  tokens: normal([7, 5, 3], 2),
  dense: { shape: [7, 6], data: new Random(3).normals(42) },
  labels: { shape: [7], data: Float32Array.from([3, 1, 2, 0, 9, 5, 4]) },
};

/** Every file of this process that is open now. */
const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);

async function collect(stream: AsyncIterable<ActivationBatch>): Promise<ActivationBatch[]> {
  const all: ActivationBatch[] = [];
  for await (const batch of stream) all.push(batch);
  return all;
}

async function read(path: string, options: FileOptions = {}) {
  const before = openFiles();
  const { set, close } = await openActivations(path, options);
  try {
    return { set, batches: await collect(set.batches()), matrices: await set.matrices() };
  } finally {
    await close();
    expect(openFiles()).toBe(before);
  }
}

describe('openActivations', () => {
  const kinds: Record<string, () => string> = {
    stored: () => put('stored.npz', writeNpz(arrays)),
    deflated: () => put('deflated.npz', writeNpz(arrays, { compress: true })),
    safetensors: () => put('file.safetensors', writeSafetensors(arrays)),
    'nested, stored': () =>
      put(
        'nested.npz',
        zipSync({ 'a.npz': [writeNpz(arrays), { level: 0 }], 'b.npy': writeNpy(arrays.dense) }),
      ),
    'nested, deflated': () =>
      put('packed.npz', zipSync({ 'a.npz': writeNpz(arrays), 'b.npy': writeNpy(arrays.dense) })),
  };

  it.each(Object.entries(kinds))('%s: in batches of any size, the arrays', async (kind, make) => {
    const path = make();
    const nested = kind.startsWith('nested');
    const inside = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`a/${name}`, array]));
    const wanted = await fromArrays(nested ? { ...inside, b: arrays.dense } : arrays);
    const matrices = await wanted.matrices();
    for (const batchSize of [1, 2, 3, 7, 100]) {
      const { set, batches, matrices: found } = await read(path, { batchSize });
      expect([set.layers, set.samples]).toEqual([wanted.layers, 7]);
      expect(batches.map(({ samples }) => samples)).toEqual(
        Array.from({ length: Math.ceil(7 / batchSize) }, (_, i) => Math.min(batchSize, 7 - i * batchSize)),
      );
      expect(found).toEqual(matrices);
    }
  });

  it.each(Object.entries(kinds))('%s: a range of samples', async (_, make) => {
    const { set, close } = await openActivations(make(), { batchSize: 2 });
    const all = await set.matrices();
    const batches = await collect(set.batches({ from: 3, to: 6 }));
    expect(batches.map(({ start, samples }) => [start, samples])).toEqual([
      [3, 2],
      [5, 1],
    ]);
    const [name] = Object.keys(all).filter((key) => key.includes('dense'));
    const values = batches.flatMap(({ layers }) => Array.from(layers.get(name)!.data));
    expect(values).toEqual(Array.from(all[name].data.subarray(3 * 6, 6 * 6)));
    expect(await collect(set.batches({ from: 7 }))).toEqual([]);
    await close();
  });

  it('reads what numpy and PyTorch wrote', async () => {
    for (const name of ['float32', 'big-endian-float32', 'fortran', 'fortran-big-endian-int16', 'version3']) {
      const path = put(`${name}.npy`, fixture(`${name}.npy`));
      const { batches } = await read(path, { batchSize: 1 });
      const values = batches.flatMap(({ layers }) => Array.from(layers.get(name)!.data));
      expect(values, name).toEqual(Array.from((await loadArray(path)).array.data));
    }
    const layers = ['conv1/relu:0', '10'];
    for (const name of ['stored', 'deflated', 'zip64', 'streamed']) {
      const path = put(`numpy-${name}.npz`, fixture(`${name}.npz`));
      const { matrices } = await read(path, { layers, batchSize: 1 });
      const whole = readNpz(fixture(`${name}.npz`));
      expect(Object.keys(matrices).sort()).toEqual(layers.toSorted());
      for (const layer of layers)
        expect(Array.from(matrices[layer].data)).toEqual(Array.from(whole[layer].data));
    }
    const path = put('torch.safetensors', fixture('bfloat16.safetensors'));
    const { matrices } = await read(path, { batchSize: 7 });
    expect(matrices.x.data).toEqual(readSafetensors(fixture('bfloat16.safetensors')).x.data);
  });

  it('one array by its key, and a file of one', async () => {
    for (const make of [kinds.stored, kinds.safetensors]) {
      const { set } = await read(`${make()}:tokens`);
      expect(set.layers).toEqual([{ name: 'tokens', kind: 'Array', shape: [5, 3] }]);
    }
    const tokens = { shape: [2, 3, 2], data: Float32Array.from({ length: 12 }, (_, i) => i) };
    const mask = { shape: [2, 3], data: Float32Array.of(1, 1, 0, 1, 0, 0) };
    const masked = put('masked.npz', writeNpz({ other: arrays.dense, 'tokens.mask': mask, tokens }));
    const { matrices } = await read(`${masked}:tokens`);
    expect(matrices).toEqual(await (await fromArrays({ tokens, 'tokens.mask': mask })).matrices());
    expect(matrices.tokens.rows).toBe(3);
    const images = { shape: [1, 2, 2, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    const square = { shape: [1, 2, 2], data: Float32Array.of(1, 0, 1, 1) };
    const squares = put('squares.npz', writeNpz({ images, 'images.mask': square }));
    expect(Array.from((await read(squares, { layout: 'NCHW' })).matrices.images.data)).toEqual([
      1, 5, 3, 7, 4, 8,
    ]);
    expect((await read(`${masked}:tokens.mask`)).set.layers[0]).toMatchObject({ shape: [3] });
    await expect(openActivations(`${kinds.stored()}:conv`)).rejects.toThrow(
      /has no array 'conv': it has conv1/,
    );
    const { set } = await read(put('pool.v2.npy', writeNpy(arrays.dense)));
    expect(set.layers[0].name).toBe('pool.v2');
  });

  it('a folder: a file per layer, by path, numbers by their value', async () => {
    for (const name of ['block/conv10.npy', 'block/conv2.npy', 'head.npy', '.hidden.npy'])
      put(`folder/${name}`, writeNpy(arrays.dense));
    put('folder/one.npz', writeNpz({ only: arrays.dense }));
    put('folder/two.safetensors', writeSafetensors({ x: arrays.dense, y: arrays.tokens }));
    put('folder/notes.txt', Uint8Array.of(1));
    const { set } = await read(join(folder, 'folder'));
    expect(set.layers.map(({ name }) => name)).toEqual([
      ...['block/conv2', 'block/conv10', 'head', 'one', 'two/x', 'two/y'],
    ]);
    expect(isArrayFile(join(folder, 'folder'))).toBe(true);
    mkdirSync(join(folder, 'nothing'));
    await expect(openActivations(join(folder, 'nothing'))).rejects.toThrow(DataError);
    put('model/model.json', Uint8Array.of(0x7b));
    put('model/x.npy', writeNpy(arrays.dense));
    expect([isArrayFile(join(folder, 'model')), isArrayFile(join(folder, 'nothing'))]).toEqual([
      false,
      false,
    ]);
    put('folder/head.npz', writeNpz({ only: arrays.dense }));
    await expect(openActivations(join(folder, 'folder'))).rejects.toThrow(/two arrays 'head'/);
  });

  it.skipIf(process.platform === 'win32')('follows links, in no circles (needs POSIX)', async () => {
    put('real/conv.npy', writeNpy(arrays.dense));
    put('linked/head.npy', writeNpy(arrays.dense));
    put('circle/notes.txt', Uint8Array.of(1));
    for (const name of ['linked', 'circle']) {
      symlinkSync('.', join(folder, name, 'here'));
      symlinkSync('.', join(folder, name, 'here again'));
      symlinkSync('nowhere', join(folder, name, 'nothing'));
      symlinkSync('itself', join(folder, name, 'itself'));
    }
    symlinkSync(join(folder, 'real'), join(folder, 'linked/backbone'));
    expect(isArrayFile(join(folder, 'circle'))).toBe(false);
    expect(isArrayFile(join(folder, 'linked'))).toBe(true);
    const { set } = await read(join(folder, 'linked'));
    expect(set.layers.map(({ name }) => name)).toEqual(['backbone/conv', 'head']);
    symlinkSync('nowhere', join(folder, 'linked/gone.npy'));
    await expect(openActivations(join(folder, 'linked'))).rejects.toThrow(
      /gone\.npy': there is no such file/,
    );
  });

  it('orders the names of a sorted .safetensors by their numbers, and no other', async () => {
    const of = (...names: string[]) =>
      writeSafetensors(Object.fromEntries(names.map((name) => [name, arrays.dense])));
    const sorted = await read(put('sorted.safetensors', of('f.0', 'f.10', 'f.2')));
    expect(sorted.set.layers.map(({ name }) => name)).toEqual(['f.0', 'f.2', 'f.10']);
    const own = await read(put('own.safetensors', of('stem', 'f.10', 'f.2')));
    expect(own.set.layers.map(({ name }) => name)).toEqual(['stem', 'f.10', 'f.2']);
  });

  it('channels first become channels last', async () => {
    const last = normal([4, 3, 5, 2]);
    const first = new Float32Array(last.data.length);
    for (let n = 0; n < 4; n++)
      for (let p = 0; p < 15; p++)
        for (let c = 0; c < 2; c++) first[(n * 2 + c) * 15 + p] = last.data[(n * 15 + p) * 2 + c];
    const steps = { shape: [4, 2, 3], data: Float32Array.from({ length: 24 }, (_, i) => i) };
    const record = { conv: { shape: [4, 2, 3, 5], data: first }, steps, dense: normal([4, 3]) };
    const path = put('first.npz', writeNpz(record));
    const given = await (await fromArrays(record, { layout: 'channelsFirst' })).matrices();
    expect(given.conv.data).toEqual(last.data);
    expect(Array.from(given.steps.data.subarray(0, 6))).toEqual([0, 3, 1, 4, 2, 5]);
    for (const layout of ['channelsFirst', 'NCHW'] as const) {
      const { set, matrices } = await read(path, { layout, batchSize: 3 });
      expect(set.layers.map(({ shape }) => shape)).toEqual([[3, 5, 2], [3, 2], [3]]);
      expect(matrices).toEqual(given);
    }
    await expect(openActivations(path, { layout: 'CHWN' as never })).rejects.toThrow(OptionError);
  });

  it('applies the spatial rule and draws positions as fromArrays does', async () => {
    const path = kinds.stored();
    for (const options of [{ spatial: 'mean' }, { spatial: 'flatten' }, { positions: 2, seed: 4 }] as const) {
      const { matrices } = await read(path, { ...options, batchSize: 3 });
      expect(matrices).toEqual(await (await fromArrays(arrays, options)).matrices());
    }
  });

  it('leaves out what is not chosen, whatever it is', async () => {
    const mixed = zipSync({
      'conv.npy': writeNpy(arrays.dense),
      'classes.npy': fixture('text.npy'),
      'centres.npy': writeNpy(normal([3, 6])),
      'epoch.npy': fixture('scalar.npy'),
    });
    const path = put('mixed.npz', mixed);
    const { set } = await read(path, { layers: 'conv*' });
    expect(set.layers.map(({ name }) => name)).toEqual(['conv']);
    await expect(openActivations(path)).rejects.toThrow(
      /holds text.*or leave it out by 'layers' \(at byte 20\)$/,
    );
    await expect(openActivations(path, { layers: 'c[oe]*' })).rejects.toThrow(ShapeError);
    await expect(openActivations(path, { layers: 'c[oe]*' })).rejects.toThrow(
      "layer 'centres' has 3 samples and layer 'conv' has 7",
    );
    await expect(openActivations(path, { layers: 'epoch' })).rejects.toThrow(ShapeError);
    await expect(openActivations(path, { layers: 'pool' })).rejects.toThrow(OptionError);
    const shapes = await read(kinds.stored(), { layers: ({ shape }) => shape.length === 3 });
    expect(shapes.set.layers.map(({ name }) => name)).toEqual(['conv1/relu:0']);
  });

  it('is compared like the arrays themselves, and by fingerprint like the file', async () => {
    const a = await openActivations(kinds.stored());
    const b = await openActivations(kinds.safetensors());
    const options = { measure: 'cka', layers: 'dense,tokens' };
    const fromFiles = await compare(a.set, b.set, undefined, options);
    const inMemory = await compare(arrays, arrays, undefined, options);
    expect(fromFiles.scores).toEqual(inMemory.scores);
    expect(a.fingerprint).not.toBe(b.fingerprint);
    expect((await openActivations(kinds.stored())).fingerprint).toBe(a.fingerprint);
  });

  it('reads a file larger than what it holds of it', async () => {
    const [samples, width] = [120_000, 512];
    const header = npyHeader([samples, width], '<f4');
    const path = put('large.npy', header);
    truncateSync(path, header.length + samples * width * 4);
    const { set, close } = await openActivations(path);
    globalThis.gc?.();
    const before = process.memoryUsage().arrayBuffers;
    let [most, count] = [0, 0];
    for await (const batch of set.batches()) {
      count += batch.samples;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    await close();
    expect(count).toBe(samples);
    // 246 MB in all; what is garbage already counts too.
    expect(most).toBeLessThan(160e6);
  });
});

describe('openActivations: faults', () => {
  const fails = async (path: string, options: FileOptions = {}) => {
    const before = openFiles();
    const error = await read(path, options).then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(openFiles()).toBe(before);
    return error;
  };

  it('names layer, sample and position of what is not finite', async () => {
    const bad = { shape: [5, 2, 2, 3], data: new Float32Array(60) };
    bad.data[3 * 12 + 2 * 3 + 1] = NaN;
    for (const compress of [false, true]) {
      const path = put('nan.npz', writeNpz({ good: normal([5, 2]), bad }, { compress }));
      const error = await fails(path, { batchSize: 2 });
      expect(error).toBeInstanceOf(DataError);
      expect(error!.message).toContain(
        "layer 'bad' of 'nan.npz' is NaN at sample 3, position (1, 0), channel 1",
      );
    }
  });

  it('a checksum that does not match, once all was read', async () => {
    const bytes = writeNpz(arrays);
    bytes[bytes.length - 600] ^= 1;
    const error = await fails(put('sum.npz', bytes));
    expect(error).toBeInstanceOf(FormatError);
    expect(error!.message).toMatch(/does not match its checksum/);
  });

  it('deflate streams that are damaged, hold less or hold more than they declare', async () => {
    const whole = writeNpy(arrays.dense);
    const zip = zipSync({ 'x.npy': whole });
    const damaged = zip.slice();
    damaged.fill(0xff, 60, 120);
    expect((await fails(put('damaged.npz', damaged)))!).toBeInstanceOf(FormatError);
    for (const content of [
      whole.subarray(0, whole.length - 8),
      Buffer.concat([whole, Buffer.alloc(1 << 20)]),
    ]) {
      const packed = deflateRawSync(content);
      const error = await fails(put('lies.npz', zipOf('x.npy', packed, whole.length)));
      expect(error).toBeInstanceOf(FormatError);
      expect(error!.message).toMatch(/ends after|inflates to more than/);
      expect((error as FormatError).offset).toBeTypeOf('number');
    }
  });

  it('archives in archives in archives, and entries that are no arrays', async () => {
    const inner = writeNpz({ x: arrays.dense });
    const middle = zipSync({ 'inner.npz': [inner, { level: 0 }] });
    for (const level of [0, 6] as const) {
      const error = await fails(put('deep.npz', zipSync({ 'middle.npz': [middle, { level }] })));
      expect(error).toBeInstanceOf(FormatError);
      expect(error!.message).toMatch(/archives are read one level deep/);
    }
    expect(await fails(put('text.npz', zipSync({ 'a.txt': Uint8Array.of(1) })))).toBeInstanceOf(FormatError);
  });

  it('an archive in an archive that would inflate to far more than it is', async () => {
    const inner = writeNpz({ x: { shape: [17 << 20, 1], data: new Float32Array(17 << 20) } });
    const error = await fails(put('bomb.npz', zipSync({ 'inner.npz': inner })));
    expect(error).toBeInstanceOf(FormatError);
    expect(error!.message).toMatch(/bomb.npz: inner.npz would inflate to 7\d+ bytes.*zip -0/);
    const stored = await read(put('stored-bomb.npz', zipSync({ 'inner.npz': [inner, { level: 0 }] })));
    expect(stored.set.samples).toBe(17 << 20);
  });

  it('names that lead elsewhere are names', async () => {
    const { set } = await read(
      put('names.npz', writeNpz({ '../../x': arrays.dense, '/etc/y': arrays.tokens })),
    );
    expect(set.layers.map(({ name }) => name)).toEqual(['../../x', '/etc/y']);
  });

  it('a file that changes between passes, or during one', async () => {
    const path = put('changing.npy', writeNpy(normal([6, 4])));
    const { set } = await openActivations(path, { batchSize: 2 });
    await set.matrices();
    put('changing.npy', writeNpy(normal([6, 4], 9)));
    utimesSync(path, new Date(), new Date(Date.now() + 5000));
    await expect(set.matrices()).rejects.toThrow(/'.*changing.npy' was changed while it was in use/);
    const again = await openActivations(path, { batchSize: 2 });
    const change = async () => {
      for await (const { start } of again.set.batches()) {
        if (start === 2) truncateSync(path, 200);
      }
    };
    await expect(change()).rejects.toThrow(DataError);
    rmSync(path);
    await expect(again.set.matrices()).rejects.toThrow(/there is no such file/);
  });

  it('closes its files where reading is given up', async () => {
    for (const compress of [false, true]) {
      const path = put('given-up.npz', writeNpz(arrays, { compress }));
      const before = openFiles();
      const { set } = await openActivations(path, { batchSize: 1 });
      for await (const { start } of set.batches()) if (start === 2) break;
      expect(openFiles()).toBe(before);
    }
  });

  it('a set that is closed', async () => {
    const { set, close } = await openActivations(put('closed.npy', writeNpy(arrays.dense)));
    await close();
    await expect(set.matrices()).rejects.toThrow(/is closed/);
  });

  it('what cannot be opened', async () => {
    expect((await fails(join(folder, 'absent.npz')))!.message).toMatch(/there is no such file/);
    expect(await fails(put('x.csv', Uint8Array.of(1)))).toBeInstanceOf(OptionError);
    expect(
      await fails(
        put(
          'empty.npy',
          npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", new Float32Array(0)),
        ),
      ),
    ).toBeInstanceOf(DataError);
    expect(
      await fails(put('none.safetensors', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d))),
    ).toBeInstanceOf(DataError);
    expect(await fails(put('short.npz', writeNpz(arrays).slice(0, 300)))).toBeInstanceOf(FormatError);
  });
});

/** A zip archive of one deflated entry with any declared size, and the checksum of nothing. */
function zipOf(name: string, packed: Uint8Array, size: number): Uint8Array {
  const head = (signature: number, length: number) => {
    const bytes = Buffer.alloc(length);
    bytes.writeUInt32LE(signature, 0);
    return bytes;
  };
  const local = head(0x04034b50, 30);
  local.writeUInt16LE(8, 8);
  local.writeUInt16LE(name.length, 26);
  const central = head(0x02014b50, 46);
  central.writeUInt16LE(8, 10);
  central.writeUInt32LE(packed.length, 20);
  central.writeUInt32LE(size, 24);
  central.writeUInt16LE(name.length, 28);
  const data = Buffer.concat([local, Buffer.from(name), packed]);
  const end = head(0x06054b50, 22);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(46 + name.length, 12);
  end.writeUInt32LE(data.length, 16);
  return Uint8Array.from(Buffer.concat([data, central, Buffer.from(name), end]));
}

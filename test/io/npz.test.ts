import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DataError, FormatError, OptionError } from '../../src/errors.js';
import { crc32 } from '../../src/io/crc32.js';
import { writeNpy } from '../../src/io/npy.js';
import { openNpz, readNpz, writeNpz } from '../../src/io/npz.js';
import { expected, fixture, npy } from './support.js';

const error = (
  bytes: Uint8Array,
  read: (bytes: Uint8Array) => unknown = (b) => readNpz(b, 'x.npz'),
): FormatError => {
  try {
    read(bytes);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(FormatError);
    return thrown as FormatError;
  }
  throw new Error('it was read');
};

const ones = writeNpy({ shape: [3], data: Float32Array.of(1, 1, 1) });

/** A copy with `count` bytes at `at` replaced by the little-endian `value`. */
function patched(bytes: Uint8Array, at: number, value: number, count: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  for (let i = 0; i < count; i++) out[at + i] = Math.floor(value / 256 ** i) & 0xff;
  return out;
}

/** Where the first record of a kind begins. */
function find(bytes: Uint8Array, signature: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i + 4 <= bytes.length; i++) if (view.getUint32(i, true) === signature) return i;
  throw new Error('no such record');
}
const central = (bytes: Uint8Array) => find(bytes, 0x02014b50);
const end = (bytes: Uint8Array) => find(bytes, 0x06054b50);

describe('readNpz: archives that numpy wrote', () => {
  const want = Object.entries(expected)
    .filter(([name]) => name.startsWith('npz:'))
    .map(([name, array]) => [name.slice(4), array] as const);

  it.each(['stored.npz', 'deflated.npz', 'zip64.npz', 'streamed.npz'])('%s', (file) => {
    const archive = openNpz(fixture(file), file);
    expect(archive.names).toEqual(want.map(([name]) => name));
    for (const [name, { shape, dtype, data }] of want) {
      expect(archive.describe(name)).toEqual({ shape, dtype });
      expect(archive.read(name)).toMatchObject({ shape, dtype });
      expect(Array.from(archive.read(name).data)).toEqual(data);
    }
    expect(Object.keys(readNpz(fixture(file))).sort()).toEqual(want.map(([name]) => name).sort());
  });

  it('an array that is not there is named with those that are', () => {
    const archive = openNpz(fixture('stored.npz'), 'x.npz');
    const message = "x.npz has no array 'conv2': it has conv1/relu:0, 10, çà-層, labels";
    expect(() => archive.read('conv2')).toThrow(new DataError(message));
    expect(() => archive.describe('toString')).toThrow(DataError);
  });
});

describe('writeNpz', () => {
  it('what is written is read back, stored and deflated', () => {
    const key = fc.string({ maxLength: 20 }).filter((name) => !name.includes('\0'));
    const array = fc
      .array(fc.nat({ max: 4 }), { maxLength: 3 })
      .chain((shape) => {
        const length = shape.reduce((product, size) => product * size, 1);
        const lengths = { minLength: length, maxLength: length };
        return fc.tuple(fc.constant(shape), fc.oneof(fc.float32Array(lengths), fc.float64Array(lengths)));
      })
      .map(([shape, data]) => ({ shape, data }));
    fc.assert(
      fc.property(fc.dictionary(key, array, { minKeys: 1, maxKeys: 6 }), fc.boolean(), (arrays, compress) => {
        const back = readNpz(writeNpz(arrays, { compress }));
        expect(Object.keys(back)).toEqual(Object.keys(arrays));
        for (const [name, { shape, data }] of Object.entries(arrays)) {
          const dtype = data instanceof Float32Array ? 'float32' : 'float64';
          expect(back[name]).toEqual({ shape, data, dtype });
        }
      }),
    );
  });

  it('names that are special to JavaScript or to file systems are names', () => {
    const names = ['__proto__', 'constructor', '../../etc/passwd', '/abs', 'a\\b', '', 'x.npy', 'çà-層', '7'];
    const arrays = Object.fromEntries(
      names.map((name, i) => [name, { shape: [1], data: Float32Array.of(i) }]),
    );
    const archive = openNpz(writeNpz(arrays));
    for (const [i, name] of names.entries()) expect(archive.read(name).data[0]).toBe(i);
    expect(Object.keys(readNpz(writeNpz(arrays))).sort()).toEqual([...names].sort());
  });

  it('equal arrays give equal bytes, and deflating shrinks zeros', () => {
    const arrays = { a: { rows: 100, cols: 100, data: new Float32Array(10000) } };
    expect(writeNpz(arrays)).toEqual(writeNpz(arrays));
    expect(writeNpz(arrays, { compress: true }).length).toBeLessThan(writeNpz(arrays).length / 50);
  });

  it('refuses nothing to write, names with NUL, and unknown options', () => {
    const a = { shape: [1], data: new Float32Array(1) };
    expect(() => writeNpz({})).toThrow(new DataError('there are no arrays to write'));
    expect(() => writeNpz({ 'a\0b': a })).toThrow('"a\\u0000b" cannot be the name of an array');
    expect(() => writeNpz({ a }, { compressed: true } as never)).toThrow(OptionError);
    expect(() => writeNpz({ a }, { compress: 1 as never })).toThrow('compress is 1: give true or false');
  });
});

describe('readNpz: faults', () => {
  const stored = zipSync({ 'a.npy': ones, 'b.npy': ones }, { level: 0 });
  const zeros = writeNpy({ shape: [5000], data: new Float64Array(5000) });
  const deflated = zipSync({ 'a.npy': zeros });
  const lone = zipSync({ 'a.npy': ones }, { level: 0 });

  const cases: [string, Uint8Array, string][] = [
    ['no bytes', new Uint8Array(0), 'x.npz: the file is empty (at byte 0)'],
    ['text', new TextEncoder().encode('x'.repeat(40)), 'not a zip archive, which .npz is; write it with np.savez'],
    ['a .npy', ones, 'not a zip archive, which .npz is; it is one array: read it as .npy'],
    ['cut off', stored.subarray(0, -5), `was cut off: its directory is missing (at byte ${stored.length - 5})`],
    ['trailing bytes', Uint8Array.of(...stored, 0), 'was cut off'],
    ['bytes before it', Uint8Array.of(0, ...stored), 'the zip directory should end at byte'],
    ['two volumes', patched(stored, end(stored) + 4, 1, 2), 'archives of several volumes are not read'],
    ['one entry too many', patched(patched(stored, end(stored) + 8, 3, 2), end(stored) + 10, 3, 2), 'entry 2 of 3 is missing'],
    ['one entry too few', patched(patched(stored, end(stored) + 8, 1, 2), end(stored) + 10, 1, 2), 'more than its 1 entries'],
    ['a name beyond the directory', patched(stored, central(stored) + 28, 999, 2), 'entry 0 runs beyond the zip directory'],
    ['encrypted', patched(stored, central(stored) + 8, 1, 2), "entry 'a.npy' is encrypted; save it without a password"],
    ['another compression', patched(stored, central(stored) + 10, 12, 2), "entry 'a.npy' uses compression method 12"],
    ['beyond the data', patched(lone, central(lone) + 42, 5000, 4), "entry 'a.npy' should begin at byte"],
    ['no local header', patched(stored, 0, 0, 1), "entry 'a.npy' has no local header (at byte 0)"],
    ['another name in the local header', patched(stored, 30, 0x7a, 1), "entry 'a.npy' differs from its local header"],
    ['another method in the local header', patched(stored, 8, 8, 2), "entry 'a.npy' differs from its local header"],
    ['a stored size that differs', patched(stored, central(stored) + 24, 1, 4), 'is stored in 140 bytes but declares 1'],
    ['a size that deflate cannot reach', patched(deflated, central(deflated) + 24, 2 ** 31, 4), 'declares 2147483648 bytes, which'],
    ['a size that the header denies', patched(deflated, central(deflated) + 24, 40129, 4), 'of float64 needs 40000 bytes of values, 1 more follow'],
    ['a wrong checksum', patched(stored, central(stored) + 16, 1, 4), "entry 'a.npy' does not match its checksum; the file is damaged"],
    ['a value changed', patched(stored, 30 + 5 + 130, 9, 1), "entry 'a.npy' does not match its checksum"],
    ['no array', zipSync({ 'model/data.pkl': ones }), "entry 'model/data.pkl' is not a .npy array, so this is not a .npz"],
    ['a broken array', zipSync({ 'a.npy': ones.subarray(0, 130) }), 'x.npz: a.npy: shape (3) of float32 needs 12 bytes of values, there are 2'],
    ['an empty array file', zipSync({ 'a.npy': new Uint8Array(0) }), 'x.npz: a.npy: the file is empty'],
    ['a dtype', zipSync({ 'a.npy': fixture('object.npy') }), "x.npz: a.npy: dtype '|O' holds objects"],
  ]; // prettier-ignore

  it.each(cases)('%s', (_, bytes, message) => {
    expect(error(bytes).message).toContain(message);
    expect(error(bytes).message).toMatch(/^x\.npz: /);
    expect(error(bytes).offset).toBeTypeOf('number');
  });

  it('two arrays of one name', () => {
    let bytes: Uint8Array = stored;
    for (let i = 0; i < stored.length - 4; i++) {
      if (new TextDecoder().decode(stored.subarray(i, i + 5)) === 'b.npy') bytes = patched(bytes, i, 0x61, 1);
    }
    expect(error(bytes).message).toContain("x.npz: there are two arrays 'a'");
  });

  it('two entries over the same bytes', () => {
    const second = central(stored) + 46 + 5;
    const overlapping = patched(patched(stored, second + 42, 0, 4), second + 46, 0x61, 1);
    expect(error(overlapping).message).toContain("entry 'a.npy' overlaps another one");
  });

  it('a damaged deflate stream', () => {
    const start = 30 + 5;
    const length = central(deflated) - start;
    const kinds = new Set<string>();
    for (let i = 0; i < length; i++) {
      const { message } = error(patched(deflated, start + i, deflated[start + i] ^ 0x55, 1));
      kinds.add(
        /cannot be inflated|checksum|inflates to|header|\.npy file|needs|dtype|cut off/.exec(message)?.[0] ??
          message,
      );
    }
    expect([...kinds]).toContain('cannot be inflated');
  });

  it('a bomb: an entry that inflates to far more than it declares stops there', () => {
    // 60 million zeros after an honest header of 128 bytes that promises three values.
    const payload = new Uint8Array(60_000_000);
    payload.set(ones);
    const bomb = patched(zipSync({ 'a.npy': payload }, { level: 1 }), 0, 0x50, 1);
    const lying = patched(bomb, central(bomb) + 24, ones.length, 4);
    expect(error(lying).message).toContain("entry 'a.npy' inflates to more than the 140 bytes it declares");
  });

  it('a fault in one array leaves the others readable', () => {
    const archive = openNpz(zipSync({ 'a.npy': fixture('text.npy'), 'b.npy': ones }));
    expect(archive.names).toEqual(['a', 'b']);
    expect(() => archive.read('a')).toThrow(FormatError);
    expect(Array.from(archive.read('b').data)).toEqual([1, 1, 1]);
  });

  it('folders are passed over, and bytes are asked for', () => {
    expect(Object.keys(readNpz(zipSync({ 'conv/': new Uint8Array(0), 'conv/a.npy': ones })))).toEqual([
      'conv/a',
    ]);
    expect(() => openNpz('x' as never)).toThrow('npz: give the bytes of the file as a Uint8Array');
  });

  it('zip64 fields that are damaged', () => {
    const bytes = fixture('zip64.npz');
    expect(error(patched(bytes, find(bytes, 0x07064b50) + 8, 12, 8)).message).toContain(
      'the ZIP64 directory is missing',
    );
    expect(error(patched(bytes, find(bytes, 0x06064b50) + 40, 2 ** 60, 8)).message).toContain(
      'larger than any file',
    );
    expect(error(patched(bytes, central(bytes) + 46 + 16 + 10, 255, 8)).offset).toBeTypeOf('number');
  });
});

describe('crc32', () => {
  it('has the check value of its standard, and any split of four', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let c = 0xffffffff;
        for (const byte of bytes) {
          c ^= byte;
          for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
        }
        expect(crc32(bytes)).toBe(~c >>> 0);
      }),
    );
  });
});

it('a .npy made by hand reads inside an archive too', () => {
  const bytes = npy("{'shape': (1,), 'fortran_order': False, 'descr': '|u1'}", Uint8Array.of(9));
  expect(readNpz(zipSync({ 'a.npy': bytes }))['a']).toMatchObject({ dtype: 'uint8', shape: [1] });
});

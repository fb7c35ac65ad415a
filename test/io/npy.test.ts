import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError, FormatError, ShapeError } from '../../src/errors.js';
import { readNpy, writeNpy } from '../../src/io/npy.js';
import { toMatrix } from '../../src/matrix.js';
import { hasReference, reference, shared } from '../support.js';
import { expected, fixture, npy } from './support.js';

const error = (bytes: Uint8Array): FormatError => {
  try {
    readNpy(bytes, 'x.npy');
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(FormatError);
    return thrown as FormatError;
  }
  throw new Error('it was read');
};

describe('readNpy: files that numpy wrote', () => {
  for (const [name, want] of Object.entries(expected).filter(([key]) => !key.startsWith('npz:'))) {
    it(`${name} (${want.dtype})`, () => {
      const got = readNpy(fixture(name), name);
      expect(got.shape).toEqual(want.shape);
      expect(got.dtype).toBe(want.dtype);
      expect(Array.from(got.data)).toEqual(want.data);
      const wide = ['float64', 'int32', 'int64', 'uint32', 'uint64'].includes(want.dtype);
      expect(got.data).toBeInstanceOf(wide ? Float64Array : Float32Array);
    });
  }

  it('every fixture is either expected or refused', () => {
    const refused = ['complex', 'date', 'object', 'structured', 'text', 'unsafe-int64'];
    const files = readdirSync(fileURLToPath(new URL('fixtures', import.meta.url)));
    const unknown = files.filter((file) => file.endsWith('.npy') && !(file in expected));
    expect(unknown.sort()).toEqual(refused.map((name) => `${name}.npy`));
  });

  describe.skipIf(!hasReference)('the reference activations (needs ../shared)', () => {
    for (const name of ['mnist_lay04_model0.npy', 'mnist_lay04_model1.npy']) {
      it(name, () => {
        const path = `${shared}/reference/${name}`;
        expect(existsSync(path)).toBe(true);
        const got = readNpy(readFileSync(path), name);
        const want = reference(name);
        expect(got).toMatchObject({ shape: [10000, 10], dtype: 'float32' });
        expect(got.data).toEqual(want.data);
      });
    }
  });
});

describe('readNpy: views and copies', () => {
  it('float32 and float64 that are aligned are not copied', () => {
    for (const name of ['float32.npy', 'float64.npy']) {
      const bytes = fixture(name);
      const { data } = readNpy(bytes);
      expect(data.buffer).toBe(bytes.buffer);
    }
  });

  it('bytes at any position of a buffer, Node buffers too', () => {
    const bytes = fixture('float64.npy');
    const want = readNpy(bytes);
    for (let shift = 1; shift < 9; shift++) {
      const moved = Buffer.from(new ArrayBuffer(bytes.length + 16), shift, bytes.length);
      moved.set(bytes);
      const before = Uint8Array.from(moved);
      expect(readNpy(moved)).toEqual(want);
      expect(Uint8Array.from(moved)).toEqual(before);
    }
  });

  it('what is read is matrix-like', async () => {
    expect(await toMatrix(readNpy(fixture('float32.npy')))).toMatchObject({ rows: 2, cols: 3 });
  });

  it('every float16, by table and one by one', () => {
    const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    const few = readNpy(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (65536,)}", bits));
    const twice = new Uint16Array(0x20000);
    twice.set(bits);
    twice.set(bits, 0x10000);
    const many = readNpy(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 65536)}", twice));
    expect(many.data.subarray(0x10000)).toEqual(few.data);
    for (let i = 0; i < 0x10000; i++) {
      const [sign, exponent, fraction] = [i >> 15 ? -1 : 1, (i >> 10) & 31, i & 1023];
      const want =
        exponent === 31
          ? fraction === 0
            ? sign * Infinity
            : NaN
          : exponent === 0
            ? sign * fraction * 2 ** -24
            : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
      if (!Object.is(few.data[i], want)) throw new Error(`float16 ${i} is ${few.data[i]}, not ${want}`);
    }
  });
});

describe('readNpy: what cannot be read is refused by name', () => {
  it.each([
    ['complex.npy', "'<c16' holds complex numbers"],
    ['text.npy', "'<U5' holds text"],
    ['object.npy', "'|O' holds objects, stored as a pickle that can run code"],
    ['structured.npy', "[('a', '<i4'), ('b', '<f8')] is structured; take one field"],
    ['date.npy', "'<M8[D]' holds dates"],
  ])('%s', (name, what) => {
    const thrown = error(fixture(name));
    expect(thrown.message).toContain(`x.npy: dtype ${what}`);
    expect(thrown.message).toContain("np.save(path, x.astype('float32'))");
    expect(thrown.offset).toBe(20);
  });

  it.each(["'<f16'", "'|V2'", "'f'", "'<i3'", "''", "'<f4extra'", "'toString'", 'None', '4'])(
    'dtype %s',
    (descr) => {
      const thrown = error(
        npy(`{'descr': ${descr}, 'fortran_order': False, 'shape': (1,)}`, new Float32Array(1)),
      );
      expect(thrown.message).toContain(`dtype ${descr} `);
    },
  );

  it('a 64-bit integer that no number holds', () => {
    expect(error(fixture('unsafe-int64.npy'))).toMatchObject({
      offset: 136,
      message: expect.stringContaining('int64 value 9007199254740992 at index 1 is beyond ±2^53'),
    });
  });
});

describe('readNpy: faults name their byte', () => {
  const good = fixture('float32.npy');
  const header = (text: string) => npy(text, new Float32Array(6));
  const cases: [string, Uint8Array, string, number][] = [
    ['no bytes', new Uint8Array(0), 'the file is empty', 0],
    ['a zip', fixture('stored.npz'), 'not a .npy file; it is a zip archive: read it as .npz', 0],
    ['a pickle', Uint8Array.of(0x80, 4, 0x95), 'it is a Python pickle', 0],
    ['text', new TextEncoder().encode('1,2,3'), 'not a .npy file; write it with np.save', 0],
    ['a wrong letter', good.with(3, 0), 'not a .npy file', 3],
    ['four bytes', good.subarray(0, 4), 'cut off after 4 bytes, inside the header', 4],
    ['eight bytes', good.subarray(0, 8), 'cut off after 8 bytes, inside the header', 8],
    ['version 4', good.with(6, 4), '.npy version 4.0 is unknown', 6],
    ['version 1.1', good.with(7, 1), '.npy version 1.1 is unknown', 6],
    ['half a header', good.subarray(0, 50), 'the header ends at byte 128 but the file at byte 50', 50],
    ['a huge header', fixture('version2.npy').with(11, 0x7f), 'cannot be that of an array of numbers', 8],
    [
      'half the values',
      good.subarray(0, 140),
      'shape (2, 3) of float32 needs 24 bytes of values, there are 12',
      140,
    ],
    ['trailing bytes', Uint8Array.of(...good, 7), 'needs 24 bytes of values, 1 more follow', 152],
    ['not a dict', header("['descr']"), "malformed header: '{' expected, found \"['descr']", 10],
    ['an open dict', header("{'descr': '<f4'"), "malformed header: ',' expected, found its end", 128],
    ['no colon', header("{'descr' '<f4'}"), "malformed header: ':' expected", 19],
    ['no value', header("{'descr': }"), 'malformed header: a value expected, found "}', 20],
    ['an open string', header("{'descr': '<f4}"), 'malformed header: a value expected', 20],
    ['a key of no text', header('{1: 2}'), 'malformed header: a key expected', 11],
    [
      'a key twice',
      header("{'descr': '<f4', 'descr': '<f4'}"),
      'malformed header: each key once expected',
      27,
    ],
    ['more than a dict', header("{'descr': '<f4'} x"), 'malformed header: the end expected, found "x', 27],
    ['deep nesting', header(`{'descr': ${'('.repeat(50)}`), 'nesting of at most 16 levels', 37],
    ['a key missing', header("{'descr': '<f4', 'shape': (6,)}"), "the header has no 'fortran_order'", 10],
    ['an order of no bool', dict('fortran_order', '2'), 'fortran_order is 2, not True or False', 44],
    ['an unknown key', dict('extra', '1'), "unknown key 'extra'", 77],
    ['a shape of no tuple', dict('shape', '6'), 'shape is 6; a tuple of whole numbers is needed', 60],
    ['a shape of text', dict('shape', "('6',)"), "shape is ('6',); a tuple of whole numbers is needed", 60],
    ['a shape of bools', dict('shape', '(True,)'), 'a tuple of whole numbers is needed', 60],
    ['a negative shape', dict('shape', '(-6,)'), 'shape is (-6,); a size cannot be negative', 60],
    ['an unsafe shape', dict('shape', '(99999999999999999999,)'), 'that is larger than any file', 60],
    ['an overflowing shape', dict('shape', `(${'4000000000, '.repeat(9)})`), 'is larger than any file', 60],
    ['65 axes', dict('shape', `(${'1, '.repeat(65)})`), 'numpy has no arrays of more than 64 axes', 60],
  ];

  function dict(key: string, value: string): Uint8Array {
    const fields: Record<string, string> = {
      descr: "'<f4'",
      fortran_order: 'False',
      shape: '(2, 3)',
      [key]: value,
    };
    return header(`{${Object.entries(fields).map(([k, v]) => `'${k}': ${v}`).join(', ')}}`); // prettier-ignore
  }

  it.each(cases)('%s', (_, bytes, message, offset) => {
    const thrown = error(bytes);
    expect(thrown.message).toContain(message);
    expect(thrown.message).toMatch(/^x\.npy: /);
    expect(thrown.offset).toBe(offset);
  });

  it('bytes are asked for', () => {
    expect(() => readNpy([1, 2] as never)).toThrow('npy: give the bytes of the file as a Uint8Array');
  });

  it('a shape that promises more than the file takes no memory', () => {
    const start = performance.now();
    expect(error(dict('shape', '(9007199254740, 100)')).message).toContain('there are 24');
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('Python 2 wrote long integers with an L, and an axis of 0 empties any shape', () => {
    expect(readNpy(dict('shape', '(2L, 3L)')).shape).toEqual([2, 3]);
    const empty = npy(
      "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 9007199254740991, 9007199254740991)}",
      new Float32Array(0),
    );
    expect(readNpy(empty).data).toHaveLength(0);
  });
});

describe('writeNpy', () => {
  const shapes = fc.array(fc.nat({ max: 5 }), { maxLength: 5 });
  const arrays = shapes.chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const lengths = { minLength: length, maxLength: length };
    return fc.record({
      shape: fc.constant(shape),
      data: fc.oneof(fc.float32Array(lengths), fc.float64Array(lengths)),
    });
  });

  it('what is written is read back, bit by bit', () => {
    fc.assert(
      fc.property(arrays, ({ shape, data }) => {
        const bytes = writeNpy({ shape, data });
        expect((bytes.length - data.byteLength) % 64).toBe(0);
        const back = readNpy(bytes);
        expect(back.shape).toEqual(shape);
        expect(back.dtype).toBe(data instanceof Float32Array ? 'float32' : 'float64');
        expect(new Uint8Array(back.data.buffer, back.data.byteOffset, back.data.byteLength)).toEqual(
          new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
        );
      }),
    );
  });

  it('writes the bytes that numpy writes', () => {
    for (const name of ['float32.npy', 'float64.npy', 'scalar.npy', 'empty.npy']) {
      const bytes = fixture(name);
      expect(writeNpy(readNpy(bytes))).toEqual(bytes);
    }
  });

  it('any type, order and byte order reads as its values', () => {
    fc.assert(
      fc.property(arrays, fc.boolean(), fc.boolean(), ({ shape, data }, big, fortran) => {
        const size = data.BYTES_PER_ELEMENT;
        const values = Array.from(data);
        const stored = fortran ? fortranOrder(values, shape) : values;
        const bytes = new DataView(new ArrayBuffer(data.byteLength));
        stored.forEach((v, i) =>
          size === 4 ? bytes.setFloat32(4 * i, v, !big) : bytes.setFloat64(8 * i, v, !big),
        );
        const text = `{'descr': '${big ? '>' : '<'}f${size}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${shape.map((d) => `${d},`).join(' ')})}`;
        const got = readNpy(npy(text, bytes));
        expect(got.shape).toEqual(shape);
        expect(Array.from(got.data)).toEqual(values);
      }),
    );
  });

  it('integers of every size', () => {
    const types = {
      i1: Int8Array,
      u1: Uint8Array,
      i2: Int16Array,
      u2: Uint16Array,
      i4: Int32Array,
      u4: Uint32Array,
    };
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(types)), fc.array(fc.integer()), (code, values) => {
        const data = new types[code as keyof typeof types](values);
        const got = readNpy(
          npy(`{'descr': '<${code}', 'fortran_order': False, 'shape': (${data.length},)}`, data),
        );
        expect(Array.from(got.data)).toEqual(Array.from(data));
      }),
    );
  });

  it('a matrix is written with its rows and columns', () => {
    expect(readNpy(writeNpy({ rows: 2, cols: 1, data: Float64Array.of(1, 2) })).shape).toEqual([2, 1]);
  });

  it('refuses what is not an array', () => {
    const data = new Float32Array(6);
    expect(() => writeNpy({ shape: [2, 4], data })).toThrow(
      new ShapeError('shape [2, 4] needs 8 values, data has 6'),
    );
    expect(() => writeNpy({ shape: [-2, -3], data })).toThrow(ShapeError);
    expect(() => writeNpy({ shape: [1.5, 4], data })).toThrow('has the size 1.5');
    expect(() => writeNpy({ shape: [6, ...new Array<number>(64).fill(1)], data })).toThrow('at most 64');
    expect(() => writeNpy({ shape: [6], data: [1, 2, 3, 4, 5, 6] as never })).toThrow(DataError);
  });
});

/** The values of a C-order array with the first index fastest, as a definition says it. */
function fortranOrder(values: readonly number[], shape: readonly number[]): number[] {
  return values
    .map((value, i) => {
      let rest = i;
      const index = shape.map(() => 0);
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        index[axis] = rest % shape[axis];
        rest = Math.floor(rest / shape[axis]);
      }
      return { value, at: index.reduceRight((sum, k, axis) => sum * shape[axis] + k, 0) };
    })
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

import { describe, expect, it } from 'vitest';
import { DataError, FormatError, ShapeError } from '../../src/errors.js';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { Random } from '../../src/random.js';
import { expectedSafetensors, fixture, safetensors } from './support.js';

describe('readSafetensors', () => {
  const files = ['types.safetensors', 'names.safetensors', 'bfloat16.safetensors'];
  it.each(files)('%s reads as PyTorch reads it', (file) => {
    const tensors = readSafetensors(fixture(file), file);
    const wanted = Object.entries(expectedSafetensors).filter(([name]) => name.startsWith(`${file}:`));
    expect(Object.keys(tensors).length).toBe(wanted.length);
    for (const [name, { shape, dtype, data }] of wanted) {
      const tensor = tensors[name.slice(file.length + 1)];
      expect([name, tensor.shape, tensor.dtype]).toEqual([name, shape, dtype]);
      expect(Array.from(tensor.data), name).toEqual(data);
    }
  });

  it('reads headers that end at any byte', () => {
    const odd = fixture('unaligned.safetensors');
    expect(new DataView(odd.buffer).getUint8(0) % 2).toBe(1);
    expect(readSafetensors(odd)).toEqual(readSafetensors(fixture('names.safetensors')));
  });

  it('keeps aligned float32 and float64 where they are', () => {
    const bytes = fixture('types.safetensors');
    const { single, double, half } = readSafetensors(bytes);
    expect([single.data.buffer, double.data.buffer]).toEqual([bytes.buffer, bytes.buffer]);
    expect(half.data.buffer).not.toBe(bytes.buffer);
  });

  it('lists without decoding, in the order of the header', () => {
    const file = openSafetensors(fixture('complex.safetensors'), 'c');
    expect(file.names).toEqual(['complex', 'a']);
    expect(file.describe('complex')).toEqual({ shape: [1], dtype: 'C64' });
    expect(file.describe('a')).toEqual({ shape: [2], dtype: 'float32' });
    expect(Array.from(file.read('a').data)).toEqual([1, 1]);
    expect(() => file.read('complex')).toThrow(/c: tensor 'complex' is of C64/);
    expect(() => file.read('b')).toThrow(DataError);
    expect(openSafetensors(fixture('types.safetensors')).metadata).toEqual({
      format: 'pt',
      'made by': 'çà-層',
    });
  });

  it('refuses 64-bit integers that are no longer exact', () => {
    expect(() => readSafetensors(fixture('unsafe-int64.safetensors'))).toThrow(/9007199254740992 at index 1/);
  });
});

describe('readSafetensors: faults', () => {
  const one = (fields: string) => `{"x":${fields}}`;
  const good = '{"dtype":"U8","shape":[4],"data_offsets":[0,4]}';
  const cases: [what: string, bytes: Uint8Array, message: string, offset: number][] = [
    ['no bytes', new Uint8Array(0), 'the file is empty', 0],
    ['half a length', new Uint8Array(5), 'cut off after 5 bytes', 5],
    ['a length beyond the file', Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0, 0x7b), 'cut off', 0],
    ['a length beyond the format', new Uint8Array(9).fill(0xff), 'at most 100000000 bytes', 0],
    ['a zip archive', fixture('stored.npz'), 'it is a zip archive', 0],
    ['no JSON', safetensors('[]', 0), "must begin with '{'", 8],
    ['a header that ends early', safetensors('{"x":', 0), 'found its end', 13],
    ['something after the header', safetensors('{} {}', 0), 'the end expected', 11],
    ['a name that occurs twice', safetensors(`{"x":${good},"x":${good}}`, 4), 'each key once', 61],
    ['a fraction', safetensors(one('1.5'), 0), 'a whole number', 13],
    ['too deep', safetensors(one('[[[[[[[[[[1]]]]]]]]]]'), 0), 'nesting', 21],
    ['an endless list', safetensors(one(`[${'1,'.repeat(70)}1]`), 0), 'at most 64', 142],
    ['text that is not UTF-8', safetensors('{"\u00ff":1}', 0, 'latin1'), 'text in UTF-8', 9],
    ['a tensor that is a number', safetensors('{"x":3}', 0), "tensor 'x' must be described", 13],
    ['an unknown field', safetensors(one('{"dtype":"U8","a":1}'), 0), "unknown field 'a'", 31],
    ['no shape', safetensors(one('{"dtype":"U8","data_offsets":[0,4]}'), 4), "has no 'shape'", 13],
    ['an unknown dtype', safetensors(one(good.replace('U8', 'U9')), 4), "unknown dtype 'U9'", 22],
    ['a dtype of the prototype', safetensors(one(good.replace('U8', 'toString')), 4), 'unknown dtype', 22],
    ['a shape that is text', safetensors(one(good.replace('[4]', '"4"')), 4), 'the shape of', 35],
    ['three offsets', safetensors(one(good.replace('0,4', '0,4,5')), 4), 'a beginning and an end', 54],
    ['an end before the beginning', safetensors(one(good.replace('0,4', '4,0')), 4), 'a beginning', 54],
    ['a range of another length', safetensors(one(good.replace('[4]', '[5]')), 4), 'needs 5 bytes', 54],
    [
      'a shape beyond any file',
      safetensors(one(good.replace('[4]', '[4294967296,4294967296]')), 4),
      'needs',
      74,
    ],
    ['values cut off', safetensors(one(good), 3), 'the tensors need', 64],
    ['values left over', safetensors(one(good), 5), 'no tensor covers bytes', 65],
    ['a gap before', safetensors(one(good.replace('0,4', '1,5')), 5), 'no tensor covers bytes', 61],
    [
      'an overlap',
      safetensors(`{"x":${good},"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6),
      "tensor 'y' begins at byte",
      65,
    ],
    ['metadata of numbers', safetensors('{"__metadata__":{"a":1}}', 0), "'a' is not", 29],
    [
      'metadata that would take much more memory than the file',
      safetensors(`{"__metadata__":{${Array.from({ length: 65537 }, (_, i) => `"${i}":""`).join()}}}`, 0),
      'an object of at most 65536 fields',
      // 25 + 65536 · 6 + 316570 digits.
      709811,
    ],
    // What follows is not read: it would take much more memory than the file.
    ['the first fault of several', safetensors('{"x":{},"y":', 0), "tensor 'x' has no 'dtype'", 13],
  ];

  it.each(cases)('%s', (_, bytes, message, offset) => {
    let thrown: unknown;
    try {
      readSafetensors(bytes, 'x.safetensors');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FormatError);
    expect((thrown as FormatError).message).toContain(message);
    expect((thrown as FormatError).message).toMatch(/^x\.safetensors: /);
    expect((thrown as FormatError).offset).toBe(offset);
  });

  it('reads no tensors and tensors without values', () => {
    expect(readSafetensors(safetensors('{}', 0))).toEqual({});
    const none = '{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}';
    expect(readSafetensors(safetensors(one(none), 0))['x'].shape).toEqual([0, 3]);
  });

  it('10,000 damaged files are a FormatError with its byte, or read as what they say', () => {
    const random = new Random(22);
    const files = ['types', 'names', 'bfloat16'].map((name) => fixture(`${name}.safetensors`));
    let read = 0;
    for (let i = 0; i < 10000; i++) {
      const bytes = files[i % files.length].slice();
      const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
      for (let k = random.integer(3); k >= 0; k--) {
        const at = random.integer(i % 2 ? header : bytes.length);
        bytes[at] = random.integer(2) ? random.integer(256) : bytes[at] ^ (1 << random.integer(8));
      }
      const cut = random.integer(8) ? bytes : bytes.subarray(0, random.integer(bytes.length));
      try {
        for (const { shape, data } of Object.values(readSafetensors(cut))) {
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
        }
        read++;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        expect(error.offset).toBeTypeOf('number');
      }
    }
    expect(read).toBeGreaterThan(500);
    expect(read).toBeLessThan(9000);
  });
});

describe('writeSafetensors', () => {
  it('writes what it reads, in order, from an aligned byte on', () => {
    const arrays = {
      'conv "1"': { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 4, 5, 6) },
      double: { rows: 1, cols: 2, data: Float64Array.of(Math.PI, -0) },
      empty: { shape: [0, 2], data: new Float32Array(0) },
    };
    const bytes = writeSafetensors(arrays, { metadata: { by: 'test' } });
    const file = openSafetensors(bytes);
    expect(file.names).toEqual(Object.keys(arrays));
    expect(file.metadata).toEqual({ by: 'test' });
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
    expect(file.read('conv "1"')).toEqual({ ...arrays['conv "1"'], dtype: 'float32' });
    expect(Object.is(file.read('double').data[1], -0)).toBe(true);
    expect(file.read('empty').shape).toEqual([0, 2]);
  });

  it('names what cannot be written', () => {
    expect(() => writeSafetensors({})).toThrow(DataError);
    expect(() => writeSafetensors({ __metadata__: { shape: [1], data: new Float32Array(1) } })).toThrow(
      DataError,
    );
    expect(() => writeSafetensors({ x: { shape: [2], data: new Float32Array(1) } })).toThrow(ShapeError);
  });
});

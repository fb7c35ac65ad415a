import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.js';
import { answerFrom, type ByteSource } from '../../src/io/ask.js';
import { crc32 } from '../../src/io/crc32.js';
import { encode } from '../../src/io/encode.js';
import { npyLayout, npzLayout, safetensorsLayout, type FileLayout } from '../../src/io/file-layout.js';
import { listArrays, peekArray } from '../../src/io/npz-list.js';
import { readNpy } from '../../src/io/npy.js';
import { readNpz, writeNpz } from '../../src/io/npz.js';
import { readSafetensors } from '../../src/io/safetensors.js';

const values = Float32Array.of(1, -2, 3.5, 0, 65504, 1e-7);
const arrays = [
  { name: 'çà/層', shape: [2, 3], code: 'f4' as const },
  { name: '10', shape: [6], code: 'f2' as const },
  { name: 'wide', shape: [1, 6], code: 'f8' as const },
  { name: 'none', shape: [0, 4], code: 'f4' as const },
];

/** The file of a layout, filled in any order. */
function filled(layout: FileLayout): Uint8Array {
  const bytes = arrays.map(({ code, shape }) =>
    encode(shape.includes(0) ? new Float32Array(0) : values, code),
  );
  const pieces = [
    ...layout.seal(bytes.map((own, i) => crc32(own, layout.places[i].crc))),
    ...bytes.map((own, i) => ({ at: layout.places[i].at, bytes: own })),
  ];
  const length = Math.max(...pieces.map((piece) => piece.at + piece.bytes.length));
  const out = new Uint8Array(length).fill(0xee);
  for (const piece of pieces) out.set(piece.bytes, piece.at);
  return out;
}

describe('file layouts', () => {
  it.each([
    ['.npz', npzLayout, readNpz],
    ['.safetensors', safetensorsLayout, readSafetensors],
  ] as const)('%s: every byte has its place', (_, layout, read) => {
    const found = read(filled(layout(arrays)));
    expect(Object.keys(found).sort()).toEqual(arrays.map(({ name }) => name).sort());
    for (const { name, shape, code } of arrays) {
      const { data, dtype, shape: own } = found[name];
      expect([own, dtype]).toEqual([shape, { f2: 'float16', f4: 'float32', f8: 'float64' }[code]]);
      if (name !== 'none') {
        expect(Array.from(data)).toEqual(
          Array.from(code === 'f2' ? Float32Array.of(1, -2, 3.5, 0, 65504, 2 ** -23) : values),
        );
      }
    }
  });

  it('.npy', () => {
    const [first] = arrays;
    const layout = npyLayout(first);
    const [{ bytes: header }] = layout.seal([0]);
    expect(layout.places).toEqual([{ at: header.length, crc: 0 }]);
    expect(readNpy(Uint8Array.from([...header, ...encode(values, 'f4')])).shape).toEqual([2, 3]);
  });

  it('.npz as writeNpz writes it, but for the flag of names in UTF-8', () => {
    const layout = npzLayout([{ name: 'x', shape: [6], code: 'f4' }]);
    const crc = crc32(encode(values, 'f4'), layout.places[0].crc);
    const whole = writeNpz({ x: { shape: [6], data: values } });
    for (const { at, bytes } of layout.seal([crc])) {
      const differing = Array.from(bytes, (byte, i) => [at + i, byte, whole[at + i]]).filter(
        ([, a, b]) => a !== b,
      );
      expect(differing.length).toBeLessThan(4);
    }
  });

  it('refuses what no file can hold', () => {
    for (const layout of [npzLayout, safetensorsLayout]) expect(() => layout([])).toThrow(DataError);
    expect(() => npzLayout([{ name: 'a\0', shape: [1], code: 'f4' }])).toThrow(DataError);
    expect(() => safetensorsLayout([{ name: '__metadata__', shape: [1], code: 'f4' }])).toThrow(DataError);
  });

  it('beyond 4 GiB: large arrays, and small ones behind them', async () => {
    const many = [
      { name: 'small', shape: [3], code: 'f4' as const },
      { name: 'large', shape: [2 ** 31, 1], code: 'f4' as const },
      { name: 'edge', shape: [(0xffffffff - 128 - 3) / 4], code: 'f4' as const },
      { name: 'behind', shape: [3], code: 'f8' as const },
    ];
    const layout = npzLayout(many);
    const pieces = layout.seal([0, 0, 0, 0]);
    const file = sparse(pieces);
    expect(file.length).toBeGreaterThan(3 * 2 ** 32);
    const entries = await answerFrom(listArrays(file.length, 'x.npz'), file);
    expect([...entries.keys()]).toEqual(many.map(({ name }) => name));
    for (const [i, { name, shape }] of many.entries()) {
      const header = await answerFrom(peekArray(entries.get(name)!), file);
      expect(header.shape).toEqual(shape);
      expect(entries.get(name)!.entry.start + header.start).toBe(layout.places[i].at);
    }
  });

  it('more than 65535 arrays', async () => {
    const many = Array.from({ length: 65536 }, (_, i) => ({ name: `${i}`, shape: [0], code: 'f4' as const }));
    const file = sparse(npzLayout(many).seal(many.map(() => 0)));
    const entries = await answerFrom(listArrays(file.length, 'x.npz'), file);
    expect(entries.size).toBe(65536);
  });
});

/** A file of pieces with zeros between them. */
function sparse(pieces: readonly { at: number; bytes: Uint8Array }[]): ByteSource {
  const sorted = pieces.toSorted((a, b) => a.at - b.at);
  const last = sorted[sorted.length - 1];
  const ends = sorted.map(({ at, bytes }) => at + bytes.length);
  return {
    length: last.at + last.bytes.length,
    read(from, to) {
      const out = new Uint8Array(to - from);
      let [low, high] = [0, sorted.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ends[middle] <= from) low = middle + 1;
        else high = middle;
      }
      for (let i = low; i < sorted.length && sorted[i].at < to; i++) {
        const { at, bytes } = sorted[i];
        const part = bytes.subarray(Math.max(0, from - at), Math.max(0, to - at));
        out.set(part, Math.max(0, at - from));
      }
      return Promise.resolve(out);
    },
  };
}

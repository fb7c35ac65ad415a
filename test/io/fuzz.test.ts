/** Thousands of damaged files, always the same ones: each is a FormatError with its byte, or reads as what it says. */
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.js';
import { readNpy } from '../../src/io/npy.js';
import type { NpyArray } from '../../src/io/npy.js';
import { readNpz } from '../../src/io/npz.js';
import { Random } from '../../src/random.js';
import { fixture } from './support.js';

/** Changes, removes, repeats or inserts a few bytes. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let out = Array.from(bytes);
  const times = 1 + random.integer(4);
  for (let i = 0; i < times; i++) {
    const at = random.integer(out.length + 1);
    const length = 1 + random.integer(8);
    switch (random.integer(6)) {
      case 0:
        out[at] = random.integer(256);
        break;
      case 1:
        out[at] = (out[at] ?? 0) ^ (1 << random.integer(8));
        break;
      case 2:
        out = out.slice(0, at);
        break;
      case 3:
        out.splice(at, length);
        break;
      case 4:
        out.splice(at, 0, ...out.slice(at, at + length));
        break;
      default:
        out.splice(at, 1, random.integer(2) ? 0xff : 0x30 + random.integer(10));
    }
  }
  return Uint8Array.from(out);
}

function outcome<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(error.offset).toBeTypeOf('number');
    return undefined;
  }
}

function consistent(array: NpyArray): void {
  expect(array.shape.every((size) => Number.isSafeInteger(size) && size >= 0)).toBe(true);
  expect(array.data.length).toBe(array.shape.includes(0) ? 0 : array.shape.reduce((a, b) => a * b, 1));
}

describe('damaged files', () => {
  it('.npy: 20,000', () => {
    const random = new Random(20);
    const names = [
      'float16',
      'float32',
      'float64',
      'fortran',
      'int64',
      'bool',
      'structured',
      'version2',
      'big-endian-int64',
    ];
    const files = names.map((name) => fixture(`${name}.npy`));
    let read = 0;
    for (let i = 0; i < 20000; i++) {
      const bytes = mutate(files[i % files.length], random);
      const array = outcome(() => readNpy(bytes));
      if (array === undefined) continue;
      consistent(array);
      read++;
    }
    // Changed values read; everything else must not.
    expect(read).toBeGreaterThan(500);
    expect(read).toBeLessThan(6000);
  });

  it('.npz: 20,000, and checksums let no changed value through', () => {
    const random = new Random(21);
    const files = ['stored', 'deflated', 'zip64', 'streamed'].map((name) => fixture(`${name}.npz`));
    const good = readNpz(files[0]);
    const values = Object.values(good).map((array) => JSON.stringify(Array.from(array.data)));
    let read = 0;
    for (let i = 0; i < 20000; i++) {
      const bytes = mutate(files[i % files.length], random);
      const arrays = outcome(() => readNpz(bytes));
      if (arrays === undefined) continue;
      read++;
      for (const array of Object.values(arrays)) {
        consistent(array);
        expect(values).toContain(JSON.stringify(Array.from(array.data)));
      }
    }
    expect(read).toBeGreaterThan(100);
    expect(read).toBeLessThan(6000);
  });
});

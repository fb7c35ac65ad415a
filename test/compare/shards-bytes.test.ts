/** Parts as bytes. */
import { describe, expect, test } from 'vitest';
import { shardMoments } from '../../src/compare/shards/moments.js';
import { readPartHeader } from '../../src/compare/shards/part-bytes.js';
import { Part } from '../../src/compare/shards/part.js';
import { related } from '../support.js';

describe('the bytes of a part', () => {
  const { x, y } = related(30, 3, 4, 1);
  const options = { measure: 'cka', estimator: 'debiased' } as const;

  test('come back as they were, and are the same each time', async () => {
    const part = await shardMoments({ l: x }, { l: y }, undefined, options);
    const bytes = part.toBytes();
    const back = Part.fromBytes(bytes);
    expect(back.info).toEqual(part.info);
    expect(back.joint).toEqual(part.joint);
    expect(back.toBytes()).toEqual(bytes);
  });

  test('damaged anywhere are refused', async () => {
    const bytes = (await shardMoments({ l: x }, { l: y }, undefined, options)).toBytes();
    const faults = [];
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x80]) {
        const damaged = bytes.slice();
        damaged[at] ^= flip;
        try {
          Part.fromBytes(damaged, 'p');
          faults.push(at);
        } catch (error) {
          expect((error as Error).name).toBe('FormatError');
        }
      }
    }
    // A space more or less behind the header is the only change that says the same.
    expect(faults).toEqual([]);
    for (const length of [0, 7, 8, 100, bytes.length - 8, bytes.length - 1]) {
      expect(() => Part.fromBytes(bytes.slice(0, length), 'p')).toThrow(/^p/);
    }
    expect(() => Part.fromBytes(Uint8Array.of(...bytes, 0), 'p')).toThrow(/something follows its end/);
  });

  test('that lack what is looked at first are refused before it is', async () => {
    const { info, joint } = await shardMoments({ l: x }, { l: y }, undefined, options);
    for (const key of [
      'names',
      'fingerprints',
      'reading',
      'layers',
      'total',
      'ranges',
      'measures',
    ] as const) {
      const bytes = new Part({ ...info, [key]: null }, joint, 'p').toBytes();
      const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
      expect(() => readPartHeader(bytes.subarray(8, 8 + length), bytes.length, 'p')).toThrow(
        /^p: its header contradicts itself/,
      );
    }
  });

  test('that hold what is no number tell where', async () => {
    const { info, joint } = await shardMoments({ l: x }, { l: y }, undefined, options);
    joint.layers[0].root.data[1] = NaN;
    const bytes = new Part(info, joint).toBytes();
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    // After the two halves of the mean, 3 neurons each, and the first number of the triangle.
    expect(() => Part.fromBytes(bytes, 'p')).toThrow(
      expect.objectContaining({ name: 'FormatError', offset: 8 + length + 8 * (3 + 3 + 1) }),
    );
  });
});

/** `.npy` and `.npz` in memory. */
import { zipSync } from 'fflate';
import { readNpy, writeNpy } from '../../../src/io/npy.js';
import type { NpySource } from '../../../src/io/npy.js';
import { readNpz } from '../../../src/io/npz.js';
import { Random } from '../../../src/random.js';
import { fixture } from '../../io/support.js';
import { FLOOR, INFLATE, WrongRead, inflatedSize, sizeOf } from '../kind.js';
import type { Case, Kind } from '../kind.js';
import { BYTES, TEXT, damage, pick, splice } from '../mutate.js';
import { expectHeld, heldByNpy } from '../oracles.js';
import type { Held } from '../oracles.js';

const FIXTURES = [
  ...['float16', 'float32', 'float64', 'fortran', 'fortran-big-endian-int16', 'int8', 'int64', 'uint64'],
  ...['bool', 'scalar', 'empty', 'version2', 'version3', 'big-endian-float16', 'structured', 'object'],
].map((name) => `${name}.npy`);
const NPZ = ['stored', 'deflated', 'streamed', 'zip64'].map((name) => `${name}.npz`);

/** Larger than their headers, so that values are damaged too; names say type and shape. */
const LARGE: Readonly<Record<string, NpySource>> = {
  'float32 30 × 8': { shape: [30, 8], data: Float32Array.from({ length: 240 }, (_, i) => Math.sin(i)) },
  'float64 5 × 2 × 2 × 6': { shape: [5, 2, 2, 6], data: Float64Array.from({ length: 120 }, (_, i) => 1 / i) },
};
const NPY = [...FIXTURES, ...Object.keys(LARGE)];
const npys = [...FIXTURES.map(fixture), ...Object.values(LARGE).map(writeNpy)];
const npzs = NPZ.map(fixture);

/** A damaged `.npy`. */
export function damagedNpy(random: Random): { readonly seed: string; readonly bytes: Uint8Array } {
  const which = random.integer(NPY.length);
  return { seed: NPY[which], bytes: damage(npys[which], [...BYTES, ...TEXT, ...TEXT, splice(npys)], random) };
}

/** A damaged `.npz`, or a sound one of damaged arrays. */
export function damagedNpz(random: Random): Case {
  if (random.integer(3) === 0) {
    const members: Record<string, Uint8Array> = {};
    for (let i = 0; i <= random.integer(2); i++)
      members[`${pick(['a', 'b/c', 'ü', '..'], random)}${i}.npy`] = damagedNpy(random).bytes;
    const level = pick([0, 6] as const, random);
    return {
      seed: `of damaged arrays, level ${level}`,
      files: { 'damaged.npz': zipSync(members, { level }) },
      members,
    };
  }
  const which = random.integer(NPZ.length);
  return {
    seed: NPZ[which],
    files: { 'damaged.npz': damage(npzs[which], [...BYTES, splice(npzs)], random) },
  };
}

/** All that the undamaged archives hold: their checksums let nothing else through. */
export const originals: readonly Held[] = npzs.flatMap((bytes) =>
  Object.values(readNpz(bytes)).map(({ shape, data }) => ({ shape, values: Array.from(data) })),
);

export const npy: Kind = {
  make: (number) => {
    const { seed, bytes } = damagedNpy(new Random(number, 1));
    return { seed, files: { 'damaged.npy': bytes } };
  },
  read: ({ files }) => {
    const bytes = files['damaged.npy'];
    const array = readNpy(bytes);
    expectHeld(array, heldByNpy(bytes));
  },
  needsOffset: () => true,
  most: (damaged) => 4 * sizeOf(damaged) + FLOOR,
};

export const npz: Kind = {
  make: (number) => damagedNpz(new Random(number, 2)),
  read: ({ files, members }) => {
    const arrays = readNpz(files['damaged.npz']);
    for (const [name, array] of Object.entries(arrays)) {
      if (members === undefined) expectOneOf(array, originals);
      else expectHeld(array, heldByNpy(members[`${name}.npy`]));
    }
  },
  needsOffset: () => true,
  most: (damaged) => Math.max(4 * inflatedSize(damaged) + FLOOR, INFLATE),
};

export function expectOneOf(
  array: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  held: readonly Held[],
): void {
  const same = held.some((one) => {
    try {
      expectHeld(array, one);
      return true;
    } catch {
      return false;
    }
  });
  if (!same) throw new WrongRead('an array of values that no archive held');
}

/**
 * Archives that lie about what they hold: each must be refused, within the memory that any damaged file may take. Numbered, as
 * they are few.
 */
import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../../../src/io/crc32.js';
import { writeNpy } from '../../../src/io/npy.js';
import { readNpz } from '../../../src/io/npz.js';
import { openActivations } from '../../../src/node/array-files.js';
import { FLOOR, INFLATE, WrongRead, sizeOf } from '../kind.js';
import type { Kind } from '../kind.js';
import { bytesOf, concat } from '../mutate.js';

/** An entry as an archive declares it; what is left out is true. */
interface Entry {
  readonly name: string;
  readonly content: Uint8Array;
  readonly packed?: Uint8Array;
  readonly size?: number;
  readonly packedSize?: number;
  readonly crc?: number;
  /** Where it says that it begins. */
  readonly at?: number;
}

const fields = (...values: readonly [size: 2 | 4, value: number][]) => {
  const out = new Uint8Array(values.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [size, value] of values) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return out;
};

/** A zip archive of entries that are deflated, or stored where they are not `packed`. */
function zip(entries: readonly Entry[], count = entries.length): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, content, packed, ...said } of entries) {
    const data = packed ?? content;
    const own: [2 | 4, number][] = [
      [2, 20],
      [2, 0],
      [2, packed === undefined ? 0 : 8],
      [4, 0x00210000],
      [4, said.crc ?? crc32(content)],
      [4, said.packedSize ?? data.length],
      [4, said.size ?? content.length],
      [2, bytesOf(name).length],
      [2, 0],
    ];
    parts.push(concat(fields([4, 0x04034b50], ...own), bytesOf(name), data));
    const rest = fields([2, 0], [2, 0], [2, 0], [4, 0], [4, said.at ?? at]);
    directory.push(concat(fields([4, 0x02014b50], [2, 20], ...own), rest, bytesOf(name)));
    at += parts.at(-1)!.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, at], [2, 0]);
  return concat(...parts, ...directory, end);
}

const deflated = (content: Uint8Array) => new Uint8Array(deflateRawSync(content, { level: 9 }));

/** A stored or deflated entry that tells the truth. */
const honest = (name: string, content: Uint8Array): Entry => ({ name, content });
const squeezed = (name: string, content: Uint8Array): Entry => ({ name, content, packed: deflated(content) });

const small = writeNpy({ shape: [6, 4], data: new Float32Array(24).fill(1) });
/** 8 MB of zeros in 8 kB. */
const zeros = writeNpy({ shape: [1000, 1000], data: new Float64Array(1_000_000) });

/** A header that promises more than there is. */
function promising(shape: string): Uint8Array {
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117) + '\n';
  return concat(small.subarray(0, 8), Uint8Array.of(118, 0), bytesOf(header), new Uint8Array(64));
}

export const BOMBS: Readonly<Record<string, () => Uint8Array>> = {
  'an entry that inflates to far more than it declares': () =>
    zip([{ ...squeezed('a.npy', zeros), size: small.length }]),
  'an entry that declares more than deflate can hold': () =>
    zip([{ ...squeezed('a.npy', small), size: 0xfffffff0 }]),
  'a stored entry that declares more than its bytes': () =>
    zip([{ ...honest('a.npy', small), size: 0x7fffffff }]),
  'a stored entry of more bytes than the archive has': () =>
    zip([{ ...honest('a.npy', small), size: 0x7fffffff, packedSize: 0x7fffffff }]),
  'a header that promises a terabyte, deflated': () => zip([squeezed('a.npy', promising('1000000, 131072'))]),
  'a header that promises a terabyte, stored': () => zip([honest('a.npy', promising('1000000, 131072'))]),
  'two entries that share their bytes': () =>
    zip([squeezed('a.npy', zeros), { ...squeezed('a.npy', zeros), at: 0 }]),
  'a hundred entries that share the bytes of one': () =>
    zip(Array.from({ length: 100 }, () => ({ ...squeezed('a.npy', small), at: 0 }))),
  'more entries than the directory has': () => zip([honest('a.npy', small)], 65535),
  'an archive in an archive in an archive': () => {
    const inner = zip([squeezed('a.npy', zeros)]);
    return zip([squeezed('b.npz', zip([squeezed('c.npz', inner)]))]);
  },
  'an archive in an archive that inflates to more than it declares': () => {
    const inner = zip([{ ...squeezed('a.npy', zeros), size: small.length }]);
    return zip([squeezed('b.npz', inner)]);
  },
  'a deflated archive of nothing but zeros in an archive': () =>
    zip([{ ...squeezed('b.npz', zeros), size: 4000 }]),
  'two arrays of one name': () => zip([honest('a.npy', small), honest('a.npy', small)]),
  'no array but a program': () => zip([honest('../../.bashrc', bytesOf('echo'))]),
  'a wrong checksum': () => zip([{ ...squeezed('a.npy', small), crc: 1 }]),
};

const names = Object.keys(BOMBS);
/** Offsets in an array count from its own beginning. */
const members = { 'a.npy': small };

/** Both readers, one after the other: an even number is read from memory, an odd one from disk. */
export const bombs: Kind = {
  onDisk: true,
  make: (number) => {
    const seed = names[number >> 1];
    return { seed: `${number} ${seed}`, files: { 'bomb.npz': BOMBS[seed]() }, members };
  },
  read: async ({ seed, files }, path) => {
    if (Number.parseInt(seed) % 2 === 0) readNpz(files['bomb.npz']);
    else {
      const { set, close } = await openActivations(path);
      try {
        for await (const batch of set.batches())
          if (batch.samples === 0) throw new WrongRead('an empty batch');
      } finally {
        await close();
      }
    }
  },
  needsOffset: () => true,
  most: (damaged) => Math.max(4 * sizeOf(damaged) + FLOOR, INFLATE),
};

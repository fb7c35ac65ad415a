/** Activations on disk, read batch by batch: `.npy`, `.npz`, `.npz` in `.npz`, `.safetensors`. */
import { existsSync, readdirSync } from 'node:fs';
import { zipSync } from 'fflate';
import { openActivations } from '../../../src/node/array-files.js';
import { Random } from '../../../src/random.js';
import { FLOOR, INFLATE, WrongRead, inflatedSize } from '../kind.js';
import type { Case, Kind } from '../kind.js';
import { npy as npyFile } from '../../io/support.js';
import { BYTES, TEXT, damage, pick } from '../mutate.js';
import { expectHeld, heldByNpy } from '../oracles.js';
import type { Held } from '../oracles.js';
import { damagedNpz, expectOneOf, npy, originals } from './npy.js';
import { heldBySafetensors, safetensors } from './safetensors.js';

/** Three layers of six samples each, as arrays that can be read together. */
const layers: Readonly<Record<string, Uint8Array>> = {
  'a.npy': array(
    '<f4',
    [6, 4],
    Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
  ),
  'b/c.npy': array(
    '|i1',
    [6, 2, 2, 3],
    Int8Array.from({ length: 72 }, (_, i) => i * 5),
  ),
  'd.npy': array(
    '<f2',
    [6],
    Uint16Array.from({ length: 6 }, (_, i) => 0x3c00 + 77 * i),
  ),
};

function array(descr: string, shape: readonly number[], values: ArrayBufferView): Uint8Array {
  return npyFile(`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`, values);
}

/** An archive of the layers, some of them damaged. */
function archive(random: Random): Case {
  const damaged = Object.entries(layers).map(([name, bytes]) => {
    return [name, random.integer(4) === 0 ? damage(bytes, [...BYTES, ...TEXT], random) : bytes] as const;
  });
  const members = Object.fromEntries(damaged);
  return {
    seed: 'layers',
    files: { 'damaged.npz': zipSync(members, { level: pick([0, 6] as const, random) }) },
    members,
  };
}

/** An archive with another one in it; either may be damaged. */
function nested(random: Random): Case {
  const inner = pick([archive, damagedNpz], random)(random);
  const name = pick(['layer.npz', 'a/b.npz', '../up.npz'], random);
  const [content] = Object.values(inner.files);
  const outer = zipSync({ [name]: content }, { level: pick([0, 6] as const, random) });
  const bytes = random.integer(3) === 0 ? damage(outer, BYTES, random) : outer;
  return {
    seed: `${inner.seed} in ${name}`,
    files: { 'damaged.npz': bytes },
    members: { ...inner.members, [name]: content },
  };
}

/** Files that this process has open, where the system tells. */
const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);

/** What a set gives of each layer, batch after batch. */
async function readAll(
  path: string,
  batchSize: number,
): Promise<Map<string, { shape: number[]; data: number[] }>> {
  const { set, close } = await openActivations(path, { batchSize });
  try {
    const layers = new Map(
      set.layers.map(({ name, shape }) => [
        name,
        { shape: [set.samples!, ...(shape as number[])], data: [] as number[] },
      ]),
    );
    for await (const batch of set.batches()) {
      for (const [name, block] of batch.layers)
        for (const value of block.data) layers.get(name)!.data.push(value);
    }
    return layers;
  } finally {
    await close();
  }
}

function heldBy({ files, members }: Case, name: string): Held | undefined {
  const [[file, bytes]] = Object.entries(files);
  if (file.endsWith('.npy')) return heldByNpy(bytes);
  if (file.endsWith('.safetensors')) return heldBySafetensors(bytes).get(name);
  // An archive of damaged arrays; in another one, its name stands before theirs.
  const member = Object.keys(members ?? {}).find((one) => `/${name}.npy`.endsWith(`/${one}`));
  return member === undefined ? undefined : heldByNpy(members![member]);
}

export const files: Kind = {
  onDisk: true,
  codes: ['SHAPE'],
  make: (number) => {
    const random = new Random(number, 7);
    const makers = [
      npy.make,
      safetensors.make,
      () => damagedNpz(random),
      () => archive(random),
      () => nested(random),
    ];
    return pick(makers, random)(number);
  },
  read: async (damaged, path) => {
    const before = openFiles();
    try {
      for (const [name, read] of await readAll(path, 1 + (damaged.seed.length % 3))) {
        const held = heldBy(damaged, name);
        if (held !== undefined) expectHeld(read, held);
        else if (path.endsWith('.npz')) expectOneOf(read, originals);
      }
    } finally {
      const left = openFiles() - before;
      // eslint-disable-next-line no-unsafe-finally -- whatever was thrown before, files were left open
      if (left > 0) throw new WrongRead(`${left} files are left open`);
    }
  },
  needsOffset: () => true,
  most: (damaged) => Math.max(4 * inflatedSize(damaged) + FLOOR, INFLATE),
};

/** `.safetensors` in memory. */
import { readSafetensors } from '../../../src/io/safetensors.js';
import { Random } from '../../../src/random.js';
import { mutateJson } from '../mutate-json.js';
import { FLOOR, WrongRead, sizeOf } from '../kind.js';
import type { Kind } from '../kind.js';
import { BYTES, TEXT, bytesOf, concat, damage, pick, splice } from '../mutate.js';
import { READERS, expectHeld, valuesOf } from '../oracles.js';
import type { Held } from '../oracles.js';

/** Types of the format by those of the oracle. */
const TYPES: Readonly<Record<string, string>> = {
  ...{ BOOL: 'b1', U8: 'u1', I8: 'i1', U16: 'u2', I16: 'i2', F16: 'f2', BF16: 'bf', U32: 'u4', I32: 'i4' },
  ...{ F32: 'f4', U64: 'u8', I64: 'i8', F64: 'f8' },
};

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** A file of the format: the length of the header, the header, the values. */
function file(header: string, values: Uint8Array): Uint8Array {
  const text = bytesOf(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return concat(length, text, values);
}

/** A tensor of each of some types, with values that do not repeat. */
function seed(types: readonly string[], extra: object = {}): { header: object; values: Uint8Array } {
  const header: Record<string, object> = { ...extra };
  let values: Uint8Array = new Uint8Array(0);
  for (const [i, dtype] of types.entries()) {
    const shape = [[4, 3], [2, 2, 3], [], [5]][i % 4];
    const count = shape.reduce((product, size) => product * size, 1);
    const bytes = Uint8Array.from(
      { length: count * READERS[TYPES[dtype]][0] },
      (_, k) => (k * 37 + i * 11) & 0x3f,
    );
    header[`layer.${i}`] = { dtype, shape, data_offsets: [values.length, values.length + bytes.length] };
    values = concat(values, bytes);
  }
  return { header, values };
}

const SEEDS = [
  seed(['F32', 'F64']),
  seed(['BF16', 'F16', 'BOOL'], { __metadata__: { format: 'pt', note: 'of a test' } }),
  seed(['I64', 'U8', 'I16', 'U32', 'F32', 'I8']),
  seed(['F32']),
];
const files = SEEDS.map(({ header, values }) => file(JSON.stringify(header), values));

/** What a file holds, by name; nothing of eight-bit floats, all of which the reader's own tests list. */
export function heldBySafetensors(bytes: Uint8Array): Map<string, Held | undefined> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Header;
  delete header['__metadata__'];
  const entries = Object.entries(header).map(([name, { dtype, shape, data_offsets }]) => {
    const [from, to] = data_offsets.map((at) => 8 + length + at);
    const type = TYPES[dtype];
    const held =
      type === undefined ? undefined : { shape, values: valuesOf(bytes.subarray(from, to), type, true) };
    return [name, held] as const;
  });
  return new Map(entries);
}

export const safetensors: Kind = {
  make: (number) => {
    const random = new Random(number, 3);
    const which = random.integer(SEEDS.length);
    const { header, values } = SEEDS[which];
    // Half of them have a length that fits the header, so that what is wrong with the header itself is met.
    const bytes = pick(
      [
        () => damage(files[which], [...BYTES, ...TEXT, splice(files)], random),
        () => file(mutateJson(header, random), values),
        () => file(JSON.stringify(header), damage(values, BYTES, random)),
        () => {
          const text = damage(bytesOf(JSON.stringify(header)), [...BYTES, ...TEXT, ...TEXT], random);
          return file(new TextDecoder().decode(text), values);
        },
      ],
      random,
    )();
    return { seed: `seed ${which}`, files: { 'damaged.safetensors': bytes } };
  },
  read: ({ files: { 'damaged.safetensors': bytes } }) => {
    const read = readSafetensors(bytes);
    const held = heldBySafetensors(bytes);
    if (Object.keys(read).toSorted().join() !== [...held.keys()].toSorted().join()) {
      throw new WrongRead(`${Object.keys(read).join()} instead of ${[...held.keys()].join()}`);
    }
    for (const [name, one] of held) if (one !== undefined) expectHeld(read[name], one);
  },
  needsOffset: () => true,
  most: (damaged) => 4 * sizeOf(damaged) + FLOOR,
};

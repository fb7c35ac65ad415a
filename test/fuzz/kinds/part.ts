/** Parts of a comparison, as `svcca moments` writes them. */
import { checkBelong } from '../../../src/compare/shards/belong.js';
import { shardMoments } from '../../../src/compare/shards/moments.js';
import { Part } from '../../../src/compare/shards/part.js';
import type { PartSource } from '../../../src/compare/shards/part.js';
import { joinRanges } from '../../../src/compare/shards/ranges.js';
import { DataError } from '../../../src/errors.js';
import { openPart } from '../../../src/node/parts.js';
import { Random } from '../../../src/random.js';
import { related } from '../../support.js';
import { FLOOR, WrongRead, sizeOf } from '../kind.js';
import type { Kind } from '../kind.js';
import { BYTES, TEXT, bytesOf, concat, damage, pick, splice } from '../mutate.js';
import { mutateJson } from '../mutate-json.js';

const { x, y } = related(60, 4, 5, 1);
const parts = await Promise.all(
  [0, 1].map((index) => shardMoments({ one: x, two: y }, { one: y }, undefined, { shard: { index, of: 2 } })),
);
const cka = await shardMoments({ one: x }, { one: y }, undefined, {
  shard: { index: 0, of: 3 },
  measure: 'cka',
  estimator: 'debiased',
});
const seeds = [...parts, cka].map((part) => part.toBytes());

const lengthOf = (bytes: Uint8Array) =>
  Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));

/** A part with another header, of the length that it says. */
function withHeader(bytes: Uint8Array, edit: (header: any) => string): Uint8Array {
  const length = lengthOf(bytes);
  const text = bytesOf(edit(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))));
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(text.length), true);
  return concat(prefix, text, bytes.subarray(8 + length));
}

/** Holds a header to that of a sound part, as merging does before any number is read. */
function tellApart(opened: PartSource): void {
  try {
    checkBelong([parts[0], opened]);
    joinRanges([parts[0], opened]);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
  }
}

export const part: Kind = {
  onDisk: true,
  make: (number) => {
    const random = new Random(number, 8);
    const which = random.integer(seeds.length);
    const sound = seeds[which];
    const bytes = pick(
      [
        () => damage(sound, [...BYTES, ...TEXT, splice(seeds)], random),
        () => withHeader(sound, (header) => mutateJson(header as object, random)),
        // What the part says of itself is text in the header.
        () =>
          withHeader(sound, (header) => {
            header.__metadata__.part = mutateJson(
              JSON.parse(header.__metadata__.part as string) as object,
              random,
            );
            return JSON.stringify(header);
          }),
      ],
      random,
    )();
    return { seed: `part ${which}`, files: { 'damaged.part': bytes } };
  },
  read: async ({ files: { 'damaged.part': bytes } }, path) => {
    const opened = await openPart(path);
    tellApart(opened);
    const joint = await opened.read();
    const whole = Part.fromBytes(bytes);
    // A checksum is over all that counts: what is taken is the part that was written, but for blanks after the header.
    if (JSON.stringify(opened.info) !== JSON.stringify(whole.info))
      throw new WrongRead('two readings differ');
    const written = new Part(whole.info, joint).toBytes();
    if (!seeds.some((sound) => Buffer.from(sound).equals(written)))
      throw new WrongRead('a part that was never written');
  },
  needsOffset: () => true,
  most: (damaged) => 4 * sizeOf(damaged) + FLOOR,
};

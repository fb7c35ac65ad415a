/**
 * A part of a comparison: what one worker found of its samples, to be merged with the parts of the others.
 *
 * @module
 */
import type { Joint } from '../../factor/joint-data.js';
import { partBytes, readPart } from './part-bytes.js';
import type { PartInfo } from './part-info.js';

/** A part whose numbers are read when they are needed. */
export interface PartSource {
  /** How messages call it, for example the name of its file. */
  readonly name: string;
  readonly info: PartInfo;
  read(): Promise<Joint>;
}

/** A part in memory. */
export class Part implements PartSource {
  constructor(
    readonly info: PartInfo,
    /** The numbers: of each view its mean and triangle, of each pair the product of their bases. */
    readonly joint: Joint,
    readonly name: string = nameOf(info),
  ) {}

  read(): Promise<Joint> {
    return Promise.resolve(this.joint);
  }

  /** The file form: a safetensors file of float64, with a checksum over all of it. The same part gives the same bytes. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return partBytes(this.info, this.joint);
  }

  /**
   * Reads what {@link Part.toBytes} wrote.
   *
   * @param name - how messages call it.
   * @throws FormatError, with the byte offset: not a part, cut off, or damaged.
   */
  static fromBytes(bytes: Uint8Array, name?: string): Part {
    const { info, joint } = readPart(bytes, name ?? 'part');
    return new Part(info, joint, name);
  }
}

/** `samples 0:100`. */
function nameOf({ ranges, shard }: PartInfo): string {
  if (ranges.length === 0) return shard ? `empty shard ${shard.index}/${shard.of}` : 'empty part';
  return `samples ${ranges.map(([from, to]) => `${from}:${to}`).join(', ')}`;
}

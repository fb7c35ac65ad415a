/** PNG as its specification puts it: chunks, to damage with sums that fit, and pixels, to check what was read. */
import { deflateSync, inflateSync } from 'node:zlib';
import { crc32 } from '../../src/io/crc32.js';
import type { Random } from '../../src/random.js';
import { BYTES, bytesOf, concat, damage, pick, textOf } from './mutate.js';

interface Chunk {
  readonly type: string;
  readonly content: Uint8Array;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The chunks of a sound file. */
function chunksOf(bytes: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  // What follows the end is no part of the image.
  for (let at = 8; at < bytes.length && chunks.at(-1)?.type !== 'IEND';) {
    const length = viewOf(bytes).getUint32(at);
    chunks.push({
      type: textOf(bytes.subarray(at + 4, at + 8)),
      content: bytes.slice(at + 8, at + 8 + length),
    });
    at += 12 + length;
  }
  return chunks;
}

function file(chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.map(({ type, content }) => {
    const body = concat(bytesOf(type), content);
    const frame = new Uint8Array(8);
    viewOf(frame).setUint32(0, content.length);
    viewOf(frame).setUint32(4, crc32(body));
    return concat(frame.subarray(0, 4), body, frame.subarray(4));
  });
  return concat(SIGNATURE, ...parts);
}

type Change = (chunks: Chunk[], random: Random) => void;

/** Changes a chunk of a type, or any. */
function change(
  chunks: Chunk[],
  random: Random,
  edit: (content: Uint8Array) => Uint8Array,
  type?: string,
): void {
  const fitting = chunks.flatMap((chunk, i) => (type === undefined || chunk.type === type ? [i] : []));
  if (fitting.length === 0) return;
  const at = pick(fitting, random);
  chunks[at] = { type: chunks[at].type, content: edit(chunks[at].content) };
}

/** Damage that checksums do not betray. */
const changes: readonly Change[] = [
  (chunks, random) => {
    const edit = (content: Uint8Array) => {
      const out = content.slice();
      const size = pick(
        [0, 1, 23, 25, 20, 100, 20000, 65535, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1],
        random,
      );
      if (out.length >= 8) viewOf(out).setUint32(4 * random.integer(2), size);
      return out;
    };
    change(chunks, random, edit, 'IHDR');
  },
  (chunks, random) => {
    const edit = (content: Uint8Array) => {
      const out = content.slice();
      out[8 + random.integer(5)] = pick([0, 1, 2, 3, 4, 5, 6, 8, 16, 32, 255], random);
      return out;
    };
    change(chunks, random, edit, 'IHDR');
  },
  (chunks, random) => change(chunks, random, (content) => damage(content, BYTES, random)),
  (chunks, random) => change(chunks, random, (content) => damage(content, BYTES, random), 'IDAT'),
  // Pixels that are deflated soundly: other values, filters that there are not, too few rows or too many.
  (chunks, random) => {
    const all = concat(...chunks.filter(({ type }) => type === 'IDAT').map(({ content }) => content));
    let rows: Uint8Array;
    try {
      rows = new Uint8Array(inflateSync(all));
    } catch {
      return;
    }
    const at = chunks.findIndex(({ type }) => type === 'IDAT');
    for (let i = chunks.length - 1; i > at; i--) if (chunks[i].type === 'IDAT') chunks.splice(i, 1);
    const bomb = random.integer(12) === 0;
    const content = bomb ? concat(rows, new Uint8Array(5_000_000)) : damage(rows, BYTES, random);
    chunks[at] = { type: 'IDAT', content: new Uint8Array(deflateSync(content)) };
  },
  (chunks, random) => {
    const at = random.integer(chunks.length);
    chunks.splice(random.integer(chunks.length), 0, chunks[at]);
  },
  (chunks, random) => chunks.splice(random.integer(chunks.length), 1),
  (chunks, random) => {
    const [a, b] = [random.integer(chunks.length), random.integer(chunks.length)];
    [chunks[a], chunks[b]] = [chunks[b], chunks[a]];
  },
  (chunks, random) => {
    const at = random.integer(chunks.length);
    const type = pick(
      ['IHDR', 'IDAT', 'PLTE', 'tRNS', 'IEND', 'gAMA', 'acTL', 'eXIf', 'zzzz', 'ZZZZ', 'i\0DA'],
      random,
    );
    chunks[at] = { type, content: chunks[at].content };
  },
];

/** A file whose chunks were changed, with sums that fit. */
export function mutatePng(bytes: Uint8Array, random: Random): Uint8Array {
  const chunks = chunksOf(bytes);
  for (let times = pick([1, 1, 2], random); times > 0 && chunks.length > 0; times--)
    pick(changes, random)(chunks, random);
  return file(chunks);
}

/** The size that the header declares. */
export const pngSize = (bytes: Uint8Array) => ({
  width: viewOf(bytes).getUint32(16),
  height: viewOf(bytes).getUint32(20),
});

/** All image data of a file whose chunks can be told apart. */
export function deflatedOf(bytes: Uint8Array): Uint8Array {
  const data = chunksOf(bytes).filter(({ type }) => type === 'IDAT');
  return concat(...data.map(({ content }) => content));
}

/** Samples per pixel by colour type. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** First column and row, and steps, of the passes of interlaced images. */
const PASSES = [
  ...[
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ],
];

/**
 * Red, green, blue and alpha of a file that can be read, 0 to 255; 16 bits are scaled and rounded.
 *
 * @throws Error where it cannot be read
 */
export function pixelsOf(bytes: Uint8Array): { width: number; height: number; rgba: Uint8Array } {
  const chunks = chunksOf(bytes);
  const [header] = chunks;
  const { width, height } = pngSize(bytes);
  const [depth, colour, , , interlaced] = header.content.subarray(8);
  const palette = chunks.find(({ type }) => type === 'PLTE')?.content;
  const transparent = chunks.find(({ type }) => type === 'tRNS')?.content;
  const rows = inflateSync(
    concat(...chunks.filter(({ type }) => type === 'IDAT').map(({ content }) => content)),
  );
  const rgba = new Uint8Array(width * height * 4);
  const bits = SAMPLES[colour] * depth;
  let at = 0;
  for (const [x0, y0, dx, dy] of interlaced === 1 ? PASSES : [[0, 0, 1, 1]]) {
    const [w, h] = [Math.ceil((width - x0) / dx), Math.ceil((height - y0) / dy)];
    if (w <= 0 || h <= 0) continue;
    const stride = Math.ceil((w * bits) / 8);
    let above = new Uint8Array(stride);
    for (let y = 0; y < h; y++) {
      const line = unfiltered(
        rows[at],
        rows.subarray(at + 1, at + 1 + stride),
        above,
        Math.max(1, bits >> 3),
      );
      for (let x = 0; x < w; x++) {
        const samples = Array.from({ length: SAMPLES[colour] }, (_, k) =>
          sample(line, x * SAMPLES[colour] + k, depth),
        );
        rgba.set(
          colourOf(samples, colour, depth, palette, transparent),
          4 * ((y0 + y * dy) * width + x0 + x * dx),
        );
      }
      above = line;
      at += 1 + stride;
    }
  }
  return { width, height, rgba };
}

function sample(line: Uint8Array, index: number, depth: number): number {
  if (depth === 16) return (line[2 * index] << 8) | line[2 * index + 1];
  const bit = index * depth;
  return (line[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

function colourOf(
  samples: readonly number[],
  colour: number,
  depth: number,
  palette: Uint8Array | undefined,
  transparent: Uint8Array | undefined,
): number[] {
  if (colour === 3) {
    const [index] = samples;
    return [...palette!.subarray(3 * index, 3 * index + 3), transparent?.[index] ?? 255];
  }
  const scaled = samples.map((value) =>
    depth === 16 ? Math.round(value / 257) : (value * 255) / ((1 << depth) - 1),
  );
  const grey = colour === 0 || colour === 4;
  const rgb = grey ? [scaled[0], scaled[0], scaled[0]] : scaled.slice(0, 3);
  if (colour === 4 || colour === 6) return [...rgb, scaled.at(-1)!];
  const clear =
    transparent !== undefined && samples.every((value, k) => value === viewOf(transparent).getUint16(2 * k));
  return [...rgb, clear ? 0 : 255];
}

/** One line as it was before its filter. */
function unfiltered(
  filter: number,
  line: Uint8Array,
  above: Uint8Array,
  step: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(line.length);
  for (let i = 0; i < line.length; i++) {
    const [left, up, corner] = [i < step ? 0 : out[i - step], above[i], i < step ? 0 : above[i - step]];
    const nearest = () => {
      const guess = left + up - corner;
      const [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value));
      return a <= b && a <= c ? left : b <= c ? up : corner;
    };
    const guesses = [() => 0, () => left, () => up, () => (left + up) >> 1, nearest];
    out[i] = line[i] + guesses[filter]();
  }
  return out;
}

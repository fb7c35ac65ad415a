/** JPEG as its specification puts it: segments up to the first scan, to damage one at a time. */
import type { Random } from '../../src/random.js';
import { BYTES, concat, damage, pick } from './mutate.js';

interface Segment {
  /** The second byte of its marker. */
  readonly marker: number;
  readonly content: Uint8Array;
}

interface Parts {
  readonly segments: Segment[];
  /** From the first scan on: entropy-coded data, and further scans of progressive files. */
  readonly rest: Uint8Array;
}

const SOI = 0xd8;
const SOS = 0xda;
const DQT = 0xdb;
const DHT = 0xc4;
const DRI = 0xdd;

const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![DHT, 0xc8, 0xcc].includes(marker);
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The segments of a sound file. */
function partsOf(bytes: Uint8Array): Parts {
  const segments: Segment[] = [];
  let at = 2;
  for (;;) {
    const [marker, length] = [bytes[at + 1], viewOf(bytes).getUint16(at + 2)];
    if (bytes[at] !== 0xff || length < 2) throw new Error('no segment');
    if (marker === SOS) return { segments, rest: bytes.slice(at) };
    segments.push({ marker, content: bytes.slice(at + 4, at + 2 + length) });
    at += 2 + length;
  }
}

function file({ segments, rest }: Parts): Uint8Array {
  const parts = segments.map(({ marker, content }) => {
    const length = content.length + 2;
    return concat(Uint8Array.of(0xff, marker, (length >> 8) & 0xff, length & 0xff), content);
  });
  return concat(Uint8Array.of(0xff, SOI), ...parts, rest);
}

/** Changes the content of a segment whose marker fits. */
function change(
  { segments }: Parts,
  random: Random,
  fits: (marker: number) => boolean,
  edit: (content: Uint8Array) => Uint8Array,
) {
  const fitting = segments.flatMap(({ marker }, i) => (fits(marker) ? [i] : []));
  if (fitting.length === 0) return;
  const at = pick(fitting, random);
  segments[at] = { marker: segments[at].marker, content: edit(segments[at].content) };
}

type Change = (parts: Parts, random: Random) => void;

const changes: readonly Change[] = [
  // Height and width.
  (parts, random) =>
    change(parts, random, isFrame, (content) => {
      const out = content.slice();
      if (out.length < 5) return out;
      viewOf(out).setUint16(
        pick([1, 3], random),
        pick([0, 1, 8, 19, 25, 40, 1000, 20000, 65500, 65535], random),
      );
      return out;
    }),
  // Precision, number of components, sampling factors, tables.
  (parts, random) =>
    change(parts, random, isFrame, (content) => {
      const out = content.slice();
      out[pick([0, 5, 6, 7, 8, 9, 10, 11], random)] = pick(
        [0, 1, 2, 3, 4, 8, 12, 0x11, 0x22, 0x14, 0x41, 0x44, 0xff],
        random,
      );
      return out;
    }),
  (parts, random) =>
    change(
      parts,
      random,
      (marker) => marker === DQT,
      (content) => damage(content, BYTES, random),
    ),
  (parts, random) =>
    change(
      parts,
      random,
      (marker) => marker === DHT,
      (content) => damage(content, BYTES, random),
    ),
  (parts, random) =>
    change(
      parts,
      random,
      () => true,
      (content) => damage(content, BYTES, random),
    ),
  ({ segments }, random) => {
    const at = random.integer(segments.length);
    segments.splice(random.integer(segments.length + 1), 0, segments[at]);
  },
  ({ segments }, random) => segments.splice(random.integer(segments.length), 1),
  ({ segments }, random) => {
    const [a, b] = [random.integer(segments.length), random.integer(segments.length)];
    [segments[a], segments[b]] = [segments[b], segments[a]];
  },
  ({ segments }, random) => {
    const at = random.integer(segments.length);
    const marker = pick(
      [0x00, 0x01, 0xc0, 0xc1, 0xc2, 0xc3, 0xc9, DHT, 0xd0, SOI, 0xd9, DQT, DRI, 0xe1, 0xee, 0xfe],
      random,
    );
    segments[at] = { marker, content: segments[at].content };
  },
  ({ segments }, random) => {
    const content = Uint8Array.of(0, pick([0, 1, 2, 3, 255], random));
    segments.splice(random.integer(segments.length + 1), 0, { marker: DRI, content });
  },
];

/** A file of which some segments were changed, or what follows them. */
export function mutateJpeg(bytes: Uint8Array, random: Random): Uint8Array {
  const parts = partsOf(bytes);
  if (random.integer(5) === 0) return file({ ...parts, rest: damage(parts.rest, BYTES, random) });
  for (let times = pick([1, 1, 2], random); times > 0 && parts.segments.length > 0; times--)
    pick(changes, random)(parts, random);
  return file(parts);
}

/** Width and height that a frame of the file declares; a file may have several, one after another. */
export function jpegSizes(bytes: Uint8Array): { width: number; height: number }[] {
  const sizes: { width: number; height: number }[] = [];
  for (let at = 0; at + 9 <= bytes.length; at++) {
    if (bytes[at] !== 0xff || !isFrame(bytes[at + 1])) continue;
    sizes.push({ height: viewOf(bytes).getUint16(at + 5), width: viewOf(bytes).getUint16(at + 7) });
  }
  return sizes;
}

/** What a decoder makes pixels of, without notes; as text, to be compared. Of a file that is no sound one, some text that no sound one has. */
export function pictureOf(bytes: Uint8Array): string {
  try {
    const { segments, rest } = partsOf(bytes);
    // 0xee is Adobe's, which says what the components are.
    const isNote = (marker: number) =>
      (marker >= 0xe0 && marker <= 0xed) || marker === 0xef || marker === 0xfe;
    const kept = segments.filter(({ marker }) => !isNote(marker));
    return JSON.stringify([kept.map(({ marker, content }) => [marker, content.join()]), rest.join()]);
  } catch {
    return '';
  }
}

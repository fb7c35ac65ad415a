/** Seeded damage to bytes: what a broken disk, a cut download, a careless writer or an attacker does to a file. */
import type { Random } from '../../src/random.js';

/** A damaged copy, or the same bytes where this kind of damage does not apply. */
export type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');

/** Text with one character per byte, so that positions in it are positions in the bytes. */
export const textOf = (bytes: Uint8Array): string => latin1.decode(bytes);

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** `bytes` with those from `from` to `to` replaced. */
export function replaced(bytes: Uint8Array, from: number, to: number, by: Uint8Array): Uint8Array {
  return concat(bytes.subarray(0, from), by, bytes.subarray(to));
}

export function pick<T>(from: readonly T[], random: Random): T {
  return from[random.integer(from.length)];
}

/** Where a change of `length` bytes begins: headers are short, so half of them are in the first bytes. */
function position(bytes: Uint8Array, length: number, random: Random): number {
  const last = Math.max(1, bytes.length - length + 1);
  return random.integer(random.integer(2) === 0 ? last : Math.min(last, 160));
}

const flipBits: Mutation = (bytes, random) => {
  const out = bytes.slice();
  for (let i = 0; i <= random.integer(3); i++) out[position(bytes, 1, random)] ^= 1 << random.integer(8);
  return out;
};

const setByte: Mutation = (bytes, random) => {
  const out = bytes.slice();
  out[position(bytes, 1, random)] = pick([0, 0xff, 0x7f, 0x80, 0x20, 0x30 + random.integer(10)], random);
  return out;
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, random.integer(bytes.length + 1));

const remove: Mutation = (bytes, random) => {
  const length = 1 + random.integer(16);
  const from = position(bytes, length, random);
  return replaced(bytes, from, from + length, new Uint8Array(0));
};

const repeat: Mutation = (bytes, random) => {
  const length = 1 + random.integer(64);
  const from = position(bytes, length, random);
  return replaced(bytes, from, from, bytes.subarray(from, from + length));
};

const append: Mutation = (bytes, random) =>
  concat(bytes, new Uint8Array(1 + random.integer(300)).fill(random.integer(256)));

const swap: Mutation = (bytes, random) => {
  const length = Math.min(1 + random.integer(32), bytes.length >> 1);
  const out = bytes.slice();
  const [a, b] = [position(bytes, length, random), position(bytes, length, random)];
  out.set(bytes.subarray(a, a + length), b);
  out.set(bytes.subarray(b, b + length), a);
  return out;
};

/** Sizes and positions where arithmetic goes wrong. */
const EDGES = [0, 1, 2, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 53, 2 ** 63];

/** Overwrites what may be a length, a count or an offset, of 1 to 8 bytes in either order. */
const editInteger: Mutation = (bytes, random) => {
  const width = pick([1, 2, 4, 8], random);
  if (bytes.length < width) return bytes;
  const at = position(bytes, width, random);
  const out = bytes.slice();
  const view = new DataView(out.buffer, at, width);
  const little = random.integer(2) === 0;
  const old = width === 8 ? Number(view.getBigUint64(0, little)) : view.getUint8(0);
  const value = pick([...EDGES, bytes.length, bytes.length + 1, bytes.length - 1, old + 1, old * 2], random);
  if (width === 1) view.setUint8(0, value);
  else if (width === 2) view.setUint16(0, value, little);
  else if (width === 4) view.setUint32(0, value, little);
  else view.setBigUint64(0, BigInt.asUintN(64, BigInt(Math.max(0, value))), little);
  return out;
};

/** Numbers that a header should not hold, and some that it might. */
export const NUMBERS = [
  ...['0', '1', '2', '-1', '0.5', '7', '13', '1e3', '1e9', '1e308', '1e309', '-0', '00', '0x10'],
  ...['65536', '2147483647', '2147483648', '4294967295', '4294967296', '9007199254740993'],
  ...['99999999999999999999', 'NaN', 'Infinity', 'null', 'true', '""', '[]', '{}'],
];

/** Puts another number where the text of a header has one; binary parts have digits too, and are damaged as well. */
const editNumber: Mutation = (bytes, random) => {
  const found = [...textOf(bytes.subarray(0, 1 << 16)).matchAll(/\d+/g)];
  if (found.length === 0) return bytes;
  const match = pick(found, random);
  return replaced(bytes, match.index, match.index + match[0].length, bytesOf(pick(NUMBERS, random)));
};

/** Opens brackets, tens or thousands of them. */
const nest: Mutation = (bytes, random) => {
  const at = position(bytes, 0, random);
  const [open, close] = pick(
    [
      ['[', ']'],
      ['(', ')'],
      ['{"a":', '}'],
      ["{'a':", '}'],
    ],
    random,
  );
  const depth = pick([20, 100, 5000], random);
  const closed = random.integer(2) === 0 ? `1${close.repeat(depth)}` : '';
  return replaced(bytes, at, at, bytesOf(open.repeat(depth) + closed));
};

/** Says something twice: a key with its value is written again before itself, perhaps with another number. */
const repeatKey: Mutation = (bytes, random) => {
  const text = textOf(bytes.subarray(0, 1 << 16));
  const found = [
    ...text.matchAll(/(["'])[\w.:/ -]*\1\s*:\s*(?:[\w.-]+|(["'])[^"']*\2|\[[^[\]{}]*\]|\([^()]*\))/g),
  ];
  if (found.length === 0) return bytes;
  const match = pick(found, random);
  const again = random.integer(2) === 0 ? match[0] : match[0].replace(/\d+/, () => pick(NUMBERS, random));
  return replaced(bytes, match.index, match.index, bytesOf(`${again},`));
};

/** One quoted word takes another's place. */
const swapWord: Mutation = (bytes, random) => {
  const found = [...textOf(bytes.subarray(0, 1 << 16)).matchAll(/(["'])[^"'\\]{0,60}\1/g)];
  if (found.length === 0) return bytes;
  const match = pick(found, random);
  const word = random.integer(4) === 0 ? '"__proto__"' : pick(found, random)[0];
  return replaced(bytes, match.index, match.index + match[0].length, bytesOf(word));
};

/** The beginning of one file and the end of another. */
export function splice(others: readonly Uint8Array[]): Mutation {
  return (bytes, random) => {
    const other = pick(others, random);
    const from = random.integer(other.length + 1);
    return concat(bytes.subarray(0, position(bytes, 0, random)), other.subarray(from));
  };
}

/** What befalls any bytes. */
export const BYTES: readonly Mutation[] = [
  ...[flipBits, flipBits, setByte, truncate, remove, repeat, append, swap, editInteger, editInteger],
];

/** What befalls bytes that begin with text, besides. */
export const TEXT: readonly Mutation[] = [editNumber, editNumber, nest, repeatKey, swapWord];

/** One to three of `mutations`, one after the other. */
export function damage(bytes: Uint8Array, mutations: readonly Mutation[], random: Random): Uint8Array {
  let out = bytes;
  for (let times = pick([1, 1, 1, 2, 3], random); times > 0; times--)
    out = pick(mutations, random)(out, random);
  return out;
}

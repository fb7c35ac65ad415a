/**
 * The little JSON that headers of safetensors are made of, read strictly and with the byte of every fault.
 *
 * @module
 */
import { FormatError } from '../errors.js';

/** A value and the byte where it begins. */
export interface Placed<T = Json> {
  readonly value: T;
  readonly offset: number;
}

/** Text, a whole number, a list or an object; the rest of JSON does not occur. */
export type Json = string | number | readonly Placed[] | ReadonlyMap<string, Placed>;

const TOKEN = /[ \t\r\n]*(?:([{}[\],:])|(")|(0|[1-9]\d*)(?![.\deE]))/y;
const MAX_DEPTH = 8;
/** Shapes are the longest lists there are. */
const MAX_LIST = 64;

/**
 * Parses `bytes` as one JSON object, after which only blanks may follow. `base` is the byte of the first.
 *
 * @throws FormatError with the byte of the first fault; a key that an object has twice is one.
 */
export function parseObject(bytes: Uint8Array, base: number, name: string): ReadonlyMap<string, Placed> {
  // One character per byte, so that positions in the text are positions in the file.
  const text = new TextDecoder('latin1').decode(bytes);
  let at = 0;

  const blanks = (): number => /[ \t\r\n]*/y.exec(text.slice(at, at + 64))![0].length;
  const fail = (wanted: string): never => {
    while (blanks() > 0) at += blanks();
    const found = at >= text.length ? 'its end' : JSON.stringify(text.slice(at, at + 12));
    throw new FormatError(`${name}: malformed header: ${wanted} expected, found ${found}`, {
      offset: base + at,
    });
  };
  const next = (wanted: string): RegExpExecArray => {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text) ?? fail(wanted);
    at = TOKEN.lastIndex;
    return match;
  };
  const accept = (mark: string): boolean => {
    TOKEN.lastIndex = at;
    if (TOKEN.exec(text)?.[1] !== mark) return false;
    at = TOKEN.lastIndex;
    return true;
  };
  const expect = (mark: string): void => {
    if (!accept(mark)) fail(`'${mark}'`);
  };
  /** The text whose opening quote was just read. */
  const string = (): string => {
    const start = at - 1;
    let end = at;
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    at = end + 1;
    try {
      const raw = bytes.subarray(start, at);
      return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw)) as string;
    } catch {
      at = start;
      return fail('text in UTF-8');
    }
  };
  const object = (depth: number): ReadonlyMap<string, Placed> => {
    const fields = new Map<string, Placed>();
    while (!accept('}')) {
      if (fields.size > 0) expect(',');
      const before = at;
      const key = next('a key')[2] === undefined ? undefined : string();
      if (key === undefined || fields.has(key)) {
        at = before;
        return fail(key === undefined ? 'a key' : 'each key once');
      }
      expect(':');
      fields.set(key, value(depth + 1));
    }
    return fields;
  };
  const list = (depth: number): readonly Placed[] => {
    const values: Placed[] = [];
    while (!accept(']')) {
      if (values.length > 0) expect(',');
      if (values.length === MAX_LIST) return fail(`a list of at most ${MAX_LIST}`);
      values.push(value(depth + 1));
    }
    return values;
  };
  const value = (depth: number): Placed => {
    if (depth > MAX_DEPTH) return fail(`nesting of at most ${MAX_DEPTH} levels`);
    const before = at;
    const [token, mark, quoted, digits] = next('text, a whole number, a list or an object');
    const offset = base + before + token.length - (mark ?? quoted ?? digits).length;
    if (quoted !== undefined) return { value: string(), offset };
    if (digits !== undefined) return { value: Number(digits), offset };
    if (mark === '[') return { value: list(depth), offset };
    if (mark === '{') return { value: object(depth), offset };
    at = before;
    return fail('text, a whole number, a list or an object');
  };

  expect('{');
  const fields = object(0);
  if (text.slice(at).trim() !== '') fail('the end');
  return fields;
}

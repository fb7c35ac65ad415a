/**
 * The few Python literals that numpy writes into headers: dict, tuple, list, string, whole number, True, False, None.
 *
 * @module
 */
import { FormatError } from '../errors.js';

/** A parsed literal; tuples and lists are arrays. */
export type Literal = string | number | boolean | null | Literal[];

/** A value of the dict: what it is, its text as written, and its byte. */
export interface Field {
  readonly value: Literal;
  readonly raw: string;
  readonly offset: number;
}

const TOKEN =
  /[ \t\r\n]*(?:([{}()[\],:])|('(?:[^'\\\n]|\\[^\n])*'|"(?:[^"\\\n]|\\[^\n])*")|(True|False|None)|(-?\d+)L?)/y;
const MAX_DEPTH = 16;

/**
 * Parses `text` as one dict with string keys. `base` is the byte of its first character.
 *
 * @throws FormatError with the byte of the first fault.
 */
export function parseDict(text: string, base: number, name: string): Map<string, Field> {
  let at = 0;

  const fail = (wanted: string): never => {
    const rest = text.slice(at).trimStart();
    const found = rest === '' ? 'its end' : JSON.stringify(rest.slice(0, 12));
    throw new FormatError(`${name}: malformed header: ${wanted} expected, found ${found}`, {
      offset: base + text.length - rest.length,
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
  const sequence = (close: string, depth: number): Literal[] => {
    const values: Literal[] = [];
    while (!accept(close)) {
      if (values.length > 0) {
        expect(',');
        if (accept(close)) break;
      }
      values.push(value(depth + 1));
    }
    return values;
  };
  const value = (depth: number): Literal => {
    if (depth > MAX_DEPTH) return fail(`nesting of at most ${MAX_DEPTH} levels`);
    const before = at;
    const [, mark, quoted, word, digits] = next('a value');
    if (quoted !== undefined) return quoted.slice(1, -1);
    if (word !== undefined) return word === 'None' ? null : word === 'True';
    if (digits !== undefined) return Number(digits);
    if (mark === '(') return sequence(')', depth);
    if (mark === '[') return sequence(']', depth);
    at = before;
    return fail('a value');
  };

  const fields = new Map<string, Field>();
  expect('{');
  while (!accept('}')) {
    if (fields.size > 0) {
      expect(',');
      if (accept('}')) break;
    }
    const before = at;
    const key = next('a key')[2]?.slice(1, -1);
    if (key === undefined || fields.has(key)) {
      at = before;
      fail(key === undefined ? 'a key' : 'each key once');
    }
    expect(':');
    const from = at + (text.slice(at).length - text.slice(at).trimStart().length);
    const parsed = value(0);
    fields.set(key, { value: parsed, raw: text.slice(from, at), offset: base + from });
  }
  if (text.slice(at).trim() !== '') fail('the end');
  return fields;
}

/**
 * The few Python literals that numpy writes into headers: dict, tuple, list, string, whole number, True, False, None.
 *
 * @module
 */
import { Tokens } from './tokens.js';

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
  const tokens = new Tokens(text, TOKEN, { base, name });
  const sequence = (close: string, depth: number): Literal[] => {
    const values: Literal[] = [];
    while (!tokens.accept(close)) {
      if (values.length > 0) {
        tokens.expect(',');
        if (tokens.accept(close)) break;
      }
      values.push(value(depth + 1));
    }
    return values;
  };
  const value = (depth: number): Literal => {
    if (depth > MAX_DEPTH) return tokens.fail(`nesting of at most ${MAX_DEPTH} levels`);
    const before = tokens.at;
    const [, mark, quoted, word, digits] = tokens.next('a value');
    if (quoted !== undefined) return quoted.slice(1, -1);
    if (word !== undefined) return word === 'None' ? null : word === 'True';
    if (digits !== undefined) return Number(digits);
    if (mark === '(') return sequence(')', depth);
    if (mark === '[') return sequence(']', depth);
    tokens.at = before;
    return tokens.fail('a value');
  };

  const fields = new Map<string, Field>();
  tokens.expect('{');
  while (!tokens.accept('}')) {
    if (fields.size > 0) {
      tokens.expect(',');
      if (tokens.accept('}')) break;
    }
    const before = tokens.at;
    const key = tokens.next('a key')[2]?.slice(1, -1);
    if (key === undefined || fields.has(key)) {
      tokens.at = before;
      tokens.fail(key === undefined ? 'a key' : 'each key once');
    }
    tokens.expect(':');
    const from = tokens.at + (text.slice(tokens.at).length - text.slice(tokens.at).trimStart().length);
    const parsed = value(0);
    fields.set(key, { value: parsed, raw: text.slice(from, tokens.at), offset: base + from });
  }
  if (text.slice(tokens.at).trim() !== '') tokens.fail('the end');
  return fields;
}

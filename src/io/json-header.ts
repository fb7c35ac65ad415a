/**
 * The little JSON that headers of safetensors are made of, read strictly and with the byte of every fault.
 *
 * @module
 */
import { Tokens } from './tokens.js';

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
/** Free text beside the tensors has the most fields. */
const MAX_FIELDS = 1 << 16;

/**
 * Parses `bytes` as one JSON object, after which only blanks may follow, and gives its fields one by one: what is refused need
 * not be held. `base` is the byte of the first.
 *
 * @throws FormatError with the byte of the first fault; a key that an object has twice is one.
 */
export function* parseFields(
  bytes: Uint8Array,
  base: number,
  name: string,
): Generator<readonly [key: string, field: Placed]> {
  // One character per byte, so that positions in the text are positions in the file.
  const text = new TextDecoder('latin1').decode(bytes);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const tokens = new Tokens(text, TOKEN, { base, name });
  /** The text whose opening quote was just read. */
  const string = (): string => {
    const start = tokens.at - 1;
    let end = tokens.at;
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    tokens.at = end + 1;
    try {
      return JSON.parse(utf8.decode(bytes.subarray(start, tokens.at))) as string;
    } catch {
      tokens.at = start;
      return tokens.fail('text in UTF-8');
    }
  };
  function* fields(depth: number): Generator<readonly [string, Placed]> {
    const keys = new Set<string>();
    while (!tokens.accept('}')) {
      if (keys.size > 0) tokens.expect(',');
      if (keys.size === MAX_FIELDS && depth > 0) tokens.fail(`an object of at most ${MAX_FIELDS} fields`);
      const before = tokens.at;
      const key = tokens.next('a key')[2] === undefined ? undefined : string();
      if (key === undefined || keys.has(key)) {
        tokens.at = before;
        return tokens.fail(key === undefined ? 'a key' : 'each key once');
      }
      tokens.expect(':');
      keys.add(key);
      yield [key, value(depth + 1)];
    }
  }
  const list = (depth: number): readonly Placed[] => {
    const values: Placed[] = [];
    while (!tokens.accept(']')) {
      if (values.length > 0) tokens.expect(',');
      if (values.length === MAX_LIST) return tokens.fail(`a list of at most ${MAX_LIST}`);
      values.push(value(depth + 1));
    }
    return values;
  };
  const value = (depth: number): Placed => {
    if (depth > MAX_DEPTH) return tokens.fail(`nesting of at most ${MAX_DEPTH} levels`);
    const before = tokens.at;
    const [token, mark, quoted, digits] = tokens.next('text, a whole number, a list or an object');
    const offset = base + before + token.length - (mark ?? quoted ?? digits).length;
    if (quoted !== undefined) return { value: string(), offset };
    if (digits !== undefined) return { value: Number(digits), offset };
    if (mark === '[') return { value: list(depth), offset };
    if (mark === '{') return { value: new Map(fields(depth)), offset };
    tokens.at = before;
    return tokens.fail('text, a whole number, a list or an object');
  };

  tokens.expect('{');
  yield* fields(0);
  if (text.slice(tokens.at).trim() !== '') tokens.fail('the end');
}

/**
 * Text read token by token.
 *
 * @module
 */
import { FormatError } from '../errors.js';

/** A place in a text, and the tokens after it. */
export class Tokens {
  /** Where the next token is looked for. */
  at = 0;

  /**
   * @param pattern - sticky; its first group is a punctuation mark.
   * @param of - the byte of the text's first character, each being one byte, and how messages call the file.
   */
  constructor(
    private readonly text: string,
    private readonly pattern: RegExp,
    private readonly of: { readonly base: number; readonly name: string },
  ) {}

  /** Takes the next token. */
  next(wanted: string): RegExpExecArray {
    this.pattern.lastIndex = this.at;
    const match = this.pattern.exec(this.text) ?? this.fail(wanted);
    this.at = this.pattern.lastIndex;
    return match;
  }

  /** Takes a mark, if it is the next token. */
  accept(mark: string): boolean {
    this.pattern.lastIndex = this.at;
    if (this.pattern.exec(this.text)?.[1] !== mark) return false;
    this.at = this.pattern.lastIndex;
    return true;
  }

  /** Takes a mark, which must be the next token. */
  expect(mark: string): void {
    if (!this.accept(mark)) this.fail(`'${mark}'`);
  }

  /** Throws that something else was wanted here. @throws FormatError */
  fail(wanted: string): never {
    // In steps: one expression over millions of blanks would overflow.
    const blanks = () => /[ \t\r\n]*/y.exec(this.text.slice(this.at, this.at + 64))![0].length;
    while (blanks() > 0) this.at += blanks();
    const found =
      this.at >= this.text.length ? 'its end' : JSON.stringify(this.text.slice(this.at, this.at + 12));
    const { base, name } = this.of;
    throw new FormatError(`${name}: malformed header: ${wanted} expected, found ${found}`, {
      offset: base + this.at,
    });
  }
}

/**
 * Text in a drawing that has no browser yet to measure it: estimated widths, elision, numbers as words.
 *
 * @module
 */

/** The fonts of every drawing and page: what the reader's system uses. */
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const wide =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Extended_Pictographic}/u;

/** Characters as a reader counts them: an accent or a joined emoji is not split from its base. */
function characters(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

/** Width of one character in units of the font size, on the generous side. */
function advance(character: string): number {
  if (wide.test(character)) return 1.05;
  if (/^[MWmw@%—…]$/.test(character)) return 0.92;
  if (/^[iljtfrI.,:;'|!()[\] ]$/.test(character)) return 0.38;
  return /^[A-Z]$/.test(character) ? 0.7 : 0.61;
}

/** Estimated width of a text in pixels. */
export function textWidth(text: string, fontSize: number): number {
  return fontSize * characters(text).reduce((sum, character) => sum + advance(character), 0);
}

/** Shortens a text to a width by an ellipsis in its middle: layer names differ at either end. */
export function elide(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  const all = characters(text);
  let [head, tail] = ['', ''];
  for (let taken = 0; taken < all.length; taken++) {
    // Alternate, the tail first: the end of a path says more than its beginning.
    const fromTail = taken % 2 === 0;
    const next = fromTail ? all[all.length - 1 - taken / 2] : all[(taken - 1) / 2];
    if (textWidth(`${head}…${tail}${next}`, fontSize) > width) break;
    if (fromTail) tail = next + tail;
    else head += next;
  }
  return `${head}…${tail}`;
}

/** A whole number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 layer`, `2 layers`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A score for a text: `digits` decimals where scores are near 1, significant digits where they are far from it. */
export function score(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const text =
    size === 0 || (size >= 10 ** -digits / 2 && size < 100)
      ? value.toFixed(digits)
      : size >= 100 && size < 1e5
        ? size < 1000
          ? value.toFixed(1)
          : count(Math.round(value))
        : value.toExponential(Math.max(1, digits - 2)).replace('e+', 'e');
  return text.replace('-', '−');
}

/** A score to the digits that a reader may want to copy. */
export function precise(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(7))) : String(value);
}

/** A large count in three digits: `4.69M`, `850k`, `96`. */
export function compact(value: number): string {
  const unit = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const;
  const found = unit.find(([size]) => value >= size);
  if (!found) return String(Number(value.toPrecision(3)));
  return `${Number((value / found[0]).toPrecision(3))}${found[1]}`;
}

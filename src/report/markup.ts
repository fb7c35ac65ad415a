/**
 * Markup from strings: escaping and elements, valid as XML and as HTML.
 *
 * @module
 */

/** Characters that neither XML nor HTML may hold, not even escaped; lone surrogates among them. */
// eslint-disable-next-line no-control-regex -- control characters are what it is for
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in an element or in a quoted attribute. */
export function escape(text: string): string {
  return text.replace(forbidden, '\ufffd').replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** Attributes of an element; those that are undefined are left out, numbers are rounded to hundredths. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element. @param children - markup, already escaped */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const list = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        ` ${key}="${escape(typeof value === 'number' ? String(round(value)) : (value ?? ''))}"`,
    )
    .join('');
  const content = children.join('');
  return content === '' ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}

/** What a pointer resting on the parent element shows. @param lines - plain text */
export function hover(...lines: readonly string[]): string {
  return `<title>${escape(lines.join('\n'))}</title>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * What the named matrices have in common: finding by name, and reading back from JSON.
 *
 * @module
 */
import { FormatError, OptionError } from '../errors.js';

/** Place of a name. @throws OptionError listing those there are */
export function indexOf(names: readonly string[], name: string, what: string): number {
  const at = names.indexOf(name);
  if (at < 0) throw new OptionError(`no ${what} is called '${name}': there are ${names.join(', ')}`);
  return at;
}

/** The one of a label, else of a measure. @throws OptionError listing the labels */
export function byLabel<T extends { readonly label: string; readonly measure: string }>(
  all: readonly T[],
  measure: string,
): T {
  const found = all.find(({ label }) => label === measure) ?? all.find((one) => one.measure === measure);
  if (found !== undefined) return found;
  throw new OptionError(
    `no measure is called '${measure}': there are ${all.map(({ label }) => label).join(', ')}`,
  );
}

/** JSON as text or parsed, of the format that is read here. @throws FormatError for any other */
export function parsed<T>(json: string | object, what: string, format: string): Partial<T> {
  let value: unknown = json;
  if (typeof json === 'string') {
    try {
      value = JSON.parse(json);
    } catch (cause) {
      throw new FormatError(`a ${what} is not JSON: ${(cause as Error).message}`, { cause });
    }
  }
  const data = value as (Partial<T> & { readonly format?: unknown }) | null;
  if (data?.format === format) return data;
  throw new FormatError(`a ${what} has format '${String(data?.format)}': '${format}' is read here`);
}

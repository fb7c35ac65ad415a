/** How calls cross between a test and a page: JSON, typed arrays and objects that stay on their side by a tag. */

/** Objects that stay where they are, by number. */
export class Kept {
  private readonly objects: unknown[] = [];

  keep(object: unknown): number {
    return this.objects.push(object) - 1;
  }

  get(id: number): unknown {
    return this.objects[id];
  }
}

/** @param stays - the number of an object that must not be copied, or nothing. */
export function encode(value: unknown, stays: (object: object) => number | undefined): string {
  const tagged = (item: unknown): unknown => {
    if (item === undefined) return { none: true };
    if (item instanceof Float64Array) return { f64: Array.from(item, json) };
    if (item instanceof Float32Array) return { f32: Array.from(item, json) };
    if (typeof item !== 'object' || item === null) return item;
    const id = stays(item);
    if (id !== undefined) return { ...plain(item), id };
    if (Array.isArray(item)) return item.map(tagged);
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, tagged(inner)]));
  };
  return JSON.stringify(tagged(value));
}

/** @param known - the object of a number on this side. */
export function decode(text: string, known: (id: number, copy: object) => unknown): any {
  const untagged = (item: any): unknown => {
    if (typeof item !== 'object' || item === null) return item;
    if (Array.isArray(item)) return item.map(untagged);
    if ('none' in item) return undefined;
    if ('f64' in item) return Float64Array.from(item.f64, Number);
    if ('f32' in item) return Float32Array.from(item.f32, Number);
    if ('id' in item) return known(item.id, item);
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, untagged(inner)]));
  };
  return untagged(JSON.parse(text));
}

/** JSON has no infinity and no NaN. */
const json = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

/** What the other side may read of an object that stays: the shape of a handle or of a tensor. */
function plain(object: object): Record<string, unknown> {
  const { rows, cols, shape, dtype } = object as Record<string, unknown>;
  return { rows, cols, shape, dtype };
}

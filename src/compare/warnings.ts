/**
 * The warnings of many cells: those that say the same, or differ in numbers alone, are told once.
 *
 * @module
 */
import type { Cell } from './similarity.js';

/** Warnings of one kind. */
export interface WarningGroup {
  /** The first of them, and how many others there are. */
  readonly text: string;
  /** All of them. */
  readonly texts: ReadonlySet<string>;
  /** Places of the cells that have one. */
  readonly at: ReadonlySet<number>;
}

/** Groups the warnings of cells, in order of first appearance. */
export function groupWarnings(cells: readonly Pick<Cell, 'warnings'>[]): WarningGroup[] {
  const groups = new Map<string, { texts: Set<string>; at: Set<number> }>();
  for (const [at, { warnings }] of cells.entries()) {
    for (const text of warnings) {
      const kind = text.replaceAll(/\d+(?:\.\d+)?/g, '#');
      const group = groups.get(kind) ?? { texts: new Set(), at: new Set() };
      groups.set(kind, group);
      group.texts.add(text);
      group.at.add(at);
    }
  }
  return Array.from(groups.values(), ({ texts, at }) => {
    const [first] = texts;
    const text = texts.size === 1 ? first : `${first} (${texts.size - 1} more differ from this in numbers.)`;
    return { text, texts, at };
  });
}

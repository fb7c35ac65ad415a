/**
 * Whether parts are of one and the same comparison.
 *
 * @module
 */
import { DataError } from '../../errors.js';
import type { PartInfo } from './part-info.js';

/** A part for the checks here. */
interface Named {
  readonly name: string;
  readonly info: PartInfo;
}

/** What all parts must have in common, in words, and how a message shows it. */
const COMMON: readonly (readonly [what: string, of: (info: PartInfo) => unknown])[] = [
  ['the first network (fingerprint)', ({ fingerprints }) => fingerprints.a],
  ['the second network (fingerprint)', ({ fingerprints }) => fingerprints.b],
  ['the data (fingerprint)', ({ fingerprints }) => fingerprints.data],
  ['the number of samples of all shards', ({ total }) => total],
  ['the layers of the first network', ({ layers }) => layers.a],
  ['the layers of the second network', ({ layers }) => layers.b],
  ["'spatial'", ({ reading }) => reading.spatial],
  ["'positions'", ({ reading }) => reading.positions],
  ["'seed'", ({ reading }) => reading.seed],
  ["'preprocess'", ({ preprocess }) => preprocess],
  ["'method'", ({ method }) => method],
  ["'measure' and its options", ({ measures }) => measures],
  ['the sums over row norms', ({ rowNorms }) => rowNorms],
  ['names', ({ names }) => names],
  ['the grids and neurons of the layers', ({ views, cells }) => [views.map(shapeOf), cells]],
];

/** @throws DataError naming the first part that differs from the first, and in what */
export function checkBelong(parts: readonly Named[]): void {
  const [first] = parts;
  for (const part of parts.slice(1)) {
    for (const [what, of] of COMMON) {
      const [expected, found] = [JSON.stringify(of(first.info)), JSON.stringify(of(part.info))];
      if (expected === found) continue;
      throw new DataError(
        `${part.name} is not of the same comparison as ${first.name}: ${what} differs, ${short(found)} against ` +
          `${short(expected)}; leave it out, or compute it again like the others`,
      );
    }
  }
}

function shapeOf({ side, layer, grid, neurons, storage }: PartInfo['views'][number]) {
  return { side, layer, grid, neurons, storage };
}

function short(text: string | undefined): string {
  if (text === undefined) return 'none';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/**
 * What files of arrays hold, whether or not it can be compared.
 *
 * @module
 */
import type { LayerInfo } from '../capture/activations.js';
import { masksAmong } from '../capture/masks.js';
import { dimensionsOf } from '../capture/spatial.js';
import { SvccaError } from '../errors.js';
import { listPath } from './array-list.js';
import type { ListedArray } from './array-list.js';
import { OpenFiles } from './array-pass.js';

/**
 * Lists the arrays that a path names, as `openActivations` reads them with channels last. Where it would refuse one, for which
 * `layers` then has to leave it out, `leftOut` says why.
 *
 * @throws DataError if a file cannot be read; FormatError if it is malformed as a whole; OptionError for an unknown key or kind
 */
export async function describeArrays(path: string): Promise<LayerInfo[]> {
  const { arrays } = await listPath(path);
  const shapes = new Map<string, readonly number[]>();
  const reasons = new Map<string, string>();
  const files = new OpenFiles();
  try {
    for (const array of arrays) {
      try {
        const { shape } = await array.header(await files.of(array));
        shapes.set(array.name, shape);
        dimensionsOf(shape, 'it');
      } catch (error) {
        if (!(error instanceof SvccaError)) throw error;
        reasons.set(array.name, shortened(error, array));
      }
    }
  } finally {
    await files.close();
  }
  // The list is the same for both orders of channels.
  for (const channelsFirst of [false, true]) {
    for (const [layer, mask] of masksAmong(shapes, channelsFirst))
      reasons.set(mask, `the mask of '${layer}'`);
  }
  const layers = [...shapes].filter(([name]) => !reasons.has(name));
  const samples = mostOf(layers.map(([, shape]) => shape[0]));
  for (const [name, [own]] of layers) {
    if (own !== samples) reasons.set(name, `it has ${own} samples, others have ${samples}`);
  }
  return arrays.map(({ name }) => {
    const leftOut = reasons.get(name);
    const shape = (shapes.get(name) ?? []).slice(1);
    return { name, kind: 'Array', shape, ...(leftOut !== undefined && { leftOut }) };
  });
}

/** A message without what the list says already. */
function shortened({ message }: SvccaError, { label }: ListedArray): string {
  const text = message.replace(/ \(at byte \d+\)$/, '');
  return text.startsWith(`${label}: `) ? text.slice(label.length + 2) : text;
}

/** The number that occurs most often, of several the first. */
function mostOf(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0];
}

/**
 * Which arrays of a file are layers, and which are masks of layers.
 *
 * @module
 */
import { lastShape } from '../capture/layout.js';
import { MASK, masksAmong } from '../capture/masks.js';
import { selectLayers } from '../capture/select.js';
import type { LayerSelection } from '../capture/select.js';
import { dimensionsOf } from '../capture/spatial.js';
import { DataError, FormatError } from '../errors.js';
import type { ArrayHeader, ListedArray } from './array-list.js';
import { OpenFiles } from './array-pass.js';

/** An array and what its header says. */
export interface Described {
  readonly array: ListedArray;
  readonly header: ArrayHeader;
}

/** A layer of the set. */
export interface Layer extends Described {
  readonly name: string;
  /** How messages call it. */
  readonly label: string;
  /** Samples first, channels last. */
  readonly shape: readonly number[];
  readonly mask?: Described;
}

/** Which layers are looked for. */
export interface Wanted {
  /** One array, whatever there is beside it. */
  readonly only: ListedArray | undefined;
  readonly selection: LayerSelection | undefined;
  readonly channelsFirst: boolean;
  /** How messages call the file. */
  readonly file: string;
}

/** The layers among the arrays of a file, checked one by one. @throws as `openActivations` */
export async function findLayers(
  arrays: readonly ListedArray[],
  { only, selection, channelsFirst, file }: Wanted,
): Promise<Layer[]> {
  if (arrays.length === 0) throw new DataError(`'${file}' holds no arrays`);
  const files = new OpenFiles();
  const headerOf = async (array: ListedArray) => array.header(await files.of(array));
  const shapeOf = ({ shape }: ArrayHeader) => (channelsFirst ? lastShape(shape) : shape);
  try {
    const masks = await findMasks(arrays, headerOf, channelsFirst);
    const taken = new Set([...masks.values()].map(({ array }) => array));
    const listed = (only === undefined ? arrays.filter((array) => !taken.has(array)) : [only]).map(
      (array) => ({ name: array.name, kind: 'Array', shape: [], array }),
    );
    // By name before anything else is read: what is not wanted need not be readable.
    const byName = typeof selection === 'function' ? undefined : selection;
    const layers: Layer[] = [];
    for (const { name, array } of selectLayers(listed, byName) as typeof listed) {
      const header = await headerOf(array).catch((error: unknown) => {
        throw listed.length > 1 ? withHint(error) : error;
      });
      const label = `layer '${name}' of '${file}'`;
      const shape = shapeOf(header);
      dimensionsOf(shape, label);
      if (shape[0] === 0) throw new DataError(`${label} has no samples`);
      const mask = masks.get(name);
      layers.push({ name, label, shape, array, header, ...(mask && { mask }) });
    }
    if (typeof selection !== 'function') return layers;
    const infos = layers.map(({ name, shape }) => ({ name, kind: 'Array', shape: shape.slice(1) }));
    const chosen = new Set(selectLayers(infos, selection).map(({ name }) => name));
    return layers.filter(({ name }) => chosen.has(name));
  } finally {
    await files.close();
  }
}

/** What cannot be read may not be wanted. */
function withHint(error: unknown): unknown {
  if (!(error instanceof FormatError)) return error;
  const message = error.message.replace(/ \(at byte \d+\)$/, '');
  const offset = error.offset === undefined ? {} : { offset: error.offset };
  return new FormatError(`${message}; or leave it out by 'layers'`, { cause: error, ...offset });
}

/** Masks among the arrays, by the layer that they belong to. */
async function findMasks(
  arrays: readonly ListedArray[],
  headerOf: (array: ListedArray) => Promise<ArrayHeader>,
  channelsFirst: boolean,
): Promise<Map<string, Described>> {
  const byName = new Map(arrays.map((array) => [array.name, array]));
  const found = new Map<string, Described>();
  for (const [name, array] of byName) {
    const layer = name.endsWith(MASK) ? byName.get(name.slice(0, -MASK.length)) : undefined;
    if (layer === undefined) continue;
    // An array that cannot be read is no mask; whoever wants it is told why.
    const own = await headerOf(layer).catch(() => undefined);
    const header = await headerOf(array).catch(() => undefined);
    if (own === undefined || header === undefined) continue;
    const shapes = new Map([
      [layer.name, own.shape],
      [name, header.shape],
    ]);
    if (masksAmong(shapes, channelsFirst).size > 0) found.set(layer.name, { array, header });
  }
  return found;
}

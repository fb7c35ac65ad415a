/**
 * Activations as they are stored, batch by batch.
 *
 * @module
 */
import type { ActivationBatch, ActivationBlock, LayerInfo, Spatial } from '../capture/activations.js';
import { MASK } from '../capture/masks.js';
import { applySpatial } from '../capture/spatial.js';
import { DataError, ShapeError, UnsupportedError } from '../errors.js';
import { codeOf, encode } from '../io/encode.js';
import type { FloatCode } from '../io/encode.js';
import type { PlannedArray } from '../io/file-layout.js';

/** Types of stored values. */
export type StoredType = 'float16' | 'float32' | 'float64';

/** Their codes in a layout. */
const CODES = { float16: 'f2', float32: 'f4', float64: 'f8' } as const;

/** The names of those. */
export const DTYPES = { f2: 'float16', f4: 'float32', f8: 'float64' } as const;

/** What is stored of a set. */
export interface Reading {
  readonly batches: () => AsyncIterable<ActivationBatch>;
  readonly infos: readonly LayerInfo[];
  readonly spatial: Spatial;
  readonly dtype: StoredType | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What one batch adds to each array. */
export interface Encoded {
  readonly samples: number;
  /** Layers in order, each followed by its mask where it has one. */
  readonly arrays: readonly { readonly array: PlannedArray; readonly bytes: Uint8Array }[];
}

/** The batches as they are stored; all have the layers, shapes and types of the first. */
export async function* encoded({ batches, infos, spatial, dtype, signal }: Reading): AsyncGenerator<Encoded> {
  signal?.throwIfAborted();
  let first: ReadonlyMap<string, PlannedArray> | undefined;
  for await (const { start, samples, layers } of batches()) {
    signal?.throwIfAborted();
    const arrays = infos.flatMap((info) => {
      const given = layers.get(info.name);
      if (given === undefined)
        throw new ShapeError(`layer '${info.name}' is missing from sample ${start} on`);
      const place = { layer: `layer '${info.name}'`, start };
      const block = applySpatial(given, spatial, place);
      const wanted = first?.get(info.name);
      const code =
        (wanted?.code as FloatCode | undefined) ?? (dtype === undefined ? codeOf(block.data) : CODES[dtype]);
      const array = { name: info.name, shape: [samples, ...shapeOf(info, block, spatial)], code };
      if (wanted !== undefined) checkShape(array, wanted, start);
      checkRange(block, code, place);
      const values = { array, bytes: encode(block.data, code) };
      const mask = maskOf(block, array);
      return mask === undefined ? [values] : [values, mask];
    });
    first ??= new Map(arrays.map(({ array }) => [array.name, array]));
    if (arrays.length !== first.size) {
      throw new ShapeError(
        `from sample ${start} on, other layers have masks than before: an array needs them throughout`,
      );
    }
    yield { samples, arrays };
  }
}

/** The mask of a layer as an array beside it. @throws UnsupportedError where it has no positions */
function maskOf({ mask }: ActivationBlock, { name, shape }: PlannedArray) {
  if (mask === undefined) return undefined;
  if (shape.length > 2) {
    return { array: { name: name + MASK, shape: shape.slice(0, -1), code: 'b1' as const }, bytes: mask };
  }
  throw new UnsupportedError(
    `layer '${name}' masks whole samples, which a file of activations cannot say: choose other layers, or spatial 'flatten'`,
  );
}

/** Shape of one sample: that of the layer where its positions are kept, so that it reads back on the same grid. */
function shapeOf({ shape }: LayerInfo, { grid, channels }: ActivationBlock, spatial: Spatial): number[] {
  if (spatial !== 'positions') return [channels];
  if (shape.length > 2) return [...grid, channels];
  return shape.length === 2 ? [grid[0], channels] : shape.length === 1 ? [channels] : [];
}

function checkShape(array: PlannedArray, first: PlannedArray, start: number): void {
  const [own, wanted] = [array, first].map(({ shape }) => shape.slice(1).join(', '));
  if (own === wanted) return;
  throw new ShapeError(
    `layer '${array.name}' gives [${own}] from sample ${start} on and gave [${wanted}] before: an array needs one shape; ` +
      "choose spatial 'mean', or data of one size",
  );
}

/** @throws DataError for a value that the stored type has not */
function checkRange(
  block: ActivationBlock,
  code: FloatCode,
  { layer, start }: { layer: string; start: number },
): void {
  if (code === 'f8' || (code === 'f4' && block.data instanceof Float32Array)) return;
  const most = code === 'f2' ? 65504 : 3.4028234663852886e38;
  const at = block.data.findIndex((value) => Math.abs(value) > most);
  if (at === -1) return;
  const width = block.data.length / block.samples;
  throw new DataError(
    `${layer} is ${block.data[at]} at sample ${start + Math.floor(at / width)}, beyond ${code === 'f2' ? 'float16' : 'float32'}: ` +
      'choose a wider dtype',
  );
}

/**
 * One array, sample by sample.
 *
 * @module
 */
import type { FloatArray } from '../matrix.js';
import { decode } from '../io/elements.js';
import { fromFortran } from '../io/npy.js';
import type { Content } from './array-content.js';
import type { ArrayHeader } from './array-list.js';

/** An array that is being read from some sample on. */
export interface Rows {
  /** The values of the next samples. */
  read(samples: number): Promise<FloatArray>;
  /** After the last sample: checks that what was read is what was written. @throws FormatError */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Begins to read at sample `from`.
 *
 * @param content - the header and the values after it; closed with what is returned, and where this throws.
 */
export async function openRows(
  content: Content,
  { shape, element, fortran, start }: ArrayHeader,
  label: string,
  from: number,
): Promise<Rows> {
  const width = shape.slice(1).reduce((product, axis) => product * axis, 1);
  const bytes = width * element.size;
  const closing = {
    finish: () => content.finish(),
    close: () => content.close(),
  };
  try {
    if (start > 0) await content.read(start);
    if (fortran && shape.length > 1) {
      const [samples] = shape as [number];
      const stored = decode(await content.read(samples * bytes), element, label, start);
      const values = fromFortran(stored, shape);
      let at = from;
      return {
        ...closing,
        read(count) {
          at += count;
          return Promise.resolve(values.subarray((at - count) * width, at * width));
        },
      };
    }
    await content.skip(from * bytes);
  } catch (error) {
    await content.close();
    throw error;
  }
  let offset = start + from * bytes;
  return {
    ...closing,
    async read(count) {
      const stored = await content.read(count * bytes);
      const values = decode(stored, element, label, offset);
      offset += stored.length;
      return values;
    },
  };
}

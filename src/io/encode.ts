/**
 * JavaScript numbers as the bytes of stored floats.
 *
 * @module
 */
import { setFloat16 } from '@petamoriken/float16';
import type { FloatArray } from '../matrix.js';
import { littleEndian } from './elements.js';

/** Floats of 16, 32 or 64 bits, little-endian. */
export type FloatCode = 'f2' | 'f4' | 'f8';

/** The type in which an array is stored as it is. */
export function codeOf(data: FloatArray): FloatCode {
  return data instanceof Float32Array ? 'f4' : 'f8';
}

/** Values as little-endian floats; a view of `data` where they are that already. Too large ones become infinite. */
export function encode(data: FloatArray, code: FloatCode): Uint8Array {
  if (code === 'f2') {
    const out = new Uint8Array(2 * data.length);
    const view = new DataView(out.buffer);
    for (let i = 0; i < data.length; i++) setFloat16(view, 2 * i, data[i], true);
    return out;
  }
  const typed =
    code === codeOf(data) ? data : code === 'f4' ? new Float32Array(data) : new Float64Array(data);
  const bytes = new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
  if (littleEndian) return bytes;
  const size = typed.BYTES_PER_ELEMENT;
  return bytes.map((_, i) => bytes[i - (i % size) + size - 1 - (i % size)]);
}

/**
 * Floats of 8 and 16 bits that JavaScript has no arrays of. All of their values are exact in float32.
 *
 * @module
 */
import { getFloat16 } from '@petamoriken/float16';

/** bfloat16: the upper half of a float32. */
export function fromBfloat16(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i] << 16;
  return new Float32Array(out.buffer);
}

/** float8 with 5 bits of exponent: the upper half of a float16. */
export function fromFloat8e5m2(bits: Uint8Array): Float32Array {
  const view = new DataView(new ArrayBuffer(2));
  return look(bits, (byte) => {
    view.setUint16(0, byte << 8);
    return getFloat16(view, 0);
  });
}

/** float8 with 4 bits of exponent, as in PyTorch's `float8_e4m3fn`: no infinity, one NaN of either sign, up to ±448. */
export function fromFloat8e4m3(bits: Uint8Array): Float32Array {
  return look(bits, (byte) => {
    const [exponent, fraction] = [(byte >> 3) & 15, byte & 7];
    if (exponent === 15 && fraction === 7) return NaN;
    const size = exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10);
    return byte < 128 ? size : -size;
  });
}

function look(bits: Uint8Array, value: (byte: number) => number): Float32Array {
  const table = Float32Array.from({ length: 256 }, (_, byte) => value(byte));
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]]!;
  return out;
}

let halves: Float32Array | undefined;

/** float16, in the byte order of this machine. */
export function fromFloat16(bits: Uint16Array): Float32Array {
  // A float16 has few values: for large arrays, looking them up is ten times faster than decoding each.
  if (bits.length > 0x10000) halves ??= oneByOne(Uint16Array.from({ length: 0x10000 }, (_, i) => i));
  if (halves === undefined) return oneByOne(bits);
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = halves[bits[i]]!;
  return out;
}

function oneByOne(bits: Uint16Array): Float32Array {
  const view = new DataView(new ArrayBuffer(2));
  return Float32Array.from(bits, (half) => {
    view.setUint16(0, half);
    return getFloat16(view, 0);
  });
}

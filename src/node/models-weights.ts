/**
 * Weights of a model: what is said of them, and whether their bytes are as many as that takes.
 *
 * @module
 */
import type { io } from '@tensorflow/tfjs';
import { FormatError } from '../errors.js';

const BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, complex64: 8, bool: 1 };
const QUANTISED: Readonly<Record<string, number>> = { float16: 2, uint16: 2, uint8: 1 };

/**
 * Checks what is said of weights: names that differ, shapes of whole numbers, types and scales that TensorFlow.js knows.
 *
 * @param label - how messages call the model.
 * @throws FormatError
 */
export function checkSpecs(specs: readonly io.WeightsManifestEntry[], label: string): void {
  const names = new Set<string>();
  for (const spec of specs as readonly unknown[]) {
    const { name, shape, dtype, quantization } = (spec ?? {}) as Record<string, unknown>;
    const fail = (what: string) => new FormatError(`${label}: weight '${String(name)}' ${what}`);
    if (typeof name !== 'string' || name === '' || name === '__proto__') {
      throw new FormatError(`${label} lists a weight without a name`);
    }
    if (names.has(name)) throw fail('is listed twice');
    names.add(name);
    if (!Array.isArray(shape)) throw fail('has no shape');
    if (!shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0)) {
      throw fail(`has the shape ${JSON.stringify(shape)}: axes are whole numbers`);
    }
    if (dtype !== 'string' && !(typeof dtype === 'string' && Object.hasOwn(BYTES, dtype))) {
      throw fail(`has the type ${JSON.stringify(dtype)}: known are ${Object.keys(BYTES).join(', ')}, string`);
    }
    if (spec instanceof Object && 'quantization' in spec) checkQuantisation(quantization, dtype, fail);
    if (!Number.isSafeInteger(sizeOf(spec as io.WeightsManifestEntry) * 8)) throw fail('is too large');
  }
}

function checkQuantisation(quantization: unknown, dtype: unknown, fail: (what: string) => FormatError): void {
  const { dtype: stored, min, scale } = (quantization ?? {}) as Record<string, unknown>;
  if (typeof stored !== 'string' || !Object.hasOwn(QUANTISED, stored)) {
    throw fail(`is quantised to ${JSON.stringify(stored)}: known are ${Object.keys(QUANTISED).join(', ')}`);
  }
  const allowed = stored === 'float16' ? ['float32'] : ['float32', 'int32'];
  if (!allowed.includes(String(dtype)))
    throw fail(`is quantised to ${stored}, but its type is ${String(dtype)}`);
  if (stored !== 'float16' && !(Number.isFinite(min) && Number.isFinite(scale))) {
    throw fail(`is quantised to ${stored} without a finite min and scale`);
  }
}

/** Values in a weight. */
export function sizeOf({ shape }: io.WeightsManifestEntry): number {
  return shape.reduce((product, axis) => product * axis, 1);
}

/** Bytes of weights in their files; `undefined` if there is text among them, which has no fixed length. */
export function bytesOf(specs: readonly io.WeightsManifestEntry[]): number | undefined {
  let sum = 0;
  for (const spec of specs) {
    if (spec.dtype === 'string') return undefined;
    const { quantization } = spec;
    sum += sizeOf(spec) * (quantization === undefined ? BYTES[spec.dtype] : QUANTISED[quantization.dtype]);
  }
  return sum;
}

/**
 * Checks that weights of which some are text take up all their bytes and no more.
 *
 * @param parts - the bytes, one file after another.
 * @throws FormatError with the byte where text runs over the end.
 */
export function checkText(
  specs: readonly io.WeightsManifestEntry[],
  parts: readonly Uint8Array[],
  label: string,
): void {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const byteAt = byteReader(parts);
  let at = 0;
  for (const spec of specs) {
    const fixed = bytesOf([spec]);
    const count = fixed === undefined ? sizeOf(spec) : 0;
    if (count * 4 > total - at) throw overEnd(spec, label, total);
    at += fixed ?? 0;
    for (let i = 0; i < count; i++) {
      if (at + 4 > total) throw overEnd(spec, label, at);
      const length = [0, 1, 2, 3].reduce((sum, byte) => sum + byteAt(at + byte) * 256 ** byte, 0);
      at += 4 + length;
      if (at > total) throw overEnd(spec, label, at - 4 - length);
    }
    if (at > total) throw overEnd(spec, label, total);
  }
  if (at !== total) {
    throw new FormatError(`weights of ${label} end at byte ${at} of ${total}`, { offset: at });
  }
}

function overEnd({ name }: io.WeightsManifestEntry, label: string, offset: number): FormatError {
  return new FormatError(`weight '${name}' of ${label} runs over the end of its file`, { offset });
}

function byteReader(parts: readonly Uint8Array[]): (at: number) => number {
  let [part, start] = [0, 0];
  return (at) => {
    while (part < parts.length && at >= start + parts[part].length) start += parts[part++].length;
    return parts[part]?.[at - start] ?? 0;
  };
}

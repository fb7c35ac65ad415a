/** Fixtures that numpy (make-fixtures.py) and PyTorch (make-safetensors.py) wrote, and files made by hand. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Bytes of a fixture, in a buffer of their own. */
export function fixture(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(readFileSync(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))));
}

interface Expected {
  shape: number[];
  dtype: string;
  data: number[];
}

/** What numpy says each fixture holds. */
export const expected = readExpected('expected.json');

/** What PyTorch says each tensor of the .safetensors fixtures holds. */
export const expectedSafetensors = readExpected('expected-safetensors.json');

function readExpected(file: string): Record<string, Expected> {
  const arrays = JSON.parse(new TextDecoder().decode(fixture(file))) as Record<string, Expected>;
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [name, { ...array, data: array.data.map(toNumber) }]),
  );
}

function toNumber(value: number | string): number {
  return typeof value === 'number' ? value : { nan: NaN, inf: Infinity, '-inf': -Infinity }[value]!;
}

/** A `.npy` with any header, of 118 bytes or what it needs, and any values. */
export function npy(header: string, values: ArrayBufferView): Uint8Array<ArrayBuffer> {
  const length = Math.ceil((header.length + 11) / 64) * 64 - 10;
  const padded = Math.max(length, 118);
  const text = `${header.padEnd(padded - 1)}\n`;
  return Uint8Array.from([
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded & 0xff, padded >> 8],
    ...Array.from(text, (char) => char.charCodeAt(0)),
    ...new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  ]);
}

/** A `.safetensors` with any header, and that many bytes of zeros after it. */
export function safetensors(
  header: string,
  values: number,
  encoding: 'utf8' | 'latin1' = 'utf8',
): Uint8Array {
  const text = Buffer.from(header, encoding);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Uint8Array.from(Buffer.concat([size, text, Buffer.alloc(values)]));
}

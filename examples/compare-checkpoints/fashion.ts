/** Fashion-MNIST from an npz with `train_images`, `train_labels`, `test_images` and `test_labels`, all uint8. */
import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { type LabelledImages, PIXELS, scalePixels } from './mnist.js';

export async function readFashion(path: string): Promise<{ train: LabelledImages; test: LabelledImages }> {
  const entries = unzipSync(await readFile(path));
  const part = (name: string): LabelledImages => {
    const labels = readBytes(entries, `${name}_labels`);
    const images = scalePixels(readBytes(entries, `${name}_images`));
    if (images.length !== labels.length * PIXELS)
      throw new Error(`${path}: ${name} is not of 28 × 28 images.`);
    return { images, labels, count: labels.length };
  };
  return { train: part('train'), test: part('test') };
}

/** The data of an npy array of unsigned bytes in C order. */
function readBytes(entries: Record<string, Uint8Array>, name: string): Uint8Array {
  const npy = entries[`${name}.npy`];
  if (!npy) throw new Error(`The npz has no array ${name}, only ${Object.keys(entries).join(', ')}.`);
  const view = new DataView(npy.buffer, npy.byteOffset, npy.byteLength);
  const start = npy[6] === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  const header = new TextDecoder('latin1').decode(npy.subarray(10, start));
  if (!header.includes("'descr': '|u1'") || !header.includes("'fortran_order': False")) {
    throw new Error(`The array ${name} is not of unsigned bytes in C order.`);
  }
  return npy.subarray(start);
}

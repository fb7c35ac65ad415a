/** Fashion-MNIST from an npz with `train_images`, `train_labels`, `test_images` and `test_labels`, all uint8. */
import { loadNpz } from 'svcca/node';
import { type LabelledImages, PIXELS, scalePixels } from './mnist.js';

export async function readFashion(path: string): Promise<{ train: LabelledImages; test: LabelledImages }> {
  const arrays = await loadNpz(path);
  const bytes = (name: string): Uint8Array => {
    const array = arrays[name];
    if (array?.dtype === 'uint8') return Uint8Array.from(array.data);
    throw new Error(
      `${path}: an array ${name} of uint8 is needed, there are ${Object.keys(arrays).join(', ')}.`,
    );
  };
  const part = (name: string): LabelledImages => {
    const labels = bytes(`${name}_labels`);
    const images = scalePixels(bytes(`${name}_images`));
    if (images.length !== labels.length * PIXELS) {
      throw new Error(`${path}: ${name} is not of 28 × 28 images.`);
    }
    return { images, labels, count: labels.length };
  };
  return { train: part('train'), test: part('test') };
}

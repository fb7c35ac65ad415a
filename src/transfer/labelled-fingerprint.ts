/**
 * What tells one data set from another.
 *
 * @module
 */
import type { LabelledImages } from './labelled-images.js';
import { sha256 } from './sha256.js';

/**
 * SHA-256 of pixels, shapes, labels and names, its first 16 hexadecimal digits: the same wherever the data came from.
 *
 * @throws UnsupportedError where there is no Web Crypto: a page that came neither by https nor from localhost
 */
export async function labelledFingerprint(...parts: readonly LabelledImages[]): Promise<string> {
  const digests: string[] = [];
  for (const { images, shape, labels, task, classes } of parts) {
    const kind = images instanceof Uint8Array ? 'uint8' : 'float32';
    const head = new TextEncoder().encode(JSON.stringify({ shape, task, classes, kind }));
    digests.push(await sha256(head), await sha256(images), await sha256(Int32Array.from(labels)));
  }
  return (await sha256(new TextEncoder().encode(digests.join()))).slice(0, 16);
}

/**
 * What tells one data set from another.
 *
 * @module
 */
import { UnsupportedError } from '../errors.js';
import type { LabelledImages } from './labelled-images.js';

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

async function sha256(values: Uint8Array | Float32Array | Int32Array): Promise<string> {
  // Typed as always there; a page that came by http has none.
  const { subtle } = globalThis.crypto as { readonly subtle?: SubtleCrypto };
  if (subtle === undefined) {
    throw new UnsupportedError(
      'this page has no Web Crypto to hash data: open it by https or from localhost',
    );
  }
  const bytes = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

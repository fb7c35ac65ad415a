/**
 * The hash that tells data and runs from one another.
 *
 * @module
 */
import { UnsupportedError } from '../errors.js';

/**
 * SHA-256 of the bytes of an array, in hexadecimal digits.
 *
 * @throws UnsupportedError where there is no Web Crypto: a page that came neither by https nor from localhost
 */
export async function sha256(values: ArrayBufferView): Promise<string> {
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

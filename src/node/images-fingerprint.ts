/**
 * What tells one folder of images from another.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { FoundFile } from './folder-files.js';
import { OpenFile } from './open-file.js';

/** Images of up to so many bytes together are hashed whole. */
const HASHED_WHOLE = 64 << 20;
/** Of more than that, the middle of so many of them is. */
const FILES = 1024;
const PIECE = 1 << 16;

/**
 * Hash of paths, sizes and contents, as 16 hexadecimal digits of SHA-256. It is the same wherever the folder lies, and takes
 * reading 64 MiB at most, which is little beside decoding.
 *
 * @throws DataError if a file cannot be read
 */
export async function folderFingerprint(root: string, images: readonly FoundFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, size } of images) hash.update(`${path}\0${size}\0`);
  const whole = images.reduce((sum, { size }) => sum + size, 0) <= HASHED_WHOLE;
  const step = whole ? 1 : Math.max(1, images.length / FILES);
  for (let at = 0; at < images.length; at += step) {
    const file = await OpenFile.open(join(root, images[Math.floor(at)].path));
    try {
      const length = whole ? file.length : Math.min(file.length, PIECE);
      const from = Math.floor((file.length - length) / 2);
      hash.update(await file.read(from, from + length));
    } finally {
      await file.close();
    }
  }
  return hash.digest('hex').slice(0, 16);
}

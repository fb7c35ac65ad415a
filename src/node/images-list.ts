/**
 * Image files below a folder.
 *
 * @module
 */
import { stat } from 'node:fs/promises';
import { extname, sep } from 'node:path';
import picomatch from 'picomatch';
import { DataError } from '../errors.js';
import { filesBelow } from './folder-files.js';
import type { FoundFile } from './folder-files.js';

const EXTENSIONS = ['.png', '.jpg', '.jpeg'];

/**
 * Lists a folder, or what a glob names, in the order of the paths.
 *
 * @throws DataError where the folder is none or cannot be read
 */
export async function listImages(path: string): Promise<{ root: string; images: FoundFile[] }> {
  const { base, glob } = picomatch.scan(sep === '/' ? path : path.replaceAll(sep, '/'));
  const status = await stat(path).catch(() => undefined);
  // A folder whose name looks like a glob is a folder.
  const plain = status?.isDirectory() === true || glob === '';
  if (plain && status?.isDirectory() === false) {
    throw new DataError(`'${path}' is a file, not a folder of images; name its folder, or a glob`);
  }
  const root = plain ? path : base === '' ? '.' : base;
  const matches = plain ? () => true : picomatch(glob);
  const isImage = (file: string) => EXTENSIONS.includes(extname(file).toLowerCase()) && matches(file);
  const images = await filesBelow(root, isImage);
  return { root, images: images.sort((a, b) => byPath(a.path, b.path)) };
}

/** Folder by folder, each name by its code points. */
function byPath(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  const at = left.findIndex((name, i) => name !== right[i]);
  return at === -1 || at >= right.length ? left.length - right.length : byCodePoints(left[at], right[at]);
}

/** The order of UTF-8 is that of code points, which that of strings is not. */
export function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

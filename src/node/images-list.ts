/**
 * Image files below a folder.
 *
 * @module
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import picomatch from 'picomatch';
import { DataError } from '../errors.js';
import { fileError } from './files.js';

/** An image file. */
export interface ImageFile {
  /** From the folder on, with `/`. */
  readonly path: string;
  readonly size: number;
}

const EXTENSIONS = ['.png', '.jpg', '.jpeg'];

/**
 * Lists a folder, or what a glob names, in the order of the paths.
 *
 * @throws DataError where the folder is none or cannot be read
 */
export async function listImages(path: string): Promise<{ root: string; images: ImageFile[] }> {
  const { base, glob } = picomatch.scan(sep === '/' ? path : path.replaceAll(sep, '/'));
  // A folder whose name looks like a glob is a folder.
  const folder = await stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
  const plain = folder || glob === '';
  const root = plain ? path : base === '' ? '.' : base;
  const matches = plain ? () => true : picomatch(glob);
  const images: ImageFile[] = [];
  await walk(root, '', [], images, matches);
  return { root, images: images.sort((a, b) => byPath(a.path, b.path)) };
}

async function walk(
  root: string,
  below: string,
  above: readonly string[],
  into: ImageFile[],
  matches: (path: string) => boolean,
): Promise<void> {
  const folder = join(root, below);
  const fail = (error: unknown): never => {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTDIR') throw fileError(error, folder, 'read');
    throw new DataError(`'${folder}' is a file, not a folder of images; name its folder, or a glob`, {
      cause: error,
    });
  };
  const entries = await readdir(folder).catch(fail);
  // A link back to a folder above would be walked for ever.
  const real = await realpath(folder).catch(fail);
  if (above.includes(real)) return;
  for (const name of entries) {
    if (name.startsWith('.')) continue;
    const path = below === '' ? name : `${below}/${name}`;
    const isImage = EXTENSIONS.includes(extname(name).toLowerCase());
    const status = await stat(join(root, path)).catch((error: unknown) => {
      // A link to nothing matters only where it should be an image.
      if (isImage && matches(path)) throw fileError(error, join(root, path), 'read');
    });
    if (status?.isDirectory()) await walk(root, path, [...above, real], into, matches);
    else if (status?.isFile() && isImage && matches(path)) into.push({ path, size: status.size });
  }
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

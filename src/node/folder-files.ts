/**
 * Files below a folder.
 *
 * @module
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from './files.js';

/** A file that was found. */
export interface FoundFile {
  /** From the folder on, with `/`. */
  readonly path: string;
  readonly size: number;
}

/**
 * Lists the files below a folder at any depth, in no order. Links are followed, but not in circles; names that begin with a dot
 * are left out.
 *
 * @param isWanted - by the path from the folder on.
 * @throws DataError where a folder, or a link that is wanted, cannot be read
 */
export async function filesBelow(root: string, isWanted: (path: string) => boolean): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  await walk(root, '', [], isWanted, found);
  return found;
}

async function walk(
  root: string,
  below: string,
  above: readonly string[],
  isWanted: (path: string) => boolean,
  into: FoundFile[],
): Promise<void> {
  const folder = join(root, below);
  const fail = (error: unknown): never => {
    throw fileError(error, folder, 'read');
  };
  const names = await readdir(folder).catch(fail);
  // A link back to a folder above would be walked for ever.
  const real = await realpath(folder).catch(fail);
  if (above.includes(real)) return;
  for (const name of names) {
    if (name.startsWith('.')) continue;
    const path = below === '' ? name : `${below}/${name}`;
    const status = await stat(join(root, path)).catch((error: unknown) => {
      // A link to nothing matters only where it should be a file.
      if (isWanted(path)) throw fileError(error, join(root, path), 'read');
    });
    if (status?.isDirectory()) await walk(root, path, [...above, real], isWanted, into);
    else if (status?.isFile() && isWanted(path)) into.push({ path, size: status.size });
  }
}

/**
 * Files of a model's weights, from disk or the web, read only when they are as long as the model says.
 *
 * @module
 */
import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { io } from '@tensorflow/tfjs';
import { DataError, FormatError } from '../errors.js';
import { joined } from '../io/ask.js';
import { fileError, readBytes } from './files.js';
import { bytesOf, checkText } from './models-weights.js';

type Manifest = io.WeightsManifestConfig;

/**
 * Reads the files of weights that lie beside `model.json`, or in folders below.
 *
 * @param file - the `model.json` that names them.
 * @throws FormatError for a file that is missing, outside the folder or of another length; DataError if it cannot be read.
 */
export async function readWeightFiles(manifest: Manifest, file: string): Promise<Uint8Array<ArrayBuffer>[]> {
  const folder = dirname(resolve(file));
  const all: Uint8Array<ArrayBuffer>[] = [];
  for (const { paths, weights } of manifest) {
    const targets = paths.map((path) => within(folder, path, file));
    const needed = bytesOf(weights);
    const sizes: number[] = [];
    for (const target of targets) {
      const status = await stat(target).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(error, target, 'read');
        const together = needed === undefined ? '' : `; ${paths.join(', ')} hold ${needed} bytes together`;
        throw new FormatError(`weights file '${target}' is missing: '${file}' names it${together}`, {
          cause: error,
        });
      });
      if (!status.isFile()) throw new FormatError(`'${target}', which '${file}' names, is not a file`);
      sizes.push(status.size);
    }
    // Before anything is read: a wrong shape must not make us allocate what it claims.
    checkLength(needed, sizes, paths, `'${file}'`);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (const target of targets) parts.push(await readBytes(target));
    checkLength(needed, parts.map(({ length }) => length), paths, `'${file}'`); // prettier-ignore
    if (needed === undefined) checkText(weights, parts, `'${file}'`);
    all.push(...parts);
  }
  return all;
}

/** The longest `model.json`: a string cannot be longer. */
const LONGEST = 2 ** 29 - 25;

/** A file from the web. */
export interface Fetched {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it was in the end, if the server sent us on. */
  readonly url: string;
}

/** Fetches `model.json`. @throws DataError where the server does not give it. */
export async function fetchModelJson(url: string): Promise<Fetched> {
  const response = await request(url);
  if (!response.ok)
    throw new DataError(`cannot load '${url}': HTTP ${response.status} ${response.statusText}`);
  const bytes = await readBody(response, url, LONGEST, 'it is longer than any model.json');
  return { bytes, url: response.url === '' ? url : response.url };
}

/**
 * Fetches the files of weights beside a `model.json`, with the same query (`?token=…`) where they have none. Where the server sent
 * us on from `model.json`, they may lie beside either address.
 *
 * @throws FormatError and DataError as {@link readWeightFiles}.
 */
export async function fetchWeightFiles(
  manifest: Manifest,
  url: string,
  final: string,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const bases = [...new Set([url, final])];
  const all: Uint8Array<ArrayBuffer>[] = [];
  for (const { paths, weights } of manifest) {
    const needed = bytesOf(weights);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let left = needed ?? Infinity;
    for (const path of paths) {
      const part = await fetchBeside(bases, path, left, () => tooLong(needed, parts, paths, url));
      parts.push(part);
      left -= part.length;
    }
    checkLength(needed, parts.map(({ length }) => length), paths, `'${url}'`); // prettier-ignore
    if (needed === undefined) checkText(weights, parts, `'${url}'`);
    all.push(...parts);
  }
  return all;
}

function within(folder: string, path: string, file: string): string {
  const target = resolve(folder, path);
  const inside = relative(folder, target);
  const leaves = inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  if (leaves || isAbsolute(path) || path.includes('\0')) throw outside(path, file);
  return target;
}

function outside(path: string, file: string): FormatError {
  return new FormatError(`'${file}' names the weights file '${path}', which is outside its folder: refused`);
}

function checkLength(
  needed: number | undefined,
  sizes: readonly number[],
  paths: readonly string[],
  label: string,
): void {
  const found = sizes.reduce((sum, size) => sum + size, 0);
  if (needed === undefined || found === needed) return;
  const each = sizes.map((size, i) => `${paths[i]} (${size} bytes)`).join(', ');
  throw new FormatError(
    `weights of ${label} need ${needed} bytes, there are ${found} in ${each || 'no file'}`,
  );
}

function tooLong(
  needed: number | undefined,
  parts: readonly Uint8Array[],
  paths: readonly string[],
  url: string,
): FormatError {
  const path = paths[parts.length];
  return new FormatError(`weights of '${url}' need ${needed} bytes, and there are more in '${path}'`);
}

async function fetchBeside(
  bases: readonly string[],
  path: string,
  most: number,
  tooMuch: () => FormatError,
): Promise<Uint8Array<ArrayBuffer>> {
  for (const base of bases) {
    const target = beside(base, path);
    const response = await request(target);
    if (response.ok) return readBody(response, target, most, tooMuch);
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) continue;
    throw new DataError(`cannot load '${target}': HTTP ${response.status} ${response.statusText}`);
  }
  const [first] = bases;
  throw new FormatError(`weights file '${beside(first, path)}' is missing (HTTP 404): '${first}' names it`);
}

function beside(base: string, path: string): string {
  const folder = new URL('.', base);
  const target = new URL(path, folder);
  const inside = target.origin === folder.origin && target.pathname.startsWith(folder.pathname);
  if (!inside || target.pathname === folder.pathname) throw outside(path, base);
  if (target.search === '') target.search = new URL(base).search;
  return target.href;
}

async function request(url: string): Promise<Response> {
  try {
    return await fetch(url);
  } catch (error) {
    const { message, cause } = error as Error;
    const detail = cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : '';
    throw new DataError(`cannot load '${url}': ${message}${detail}`, { cause: error });
  }
}

/** Reads a response to its end, and gives up as soon as it is longer than `most`. */
async function readBody(
  response: Response,
  url: string,
  most: number,
  tooMuch: string | (() => FormatError),
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      // Leaving the loop cancels the response.
      if (length > most) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new DataError(`cannot load '${url}': it broke off after ${length} bytes`, { cause: error });
  }
  if (length > most) throw typeof tooMuch === 'string' ? new FormatError(`'${url}': ${tooMuch}`) : tooMuch();
  return joined(chunks);
}

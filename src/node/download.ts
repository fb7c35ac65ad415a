/**
 * Files from the web, fetched once.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { env, platform } from 'node:process';
import { DataError, SvccaError } from '../errors.js';
import type { Progress } from '../options.js';
import { replaceFile } from './files.js';

/** Options of {@link download}. */
export interface DownloadOptions {
  /** Folder where downloads are kept. @defaultValue `SVCCA_CACHE`, else `svcca` in the user's folder of caches */
  readonly cache?: string;
  /** Of the kept file, whatever its address ends in. */
  readonly extension?: string;
  /** Larger files are refused. @defaultValue 8 GiB */
  readonly mostBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Fetches a file by http or https, or finds it where it was kept; it is there whole or not at all.
 *
 * @returns its path: the hash of its address, and its own name.
 * @throws DataError naming the address and what the server said; the signal's reason
 */
export async function download(url: string, options: DownloadOptions = {}): Promise<string> {
  const { signal, extension = '', mostBytes = 8 * 2 ** 30 } = options;
  const path = join(options.cache ?? cacheFolder(), keptName(url, extension));
  if (await stat(path).then(isFile, () => false)) return path;
  signal?.throwIfAborted();
  const response = await fetch(url, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    throw failure(url, error, signal);
  });
  const reader = response.body?.getReader();
  try {
    if (!response.ok || reader === undefined) {
      throw new DataError(
        `cannot download '${url}': the server answers ${response.status} ${response.statusText}`.trimEnd(),
      );
    }
    const declared = response.headers.get('content-length');
    // Of a body that travels compressed the length is another.
    const plain = declared !== null && response.headers.get('content-encoding') === null;
    const total = plain ? Number(declared) : undefined;
    const limit = (bytes: number): void => {
      if (bytes <= mostBytes) return;
      throw new DataError(
        `'${url}' has more than ${mostBytes} bytes: download it yourself, and give its path`,
      );
    };
    limit(total ?? 0);
    await replaceFile(path, async (file) => {
      let done = 0;
      for (;;) {
        const { value } = await reader.read();
        if (value === undefined) break;
        limit(done + value.length);
        await file.writeFile(value);
        done += value.length;
        options.onProgress?.({ stage: 'downloading', done, total });
      }
      if (total !== undefined && done !== total) {
        throw new DataError(`'${url}' ended after ${done} of ${total} bytes: try again`);
      }
    });
  } catch (error) {
    await reader?.cancel().catch(() => undefined);
    throw failure(url, error, signal);
  }
  return path;
}

/** Whether a text is an address of the web. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function cacheFolder(): string {
  const own = env['SVCCA_CACHE'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg !== undefined && xdg !== '') return join(xdg, 'svcca');
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? homedir(), 'svcca');
  return platform === 'darwin'
    ? join(homedir(), 'Library', 'Caches', 'svcca')
    : join(homedir(), '.cache', 'svcca');
}

/** The name tells a person what it is, the hash one address from another. */
function keptName(url: string, extension: string): string {
  let name: string;
  try {
    name = decodeURIComponent(basename(new URL(url).pathname));
  } catch (error) {
    throw new DataError(`'${url}' is no address: give https://…`, { cause: error });
  }
  const hash = createHash('sha256').update(url).digest('hex').slice(0, 16);
  const plain = name.replaceAll(/[^\w.-]/g, '_').slice(-80);
  return `${hash}-${plain}${plain.endsWith(extension) ? '' : extension}`;
}

function failure(url: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof SvccaError) return error;
  // fetch says what went wrong in the cause.
  const { message, cause } = error as Error;
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : message;
  return new DataError(`cannot download '${url}': ${reason}`, { cause: error });
}

function isFile(status: { isFile(): boolean }): boolean {
  return status.isFile();
}

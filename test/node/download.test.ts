import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataError, FormatError } from '../../src/errors.js';
import { download } from '../../src/node/download.js';
import { openLabelled } from '../../src/node/labelled.js';
import { column, images, npz } from './labelled-files.js';

const data = npz({ train_images: images(40, [3, 2]), train_labels: column(40, 2) });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const answers: Record<string, Answer> = {
  '/pneumoniamnist.npz?download=1': (_, response) => {
    response.setHeader('content-length', data.length);
    response.end(data);
  },
  '/moved': (_, response) => response.writeHead(302, { location: '/pneumoniamnist.npz?download=1' }).end(),
  '/packed.npz': (_, response) => {
    const packed = gzipSync(data);
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
  },
  '/cut.npz': (_, response) => {
    response.setHeader('content-length', data.length + 100);
    response.write(data, () => response.destroy());
  },
  '/large.npz': (_, response) => {
    response.setHeader('content-length', 1e6);
    response.end(Buffer.alloc(1e6));
  },
  '/endless.npz': (_, response) => {
    const more = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(1 << 16), () => setImmediate(more));
    };
    more();
  },
  '/page.npz': (_, response) => response.end('<html>please sign in</html>'),
};

let server: Server;
let address: string;
let asked: string[] = [];
let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'svcca-download-'));
  server = createServer((request, response) => {
    asked.push(request.url!);
    const answer = answers[request.url!];
    if (answer === undefined) response.writeHead(404).end('nothing here');
    else answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(cache, { recursive: true });
});
beforeEach(() => (asked = []));

describe('download', () => {
  it('keeps a file whole under its own name, and asks for it once', async () => {
    const url = `${address}/pneumoniamnist.npz?download=1`;
    const progress: (number | undefined)[][] = [];
    const path = await download(url, {
      cache,
      onProgress: ({ done, total }) => progress.push([done, total]),
    });
    expect(dirname(path)).toBe(cache);
    expect(basename(path)).toMatch(/^[0-9a-f]{16}-pneumoniamnist\.npz$/);
    expect(new Uint8Array(await readFile(path))).toEqual(data);
    expect(progress.at(-1)).toEqual([data.length, data.length]);
    expect(await download(url, { cache })).toBe(path);
    expect(asked).toEqual(['/pneumoniamnist.npz?download=1']);
  });

  it('follows where it is sent, takes packed bodies, and gives the extension that is wanted', async () => {
    const moved = await download(`${address}/moved`, { cache, extension: '.npz' });
    expect(basename(moved)).toMatch(/-moved\.npz$/);
    const packed = await download(`${address}/packed.npz`, { cache, extension: '.npz' });
    expect(basename(packed)).toMatch(/-packed\.npz$/);
    for (const path of [moved, packed]) expect(new Uint8Array(await readFile(path))).toEqual(data);
  });

  it.each([
    ['/nothing.npz', {}, /cannot download '.*\/nothing\.npz': the server answers 404 Not Found$/],
    ['/cut.npz', {}, /cannot download '.*\/cut\.npz'|ended after/],
    [
      '/large.npz',
      { mostBytes: 1000 },
      /'.*\/large\.npz' has more than 1000 bytes: download it yourself, and give its path/,
    ],
    ['/endless.npz', { mostBytes: 1e6 }, /has more than 1000000 bytes/],
  ])('of %s fails, and leaves nothing', async (path, options, message) => {
    const before = await readdir(cache);
    const failing = download(address + path, { cache, ...options });
    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow(message);
    expect(await readdir(cache)).toEqual(before);
  });

  it('names a server that is not there, and an address that is none', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => {
      gone.listen(0, '127.0.0.1', resolve);
    });
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const failing = download(`http://127.0.0.1:${port}/x.npz`, { cache });
    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow(/cannot download .*ECONNREFUSED/);
    await expect(download('http://', { cache })).rejects.toThrow("'http://' is no address: give https://…");
  });

  it('says where it cannot write', async () => {
    const file = join(cache, 'a-file');
    await writeFile(file, '');
    const failing = download(`${address}/moved`, { cache: join(file, 'below') });
    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow(/cannot write/);
    await rm(file);
  });

  it('stops when asked, and leaves nothing', async () => {
    const before = await readdir(cache);
    const reason = new Error('enough');
    const stop = new AbortController();
    const stopping = download(`${address}/endless.npz`, {
      cache,
      signal: stop.signal,
      onProgress: () => stop.abort(reason),
    });
    await expect(stopping).rejects.toBe(reason);
    expect(await readdir(cache)).toEqual(before);
    const never = download(`${address}/other.npz`, { cache, signal: stop.signal });
    await expect(never).rejects.toBe(reason);
  });
});

describe('openLabelled of an address', () => {
  it('is that of the file, with the names that the address tells', async () => {
    const from = `${address}/pneumoniamnist.npz?download=1`;
    const file = join(cache, 'pneumoniamnist.npz');
    await writeFile(file, data);
    const [there, here] = [await openLabelled({ from }, { cache }), await openLabelled({ from: file })];
    expect(there.fingerprint).toBe(here.fingerprint);
    expect(there.train.classes).toEqual(['normal', 'pneumonia']);
  });

  it('names a page that is no npz, and does not keep it', async () => {
    const before = await readdir(cache);
    const opening = openLabelled({ from: `${address}/page.npz` }, { cache });
    await expect(opening).rejects.toThrow(FormatError);
    await expect(opening).rejects.toThrow(
      /what '.*\/page\.npz' gave cannot be read, and was not kept: .*not a zip archive/,
    );
    expect(await readdir(cache)).toEqual(before);
  });
});

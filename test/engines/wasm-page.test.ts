/** The wasm engine in a page: one thread as pages are, several where the page is cross-origin isolated. */
import { build } from 'esbuild';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cca, pwcca, svcca } from '../../src/measures/functions.js';
import type { Matrix } from '../../src/matrix.js';
import { chromiumPath, gaussian, mapped, times } from '../support.js';

const isolating = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

describe.skipIf(chromiumPath === undefined)('wasm in Chromium (set CHROMIUM_PATH if it is not found)', () => {
  let browser: Browser;
  let server: Server;
  let script: string;
  const x = gaussian(900, 40, 1);
  const y = mapped(gaussian(900, 30, 2), (value, i, j) => value + mixed.data[i * 30 + j]);
  const plain = ({ rows, cols, data }: Matrix) => ({ rows, cols, data: [...Float32Array.from(data)] });

  beforeAll(async () => {
    const bundle = await build({
      entryPoints: [fileURLToPath(new URL('wasm-page.ts', import.meta.url))],
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
      external: ['@tensorflow/*', 'koffi'],
      logLevel: 'silent',
    });
    script = bundle.outputFiles[0].text;
    server = createServer(({ url }, response) => {
      const headers = url?.startsWith('/isolated') ? isolating : {};
      if (url?.endsWith('.js')) {
        response.writeHead(200, { 'Content-Type': 'text/javascript', ...headers }).end(script);
        return;
      }
      const page = '<!DOCTYPE html><link rel="icon" href="data:,"><script src="bundle.js"></script>';
      response.writeHead(200, { 'Content-Type': 'text/html', ...headers }).end(page);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  async function visit(path: string, threads?: number) {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    const result: any = await page.evaluate(([a, b, count]) => (globalThis as any).runInPage(a, b, count), [
      plain(x),
      plain(y),
      threads,
    ] as const);
    await page.close();
    return { ...result, complaints };
  }

  const single = (m: Matrix): Matrix => ({ ...m, data: Float32Array.from(m.data) });
  const expected = async () => {
    const options = { engine: 'ml-matrix' } as const;
    const sides = [single(x), single(y)] as const;
    return {
      cca: (await cca(...sides, options)).score,
      svcca: (await svcca(...sides, options)).score,
      pwcca: (await pwcca(...sides, options)).score,
    };
  };

  it.each([
    ['/plain/', undefined, false, /^1 thread\b/],
    ['/isolated/', 3, true, /^3 threads\b/],
    ['/isolated/', 1, true, /^1 thread\b/],
  ] as const)('%s, threads %s: the scores of Node', async (path, threads, isolated, description) => {
    const found = await visit(path, threads);
    expect(found.complaints).toEqual([]);
    expect(found.isolated).toBe(isolated);
    expect(found.description).toMatch(description);
    const reference = await expected();
    for (const [name, score] of Object.entries(reference)) {
      expect(Math.abs(found.scores[name] - score), name).toBeLessThan(1e-11);
    }
  });

  it('gives the same bits on one thread and on three', async () => {
    const [one, three] = [await visit('/isolated/', 1), await visit('/isolated/', 3)];
    expect(three.bits).toEqual(one.bits);
  });
});

const mixed = times(gaussian(900, 40, 1), gaussian(40, 30, 3));

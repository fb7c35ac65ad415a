/** An engine and its device inside a page, seen from the test: every call is made there. */
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../../src/engines/engine.js';
import { DataError, ShapeError, UnsupportedError } from '../../src/errors.js';
import { chromiumPath } from '../support.js';
import type { Device } from './tfjs-device.js';
import { decode, encode } from './tfjs-wire.js';

const flags = [
  '--no-sandbox',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Chromium with WebGL by software, on a page that holds the engine and tfjs and nothing of a network. */
export async function openPage(): Promise<{ browser: Browser; page: Page }> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('tfjs-page.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
  });
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: flags });
  const page = await browser.newPage();
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!DOCTYPE html>' }));
  await page.goto('https://device.test/');
  await page.addScriptTag({ content: bundle.outputFiles[0].text });
  return { browser, page };
}

/** Opens the engine in the page. */
export async function remoteDevice(page: Page, backend: string): Promise<Device> {
  const about = await page.evaluate((name) => (globalThis as any).page.start(name), backend);
  const ids = new WeakMap<object, number>();
  const known = (id: number, { id: _, ...copy }: any): object => {
    const stand: object = copy.shape
      ? { ...copy, data: () => Promise.reject(new Error('in the page')) }
      : copy;
    ids.set(stand, id);
    return stand;
  };
  const call = async (target: string, method: string, args: unknown[]): Promise<any> => {
    const text = encode(args, (object) => ids.get(object));
    const answer = await page.evaluate(
      ([on, name, sent]) => (globalThis as any).page.call(on, name, sent) as Promise<string>,
      [target, method, text] as const,
    );
    const { result, message, code } = decode(answer, known);
    if (message !== undefined) {
      const Kind =
        { SHAPE: ShapeError, DATA: DataError, UNSUPPORTED: UnsupportedError }[code as string] ?? Error;
      throw new Kind(message);
    }
    return result;
  };
  const methods = (target: string, own: object): any =>
    new Proxy(own, {
      get: (_, key) =>
        key in own || key === 'then'
          ? (own as any)[key]
          : (...args: unknown[]) => call(target, String(key), args),
    });
  // Calls arrive in the page in their order, so that nothing need wait for a disposal.
  const dispose = (...handles: object[]) => void call('engine', 'dispose', handles);
  const engine: Engine = methods('engine', { name: 'tfjs', ...about, dispose });
  return methods('device', { engine });
}

/** The tfjs engine on WebGL, in a headless Chromium that draws by software. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support.js';
import { conformance } from './conformance.js';
import { deviceCases } from './tfjs-cases.js';
import type { Device } from './tfjs-device.js';
import { openPage, remoteDevice } from './tfjs-remote.js';

describe.skipIf(chromiumPath === undefined)(
  'on WebGL in Chromium (set CHROMIUM_PATH if it is not found)',
  () => {
    let browser: Browser;
    let page: Page;
    let device: Device;
    beforeAll(async () => {
      ({ browser, page } = await openPage());
      device = await remoteDevice(page, 'webgl');
    });
    afterAll(async () => browser?.close());

    conformance('tfjs', () => Promise.resolve(device.engine));
    deviceCases(() => Promise.resolve(device));

    it('says what it draws with, and that this is no graphics card', () => {
      expect(device.engine.description).toMatch(/backend 'webgl' on .*SwiftShader/);
      expect(device.engine.gpu).toBe(false);
    });

    it('refuses a WebGL that renders to 16 bits, and closes the engine of the host', async () => {
      const { error, closed } = await page.evaluate<{ error: string; closed: number }>(
        'page.startWithout32Bits()',
      );
      expect(error).toMatch(/UnsupportedError: the WebGL of this device renders to 16-bit numbers only/);
      expect(closed).toBe(1);
    });
  },
);

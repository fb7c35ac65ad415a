/** Which backend trainings run on, and what the user is told of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../src/cli/arguments.js';
import { trainingBackend } from '../../src/cli/backend.js';
import { root } from '../support.js';

const SLOW = /^networks are trained on .* 'cpu', some 50 times slower.*npm install @tensorflow\/tfjs-node/;

describe.skipIf(existsSync(join(root, 'node_modules/@tensorflow/tfjs-node')))(
  'the backend of trainings where there is no TensorFlow (needs a tree without it)',
  () => {
    beforeAll(() => {
      vi.stubEnv('SVCCA_TFJS_NODE', '');
    });
    afterAll(() => {
      vi.unstubAllEnvs();
    });

    it("is WebAssembly, of which there is nothing to say, and 'cpu' for what that cannot train", async () => {
      expect(await trainingBackend({}, false)).toEqual({ name: 'wasm' });
      expect(await trainingBackend({}, true)).toEqual({ name: 'cpu', warning: expect.stringMatching(SLOW) });
      expect(await trainingBackend({}, false)).toEqual({ name: 'wasm' });
    });

    it('is the one that is asked for, though it may not train', async () => {
      expect(await trainingBackend({ backend: 'cpu' }, false)).toEqual({
        name: 'cpu',
        warning: expect.stringMatching(SLOW),
      });
      expect(await trainingBackend({ backend: 'wasm' }, true)).toEqual({ name: 'wasm' });
      await expect(trainingBackend({ backend: 'webgl' }, false)).rejects.toThrow(UsageError);
    });

    it('is another where TensorFlow is asked for, and says why', async () => {
      const absent = /^'tensorflow' does not work here: it is not installed/;
      expect(await trainingBackend({ backend: 'tensorflow' }, false)).toEqual({
        name: 'wasm',
        warning: expect.stringMatching(absent),
      });
      const { name, warning } = await trainingBackend({ backend: 'tensorflow' }, true);
      expect(name).toBe('cpu');
      expect(warning).toMatch(absent);
      expect(warning).toMatch(/\. Therefore networks are trained on .* 'cpu'/);
      vi.stubEnv('SVCCA_TFJS_NODE', '/no/such/package');
      const broken = await trainingBackend({}, true);
      expect(broken.name).toBe('cpu');
      expect(broken.warning).toMatch(
        /SVCCA_TFJS_NODE=\/no\/such\/package is no installed package\. Therefore networks are trained on/,
      );
    });
  },
);

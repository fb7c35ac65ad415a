/** Preprocessing of tensors on the backends on which models run in Node. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openSource } from '../../src/capture/source.js';
import { preparationOf } from '../../src/capture/prepare.js';
import type { PreprocessSteps } from '../../src/capture/preprocess.js';
import { chooseBackend } from '../../src/node/backend.js';
import { root } from '../support.js';
import { withoutLeak } from './models.js';

process.env['SVCCA_TFJS_NODE'] ??= join(root, '.native/node_modules/@tensorflow/tfjs-node');
const native = existsSync(join(process.env['SVCCA_TFJS_NODE'], 'lib/napi-v8/tfjs_binding.node'));

interface Values {
  readonly shape: number[];
  readonly data: number[];
}
const expected = JSON.parse(
  readFileSync(new URL('preprocess/expected.json', import.meta.url), 'utf8'),
) as Record<string, Values> & Record<'antialias' | 'plain' | 'nearest', Record<string, Values>>;
const { data } = expected['image'];

const cases: [PreprocessSteps, Values][] = [
  [{ resize: [3, 4] }, expected.antialias['3x4']],
  [{ resize: [14, 21] }, expected.antialias['14x21']],
  [{ resize: { size: [8, 5], antialias: false } }, expected.plain['8x5']],
  [{ resize: { size: [8, 5], method: 'nearest' } }, expected.nearest['8x5']],
  [{ resize: 5, crop: [4, 3] }, expected['resize 5, crop 4x3']],
  [{ normalise: 'caffe' }, expected['caffe']],
  [{ normalise: 'torch' }, expected['torch']],
  [{ channels: 1 }, { ...expected['luma'], shape: [7, 10, 1] }],
];

describe.each([
  ['wasm', undefined],
  ['tensorflow', native ? undefined : 'needs SVCCA_TFJS_NODE or npm run native'],
] as const)('on %s', (backend, skipped) => {
  describe.skipIf(skipped)(skipped ? `(skipped: ${skipped})` : 'the values are those of PyTorch', () => {
    beforeAll(() => chooseBackend({ prefer: backend }));

    it.each(cases)('%j', async (steps, wanted) => {
      expect(tf.getBackend()).toBe(backend);
      const input = { name: 'x', shape: [null, null, null, null], dtype: 'float32' };
      await withoutLeak(async () => {
        const batch = tf.tensor([...data, ...data], [2, 7, 10, 3]);
        const source = await openSource(batch, {
          preparations: [preparationOf('preprocess', steps, [input])],
        });
        for await (const { inputs } of source.batches()) {
          const values = await inputs[0][0].data();
          expect(inputs[0][0].shape).toEqual([2, ...wanted.shape.slice(-3)]);
          const off = Array.from(values, (value, i) => Math.abs(value - wanted.data[i % wanted.data.length]));
          expect(Math.max(...off)).toBeLessThan('channels' in steps ? 0.501 : 3e-4);
        }
        batch.dispose();
      });
    });
  });
});

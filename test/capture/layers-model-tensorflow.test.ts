/** Capture on a real tfjs-node: masks on the device, the same random numbers as elsewhere. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { openEngine } from '../../src/engines/select.js';
import { chooseBackend } from '../../src/node/backend.js';
import { distance, root } from '../support.js';
import { activations, encoder, sequential, withoutLeak } from './models.js';

const folder = (process.env['SVCCA_TFJS_NODE'] ??= join(root, '.native/node_modules/@tensorflow/tfjs-node'));
const skipped = existsSync(join(folder, 'lib/napi-v8/tfjs_binding.node'))
  ? undefined
  : 'needs SVCCA_TFJS_NODE or npm run native';

describe.skipIf(skipped)(`capture on tensorflow${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  it('compares masked models on the device as in memory', async () => {
    await chooseBackend({ prefer: 'tensorflow' });
    expect(tf.getBackend()).toBe('tensorflow');
    const rows = Array.from({ length: 80 }, (_, n) =>
      // Twenty samples, two batches of them, are padding throughout.
      Array.from({ length: 5 }, (_, t) => (n >= 20 && n < 40 ? 0 : (n * (t + 3) + t) % 6)),
    );
    const ids = tf.tensor2d(rows, [80, 5], 'int32');
    const [a, b] = [encoder(1), encoder(2)];
    const engine = await openEngine('tensorflow');
    const options = { layers: ['embed', 'steps', 'conv', 'out'], batchSize: 10, measure: 'cca' } as const;
    for (const drawn of [{}, { positions: 2 }]) {
      const through = await compare(a, b, ids, { ...options, ...drawn, engine: 'ml-matrix' });
      const direct = await withoutLeak(() => compare(a, b, ids, { ...options, ...drawn, engine }));
      expect(distance(direct.scores, through.scores)).toBeLessThan(1e-5);
      expect(direct.cell('steps', 'conv').samples).toBe(through.cell('steps', 'conv').samples);
    }
    await engine.close?.();
  });

  it('drops the same neurons for a seed as another backend', async () => {
    const values = Float32Array.from({ length: 6 * 72 }, (_, i) => Math.sin(i));
    const read = async (prefer: 'tensorflow' | 'cpu') => {
      if (prefer === 'cpu') await tf.setBackend('cpu');
      else await chooseBackend({ prefer });
      const x = tf.tensor4d(values, [6, 6, 6, 2]);
      const raw = await activations(sequential(), ['drop'], [x], { training: true, seed: 3 });
      return Float32Array.from(raw.get('drop')!.data);
    };
    const [here, there] = [await read('tensorflow'), await read('cpu')];
    expect(distance(here, there)).toBeLessThan(1e-5);
    expect(here.filter((value) => value === 0).length).toBeGreaterThan(90);
    await chooseBackend({ prefer: 'tensorflow' });
  });
});

/**
 * One pair of layers on the pure JavaScript engine, by route and measure; `npm run bench` prints the ratios of one run.
 * Figures against numpy and the other engines come with those engines.
 */
import { bench, describe } from 'vitest';
import { cka, svcca } from 'svcca';
import type { Matrix } from 'svcca';
import { Random } from '../src/random.js';

const SIZES = [
  { rows: 2000, cols: 64 },
  { rows: 5000, cols: 128 },
];

for (const { rows, cols } of SIZES) {
  const layer = (seed: number): Matrix => ({
    rows,
    cols,
    data: Float32Array.from(new Random(seed).normals(rows * cols)),
  });
  const [x, y] = [layer(1), layer(2)];
  describe(`n = ${rows}, d = ${cols}`, () => {
    const budget = { time: 1000, warmupTime: 200 };
    bench(
      'svcca by moments',
      async () => {
        await svcca(x, y, { method: 'moments' });
      },
      budget,
    );
    bench(
      'svcca, direct',
      async () => {
        await svcca(x, y, { method: 'direct' });
      },
      budget,
    );
    bench(
      'linear cka by moments',
      async () => {
        await cka(x, y, { method: 'moments' });
      },
      budget,
    );
  });
}

/** What runs inside the page of wasm-page.test.ts: the library as a browser would bundle it. */
import { cca, openEngine, pwcca, svcca } from '../../src/index.js';
import type { Matrix } from '../../src/index.js';

const measures = { cca, svcca, pwcca };

/** Scores of two matrices, how the engine described itself, and the bits of a product. */
async function run(x: Matrix, y: Matrix, threads?: number) {
  const engine = await openEngine('wasm', threads === undefined ? {} : { threads });
  try {
    const scores: Record<string, number> = {};
    for (const [name, measure] of Object.entries(measures)) {
      scores[name] = (await measure(x, y, { engine })).score;
    }
    const handle = await engine.upload(x);
    const gram = await engine.accumulateGram(handle, await engine.columnMeans(handle));
    const bits = Array.from((await engine.download(gram)).data);
    engine.dispose(handle, gram);
    return { scores, description: engine.description, bits, isolated: globalThis.crossOriginIsolated };
  } finally {
    await engine.close?.();
  }
}

const revive = (plain: { rows: number; cols: number; data: number[] }): Matrix => ({
  ...plain,
  data: Float32Array.from(plain.data),
});

Object.assign(globalThis, {
  runInPage: (x: any, y: any, threads?: number) => run(revive(x), revive(y), threads),
});

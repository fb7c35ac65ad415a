import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engines/engine.js';
import { withScope } from '../../src/engines/scope.js';
import { engineNames, openEngine } from '../../src/engines/select.js';
import { OptionError } from '../../src/errors.js';
import { distance, gaussian, mapped } from '../support.js';
import { conformance, tolerances } from './conformance.js';

// These need nothing but Node; the others have files of their own, which say what they need.
for (const name of ['wasm', 'ml-matrix'] as const) conformance(name, () => openEngine(name));

describe('ml-matrix', () => {
  it.each([1e-150, 1e150])('decomposes matrices times %s as it does the same of size 1', async (scale) => {
    const engine = await openEngine('ml-matrix');
    const a = gaussian(7, 7, 3);
    const sum = mapped(a, (value, i, j) => value + a.data[j * 7 + i]);
    const at = async (by: number) => {
      const [whole, symmetric] = [
        await engine.upload(mapped(a, (value) => value * by)),
        await engine.upload(mapped(sum, (value) => value * by)),
      ];
      const found = [
        await engine.singularValues(whole),
        (await engine.svd(whole)).s,
        await engine.eigenvalues(symmetric),
      ];
      return found.map((values) => values.map((value) => value / by));
    };
    const [ones, scaled] = [await at(1), await at(scale)];
    ones.forEach((values, i) => expect(distance(values, scaled[i])).toBeLessThan(1e-13));
  });
});

describe('openEngine', () => {
  it('has a tolerance for every engine', () => {
    expect(Object.keys(tolerances)).toEqual(engineNames);
  });

  it('passes an engine through and names the choices for an unknown one', async () => {
    const engine = await openEngine('ml-matrix');
    expect(await openEngine(engine)).toBe(engine);
    await expect(openEngine('cuda' as 'ml-matrix')).rejects.toThrow(
      new OptionError("engine is 'cuda': choose one of 'tensorflow', 'lapack', 'wasm', 'tfjs', 'ml-matrix'"),
    );
    await expect(openEngine({} as Engine)).rejects.toThrow('give a name or what openEngine() returned');
  });
});

describe('withScope', () => {
  it('disposes what was left, once, on success and on error', async () => {
    const plain = await openEngine('ml-matrix');
    const disposed: unknown[] = [];
    const engine: Engine = { ...plain, dispose: (...handles) => void disposed.push(...handles) };
    const kept = await withScope(engine, async (scoped) => {
      const a = await scoped.upload(gaussian(3, 2, 1));
      const b = await scoped.multiply(a, a, { a: true });
      scoped.dispose(a);
      return { a, b };
    });
    expect(disposed).toEqual([kept.a, kept.b]);
    disposed.length = 0;
    const failing = withScope(engine, async (scoped) => {
      await scoped.svd(await scoped.upload(gaussian(3, 2, 1)));
      throw new Error('in the middle');
    });
    await expect(failing).rejects.toThrow('in the middle');
    expect(disposed).toHaveLength(3);
  });
});

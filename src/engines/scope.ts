/**
 * A scope for handles: whatever an algorithm has not disposed when it ends, by success, error or abort, is disposed; and work
 * started together inside it.
 *
 * @module
 */
import type { Engine, Handle } from './engine.js';

/** Runs `work` on a view of the engine whose handles live no longer than the call. */
export async function withScope<T>(engine: Engine, work: (engine: Engine) => Promise<T>): Promise<T> {
  const live = new Set<Handle>();
  const track = <H extends Handle>(handle: H): H => {
    live.add(handle);
    return handle;
  };
  const scoped: Engine = {
    name: engine.name,
    ...(engine.description !== undefined && { description: engine.description }),
    ...(engine.gpu !== undefined && { gpu: engine.gpu }),
    ...(engine.lapackSigns !== undefined && { lapackSigns: engine.lapackSigns }),
    ...(engine.adopt && {
      adopt: async (tensor) => {
        const handle = await engine.adopt!(tensor);
        return handle && track(handle);
      },
    }),
    upload: async (matrix) => track(await engine.upload(matrix)),
    download: (handle) => engine.download(handle),
    columnMeans: (batch) => engine.columnMeans(batch),
    accumulateGram: async (batch, mean, into) => track(await engine.accumulateGram(batch, mean, into)),
    accumulateCross: async (a, b, into, means) => track(await engine.accumulateCross(a, b, into, means)),
    project: async (batch, mean, weights) => track(await engine.project(batch, mean, weights)),
    multiply: async (a, b, transpose) => track(await engine.multiply(a, b, transpose)),
    eigSymmetric: async (a, leading) => {
      const found = await engine.eigSymmetric(a, leading);
      track(found.vectors);
      return found;
    },
    eigenvalues: (a) => engine.eigenvalues(a),
    cholesky: async (a) => {
      const handle = await engine.cholesky(a);
      return handle && track(handle);
    },
    solveTriangular: async (l, b, options) => track(await engine.solveTriangular(l, b, options)),
    svd: async (a) => {
      const found = await engine.svd(a);
      track(found.u);
      track(found.v);
      return found;
    },
    singularValues: (a) => engine.singularValues(a),
    qr: async (a) => {
      const found = await engine.qr(a);
      track(found.q);
      track(found.r);
      return found;
    },
    dispose: (...handles) => {
      for (const handle of handles) live.delete(handle);
      engine.dispose(...handles);
    },
  };
  try {
    return await work(scoped);
  } finally {
    engine.dispose(...live);
  }
}

/**
 * Starts all at once and awaits all, and only then throws what the first of them failed with: none of them then outlives
 * the scope of its handles.
 */
export async function together<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const settled = await Promise.allSettled(items.map(async (item, index) => work(item, index)));
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** Items that {@link inGroups} starts at once: enough to keep every thread of an engine busy, few enough to stop soon. */
const GROUP = 16;

/** {@link together}, a group at a time, with `between` after each: where there are many items, or each takes long. */
export async function inGroups<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
  between: (done: number) => Promise<void>,
  size = GROUP,
): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += size) {
    const group = items.slice(from, from + size);
    results.push(...(await together(group, (item, index) => work(item, from + index))));
    await between(results.length);
  }
  return results;
}

/** Activations that are made as they are read, engines that count what they hold, and places in memory for spools and checkpoints. */
import type { ActivationBatch, ActivationSet, SampleRange } from '../../src/capture/activations.js';
import type { OpenSpool } from '../../src/capture/spool.js';
import type { Checkpoint } from '../../src/compare/checkpoint.js';
import type { Engine, Handle } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import type { EngineName } from '../../src/engines/engine.js';
import { Random } from '../../src/random.js';

/** A stream of layers with some of their directions in common. */
export interface Generated {
  readonly set: ActivationSet;
  /** Passes begun, batches made, and the number of those that are being read at the moment. */
  readonly count: { passes: number; batches: number; open: number };
}

/** Layers of the given widths; a layer is its common part, seen through random weights, and noise. */
export function generated(
  widths: Readonly<Record<string, number>>,
  { samples = 300, batch = 64, seed = 1, double = false, known = true } = {},
): Generated {
  const count = { passes: 0, batches: 0, open: 0 };
  const shared = 8;
  const weights = Object.entries(widths).map(([name, width], i) => {
    return { name, width, mix: new Random(seed * 100 + i).normals(shared * width) };
  });
  const block = (start: number, rows: number, { width, mix }: (typeof weights)[number], i: number) => {
    const common = new Random(start + 1).normals(rows * shared);
    const noise = new Random(seed * 1000 + start + i + 1).normals(rows * width);
    const data = double ? new Float64Array(rows * width) : new Float32Array(rows * width);
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < width; j++) {
        let value = 0.5 * noise[r * width + j] + 0.1 * j;
        for (let k = 0; k < shared; k++) value += common[r * shared + k] * mix[k * width + j];
        data[r * width + j] = value;
      }
    }
    return { samples: rows, grid: [1, 1] as const, channels: width, data };
  };
  const made = new Map<number, ActivationBatch['layers']>();
  async function* batches({ from = 0, to = samples }: SampleRange = {}): AsyncGenerator<ActivationBatch> {
    count.passes++;
    count.open++;
    try {
      for (let start = 0; start < samples; start += batch) {
        const rows = Math.min(batch, samples - start);
        if (start + rows <= from || start >= to) continue;
        count.batches++;
        await Promise.resolve();
        let layers = made.get(start);
        if (layers === undefined) {
          layers = new Map(weights.map((layer, i) => [layer.name, block(start, rows, layer, i)]));
          made.set(start, layers);
        }
        yield { start, samples: rows, layers };
      }
    } finally {
      count.open--;
    }
  }
  return {
    set: {
      layers: weights.map(({ name, width }) => ({ name, kind: 'Generated', shape: [width] })),
      samples: known ? samples : undefined,
      spatial: 'positions',
      batches,
      matrices: () => Promise.reject(new Error('not in memory')),
    },
    count,
  };
}

/** An engine that knows how many handles live, and how many bytes their matrices have at most. */
export async function watched(
  name: EngineName = 'ml-matrix',
  threads?: number,
): Promise<{ engine: Engine; live: Map<Handle, number>; most: () => number; close: () => Promise<void> }> {
  const inner = await openEngine(name, { ...(threads !== undefined && { threads }) });
  const live = new Map<Handle, number>();
  let [now, most] = [0, 0];
  const track = <T>(value: T): T => {
    const found = value as unknown;
    const handles = [found, ...Object.values(found ?? {})].filter(isHandle);
    for (const handle of handles) {
      if (live.has(handle)) continue;
      live.set(handle, 8 * handle.rows * handle.cols);
      now += 8 * handle.rows * handle.cols;
      most = Math.max(most, now);
    }
    return value;
  };
  const made = ['upload', 'accumulateGram', 'accumulateCross', 'project', 'multiply', 'eigSymmetric'];
  made.push('cholesky', 'solveTriangular', 'svd', 'qr');
  const engine = new Proxy(inner, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value !== 'function') return value;
      if (key === 'dispose') {
        return (...handles: Handle[]) => {
          for (const handle of handles) {
            now -= live.get(handle) ?? 0;
            live.delete(handle);
          }
          target.dispose(...handles);
        };
      }
      const call = (...args: unknown[]): unknown => value.apply(target, args);
      if (!made.includes(String(key))) return call;
      return async (...args: unknown[]) => track(await call(...args));
    },
  });
  return { engine, live, most: () => most, close: async () => inner.close?.() };
}

function isHandle(value: unknown): value is Handle {
  return (
    typeof value === 'object' && value !== null && 'rows' in value && 'cols' in value && !('data' in value)
  );
}

/** A spool in memory, and how many are open. */
export function spoolInMemory(): { open: OpenSpool; count: { open: number; opened: number; bytes: number } } {
  const count = { open: 0, opened: 0, bytes: 0 };
  const open: OpenSpool = () => {
    const parts = new Map<number, Uint8Array>();
    let end = 0;
    count.open++;
    count.opened++;
    return Promise.resolve({
      append: (bytes) => {
        const start = end;
        parts.set(start, bytes.slice());
        end += bytes.length;
        count.bytes += bytes.length;
        return Promise.resolve(start);
      },
      read: (start, length) => {
        const part = parts.get(start)!;
        if (part.length !== length) throw new Error('read as it was not written');
        return Promise.resolve(part.slice());
      },
      close: () => {
        count.open--;
        return Promise.resolve();
      },
    });
  };
  return { open, count };
}

/** A checkpoint in memory that is saved after every batch, and all that was ever saved. */
export function checkpointInMemory(): Checkpoint & { saved: Uint8Array[] | undefined; saves: number } {
  return {
    saved: undefined,
    saves: 0,
    seconds: 0,
    load() {
      return Promise.resolve(this.saved && piecesOf(this.saved));
    },
    async save(pieces) {
      const saved: Uint8Array[] = [];
      for await (const piece of pieces) saved.push(piece.slice());
      this.saved = saved;
      this.saves++;
    },
    remove() {
      this.saved = undefined;
      return Promise.resolve();
    },
  };
}

async function* piecesOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}

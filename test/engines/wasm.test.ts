import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import process from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Engine, Handle, HostMatrix } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { acquire, release } from '../../src/engines/wasm/machine.js';
import { NumericalError, ShapeError, UnsupportedError } from '../../src/errors.js';
import { distance, flip, gaussian, mapped, root, times } from '../support.js';

const single = (x: HostMatrix) => ({ ...x, data: Float32Array.from(x.data) });

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Results of every operation, on shapes that end inside tiles, blocks and chunks. */
async function everything(engine: Engine): Promise<Float64Array[]> {
  const batch = await engine.upload(single(gaussian(2600, 133, 1)));
  const other = await engine.upload(gaussian(2600, 71, 2));
  const means = { a: await engine.columnMeans(batch), b: await engine.columnMeans(other) };
  const gram = await engine.accumulateGram(batch, means.a);
  const cross = await engine.accumulateCross(batch, other, undefined, means);
  const large = await engine.accumulateGram(
    await engine.upload(gaussian(700, 611, 3)),
    new Float64Array(611),
  );
  const lower = await engine.cholesky(gram);
  const [eigen, found] = await Promise.all([engine.eigSymmetric(gram, 20), engine.svd(cross)]);
  const handles = [
    gram,
    cross,
    await engine.project(batch, means.a, cross),
    await engine.multiply(cross, cross, { b: true }),
    lower!,
    (await engine.cholesky(large))!,
    await engine.solveTriangular(lower!, cross, { side: 'left' }),
    await engine.solveTriangular(lower!, cross, { side: 'left', transpose: true }),
    await engine.solveTriangular(lower!, gram, { side: 'right' }),
    await engine.solveTriangular(lower!, gram, { side: 'right', transpose: true }),
    eigen.vectors,
    found.u,
    found.v,
    ...Object.values(await engine.qr(cross)),
  ];
  const values = [means.a, means.b, eigen.values, found.s, await engine.eigenvalues(large)];
  const matrices = await Promise.all(handles.map((handle) => engine.download(handle)));
  return [...values, ...matrices.map(({ data }) => data)];
}

describe('threads of the wasm engine', () => {
  it('gives the same bits for 1, 2 and 3 threads', async () => {
    const [one, two, three] = await Promise.all([1, 2, 3].map((threads) => openEngine('wasm', { threads })));
    expect(one.description).toBe('1 thread, SIMD');
    expect(three.description).toBe('3 threads, SIMD');
    const bits = async (engine: Engine) =>
      (await everything(engine)).map((values) => createHash('sha256').update(values).digest('hex'));
    const expected = await bits(one);
    expect(await bits(two)).toEqual(expected);
    expect(await bits(three)).toEqual(expected);
  });

  it('starts its workers once for engines that follow one another, and none for small problems', async () => {
    const threads = process.getBuiltinModule('node:worker_threads');
    const { Worker } = threads;
    const start = vi.spyOn(threads, 'Worker').mockImplementation(function (...args) {
      return new Worker(...args);
    });
    const gram = async (engine: Engine, rows: number) =>
      engine.accumulateGram(await engine.upload(gaussian(rows, 70, 1)), new Float64Array(70));
    // Too little to wake anyone for.
    await gram(await openEngine('wasm', { threads: 4 }), 5);
    expect(start).toHaveBeenCalledTimes(0);
    for (let i = 0; i < 3; i++) {
      const engine = await openEngine('wasm', { threads: 4 });
      await gram(engine, 300);
      await engine.close!();
    }
    expect(start).toHaveBeenCalledTimes(3);
  });

  it('gives a machine up once it has grown and nobody uses it', async () => {
    const engine = await openEngine('wasm', { threads: 7 });
    const machine = await acquire({ threads: 7 });
    const close = vi.spyOn(machine, 'close');
    const [tall, wide] = [
      await engine.upload(gaussian(3000, 1, 1)),
      await engine.upload(gaussian(1, 3000, 2)),
    ];
    await engine.multiply(tall, wide);
    await engine.close!();
    expect(machine.arena.used).toBe(0);
    expect(close).not.toHaveBeenCalled();
    release(machine);
    expect(close).toHaveBeenCalledOnce();
    expect(await acquire({ threads: 7 })).not.toBe(machine);
  });

  it('works on one thread where memory cannot be shared', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const engine = await openEngine('wasm', { threads: 5 });
    expect(engine.description).toBe('1 thread, SIMD');
    const x = gaussian(40, 7, 1);
    const gram = await engine.accumulateGram(await engine.upload(x), new Float64Array(7));
    expect(distance((await engine.download(gram)).data, times(flip(x), x).data)).toBeLessThan(1e-12);
  });

  it('lets the process end, with workers asleep and without close', () => {
    const code = `
      import { openEngine } from './src/engines/select.ts';
      const engine = await openEngine('wasm', { threads: 3 });
      const x = await engine.upload({ rows: 3000, cols: 80, data: new Float32Array(240000).fill(1) });
      const gram = await engine.download(await engine.accumulateGram(x, new Float64Array(80)));
      console.log(gram.data[81]);`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', code];
    const child = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 50_000 });
    expect(child.stderr).toBe('');
    expect(child.stdout.trim()).toBe('3000');
    expect(child.status).toBe(0);
  });

  it('reports a kernel that stopped in any thread, and works afterwards', async () => {
    const machine = await acquire({ threads: 2 });
    const beyond = machine.arena.memory.buffer.byteLength;
    const tasks = Array.from({ length: 8 }, () => ({ run: 'mirror', args: [100, 0, 100, beyond] }));
    await expect(machine.run({ tasks, workspace: 0, cost: 1e9 })).rejects.toThrow(NumericalError);
    const engine = await openEngine('wasm', { threads: 2 });
    const x = gaussian(500, 90, 1);
    const gram = await engine.accumulateGram(await engine.upload(x), new Float64Array(90));
    expect(distance((await engine.download(gram)).data, times(flip(x), x).data)).toBeLessThan(1e-11);
  });
});

describe('memory of the wasm engine', () => {
  it('is used again: 100 runs need no more than the first', async () => {
    const engine = await openEngine('wasm', { threads: 2 });
    const { arena } = await acquire({ threads: 2 });
    const before = arena.used;
    let size = 0;
    for (let run = 0; run < 100; run++) {
      const x = await engine.upload(gaussian(400, 40, run));
      const mean = await engine.columnMeans(x);
      const gram = await engine.accumulateGram(x, mean);
      const [{ vectors }, { u, v }, { q, r }] = await Promise.all([
        engine.eigSymmetric(gram),
        engine.svd(gram),
        engine.qr(x),
      ]);
      const lower = await engine.cholesky(gram);
      const solved = await engine.solveTriangular(lower!, gram, { side: 'left' });
      // Disposed before it has run: what it needs stays until then.
      const late = engine.multiply(gram, gram);
      engine.dispose(x, gram, vectors, u, v, q, r, lower!, solved);
      engine.dispose(await late);
      size ||= arena.size;
    }
    expect(arena.used).toBe(before);
    expect(arena.size).toBe(size);
  });

  it('is free after errors', async () => {
    const engine = await openEngine('wasm', { threads: 2 });
    const { arena } = await acquire({ threads: 2 });
    const before = arena.used;
    const handle = await engine.upload(mapped(gaussian(20, 20, 1), (value, i) => (i === 3 ? NaN : value)));
    for (const run of ['svd', 'eigSymmetric', 'eigenvalues', 'singularValues', 'qr'] as const) {
      await expect(engine[run](handle)).rejects.toThrow(NumericalError);
    }
    expect(await engine.cholesky(handle)).toBeUndefined();
    const tall = await engine.upload({ rows: 2 ** 17, cols: 1, data: new Float32Array(2 ** 17) });
    await expect(engine.multiply(tall, tall, { b: true })).rejects.toThrow(UnsupportedError);
    engine.dispose(handle, tall);
    expect(arena.used).toBe(before);
  });

  it('may hold anything before: what fills up panels never reaches a result', async () => {
    const engine = await openEngine('wasm', { threads: 2 });
    const { arena } = await acquire({ threads: 2 });
    const poison = arena.take(arena.size);
    arena.f64(poison, arena.size / 16).fill(NaN);
    arena.free(poison);
    for (const values of await everything(engine)) expect(values.every(Number.isFinite)).toBe(true);
  });

  it('need not hold a batch: only chunks of it', async () => {
    const engine = await openEngine('wasm', { threads: 1 });
    const { arena } = await acquire({ threads: 1 });
    const [rows, cols] = [50_176, 256];
    const x = mapped(gaussian(rows, 1, 1), (value) => value);
    const data = new Float64Array(rows * cols);
    for (let at = 0; at < data.length; at++) data[at] = x.data[Math.floor(at / cols)] * (1 + (at % cols));
    const batch = await engine.upload({ rows, cols, data });
    const mean = await engine.columnMeans(batch);
    const gram = await engine.download(await engine.accumulateGram(batch, mean));
    const average = x.data.reduce((sum, value) => sum + value, 0) / rows;
    const variance = x.data.reduce((sum, value) => sum + (value - average) ** 2, 0);
    expect(mean[9]).toBeCloseTo(10 * average, 10);
    expect(gram.data[9 * cols + 19] / (200 * variance)).toBeCloseTo(1, 12);
    expect(arena.size).toBeLessThan(2 ** 25);
  });

  it('has room for wide layers', async () => {
    const engine = await openEngine('wasm', { threads: 2 });
    const [rows, cols] = [200, 4096];
    const x = gaussian(rows, cols, 1);
    const batch = await engine.upload(x);
    const gram = await engine.accumulateGram(batch, new Float64Array(cols));
    const { data } = await engine.download(gram);
    for (const [i, j] of [
      [0, 0],
      [4095, 4095],
      [17, 4001],
      [4001, 17],
    ]) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += x.data[row * cols + i] * x.data[row * cols + j];
      expect(data[i * cols + j]).toBeCloseTo(sum, 10);
    }
    engine.dispose(batch, gram);
  });
});

describe('handles of the wasm engine', () => {
  const open = () => openEngine('wasm', { threads: 2 });

  it('adds to what was uploaded, in either precision, without touching it', async () => {
    const engine = await open();
    const x = gaussian(30, 5, 1);
    const start = times(flip(x), x);
    for (const into of [start, single(start)]) {
      const kept = into.data.slice();
      const handle = await engine.upload(into);
      const sum = await engine.accumulateGram(await engine.upload(x), new Float64Array(5), handle);
      expect(sum).toBe(handle);
      const { data } = await engine.download(sum);
      expect(distance(data, mapped(start, (value) => 2 * value).data)).toBeLessThan(1e-4);
      expect(into.data).toEqual(kept);
    }
  });

  it('are left as they were by every operation', async () => {
    const engine = await open();
    const x = await engine.upload(gaussian(90, 70, 1));
    const square = await engine.accumulateGram(x, new Float64Array(70));
    const tall = await engine.multiply(x, square);
    const wide = await engine.multiply(square, x, { b: true });
    const all = [square, tall, wide];
    const read = () => Promise.all(all.map((handle) => engine.download(handle)));
    const before = await read();
    for (const handle of all) await Promise.all([engine.svd(handle), engine.singularValues(handle)]);
    await Promise.all([
      engine.eigSymmetric(square),
      engine.eigSymmetric(square, 3),
      engine.eigenvalues(square),
    ]);
    await Promise.all([engine.qr(tall), engine.qr(square), engine.cholesky(square)]);
    await engine.solveTriangular(square, wide, { side: 'left' });
    await engine.solveTriangular(square, tall, { side: 'right', transpose: true });
    expect(await read()).toEqual(before);
  });

  it('reads a sum as it was when the reading was started', async () => {
    const engine = await open();
    const x = await engine.upload(gaussian(300, 9, 1));
    const zero = new Float64Array(9);
    const gram = await engine.accumulateGram(x, zero);
    const before = await engine.eigenvalues(gram);
    const [early] = await Promise.all([engine.eigenvalues(gram), engine.accumulateGram(x, zero, gram)]);
    expect(early).toEqual(before);
    const after = await engine.eigenvalues(gram);
    expect(after[0] / before[0]).toBeCloseTo(2, 12);
  });

  it('multiplies float32 operands on either side', async () => {
    const engine = await open();
    const [a, b] = [single(gaussian(9, 21, 1)), single(gaussian(21, 6, 2))];
    const expected = times(a, b);
    const right = await engine.upload(b);
    const product = await engine.download(await engine.multiply(await engine.upload(a), right));
    expect(distance(product.data, expected.data)).toBeLessThan(1e-12);
    const transposed = await engine.upload(single(flip(a)));
    const again = await engine.download(await engine.multiply(transposed, right, { a: true }));
    expect(distance(again.data, expected.data)).toBeLessThan(1e-12);
  });

  it('are refused after they were disposed, after close, and from another engine', async () => {
    const engine = await open();
    const x = await engine.upload(gaussian(4, 3, 1));
    const foreign = await (await openEngine('ml-matrix')).upload(gaussian(4, 3, 1));
    await expect(engine.columnMeans(foreign)).rejects.toThrow('another engine');
    engine.dispose(x);
    await expect(engine.columnMeans(x)).rejects.toThrow('after it was disposed');
    const y = await engine.upload(gaussian(4, 3, 1));
    await engine.close!();
    await expect(engine.columnMeans(y)).rejects.toThrow('after it was closed');
  });

  it('are refused where their shapes do not fit', async () => {
    const engine = await open();
    const wide: Handle = await engine.upload(gaussian(3, 4, 1));
    const refused = [
      engine.accumulateGram(wide, new Float64Array(4), wide),
      engine.accumulateCross(wide, wide, wide),
      engine.project(wide, new Float64Array(4), wide),
      engine.eigSymmetric(wide),
      engine.eigenvalues(wide),
    ];
    for (const result of refused) await expect(result).rejects.toThrow(ShapeError);
  });
});

describe('what the wasm engine needs', () => {
  it('says what is missing', async () => {
    const { validate } = WebAssembly;
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    await expect(openEngine('wasm', { threads: 6 })).rejects.toThrow(/lacks SIMD .* 'ml-matrix'/);
    const sizes: number[] = [];
    vi.spyOn(WebAssembly, 'validate').mockImplementation(
      (bytes) => sizes.push(bytes.byteLength) === 2 && validate(bytes),
    );
    await expect(openEngine('wasm', { threads: 6, fma: true })).rejects.toThrow(/relaxed SIMD, .* Node 22/);
    vi.stubGlobal('WebAssembly', undefined);
    await expect(openEngine('wasm', { threads: 6 })).rejects.toThrow(UnsupportedError);
  });

  const fused = Number(process.versions.node.split('.')[0]) >= 22;
  it.skipIf(!fused)('fuses multiplication and addition on request (Node 22 or newer)', async () => {
    const engine = await openEngine('wasm', { threads: 2, fma: true });
    expect(engine.description).toBe('2 threads, SIMD with FMA');
    const x = gaussian(300, 33, 1);
    const gram = await engine.accumulateGram(await engine.upload(x), new Float64Array(33));
    expect(distance((await engine.download(gram)).data, times(flip(x), x).data)).toBeLessThan(1e-11);
  });
});

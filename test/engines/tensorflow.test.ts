/** TensorFlow in float64: the conformance suite, the traps of tfjs-node, and what must not leak. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type * as Tfjs from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Engine, Handle } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { NumericalError, ShapeError, UnsupportedError } from '../../src/errors.js';
import { cca, svcca } from '../../src/measures/functions.js';
import { chooseBackend } from '../../src/node/backend.js';
import { distance, flip, gaussian, mapped, root, times } from '../support.js';
import { conformance } from './conformance.js';

process.env['SVCCA_TFJS_NODE'] ??= join(root, '.native/node_modules/@tensorflow/tfjs-node');
const skipped = existsSync(join(process.env['SVCCA_TFJS_NODE'], 'lib/napi-v8/tfjs_binding.node'))
  ? undefined
  : 'needs SVCCA_TFJS_NODE or npm run native';

async function open(): Promise<Engine> {
  await chooseBackend({ prefer: 'tensorflow' });
  return openEngine('tensorflow');
}

conformance('tensorflow', open, skipped);

describe.skipIf(skipped)(`tensorflow on tfjs-node${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  let tf: typeof Tfjs;
  let engine: Engine;
  let backend: any;
  let binding: any;

  beforeAll(async () => {
    engine = await open();
    tf = await import('@tensorflow/tfjs');
    backend = tf.engine().findBackend('tensorflow');
    binding = backend.binding;
    // Or its cpu backend prints a banner.
    tf.env().set('PROD', true);
  });

  afterEach(async () => {
    backend.binding = binding;
    await tf.setBackend('tensorflow');
    vi.restoreAllMocks();
  });

  /** What lives: tensors of tfjs, those that its backend knows, and those of TensorFlow itself. */
  const living = (): number[] => [tf.memory().numTensors, backend.numDataIds(), binding.getNumOfTensors()];

  /** An engine on a binding of which some functions are replaced. */
  function openOn(replaced: Record<string, (...args: any[]) => unknown>): Promise<Engine> {
    const names = Object.getOwnPropertyNames(binding);
    backend.binding = { ...Object.fromEntries(names.map((name) => [name, binding[name]])), ...replaced };
    return openEngine('tensorflow');
  }

  it('says what it computes on', async () => {
    expect(engine.description).toBe(`TensorFlow ${binding.TF_Version}, ${engine.gpu ? 'GPU' : 'CPU'}`);
    expect(engine.gpu).toBe(binding.isUsingGpuDevice());
    const onGpu = await openOn({ isUsingGpuDevice: () => true });
    expect([onGpu.gpu, onGpu.description]).toEqual([true, `TensorFlow ${binding.TF_Version}, GPU`]);
  });

  it('computes whatever backend models run on, and leaves that active', async () => {
    await tf.setBackend('cpu');
    const other = await openEngine('tensorflow');
    const handle = await other.upload(gaussian(4, 3, 1));
    expect((await other.singularValues(handle)).length).toBe(3);
    other.dispose(handle);
    expect(tf.getBackend()).toBe('cpu');
  });

  describe('traps', () => {
    it('keeps every bit of a double: NaN with its payload, −0, denormals, infinities', async () => {
      const bits = BigUint64Array.of(
        0x7ff8_0000_0000_0000n, 0x7ff0_0000_dead_beefn, 0xfff8_1234_5678_9abcn, 0x8000_0000_0000_0000n,
        0x0000_0000_0000_0001n, 0x800f_ffff_ffff_ffffn, 0x7ff0_0000_0000_0000n, 0x7fef_ffff_ffff_ffffn,
        0x3ff0_0000_0000_0001n, 0x0000_0001_7f80_0001n, 0x7f80_0001_0000_0000n, 0xfff0_0000_0000_0000n,
      ); // prettier-ignore
      const handle = await engine.upload({ rows: 4, cols: 3, data: new Float64Array(bits.buffer) });
      const { data } = await engine.download(handle);
      expect(new BigUint64Array(data.buffer)).toEqual(bits);
      engine.dispose(handle);
    });

    it.each(['float64', 'float32'])(
      'copies what is uploaded, which TensorFlow would alias (%s)',
      async (type) => {
        // TensorFlow copies by itself only where the buffer is not aligned: several, so that some are.
        const sources = [0, 1, 2, 3].map(() =>
          type === 'float64' ? new Float64Array(1 << 16).fill(1) : new Float32Array(1 << 16).fill(1),
        );
        for (const data of sources) {
          const handle = await engine.upload({ rows: 256, cols: 256, data });
          data.fill(99);
          const back = await engine.download(handle);
          expect(back.data.every((value) => value === 1)).toBe(true);
          back.data.fill(-5);
          expect((await engine.download(handle)).data[0]).toBe(1);
          engine.dispose(handle);
        }
      },
    );

    it('takes a view at any place of a buffer, and gives one back at its beginning', async () => {
      const whole = gaussian(1, 31, 2).data;
      const handle = await engine.upload({ rows: 5, cols: 6, data: whole.subarray(1) });
      const { data } = await engine.download(handle);
      expect(data).toEqual(whole.slice(1));
      expect(data.byteOffset).toBe(0);
      engine.dispose(handle);
    });

    it('does not leak as tfjs does where a result is float64', async () => {
      const tensor = tf.ones([3, 2]);
      const attributes = ['SrcT', 'DstT'].map((name, i) => ({
        name,
        type: binding.TF_ATTR_TYPE,
        value: i + 1,
      }));
      const before = living();
      // The trap itself; if this no longer fails, device.ts may become shorter.
      expect(() => backend.executeSingleOutput('Cast', attributes, [tensor])).toThrow('Unknown dtype enum 2');
      expect(living()[2]).toBe(before[2] + 2); // the tensor itself, written when first used, and the lost one
      const after = living();
      engine.dispose((await engine.adopt!(tensor))!);
      expect(living()).toEqual(after);
      tensor.dispose();
    });

    it('uses no tidy of tfjs, which walks through a typed array that leaves it', async () => {
      const scopes = vi.spyOn(tf.engine(), 'startScope');
      const x = await engine.upload(gaussian(20, 3, 3));
      const mean = await engine.columnMeans(x);
      const gram = await engine.accumulateGram(x, mean);
      await engine.download(gram);
      engine.dispose(x, gram);
      expect(scopes).not.toHaveBeenCalled();
    });

    it('finds a matrix indefinite by one late pivot, and makes nothing of it', async () => {
      const before = living();
      const x = gaussian(200, 60, 4);
      const gram = times(flip(x), x);
      gram.data[gram.data.length - 1] = 1e-9;
      const handle = await engine.upload(gram);
      expect(await engine.cholesky(handle)).toBeUndefined();
      engine.dispose(handle);
      expect(living()).toEqual(before);
    });

    it('takes the error of older TensorFlow versions for an indefinite matrix as what it means', async () => {
      const old = await openOn({
        executeOp(name: string, ...rest: unknown[]) {
          if (name !== 'Cholesky') return binding.executeOp(name, ...rest);
          throw new Error('Invalid TF_Status: 3\nMessage: Cholesky decomposition was not successful.');
        },
      });
      const handle = await old.upload(gaussian(3, 3, 5));
      expect(await old.cholesky(handle)).toBeUndefined();
      old.dispose(handle);
    });

    it('computes in float64 from float32 values too', async () => {
      // Sums and products that float32 would round: 1e4 + small, squared.
      const x = mapped(gaussian(500, 4, 6), (value) => Math.fround(1e4 + value));
      const single = await engine.upload({ ...x, data: Float32Array.from(x.data) });
      const double = await engine.upload(x);
      const mean = await engine.columnMeans(single);
      expect(mean).toEqual(await engine.columnMeans(double));
      const [a, b] = [await engine.accumulateGram(single, mean), await engine.accumulateGram(double, mean)];
      expect((await engine.download(a)).data).toEqual((await engine.download(b)).data);
      const product = await engine.multiply(single, single, { a: true });
      const relative = (await engine.download(product)).data.map(
        (value, i) => value / times(flip(x), x).data[i],
      );
      expect(distance(relative, new Float64Array(16).fill(1))).toBeLessThan(1e-13);
      engine.dispose(single, double, a, b, product);
    });
  });

  describe('adopt', () => {
    it('takes tensors where they are, without reading them, and leaves them to the caller', async () => {
      const x = gaussian(50, 6, 7);
      const fresh = tf.tensor2d(Float32Array.from(x.data), [50, 6]);
      const computed = tf.relu(fresh);
      const values = await computed.data();
      const before = living();
      const read = vi.spyOn(backend, 'readSync');
      const [first, second] = [await engine.adopt!(fresh), await engine.adopt!(computed)];
      expect(read).not.toHaveBeenCalled();
      expect((await engine.download(first!)).data).toEqual(Float64Array.from(x.data, Math.fround));
      expect((await engine.download(second!)).data).toEqual(Float64Array.from(values));
      tf.dispose([fresh, computed]);
      expect((await engine.download(second!)).data).toEqual(Float64Array.from(values));
      engine.dispose(first!, second!);
      expect(living()[2]).toBe(before[2] - 2);
    });

    it('takes integers and booleans exactly', async () => {
      const integers = tf.tensor2d([2 ** 24 + 1, -(2 ** 31), 2 ** 31 - 1, 0], [2, 2], 'int32');
      const flags = tf.tensor2d([true, false], [1, 2], 'bool');
      const [a, b] = [await engine.adopt!(integers), await engine.adopt!(flags)];
      const expected = Float64Array.of(2 ** 24 + 1, -(2 ** 31), 2 ** 31 - 1, 0);
      expect((await engine.download(a!)).data).toEqual(expected);
      expect((await engine.download(b!)).data).toEqual(Float64Array.of(1, 0));
      engine.dispose(a!, b!);
      tf.dispose([integers, flags]);
    });

    it('leaves alone what is elsewhere, of another rank or no real numbers', async () => {
      const gone = tf.ones([2, 2]);
      gone.dispose();
      const tensors = [tf.ones([2, 2, 2]), tf.ones([3]), tf.tensor2d(['a'], [1, 1])];
      tensors.push(tf.complex(tf.ones([1, 1]), tf.ones([1, 1])));
      await tf.setBackend('cpu');
      const elsewhere = tf.ones([2, 2]);
      await tf.setBackend('tensorflow');
      const before = living();
      for (const tensor of [...tensors, gone, elsewhere]) {
        expect(await engine.adopt!(tensor)).toBeUndefined();
      }
      expect(await engine.adopt!({ shape: [1, 1], dtype: 'float32', data: async () => [1] })).toBeUndefined();
      expect(living()).toEqual(before);
      expect(tf.engine().findBackend('cpu').numDataIds()).toBeGreaterThan(0);
      tf.dispose([...tensors, elsewhere]);
    });
  });

  describe('handles', () => {
    it('may be disposed twice, and say so when used after that', async () => {
      const before = living();
      const handle = await engine.upload(gaussian(3, 2, 8));
      engine.dispose(handle);
      engine.dispose(handle, handle);
      expect(living()).toEqual(before);
      const message = 'a 3 × 2 matrix of the tensorflow engine was used after it was disposed';
      await expect(engine.download(handle)).rejects.toThrow(message);
      await expect(engine.svd(handle)).rejects.toThrow(message);
    });

    it('are refused where they are of another engine', async () => {
      const message = 'the tensorflow engine was given a matrix of another engine';
      await expect(engine.svd({ rows: 2, cols: 2 })).rejects.toThrow(message);
    });

    it('keep their identity while a sum grows in them', async () => {
      const x = await engine.upload(gaussian(9, 2, 9));
      const gram = await engine.accumulateGram(x, new Float64Array(2));
      const cross = await engine.accumulateCross(x, x);
      const before = living();
      for (let i = 0; i < 5; i++) {
        expect(await engine.accumulateGram(x, new Float64Array(2), gram)).toBe(gram);
        expect(await engine.accumulateCross(x, x, cross)).toBe(cross);
      }
      expect(living()).toEqual(before);
      const wide = await engine.upload(gaussian(9, 3, 10));
      await expect(engine.accumulateGram(wide, new Float64Array(3), gram)).rejects.toThrow(ShapeError);
      await expect(engine.accumulateCross(wide, x, cross)).rejects.toThrow(ShapeError);
      engine.dispose(x, gram, cross, wide);
    });
  });

  describe('leaks', () => {
    it('nothing in 100 comparisons', async () => {
      const [x, y] = [gaussian(60, 7, 11), gaussian(60, 5, 12)];
      const before = living();
      const first = await cca(x, y, { engine });
      for (let i = 0; i < 100; i++) {
        const compare = i % 2 === 0 ? cca : svcca;
        const { score } = await compare(i % 4 < 2 ? x : flip(flip(x)), y, { engine });
        if (compare === cca) expect(score).toBe(first.score);
      }
      expect(living()).toEqual(before);
    });

    it('nothing, whatever call of TensorFlow fails', async () => {
      const [tall, square] = [gaussian(9, 3, 13), gaussian(3, 3, 14)];
      const definite = times(flip(tall), tall);
      const work = async (on: Engine, made: Handle[]) => {
        const keep = <H extends Handle>(handle: H): H => (made.push(handle), handle);
        const [x, s, g] = [
          keep(await on.upload(tall)),
          keep(await on.upload({ ...square, data: Float32Array.from(square.data) })),
          keep(await on.upload(definite)),
        ];
        const mean = await on.columnMeans(x);
        const gram = keep(await on.accumulateGram(x, mean));
        await on.accumulateGram(x, mean, gram);
        const cross = keep(await on.accumulateCross(x, x, undefined, { a: mean, b: mean }));
        await on.accumulateCross(x, x, cross);
        keep(await on.project(x, mean, s));
        keep(await on.multiply(x, s));
        keep((await on.eigSymmetric(gram, 2)).vectors);
        await on.eigenvalues(gram);
        const l = keep((await on.cholesky(g))!);
        keep(await on.solveTriangular(l, s, { side: 'left' }));
        keep(await on.solveTriangular(l, s, { side: 'right', transpose: true }));
        const { u, v } = await on.svd(x);
        made.push(u, v);
        await on.singularValues(x);
        const { q, r } = await on.qr(x);
        made.push(q, r);
        const tensor = tf.ones([2, 2]);
        try {
          keep((await on.adopt!(tensor))!);
        } finally {
          tensor.dispose();
        }
        await on.download(x);
      };
      const before = living();
      let calls = 0;
      let failAt = 0;
      const counted =
        (call: (...args: unknown[]) => unknown) =>
        (...args: unknown[]) => {
          if (++calls === failAt) throw new Error('Invalid TF_Status: 8\nMessage: OOM when allocating');
          return call(...args);
        };
      const failing = await openOn(
        Object.fromEntries(
          ['createTensor', 'executeOp', 'tensorDataSync'].map((name) => [name, counted(binding[name])]),
        ),
      );
      for (;;) {
        calls = 0;
        failAt++;
        const made: Handle[] = [];
        const error: unknown = await work(failing, made).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        failing.dispose(...made);
        expect(living(), `after call ${failAt} failed`).toEqual(before);
        if (calls < failAt) {
          expect(error).toBeUndefined();
          break;
        }
        expect(error).toBeInstanceOf(Error);
      }
      expect(failAt).toBeGreaterThan(80);
    });
  });

  describe('errors', () => {
    it('of the numbers are NumericalErrors that name the operation', async () => {
      const bad = await engine.upload(mapped(gaussian(3, 3, 15), () => NaN));
      const failure = await engine.eigSymmetric(bad).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(NumericalError);
      expect((failure as Error).message).toMatch(
        /^TensorFlow could not run SelfAdjointEigV2: .*not successful/,
      );
      engine.dispose(bad);
    });

    it('of the device are UnsupportedErrors with a way out', async () => {
      const x = await engine.upload(gaussian(3, 2, 17));
      const failing = (status: number) =>
        openOn({
          executeOp() {
            throw new Error(`Invalid TF_Status: ${status}\nMessage: no`);
          },
        });
      const message = 'TensorFlow could not run MatMul: no';
      await expect((await failing(8)).multiply(x, x, { a: true })).rejects.toThrow(
        new UnsupportedError(`${message}; its memory is full; give smaller batches`),
      );
      await expect((await failing(5)).multiply(x, x, { a: true })).rejects.toThrow(
        new UnsupportedError(`${message}; take another engine, for example 'wasm'`),
      );
      engine.dispose(x);
    });
  });
});

/**
 * The operations of an engine, against numpy's: data in place, one operation timed.
 */
import type { Engine, Handle, Matrix } from 'svcca';
import type { Case, Trial } from '../case.js';
import { activations, float64, spd } from '../data.js';
import type { Layers } from '../data.js';
import type { Value } from '../harness.js';

/** How one operation is timed on handles. */
interface Kernel<T> {
  run(engine: Engine, x: Handle, y: Handle | undefined): Promise<T>;
  finish(engine: Engine, result: T): Promise<Value> | Value;
}

/** Sum of squares of a result, whatever the signs of vectors. */
async function norm(engine: Engine, handle: Handle, ...others: Handle[]): Promise<Value> {
  const { data } = await engine.download(handle);
  engine.dispose(handle, ...others);
  return [data.reduce((sum, v) => sum + v * v, 0)];
}

function trial<T>(kernel: Kernel<T>) {
  return async (engine: Engine, data: Layers): Promise<Trial<T>> => {
    const x = await engine.upload(data['x']);
    const y = data['y'] && (await engine.upload(data['y']));
    return {
      run: () => kernel.run(engine, x, y),
      finish: (result) => kernel.finish(engine, result),
      close: () => engine.dispose(...(y ? [x, y] : [x])),
    };
  };
}

const gram = trial({
  run: async (engine, x) => engine.accumulateGram(x, await engine.columnMeans(x)),
  finish: norm,
});
const gemm = trial({ run: (engine, x, y) => engine.multiply(x, y!), finish: norm });
const eigh = trial({
  run: (engine, x) => engine.eigSymmetric(x),
  finish: (engine, { values, vectors }) => {
    engine.dispose(vectors);
    return Array.from(values);
  },
});
const eigenvalues = trial({
  run: (engine, x) => engine.eigenvalues(x),
  finish: (_, values) => Array.from(values),
});
const svd = trial({
  run: (engine, x) => engine.svd(x),
  finish: (engine, { u, s, v }) => {
    engine.dispose(u, v);
    return Array.from(s);
  },
});
const singularValues = trial({
  run: (engine, x) => engine.singularValues(x),
  finish: (_, values) => Array.from(values),
});
const qr = trial({ run: (engine, x) => engine.qr(x), finish: (engine, { q, r }) => norm(engine, r, q) });
const cholesky = trial({
  run: (engine, x) => engine.cholesky(x),
  finish: (engine, l) => (l === undefined ? [] : norm(engine, l)),
});

interface Shape {
  readonly rows: number;
  readonly cols: number;
}

function kernel(
  name: string,
  { rows, cols }: Shape,
  work: number,
  numpy: string,
  data: () => Layers,
  prepare: Case['prepare'],
): Case {
  const size = rows === cols ? `${cols}` : `${rows}×${cols}`;
  return {
    name: `kernel-${name.replaceAll(' ', '-')}-${size}`,
    title: `${name} ${size}`,
    size: { rows, cols },
    work: work / 1e9,
    data,
    prepare,
    peers: [{ name: 'numpy', module: 'numpy_kernels', run: numpy }],
  };
}

/** All kernels. @param quick - in sizes that take milliseconds */
export function kernelCases(quick: boolean): Case[] {
  const samples = quick ? 1000 : 10000;
  const width = quick ? 64 : 512;
  const only = (x: Matrix): Layers => ({ x });
  const tall = (rows: number, cols: number) => () => only(float64(activations(rows, cols))['x']);
  const square = (cols: number) => () => only(spd(cols, 1));
  const n3 = (cols: number) => cols ** 3;
  const at = (cols: number): Shape => ({ rows: cols, cols });
  return [
    ...(quick ? [64] : [256, 512, 1024]).map((cols) =>
      kernel('Gram', { rows: samples, cols }, samples * cols ** 2, 'gram', tall(samples, cols), gram),
    ),
    kernel('GEMM', at(width), 2 * n3(width), 'gemm', () => float64(activations(width, width)), gemm),
    ...(quick ? [64] : [256, 512, 1024]).map((cols) =>
      kernel('eigh', at(cols), 9 * n3(cols), 'eigh', square(cols), eigh),
    ),
    kernel('eigenvalues', at(width), 1.4 * n3(width), 'eigvalsh', square(width), eigenvalues),
    kernel('SVD', at(width), 20 * n3(width), 'svd', tall(width, width), svd),
    kernel('singular values', at(width), 2.7 * n3(width), 'svdvals', tall(width, width), singularValues),
    kernel(
      'QR',
      { rows: samples / 2, cols: width / 2 },
      samples * (width / 2) ** 2 * 2,
      'qr',
      tall(samples / 2, width / 2),
      qr,
    ),
    kernel('Cholesky', at(width), n3(width) / 3, 'cholesky', square(width), cholesky),
  ];
}

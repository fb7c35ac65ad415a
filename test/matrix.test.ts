import { Matrix as MlMatrix } from 'ml-matrix';
import { bignumber, matrix as mathMatrix } from 'mathjs';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { DataError, ShapeError } from '../src/errors.js';
import { matrix, toMatrix } from '../src/matrix.js';
import type { MatrixLike } from '../src/matrix.js';

const rows = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const flat = [1, 2, 3, 4, 5, 6];

describe('toMatrix', () => {
  it.each<[string, MatrixLike]>([
    ['nested arrays', rows],
    ['typed rows', rows.map((row) => Int16Array.from(row))],
    ['{ rows, cols, data }', { rows: 3, cols: 2, data: flat }],
    ['{ shape, data }', { shape: [3, 2], data: Uint8Array.from(flat) }],
    ['an ml-matrix Matrix', new MlMatrix(rows)],
    ['a mathjs matrix', mathMatrix(rows) as unknown as MatrixLike],
    [
      'a mathjs matrix of BigNumbers',
      mathMatrix(rows.map((row) => row.map((v) => bignumber(v)))) as unknown as MatrixLike,
    ],
    ['a sparse mathjs matrix', mathMatrix(rows, 'sparse') as unknown as MatrixLike],
  ])('reads %s as float64', async (_, value) => {
    expect(await toMatrix(value)).toEqual({ rows: 3, cols: 2, data: Float64Array.from(flat) });
  });

  it('reads tensors, and keeps float32 as float32', async () => {
    await tf.setBackend('cpu');
    const tensor = tf.tensor2d(rows);
    expect(await toMatrix(tensor)).toEqual({ rows: 3, cols: 2, data: Float32Array.from(flat) });
    expect((await toMatrix(tensor.cast('int32'))).data).toEqual(Float64Array.from(flat));
    const data = Float32Array.from(flat);
    expect((await toMatrix({ rows: 3, cols: 2, data })).data).toBe(data);
    expect((await toMatrix(rows.map((row) => Float32Array.from(row)))).data).toEqual(data);
    tf.disposeVariables();
  });

  it.each<[unknown, string]>([
    [[1, 2, 3], 'x has shape [3]: a matrix of samples × neurons is needed; reshape it to [samples, neurons]'],
    [
      { shape: [2, 1, 3], data: flat },
      'x has shape [2, 1, 3]: a matrix of samples × neurons is needed; flatten it',
    ],
    [[[[1]], [[2]]], 'x has shape [2, 1, 1]'],
    [[[1, 2], [3]], 'x is ragged: row 1 has 1 values, row 0 has 2'],
    [{ rows: 2, cols: 2, data: flat }, 'x of shape 2 × 2 needs 4 values, got 6'],
    [{ shape: [2, 3] }, 'x of shape 2 × 3 needs 6 values, got undefined'],
    [mathMatrix([1, 2]), 'x has shape [2]'],
    [null, 'x is null, not a matrix'],
    ['x.npy', 'x is string, not a matrix'],
    [new Map(), 'x is Map, not a matrix'],
  ])('refuses %j', async (value, message) => {
    const attempt = toMatrix(value as MatrixLike);
    await expect(attempt).rejects.toThrow(ShapeError);
    await expect(attempt).rejects.toThrow(message);
  });

  it('names the place of the first value that is not finite', async () => {
    const data = Float32Array.from(flat);
    data[3] = NaN;
    await expect(toMatrix({ rows: 3, cols: 2, data }, 'y')).rejects.toThrow(
      new DataError('y holds NaN at row 1, column 1 (shape 3 × 2): every activation must be finite'),
    );
    await expect(toMatrix([[1, -Infinity]])).rejects.toThrow('x holds -Infinity at row 0, column 1');
  });

  it('refuses empty input, and tensors of strings', async () => {
    await expect(toMatrix([])).rejects.toThrow(new DataError('x is empty: 0 samples × 0 neurons'));
    await expect(toMatrix(tf.tensor2d([['a']]))).rejects.toThrow('x is a tensor of string');
  });
});

describe('matrix', () => {
  it('checks the length', () => {
    expect(() => matrix(2, 2, new Float64Array(3))).toThrow(
      new ShapeError('a 2 × 2 matrix needs 4 values, got 3'),
    );
  });
});

/**
 * Whether the arithmetic of a device is what exact products need: asked of the device itself, once, when the engine opens.
 *
 * @module
 */
import { UnsupportedError } from '../../errors.js';
import type { Matrix } from '../../matrix.js';
import type { Backend } from './backend.js';
import { product } from './product.js';
import { columnScales, hostRange, hostSource, tensorSource } from './source.js';

// Enough entries that no backend computes them on the side, as WebGL does on the CPU with tensors of up to 128.
const ROWS = 300;
const COLS = 16;

/**
 * Sums that need all 24 bits of a float32, then a whole product of numbers far from 0, from host memory and from a tensor.
 *
 * @throws UnsupportedError where a bit is lost.
 */
export async function verifyExactness(backend: Backend): Promise<void> {
  if (!(await keepsAllBits(backend)) || !(await multipliesExactly(backend))) {
    throw new UnsupportedError(
      `the backend '${backend.name}' does not compute exactly in 32-bit floating point (it may use 16 bits, or fast ` +
        'approximations): use another engine',
    );
  }
}

async function keepsAllBits({ tf }: Backend): Promise<boolean> {
  // 255·256·257 + 15·17 = 2²⁴ − 1, and an odd number a little below it in every other column.
  const rows = 258;
  const last = (at: number): number => 17 - 2 * (at % 2);
  const result = tf.tidy(() => {
    const fill = (value: (at: number) => number): Float32Array =>
      Float32Array.from({ length: rows * COLS }, (_, at) => value(at));
    const left = fill((at) => (at < 257 * COLS ? 255 : 15));
    const right = fill((at) => (at < 257 * COLS ? 256 : last(at)));
    const a = tf.transpose(tf.tensor2d(left, [rows, COLS]));
    return tf.matMul(a, tf.tensor2d(right, [rows, COLS]));
  });
  try {
    const values = await result.data();
    return values.every((value, at) => value === 255 * 256 * 257 + 15 * last(at));
  } finally {
    result.dispose();
  }
}

async function multipliesExactly(backend: Backend): Promise<boolean> {
  const x = sample();
  const range = hostRange(x);
  const shift = Float32Array.from({ length: COLS }, (_, j) => (j % 2 === 0 ? 3.3 : -0.4 * j));
  const making = { shift, scale: columnScales(range, shift) };
  const expected = new Float64Array(COLS * COLS);
  for (let i = 0; i < ROWS; i++) {
    for (let p = 0; p < COLS; p++) {
      const left = x.data[i * COLS + p] - shift[p];
      for (let q = 0; q < COLS; q++) expected[p * COLS + q] += left * (x.data[i * COLS + q] - shift[q]);
    }
  }
  const { tf } = backend;
  const tensor = tf.tensor2d(x.data as Float32Array, [ROWS, COLS]);
  try {
    for (const source of [hostSource(tf, x, making), tensorSource(tf, tensor, making)]) {
      for (const right of [undefined, source]) {
        const { data } = await product(backend, source, right);
        for (let p = 0; p < COLS; p++) {
          for (let q = 0; q < COLS; q++) {
            const size = ROWS * making.scale[p] * making.scale[q];
            if (!(Math.abs(data[p * COLS + q] - expected[p * COLS + q]) <= 2 ** -39 * size)) return false;
          }
        }
      }
    }
    return true;
  } finally {
    tensor.dispose();
  }
}

/** Numbers of float32 around 3, with all their bits in use. */
function sample(): Matrix {
  const data = new Float32Array(ROWS * COLS);
  let state = 1;
  for (let at = 0; at < data.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[at] = 3 + (state / 2 ** 32 - 0.5) * 10 ** -(at % 4);
  }
  return { rows: ROWS, cols: COLS, data };
}

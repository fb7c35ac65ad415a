/**
 * Activations as networks have them, as far as linear algebra can tell: float32, with a mean, a spectrum that falls as `1/i`, and
 * directions that two layers share more or less. Every size is a power of two wide, since a fast Walsh–Hadamard transform
 * turns the directions into neurons.
 */
import type { Matrix } from 'svcca';

/** A float32 matrix: activations, samples × neurons. */
export type Layer = Matrix & { readonly data: Float32Array };

/** Named matrices, as a case has them. */
export type Layers = Readonly<Record<string, Matrix>>;

/** Fast uniform noise in [−1, 1): xorshift. The tests of the library use a better generator; here only speed counts. */
export function noise(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

/**
 * Layers over the same samples, `count` on each side, named `x` and `y`, or `x0`, `y0`, `x1`, … for more than one. Layer `i` of
 * either side shares with every other what a common signal has in its directions, the more the nearer the layers are.
 */
export function activations(rows: number, cols: number, count?: number): Record<string, Layer> {
  const layers: Record<string, Layer> = {};
  const common = uniform(rows, cols, 1);
  for (let i = 0; i < (count ?? 1); i++) {
    for (const [side, seed] of [
      ['x', 2 * i + 2],
      ['y', 2 * i + 3],
    ] as const) {
      layers[count === undefined ? side : `${side}${i}`] = layer(
        common,
        seed,
        0.9 - (0.4 * i) / (count ?? 1),
      );
    }
  }
  return layers;
}

/** The same values in float64. */
export function float64(layers: Layers): Record<string, Matrix> {
  return Object.fromEntries(
    Object.entries(layers).map(([name, { rows, cols, data }]) => [
      name,
      { rows, cols, data: Float64Array.from(data) },
    ]),
  );
}

/** Uniform noise. */
export function uniform(rows: number, cols: number, seed: number): Layer {
  const next = noise(seed);
  const data = new Float32Array(rows * cols);
  for (let i = 0; i < data.length; i++) data[i] = next();
  return { rows, cols, data };
}

/** A symmetric matrix, positive definite, with a spectrum that falls as that of a Gram matrix. */
export function spd(size: number, seed: number): Matrix {
  const { data } = layer(uniform(2 * size, size, seed), seed + 1, 0.5);
  const out = new Float64Array(size * size);
  const row = new Float64Array(size);
  for (let n = 0; n < 2 * size; n++) {
    for (let j = 0; j < size; j++) row[j] = data[n * size + j] - 0.5;
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) out[i * size + j] += row[i] * row[j];
  }
  return { rows: size, cols: size, data: out };
}

function layer(common: Layer, seed: number, shared: number): Layer {
  const { rows, cols } = common;
  if (!Number.isInteger(Math.log2(cols))) throw new Error(`${cols} neurons: give a power of two`);
  const next = noise(seed);
  const signs = Float64Array.from({ length: cols }, () => Math.sign(next() || 1));
  const own = Math.sqrt(1 - shared * shared);
  const data = new Float32Array(rows * cols);
  const row = new Float64Array(cols);
  for (let n = 0; n < rows; n++) {
    for (let j = 0; j < cols; j++) {
      const mixed = shared * common.data[n * cols + j] + own * next();
      row[j] = (signs[j] * mixed) / (j + 1);
    }
    hadamard(row);
    for (let j = 0; j < cols; j++) data[n * cols + j] = row[j] + 0.5;
  }
  return { rows, cols, data };
}

function hadamard(row: Float64Array): void {
  for (let half = 1; half < row.length; half *= 2) {
    for (let start = 0; start < row.length; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const [a, b] = [row[i], row[i + half]];
        row[i] = a + b;
        row[i + half] = a - b;
      }
    }
  }
}

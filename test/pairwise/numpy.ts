/** The draws of `np.random.RandomState(seed).randn`, so that tests and Python see the same numbers. */
import type { Matrix } from '../../src/matrix.js';

/** A function that gives `randn(rows, cols)`, one after another as numpy would. */
export function randomState(seed: number): (rows: number, cols: number) => Matrix & { data: Float64Array } {
  const next = mersenneTwister(seed);
  const uniform = () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const [a, b] = [2 * uniform() - 1, 2 * uniform() - 1];
      const square = a * a + b * b;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = factor * a;
      return factor * b;
    }
  };
  return (rows, cols) => ({ rows, cols, data: Float64Array.from({ length: rows * cols }, normal) });
}

/** MT19937 (Matsumoto and Nishimura 1998), seeded by one number. */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) {
    const previous = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let at = 624;
  const twist = (): void => {
    for (let i = 0; i < 624; i++) {
      const bits = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
      state[i] = state[(i + 397) % 624] ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0);
    }
    at = 0;
  };
  return () => {
    if (at === 624) twist();
    let value = state[at++];
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    return (value ^ (value >>> 18)) >>> 0;
  };
}

/** Kornblith's demonstration: seed 1337, `X = randn(100, 10)`, `Y = randn(100, 10) + X`. */
export function demoPair(): { x: Matrix & { data: Float64Array }; y: Matrix & { data: Float64Array } } {
  const randn = randomState(1337);
  const x = randn(100, 10);
  const own = randn(100, 10);
  return { x, y: { ...own, data: own.data.map((value, at) => value + x.data[at]) } };
}

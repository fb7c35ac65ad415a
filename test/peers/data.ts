/** The pairs of activation matrices that peers and library are given: real ones, ordinary ones and awkward ones, all seeded. */
import { matrix } from '../../src/matrix.js';
import type { FloatArray, Matrix } from '../../src/matrix.js';
import { Random } from '../../src/random.js';
import { gaussian, hasReference, reference, times } from '../support.js';

export type PairName = keyof typeof makers;
export interface Sides {
  readonly x: Matrix;
  readonly y: Matrix;
  /** What partial measures remove. */
  readonly z?: Matrix;
}

/** Two sides that see `latent` common directions through different linear maps, each with noise of its own. */
function related(rows: number, widths: readonly [number, number], latent: number, seed: number): Sides {
  const shared = gaussian(rows, latent, seed);
  const [x, y] = widths.map((width, side) => {
    const signal = times(shared, gaussian(latent, width, seed + 1 + side));
    const noise = new Random(seed, 10 + side);
    return map(signal, (value) => value + 1.5 * noise.normal());
  });
  return { x, y };
}

function map(
  { rows, cols, data }: Matrix,
  change: (value: number, col: number, row: number) => number,
  type: 'float32' | 'float64' = 'float64',
): Matrix {
  const out: FloatArray = type === 'float32' ? new Float32Array(data.length) : new Float64Array(data.length);
  data.forEach((value, at) => (out[at] = change(value, at % cols, Math.floor(at / cols))));
  return matrix(rows, cols, out);
}

const both = ({ x, y }: Sides, change: (side: Matrix) => Matrix): Sides => ({ x: change(x), y: change(y) });

/** `x[::10]` of Python. */
function everyTenth({ rows, cols, data }: Matrix): Matrix {
  const kept = data.filter((_, at) => Math.floor(at / cols) % 10 === 0);
  return matrix(Math.ceil(rows / 10), cols, kept);
}

const plain = (): Sides => related(500, [30, 40], 12, 1);

const makers = {
  /** Layer 4 of two MNIST networks, float32: every tenth of 10,000 samples, whose rows are sorted by digit. */
  mnist: () => ({
    x: everyTenth(reference('mnist_lay04_model0.npy')),
    y: everyTenth(reference('mnist_lay04_model1.npy')),
  }),
  /** All 10,000 of them; only the report takes these. */
  mnistAll: () => ({ x: reference('mnist_lay04_model0.npy'), y: reference('mnist_lay04_model1.npy') }),
  /** 500 samples, 30 against 40 neurons, 12 common directions. */
  plain,
  /** The same with means of −200 to 200, up to a hundred times the spread. */
  offset: () => both(plain(), (side) => map(side, (value, col) => value + 200 * Math.sin(col + 1))),
  /** The same at scale 1e-3 and with spreads of the neurons over two orders of magnitude. */
  scales: () =>
    both(plain(), (side) => map(side, (value, col) => value * 1e-3 * 10 ** (-2 * Math.sin(col) ** 2))),
  /** ReLU of a related pair, float32: dead neurons on both sides, many exact zeros. */
  relu: () =>
    both(related(400, [24, 32], 10, 5), (side) =>
      map(side, (value, col) => (col % 6 === 4 ? 0 : Math.max(0, value - 0.5)), 'float32'),
    ),
  /** Fewer samples than neurons. */
  wide: () => related(60, [100, 80], 8, 9),
  /** So few samples that all 720 orders of them can be tried. */
  tiny: () => related(6, [3, 2], 1, 41),
  /** Both sides equally wide. */
  square: () => related(300, [12, 12], 4, 13),
  /** Few small whole numbers: many distances tie. */
  tied: () => both(related(80, [4, 5], 3, 17), (side) => map(side, (value) => Math.round(value / 2))),
  /** Two sides that share what a third explains. */
  confounded: () => {
    const z = gaussian(300, 3, 21);
    const { x, y } = related(300, [8, 10], 3, 22);
    const explained = (side: Matrix, seed: number) => sum(side, times(z, gaussian(3, side.cols, seed)));
    return { x: explained(x, 23), y: explained(y, 24), z };
  },
  /** Not activations: rows of a statistic with its degrees of freedom, of χ² and of F, from the body far into the tail. */
  points: () => ({
    x: points([0.01, 0.5, 1, 1.5, 3, 10, 60], [1, 2, 3, 17, 250, 4000]),
    y: points([0.01, 0.5, 1, 1.5, 3, 10, 60], [1, 2, 12, 600], [1, 5, 77.5, 5000]),
  }),
  /** Not activations: distances among 12 models, Euclidean ones and some that are not. */
  distances: () => ({
    x: distances(gaussian(12, 4, 31), 1),
    y: distances(gaussian(12, 4, 32), 3),
  }),
  /** Not activations: 100 columns of scores, many of which tie, and as many of labels. */
  outcomes: () => {
    const y = map(gaussian(50, 100, 51), (value, col) => Number(value > 0.02 * (col % 50) - 0.5));
    const common = gaussian(50, 100, 52);
    const x = map(common, (value, col, row) =>
      Math.round(3 * (value + (col % 7) * 0.2 * y.data[row * 100 + col])),
    );
    return { x, y };
  },
} satisfies Record<string, () => Sides>;

/** Every combination; the first is multiplied by the second, which for χ² are its mean, so that no tail is empty. */
function points(ratios: readonly number[], first: readonly number[], second?: readonly number[]): Matrix {
  const rows =
    second === undefined
      ? ratios.flatMap((ratio) => first.map((df) => [ratio * df, df]))
      : ratios.flatMap((ratio) => first.flatMap((a) => second.map((b) => [ratio, a, b])));
  return matrix(rows.length, rows[0].length, Float64Array.from(rows.flat()));
}

/** Distances of Minkowski's exponent 2 to the given power; only the first power has Euclidean coordinates for sure. */
function distances({ rows, cols, data }: Matrix, power: number): Matrix {
  const out = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      const steps = Array.from({ length: cols }, (_, k) => data[i * cols + k] - data[j * cols + k]);
      out[i * rows + j] = Math.hypot(...steps) ** power;
    }
  }
  return matrix(rows, rows, out);
}

function sum(a: Matrix, b: Matrix): Matrix {
  return map(a, (value, col, row) => value + 3 * b.data[row * b.cols + col]);
}

/** Pairs that cannot be made here, with the reason. */
export function missingData(name: PairName): string | undefined {
  return name.startsWith('mnist') && !hasReference ? 'no reference data in ../shared' : undefined;
}

const made = new Map<PairName, Sides>();

export function sides(name: PairName): Sides {
  const known = made.get(name) ?? makers[name]();
  made.set(name, known);
  return known;
}

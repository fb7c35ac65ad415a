/**
 * Sums over samples of products of the rows' squared norms `aᵢ = ‖xᵢ − μ‖²`, kept so that the mean can still move: that of the
 * union is known only when all sets of samples are merged.
 *
 * With the mean moved by δ, `aᵢ` becomes `aᵢ − 2(xᵢ − μ)·δ + ‖δ‖²`. Multiplied out over a pair, only sums that can be kept appear:
 * of `aᵢbᵢ`, of `bᵢ(xᵢ − μ)` and `aᵢ(yᵢ − ν)`, and the cross-product of the layers. The means of parts are close, so nothing
 * cancels.
 *
 * @module
 */
import type { HostMatrix } from '../engines/engine.js';
import { dot, squaredNorms } from './cross.js';
import type { Joint, LayerNorms, PairNorms, PairPlaces } from './joint-data.js';

/** Centred samples with the squared norms of their rows, and the sums of the layer itself. */
export function normsOfLayer(samples: HostMatrix): {
  readonly squared: Float64Array;
  readonly own: LayerNorms;
} {
  const squared = squaredNorms(samples, new Float64Array(samples.cols));
  return { squared, own: { squares: dot(squared, squared), along: weightedRows(samples, squared) } };
}

/** Sums of two layers of the same samples. */
export function normsOfPair(
  x: { readonly samples: HostMatrix; readonly squared?: Float64Array },
  y: { readonly samples: HostMatrix; readonly squared?: Float64Array },
): PairNorms {
  const [a, b] = [x.squared!, y.squared!];
  return {
    products: dot(a, b),
    alongX: weightedRows(x.samples, b),
    alongY: weightedRows(y.samples, a),
  };
}

/** The sums of two sets of samples, `shifts` from the means of the first to those of the second; nothing where none were kept. */
export function mergeNorms(
  pairs: PairPlaces,
  a: Joint,
  b: Joint,
  shifts: readonly Float64Array[],
): { readonly layers: LayerNorms[]; readonly pairs: PairNorms[] } | undefined {
  if (!a.layers.every(({ norms }) => norms) || !b.layers.every(({ norms }) => norms)) return undefined;
  const total = a.layers[0].samples + b.layers[0].samples;
  // The mean of the union, seen from each set.
  const moves = (joint: Joint, other: Joint, sign: number) =>
    joint.layers.map((_, i) => shifts[i].map((value) => value * sign * (other.layers[i].samples / total)));
  const [first, second] = [movedNorms(pairs, a, moves(a, b, 1)), movedNorms(pairs, b, moves(b, a, -1))];
  return {
    layers: first.layers.map(({ squares, along }, i) => ({
      squares: squares + second.layers[i].squares,
      along: sumOf(along, second.layers[i].along),
    })),
    pairs: first.pairs.map(({ products, alongX, alongY }, c) => ({
      products: products + second.pairs[c].products,
      alongX: sumOf(alongX, second.pairs[c].alongX),
      alongY: sumOf(alongY, second.pairs[c].alongY),
    })),
  };
}

/** The sums of one set about other means. */
function movedNorms(
  pairs: PairPlaces,
  { layers, pairs: cells }: Joint,
  moves: readonly Float64Array[],
): { readonly layers: LayerNorms[]; readonly pairs: PairNorms[] } {
  const { samples } = layers[0];
  const facts = layers.map(({ root }, i) => ({
    root,
    trace: dot(root.data, root.data),
    by: moves[i],
    square: dot(moves[i], moves[i]),
    /** `R·δ`. */
    turned: times(root, moves[i]),
  }));
  const move = (
    sums: PairNorms,
    x: (typeof facts)[0],
    y: (typeof facts)[0],
    kx: Float64Array,
    ky: Float64Array,
  ) => ({
    products:
      sums.products -
      2 * (dot(y.by, sums.alongY) + dot(x.by, sums.alongX)) +
      4 * dot(x.by, kx) +
      x.square * y.trace +
      y.square * x.trace +
      samples * x.square * y.square,
    alongX: sums.alongX.map((value, j) => value - 2 * kx[j] - x.by[j] * (y.trace + samples * y.square)),
    alongY: sums.alongY.map((value, j) => value - 2 * ky[j] - y.by[j] * (x.trace + samples * x.square)),
  });
  return {
    layers: layers.map(({ root, norms }, i) => {
      const own = facts[i];
      const { squares, along } = norms!;
      const k = timesTransposed(root, own.turned);
      const { products, alongX } = move({ products: squares, alongX: along, alongY: along }, own, own, k, k);
      return { squares: products, along: alongX };
    }),
    pairs: cells.map(({ inner, norms }, c) => {
      const [x, y] = [facts[pairs[c].a], facts[pairs[c].b]];
      const kx = timesTransposed(x.root, times(inner, y.turned));
      const ky = timesTransposed(y.root, timesTransposed(inner, x.turned));
      return move(norms!, x, y, kx, ky);
    }),
  };
}

/** `Σᵢ weightᵢ · rowᵢ`. */
function weightedRows(samples: HostMatrix, weights: Float64Array): Float64Array {
  return timesTransposed(samples, weights);
}

/** `a · x`. */
function times({ rows, cols, data }: HostMatrix, x: Float64Array): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += data[i * cols + j] * x[j];
    return sum;
  });
}

/** `aᵀ · x`, row by row of `a`. */
function timesTransposed({ rows, cols, data }: HostMatrix, x: Float64Array): Float64Array {
  const out = new Float64Array(cols);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < cols; j++, at++) out[j] += data[at] * x[i];
  return out;
}

function sumOf(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, j) => value + b[j]);
}

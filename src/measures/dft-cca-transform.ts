/**
 * Fourier coefficients of convolutional activations over their two spatial axes, one frequency at a time.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { HostMatrix } from '../engines/engine.js';

/** Height, width and channels of a layer. */
export interface Grid {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A frequency in whole waves over the height and the width of the grid, either sign. */
export interface Frequency {
  readonly vertical: number;
  readonly horizontal: number;
}

/** A frequency that is computed, for itself and for its conjugate. */
export interface Representative extends Frequency {
  /** Its places in the common grid, row-major: one or two. */
  readonly places: readonly number[];
  /** Whether it is its own conjugate: coefficients of real activations are real there. */
  readonly real: boolean;
}

/**
 * Lowest frequencies that grids of `a` and `b` points share, in the order of `numpy.fft.fftfreq`: from 0 up, then from the most
 * negative up.
 */
export function commonFrequencies(a: number, b: number): number[] {
  const size = Math.min(a, b);
  return Array.from({ length: size }, (_, i) => (2 * i < size ? i : i - size));
}

/**
 * The frequencies of the common grid but for conjugates: real activations have conjugate coefficients at opposite frequencies,
 * which have the same correlations.
 */
export function representatives(x: Grid, y: Grid): Representative[] {
  const vertical = commonFrequencies(x.height, y.height);
  const horizontal = commonFrequencies(x.width, y.width);
  const [tall, wide] = [opposite(x.height, y.height), opposite(x.width, y.width)];
  const found = new Map<string, Representative>();
  vertical.forEach((v, row) => {
    horizontal.forEach((h, col) => {
      const [a, b] = [tall(v), wide(h)];
      const upper = h > b || (h === b && v >= a);
      const [fv, fh] = upper ? [v, h] : [a, b];
      const key = `${fv} ${fh}`;
      const places = [...(found.get(key)?.places ?? []), row * horizontal.length + col];
      found.set(key, { vertical: fv, horizontal: fh, places, real: a === v && b === h });
    });
  });
  return [...found.values()].sort((p, q) => p.horizontal - q.horizontal);
}

/** The opposite frequency; on grids of one even size the highest is its own opposite. */
function opposite(a: number, b: number): (frequency: number) => number {
  return (frequency) => {
    if (frequency === 0) return 0;
    return a === b && 2 * frequency === -a ? frequency : -frequency;
  };
}

/** Real and imaginary parts. */
interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Coefficients of one side; frequencies of one horizontal part share the transform of the rows. */
export class Transform {
  private rows: (Complex & { readonly horizontal: number }) | undefined;

  /** @param data - centred samples `[samples, height, width, channels]`. */
  constructor(
    private readonly samples: number,
    private readonly grid: Grid,
    private readonly data: Float64Array,
  ) {}

  /**
   * Coefficients `[samples, channels]` at a frequency; where they are complex, as the real matrix `[Re, −Im; Im, Re]`
   * `[2·samples, 2·channels]`, which multiplies and decomposes as they do: its singular values are theirs, each twice.
   */
  at({ vertical, horizontal, real }: Representative): HostMatrix {
    const { samples, grid } = this;
    const { height, channels } = grid;
    if (this.rows?.horizontal !== horizontal) this.rows = { horizontal, ...this.alongRows(horizontal) };
    const { re, im } = along(this.rows, { outer: samples, points: height, inner: channels }, vertical);
    if (real) return { rows: samples, cols: channels, data: re };
    const out = zeros(2 * samples, 2 * channels);
    const below = samples * 2 * channels;
    for (let i = 0; i < samples; i++) {
      for (let k = 0; k < channels; k++) {
        const [from, to] = [i * channels + k, i * 2 * channels + k];
        out.data[to] = re[from];
        out.data[to + channels] = -im[from];
        out.data[below + to] = im[from];
        out.data[below + to + channels] = re[from];
      }
    }
    return out;
  }

  private alongRows(horizontal: number): Complex {
    const { height, width, channels } = this.grid;
    const axes = { outer: this.samples * height, points: width, inner: channels };
    return along({ re: this.data }, axes, horizontal);
  }
}

interface Axes {
  readonly outer: number;
  readonly points: number;
  readonly inner: number;
}

/** `Σₚ x[·, p, ·]·exp(−2πi·f·p/points)` over the middle of three axes. */
function along(
  { re, im }: { re: Float64Array; im?: Float64Array },
  { outer, points, inner }: Axes,
  frequency: number,
): Complex {
  const out = { re: new Float64Array(outer * inner), im: new Float64Array(outer * inner) };
  for (let p = 0; p < points; p++) {
    // The angle is taken within one turn, where sine and cosine are exact to rounding.
    const turn = (2 * Math.PI * ((((frequency * p) % points) + points) % points)) / points;
    const [cos, sin] = [Math.cos(turn), -Math.sin(turn)];
    for (let o = 0; o < outer; o++) {
      let from = (o * points + p) * inner;
      let to = o * inner;
      if (im === undefined) {
        for (const end = to + inner; to < end; from++, to++) {
          out.re[to] += cos * re[from];
          out.im[to] += sin * re[from];
        }
      } else {
        for (const end = to + inner; to < end; from++, to++) {
          out.re[to] += cos * re[from] - sin * im[from];
          out.im[to] += cos * im[from] + sin * re[from];
        }
      }
    }
  }
  return out;
}

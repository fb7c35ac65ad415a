/**
 * Second moments of a layer, accumulated batch by batch and merged exactly: memory is `O(neurons²)` however many samples.
 *
 * @module
 */
import { DataError, NumericalError, ShapeError } from '../errors.js';
import { zeros } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import type { Factor } from './factor.js';
import { FLOAT32_TOLERANCE, FLOAT64_TOLERANCE, orient } from './factor.js';
import { independent, neuronRounding } from './rounding.js';
import type { Rounding } from './rounding.js';

/** Count, means and centred Gram matrix `Σ(x−μ)(x−μ)ᵀ`: all that is saved of a shard. */
export interface MomentsData {
  readonly samples: number;
  readonly mean: Float64Array;
  readonly gram: HostMatrix;
  /** Share of a stored value that is rounding ({@link precisionOf} of the samples). @defaultValue that of float64 */
  readonly precision?: number;
}

/** Running moments inside an engine. */
export class Moments {
  samples = 0;
  /** Column means so far `[neurons]`. */
  mean: Float64Array;
  private gram: Handle | undefined;
  private precision = FLOAT64_TOLERANCE;

  constructor(
    private readonly engine: Engine,
    readonly neurons: number,
  ) {
    this.mean = new Float64Array(neurons);
  }

  /** Moments that go on from those saved before, to the same bits as without the break. */
  static async resume(engine: Engine, { samples, mean, gram, precision }: MomentsData): Promise<Moments> {
    const moments = new Moments(engine, mean.length);
    moments.samples = samples;
    moments.mean = mean;
    moments.precision = precision ?? FLOAT64_TOLERANCE;
    moments.gram = await engine.upload(gram);
    return moments;
  }

  /**
   * Adds a batch `[samples, neurons]`, which stays the caller's: its Gram about its own mean, then the pairwise update of
   * Chan, Golub and LeVeque (1983). `Σxxᵀ − nμμᵀ` would lose every digit that a large offset takes.
   *
   * @param precision - {@link precisionOf} the batch.
   */
  async add(batch: Handle, precision = FLOAT64_TOLERANCE): Promise<void> {
    if (batch.cols !== this.neurons) {
      throw new ShapeError(`a batch of ${batch.cols} neurons for moments of ${this.neurons}`);
    }
    // A batch of sequences may be padding throughout.
    if (batch.rows === 0) return;
    const { engine } = this;
    const mean = await engine.columnMeans(batch);
    this.gram = await engine.accumulateGram(batch, mean, this.gram);
    const update = pooled(this.samples, this.mean, batch.rows, mean);
    if (this.samples > 0) {
      const shift = await engine.upload({ rows: 1, cols: this.neurons, data: update.shift });
      this.gram = await engine.accumulateGram(shift, new Float64Array(this.neurons), this.gram);
      engine.dispose(shift);
    }
    this.mean = update.mean;
    this.samples += batch.rows;
    this.precision = Math.max(this.precision, precision);
  }

  /** The centred Gram matrix so far, inside the engine; it stays the property of these moments. @throws DataError */
  centredGram(): Handle {
    if (this.gram === undefined) throw new DataError('no samples: the moments of nothing were asked for');
    return this.gram;
  }

  /** The moments so far, in host memory. @throws DataError when nothing was added */
  async data(): Promise<MomentsData> {
    const gram = await this.engine.download(this.centredGram());
    if (!gram.data.every(Number.isFinite)) {
      throw new NumericalError('squares of the activations overflow: scale them down before comparing');
    }
    return { samples: this.samples, mean: this.mean.slice(), gram, precision: this.precision };
  }

  dispose(): void {
    if (this.gram) this.engine.dispose(this.gram);
    this.gram = undefined;
  }
}

/** Moments of two disjoint sets of samples as one: exact up to rounding, in any order. @throws ShapeError */
export function mergeMoments(a: MomentsData, b: MomentsData): MomentsData {
  const neurons = a.mean.length;
  if (b.mean.length !== neurons) {
    throw new ShapeError(`cannot merge moments of ${neurons} and ${b.mean.length} neurons`);
  }
  const { mean, shift } = pooled(a.samples, a.mean, b.samples, b.mean);
  const gram = zeros(neurons, neurons);
  for (let i = 0; i < neurons; i++) {
    for (let j = 0; j < neurons; j++) {
      const at = i * neurons + j;
      gram.data[at] = a.gram.data[at] + b.gram.data[at] + shift[i] * shift[j];
    }
  }
  const precision = Math.max(a.precision ?? FLOAT64_TOLERANCE, b.precision ?? FLOAT64_TOLERANCE);
  return { samples: a.samples + b.samples, mean, gram, precision };
}

/** Mean of the union, and the vector whose square is what the difference of the two means adds to the Gram. */
function pooled(
  n: number,
  a: Float64Array,
  m: number,
  b: Float64Array,
): Record<'mean' | 'shift', Float64Array> {
  const weight = Math.sqrt((n / (n + m)) * m);
  return {
    mean: a.map((value, j) => (n === 0 ? b[j] : value + (b[j] - value) * (m / (n + m)))),
    shift: a.map((value, j) => (b[j] - value) * weight),
  };
}

/**
 * Factor of a layer from its moments. Squaring halves the digits, so directions below `1e-7 · s[0]` are noise and cut.
 *
 * @param known - the rounding in the samples where it is not that of their storage.
 */
export async function factorMoments(engine: Engine, moments: MomentsData, known?: Rounding): Promise<Factor> {
  const { samples, mean, gram, precision = FLOAT64_TOLERANCE } = moments;
  const neurons = mean.length;
  const uploaded = await engine.upload(gram);
  const { values, vectors } = await engine.eigSymmetric(uploaded);
  const v = await engine.download(vectors);
  engine.dispose(uploaded, vectors);
  const s = values.map((value) => Math.sqrt(Math.max(0, value)));
  const norms = mean.map((_, j) => Math.sqrt(Math.max(0, gram.data[j * neurons + j])));
  const dead = norms.reduce((count, norm) => (norm === 0 ? count + 1 : count), 0);
  const rounding = known ?? independent(neuronRounding(precision, norms, mean, samples));
  const oriented = orient(v, s, FLOAT32_TOLERANCE, samples, rounding);
  return {
    samples,
    neurons,
    dead,
    rank: oriented.s.length,
    mean,
    v: oriented.v,
    s: oriented.s,
    method: 'moments',
    tolerance: FLOAT32_TOLERANCE,
  };
}

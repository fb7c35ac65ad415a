/**
 * What a representation, or labels, leave of the samples of another once regressed out.
 *
 * @module
 */
import { DataError, ShapeError } from '../errors.js';
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import { centre } from '../factor/centred.js';
import { factorDirect } from '../factor/direct.js';
import {
  columnNorms,
  independent,
  lengthOf,
  neuronRounding,
  precisionOf,
  withShared,
} from '../factor/rounding.js';
import type { Rounding } from '../factor/rounding.js';
import { multiply, scaleColumns, scaleRows } from '../factor/small.js';
import { show } from '../options.js';

/** A label of one sample. */
type Label = string | number | boolean;

/** Directions of the centred samples to be taken out of a side. */
export interface Removal {
  /** Dimension of what is taken out. */
  readonly rank: number;
  /** `X − QQᵀX` of centred samples. */
  apply(centred: HostMatrix): Promise<Remainder>;
}

/** Residuals, and the rounding of what was taken out that each neuron carries, where it has any: `[directions, neurons]`. */
interface Remainder {
  readonly left: HostMatrix;
  readonly carried?: HostMatrix;
}

/** One side after the removal. */
export interface Residual {
  /** Residuals `[samples, neurons]`, float64; neurons that were wholly explained are 0. */
  readonly samples: HostMatrix;
  /** Neurons that never changed, before anything was taken out. */
  readonly dead: number;
  /** Share of the variance that was taken out, from 0 to 1; 0 of a constant side. */
  readonly explained: number;
  /** The rounding in them: of the samples, and of what was taken out. */
  readonly rounding: Rounding;
}

/** Takes a representation out, down to its numerical rank. */
export async function removalOf(engine: Engine, given: Matrix): Promise<Removal> {
  const { samples, mean } = await centre(engine, given);
  const norms = columnNorms(samples);
  const lengths = neuronRounding(precisionOf(given), norms, mean, given.rows);
  // The units of its neurons do not matter to what it explains, so that none should be lost for being small.
  const inverse = norms.map((norm, j) => (norm > lengths[j] ? 1 / norm : 0));
  const rounding = lengths.map((length, j) => length * inverse[j]);
  const scaled = scaleColumns(samples, inverse);
  const { factor, basis } = await factorDirect(engine, scaled, independent(rounding));
  return {
    rank: factor.rank,
    async apply(centred) {
      if (basis === undefined) return { left: centred };
      const { left, inner } = await withoutSpan(engine, basis, centred);
      // Each coefficient of the regression carries over the rounding of its neuron.
      const coefficients = await multiply(
        engine,
        scaleColumns(
          factor.v,
          factor.s.map((s) => 1 / s),
        ),
        inner,
      );
      return { left, carried: scaleRows(coefficients, rounding) };
    },
  };
}

/** Takes the means of classes out: regression on their indicators. @throws ShapeError, DataError for bad labels */
export function removalOfLabels(labels: ArrayLike<Label>, samples: number): Removal {
  if (typeof labels?.length !== 'number' || labels.length !== samples) {
    throw new ShapeError(
      `given.labels has ${labels?.length ?? 'no'} entries for ${samples} samples: give one label for each`,
    );
  }
  const numbers = new Map<Label, number>();
  const classes = Uint32Array.from({ length: samples }, (_, i) => {
    const label = labels[i] as unknown;
    if (!isLabel(label))
      throw new DataError(`given.labels holds ${show(label)} at ${i}: give strings or numbers`);
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    return numbers.get(label)!;
  });
  return {
    rank: numbers.size - 1,
    apply: (centred) =>
      Promise.resolve({ left: numbers.size === 1 ? centred : withoutMeans(centred, classes, numbers.size) }),
  };
}

/** Takes `removal` out of one side. */
export async function residualOf(engine: Engine, x: Matrix, removal: Removal): Promise<Residual> {
  const { samples, mean, dead } = await centre(engine, x);
  const { left, carried = zeros(1, x.cols) } = await removal.apply(samples);
  const [before, after, shared] = [samples, left, carried].map(columnNorms);
  const own = neuronRounding(precisionOf(x), before, mean, x.rows);
  const kept = after.map((norm, j) => (norm > shared[j] + own[j] ? 1 : 0));
  const total = lengthOf(before);
  const remaining = lengthOf(after.map((norm, j) => norm * kept[j]));
  return {
    samples: scaleColumns(left, kept),
    dead,
    explained: total === 0 ? 0 : Math.max(0, 1 - (remaining / total) ** 2),
    rounding: withShared(independent(own), carried),
  };
}

/** Subtracts the part in the span of an orthonormal basis; twice, since once leaves rounding of the size of that part. */
async function withoutSpan(
  engine: Engine,
  basis: Handle,
  centred: HostMatrix,
): Promise<{ left: HostMatrix; inner: HostMatrix }> {
  const first = await withoutPart(engine, basis, centred);
  return { ...first, left: (await withoutPart(engine, basis, first.left)).left };
}

async function withoutPart(engine: Engine, basis: Handle, centred: HostMatrix) {
  const uploaded = await engine.upload(centred);
  const products = await engine.accumulateCross(basis, uploaded);
  const part = await engine.multiply(basis, products);
  const { data } = await engine.download(part);
  const inner = await engine.download(products);
  engine.dispose(uploaded, products, part);
  return { left: { ...centred, data: centred.data.map((value, at) => value - data[at]) }, inner };
}

function withoutMeans({ rows, cols, data }: HostMatrix, classes: Uint32Array, count: number): HostMatrix {
  const [means, sizes] = [zeros(count, cols).data, new Float64Array(count)];
  for (let i = 0; i < rows; i++) {
    sizes[classes[i]]++;
    for (let j = 0; j < cols; j++) means[classes[i] * cols + j] += data[i * cols + j];
  }
  const out = zeros(rows, cols);
  for (let i = 0; i < rows; i++) {
    const k = classes[i];
    for (let j = 0; j < cols; j++)
      out.data[i * cols + j] = data[i * cols + j] - means[k * cols + j] / sizes[k];
  }
  return out;
}

function isLabel(value: unknown): value is Label {
  return (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && !Number.isNaN(value))
  );
}

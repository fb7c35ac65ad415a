/**
 * Canonical weights and variates of two factored sides.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import type { Factor } from '../factor/factor.js';
import { keptDirections } from '../factor/keep.js';
import type { Crossing, Keep } from '../factor/keep.js';
import { leadingBlock, multiply, scaleColumns, thinSvd } from '../factor/small.js';
import { bounded, checkSamples } from './correlations.js';
import type { Pair, SampledPair, SideSummary } from './measure.js';

/** The canonical directions of one side. */
export interface SideDirections extends SideSummary {
  /** Means of the neurons `[neurons]`. */
  readonly mean: Float64Array;
  /**
   * Weights `[neurons, k]`: `(X − mean) · weights` are the variates. In each column the entry of largest magnitude is positive
   * on side x, and the signs of side y make every correlation positive. Where neurons are linearly dependent they are the
   * weights of least norm.
   */
  readonly weights: HostMatrix;
  /** Variates `[samples, k]`: uncorrelated columns, the i-th of x with the i-th of y correlated as `correlations[i]`. */
  readonly variates?: HostMatrix;
}

/** Canonical directions of two representations. */
export interface Directions {
  readonly measure: 'cca' | 'svcca';
  /** Canonical correlations, largest first, `[k]` with k the kept directions of the smaller side. */
  readonly correlations: readonly number[];
  readonly samples: number;
  readonly x: SideDirections;
  readonly y: SideDirections;
  /** Every option as it was used, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly engine: string;
  readonly method: 'moments' | 'direct';
  readonly warnings: readonly string[];
}

/** What is wanted of a pair. */
export interface DirectionsPlan {
  readonly keep: Keep | 'all';
  readonly crossing: Crossing;
  readonly scale: 'norm' | 'variance';
  readonly variates: boolean;
  readonly allowFewSamples: boolean;
}

/** Weights, variates and correlations of a factored pair. @throws DataError with code `TOO_FEW_SAMPLES` unless allowed */
export async function directionsOfPair(
  engine: Engine,
  samples: SampledPair,
  { x, y, cross }: Pair,
  options: DirectionsPlan,
): Promise<Omit<Directions, 'measure'>> {
  const kept = {
    x: keptDirections(x.s, options.keep, options.crossing),
    y: keptDirections(y.s, options.keep, options.crossing),
  };
  const warnings = checkSamples(x.samples, kept, options.allowFewSamples);
  const block = leadingBlock(cross, kept.x, kept.y);
  const empty = kept.x === 0 || kept.y === 0;
  const { u, s, v } = empty ? nothing(kept) : await thinSvd(engine, block);
  const left = await weightsOf(engine, x, u);
  // A direction and its negative are one direction: the side x decides, and y follows so that correlations stay positive.
  const length = options.scale === 'variance' ? Math.sqrt(x.samples - 1) : 1;
  const signs = signsOf(left).map((sign) => sign * length);
  const weights = {
    x: scaleColumns(left, signs),
    y: scaleColumns(await weightsOf(engine, y, v), signs),
  };
  const side = async (name: 'x' | 'y', { mean, neurons, dead, rank }: Factor) => ({
    neurons,
    dead,
    rank,
    kept: kept[name],
    mean,
    weights: weights[name],
    ...(options.variates && {
      variates: await applied(engine, samples[name], { mean, weights: weights[name] }),
    }),
  });
  const constant = [x.rank === 0 ? ['x'] : [], y.rank === 0 ? ['y'] : []].flat();
  return {
    correlations: bounded(s),
    samples: x.samples,
    x: await side('x', x),
    y: await side('y', y),
    options: { ...options },
    engine: engine.name,
    method: x.method === 'direct' && y.method === 'direct' ? 'direct' : 'moments',
    warnings: [
      ...constant.map((name) => `Side ${name} is constant over the samples: it has no direction.`),
      ...warnings,
    ],
  };
}

/** `V·S⁻¹·A`: the weights whose variates are the basis `U` times `A`. */
async function weightsOf(engine: Engine, { v, s, neurons }: Factor, a: HostMatrix): Promise<HostMatrix> {
  if (a.cols === 0) return zeros(neurons, 0);
  const inverse = s.subarray(0, a.rows).map((value) => 1 / value);
  return multiply(engine, scaleColumns(v, inverse), a);
}

function nothing(kept: { readonly x: number; readonly y: number }) {
  return { u: zeros(kept.x, 0), s: new Float64Array(0), v: zeros(kept.y, 0) };
}

/** `(x − mean) · weights` `[samples, k]`. */
export async function applied(
  engine: Engine,
  samples: SampledPair['x'],
  { mean, weights }: Pick<SideDirections, 'mean' | 'weights'>,
): Promise<HostMatrix> {
  if (weights.cols === 0) return zeros(samples.rows, 0);
  const [batch, directed] = [await engine.upload(samples), await engine.upload(weights)];
  const projected = await engine.project(batch, mean, directed);
  const variates = await engine.download(projected);
  engine.dispose(batch, directed, projected);
  return variates;
}

/** For each column the sign of its entry of largest magnitude (the first of entries equal but for rounding). */
function signsOf({ rows, cols, data }: HostMatrix): Float64Array {
  const largest = new Float64Array(cols);
  for (let at = 0; at < rows * cols; at++) {
    const j = at % cols;
    if (Math.abs(data[at]) > Math.abs(largest[j]) * (1 + 1e-9)) largest[j] = data[at];
  }
  return largest.map((value) => (value < 0 ? -1 : 1));
}

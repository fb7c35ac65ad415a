/**
 * Two matrices in memory as a {@link Pair}, and a measure of a pair as a {@link SimilarityResult}.
 *
 * @module
 */
import { ShapeError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { dot, squaredNorms } from '../factor/cross.js';
import { crossInMemory } from '../factor/in-memory.js';
import type { Route } from '../factor/in-memory.js';
import type { Side } from '../factor/factor.js';
import type { Measure, Needs, Pair, SimilarityResult, WhitenedPair } from './measure.js';

/** @throws ShapeError when the sample counts differ; says so when a transpose would fix it */
export function checkSameSamples(
  x: Matrix,
  y: Matrix,
  names: { x: string; y: string } = { x: 'x', y: 'y' },
): void {
  if (x.rows === y.rows) return;
  const shapes = `${names.x} has ${x.rows} samples (${x.rows} × ${x.cols}), ${names.y} has ${y.rows} (${y.rows} × ${y.cols})`;
  const way =
    x.cols === y.cols
      ? 'both have as many columns: if those are the samples, transpose both (rows are samples here)'
      : x.cols === y.rows || x.rows === y.cols
        ? 'transposing one of them would fix it (rows are samples, columns are neurons)'
        : 'give activations of the same samples in the same order';
  throw new ShapeError(`${shapes}: ${way}`);
}

/** Brings both sides together by a route; in any bases where that is all the measure needs, and cheaper. */
export async function pairInMemory(
  engine: Engine,
  x: Matrix,
  y: Matrix,
  route: Route,
  needs: Needs,
): Promise<Pair | WhitenedPair> {
  const { keep, anyBasis = false } = needs;
  const crossed = await crossInMemory(engine, x, y, route, { keep, anyBasis });
  const sides = { x, y };
  return {
    ...crossed,
    ...(needs.rowNorms ? { rowNorms: rowNorms(x, crossed.x, y, crossed.y) } : {}),
    absoluteProjections: (side, directions) => absoluteProjections(engine, sides[side], directions),
  };
}

function rowNorms(x: Matrix, fx: Side, y: Matrix, fy: Side): Pair['rowNorms'] & object {
  const [a, b] = [squaredNorms(x, fx.mean), squaredNorms(y, fy.mean)];
  return { xx: dot(a, a), xy: dot(a, b), yy: dot(b, b) };
}

/** `Σᵢ |xᵢ · qⱼ|` for each column of `directions`. */
export async function absoluteProjections(
  engine: Engine,
  x: Matrix,
  directions: HostMatrix,
): Promise<Float64Array> {
  const [samples, weights] = [await engine.upload(x), await engine.upload(directions)];
  const projected = await engine.multiply(samples, weights);
  const { cols, data } = await engine.download(projected);
  engine.dispose(samples, weights, projected);
  const sums = new Float64Array(cols);
  data.forEach((value, at) => (sums[at % cols] += Math.abs(value)));
  return sums;
}

/** Evaluates a measure with resolved options and completes its record. */
export async function evaluate(
  measure: Measure,
  pair: Pair | WhitenedPair,
  options: Record<string, unknown>,
  engine: Engine,
): Promise<SimilarityResult> {
  const outcome = await (isFactored(pair)
    ? measure.evaluate(pair, options, engine)
    : measure.evaluateWhitened!(pair, options, engine));
  const { x, y } = pair;
  return {
    measure: measure.name,
    score: outcome.score,
    ...(outcome.correlations && { correlations: outcome.correlations }),
    ...(outcome.weights && { weights: outcome.weights }),
    ...(outcome.singularValues && { singularValues: outcome.singularValues }),
    samples: x.samples,
    x: { neurons: x.neurons, dead: x.dead, rank: x.rank, kept: outcome.kept.x },
    y: { neurons: y.neurons, dead: y.dead, rank: y.rank, kept: outcome.kept.y },
    options,
    engine: engine.name,
    method: x.method === 'direct' && y.method === 'direct' ? 'direct' : 'moments',
    warnings: [...constantWarnings(pair), ...(outcome.warnings ?? [])],
  };
}

function isFactored(pair: Pair | WhitenedPair): pair is Pair {
  return 's' in pair.x && 's' in pair.y;
}

function constantWarnings({ x, y }: WhitenedPair): string[] {
  const constant = [x.rank === 0 ? 'x' : '', y.rank === 0 ? 'y' : ''].filter(Boolean);
  if (constant.length === 0) return [];
  const which = constant.length === 2 ? 'Both sides are' : `Side ${constant[0]} is`;
  return [`${which} constant over the samples: there is no direction to compare, and the similarity is 0.`];
}

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
import { productsInMemory } from '../factor/products.js';
import type { RowNorms } from '../factor/products.js';
import type { Side } from '../factor/factor.js';
import type { Rounding } from '../factor/rounding.js';
import type {
  Measure,
  Needs,
  Outcome,
  Pair,
  ProductPair,
  SampledPair,
  SimilarityResult,
  WhitenedPair,
} from './measure.js';

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

/** What several measures need together of one factorisation; measures of the samples alone add nothing to it. */
export function combineNeeds(all: readonly Needs[]): Needs {
  const factoring = all.filter(({ samples }) => !samples);
  if (factoring.length === 0) return { samples: true };
  const keeps = new Set(factoring.map(({ keep }) => JSON.stringify(keep)));
  return {
    keep: keeps.size === 1 ? (factoring[0].keep ?? 'all') : 'all',
    anyBasis: factoring.every(({ anyBasis }) => anyBasis),
    products: factoring.every(({ products }) => products),
    rowNorms: factoring.some(({ rowNorms }) => rowNorms),
    samples: all.some(({ samples }) => samples),
  };
}

/** A pair as one of the ways of evaluating a measure takes it. */
export type AnyPair = Pair | WhitenedPair | ProductPair;

/**
 * Brings both sides together by a route; without factors, or in any bases, where that is all the measure needs, and cheaper.
 *
 * @param rounding - in the samples, where it is not that of their storage.
 */
export async function pairInMemory(
  engine: Engine,
  x: Matrix,
  y: Matrix,
  route: Route,
  needs: Needs,
  rounding?: { readonly x: Rounding; readonly y: Rounding },
): Promise<AnyPair> {
  if (needs.products && route !== 'direct') return productsInMemory(engine, x, y, needs.rowNorms ?? false);
  const { keep = 'all', anyBasis = false } = needs;
  const crossed = await crossInMemory(engine, x, y, route, { keep, anyBasis, rounding });
  const sides = { x, y };
  return {
    ...crossed,
    ...(needs.rowNorms ? { rowNorms: rowNorms(x, crossed.x, y, crossed.y) } : {}),
    absoluteProjections: (side, directions) => absoluteProjections(engine, sides[side], directions),
  };
}

function rowNorms(x: Matrix, fx: Side, y: Matrix, fy: Side): RowNorms {
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

/** Evaluates a measure with resolved options on a factored pair and completes its record. */
export async function evaluate(
  measure: Measure,
  pair: AnyPair,
  options: Record<string, unknown>,
  engine: Engine,
): Promise<SimilarityResult> {
  if ('products' in pair) return evaluateProducts(measure, pair, options, engine);
  const outcome = await (isFactored(pair)
    ? measure.evaluate!(pair, options, engine)
    : measure.evaluateWhitened!(pair, options, engine));
  const { x, y } = pair;
  return {
    ...recorded(measure, outcome, options, engine),
    samples: x.samples,
    x: { neurons: x.neurons, dead: x.dead, rank: x.rank, ...(outcome.kept && { kept: outcome.kept.x }) },
    y: { neurons: y.neurons, dead: y.dead, rank: y.rank, ...(outcome.kept && { kept: outcome.kept.y }) },
    method: x.method === 'direct' && y.method === 'direct' ? 'direct' : 'moments',
    warnings: [
      ...constantWarnings(
        { x: x.rank === 0, y: y.rank === 0 },
        { x: x.dead < x.neurons, y: y.dead < y.neurons },
      ),
      ...(outcome.warnings ?? []),
    ],
  };
}

async function evaluateProducts(
  measure: Measure,
  pair: ProductPair,
  options: Record<string, unknown>,
  engine: Engine,
): Promise<SimilarityResult> {
  const outcome = await measure.evaluateProducts!(pair, options, engine);
  const { x, y, products } = pair;
  return {
    ...recorded(measure, outcome, options, engine),
    samples: x.samples,
    x: { neurons: x.neurons, dead: x.dead },
    y: { neurons: y.neurons, dead: y.dead },
    method: x.method,
    warnings: [
      ...constantWarnings({ x: products.xx === 0, y: products.yy === 0 }),
      ...(outcome.warnings ?? []),
    ],
  };
}

/** The same of a measure that needs the samples themselves. */
export async function evaluateSamples(
  measure: Measure,
  pair: SampledPair,
  options: Record<string, unknown>,
  engine: Engine,
): Promise<SimilarityResult> {
  const outcome = await measure.evaluateSamples!(pair, options, engine);
  const [x, y] = [pair.x, pair.y].map((side) => ({ neurons: side.cols, dead: deadNeurons(side) }));
  return {
    ...recorded(measure, outcome, options, engine),
    samples: pair.x.rows,
    x,
    y,
    method: 'pairwise',
    warnings: [
      ...constantWarnings({ x: x.dead === x.neurons, y: y.dead === y.neurons }),
      ...(outcome.warnings ?? []),
    ],
  };
}

function recorded(measure: Measure, outcome: Outcome, options: Record<string, unknown>, engine: Engine) {
  const { score, chance, most, correlations, weights, singularValues } = outcome;
  return {
    measure: measure.name,
    score,
    ...(chance !== undefined && { chance, adjusted: adjusted(score, chance, most) }),
    ...(correlations && { correlations }),
    ...(weights && { weights }),
    ...(singularValues && { singularValues }),
    options,
    engine: engine.name,
  };
}

/** `(score − chance) / (most − chance)`; 0 where chance alone reaches the most that there is. */
function adjusted(score: number, chance: number, most = 1): number {
  return chance < most ? (score - chance) / (most - chance) : 0;
}

function isFactored(pair: Pair | WhitenedPair): pair is Pair {
  return 's' in pair.x && 's' in pair.y;
}

function deadNeurons({ cols, data }: Matrix): number {
  const alive = new Uint8Array(cols);
  data.forEach((value, at) => {
    if (value !== data[at % cols]) alive[at % cols] = 1;
  });
  return alive.reduce((dead, live) => dead + 1 - live, 0);
}

/** One warning, of one side or both; `varies`: those whose samples do vary, but by no more than rounding. */
function constantWarnings(constant: BySide, varies: BySide = { x: false, y: false }): string[] {
  if (!constant.x && !constant.y) return [];
  const which = constant.x && constant.y ? 'Both sides are' : `Side ${constant.x ? 'x' : 'y'} is`;
  const rounded = (constant.x && varies.x) || (constant.y && varies.y) ? ' but for rounding' : '';
  return [
    `${which} constant over the samples${rounded}: there is no direction to compare, and the similarity is 0.`,
  ];
}

interface BySide {
  readonly x: boolean;
  readonly y: boolean;
}

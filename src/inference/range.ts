/**
 * Between which numbers the scores of a measure lie.
 *
 * @module
 */

/** Least and largest score. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** Largest value of each output of Procrustes. */
const FARTHEST: Readonly<Record<string, number>> = {
  similarity: 1,
  distance: 1,
  squaredDistance: 2,
  euclideanDistance: Math.SQRT2,
  angle: Math.PI / 2,
};

/**
 * The range of a measure by its name and options.
 *
 * @param self - score of a side with itself: the largest, of a measure of the caller's own, where it is 1.
 * @param count - number of correlations.
 */
export function rangeOf(
  measure: string,
  options: Readonly<Record<string, unknown>>,
  self: number,
  count: number,
): Range {
  switch (measure) {
    case 'cca':
    case 'svcca':
      return { least: 0, most: options['summary'] === 'sum' ? count : 1 };
    case 'cka':
    case 'distanceCorrelation':
      return { least: options['estimator'] === 'debiased' ? -1 : 0, most: 1 };
    case 'procrustes':
      return { least: 0, most: FARTHEST[String(options['output'])] ?? Infinity };
    case 'pwcca':
    case 'regression':
    case 'rvCoefficient':
    case 'mutualKnn':
      return { least: 0, most: 1 };
    case 'rsa':
      return { least: -1, most: 1 };
    case 'pls':
      return { least: 0, most: Infinity };
    default:
      return { least: -Infinity, most: Math.abs(self - 1) < 1e-6 ? 1 : Infinity };
  }
}

/** Angles and square roots have half the digits: so near an end of the range, a value is that end. */
const NEAR = 1e-7;

/** The value of the range that is nearest. */
export function within(value: number, { least, most }: Range): number {
  const near = Number.isFinite(most - least) ? NEAR * (most - least) : 0;
  if (value <= least + near) return least;
  return value >= most - near ? most : value;
}

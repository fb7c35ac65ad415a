/**
 * From scores of parts of the datapoints to an estimate without bias, and its standard error.
 *
 * @module
 */

/** A score without its bias of few samples, as far as that falls with 1/n. */
export interface Estimate {
  readonly estimate: number;
  readonly standardError: number;
}

/**
 * Delete-a-group jackknife with groups of any sizes: Busing, Meijer, Van der Leeden 1999.
 *
 * @param without - the score without each group.
 * @param sizes - datapoints of each group.
 */
export function jackknifed(score: number, without: readonly number[], sizes: readonly number[]): Estimate {
  const samples = sizes.reduce((sum, size) => sum + size, 0);
  const count = sizes.length;
  // Sums of differences from the score: equal scores then give exactly it, and no spread.
  const estimate =
    score + sizes.reduce((sum, size, g) => sum + (1 - size / samples) * (score - without[g]), 0);
  const variance = sizes.reduce((sum, size, g) => {
    const h = samples / size;
    const pseudo = score + (h - 1) * (score - without[g]);
    return sum + (pseudo - estimate) ** 2 / (h - 1) / count;
  }, 0);
  return { estimate, standardError: Math.sqrt(variance) };
}

/** By what draws exceed the score, the score exceeds the truth; few groups vary less than the datapoints would. */
export function bootstrapped(score: number, draws: readonly number[], groups: number): Estimate {
  const excess = draws.reduce((sum, draw) => sum + (draw - score), 0) / draws.length;
  const squares = draws.reduce((sum, draw) => sum + (draw - score - excess) ** 2, 0);
  // With the error of the mean of finitely many draws.
  const variance = (squares / (draws.length - 1)) * (groups / (groups - 1)) * (1 + 1 / draws.length);
  return { estimate: score - excess, standardError: Math.sqrt(variance) };
}

/**
 * What either correction leaves of a bias that falls with 1/√n, as the correlation of a direction that is not shared: about half.
 * Without one of G groups it is `√(G/(G − 1))` as large, and draws of G groups add `1 − 1/G` of its square.
 */
export function leftOfRoot(resampling: 'jackknife' | 'bootstrap', groups: number): number {
  return resampling === 'jackknife'
    ? groups - Math.sqrt(groups * (groups - 1))
    : 2 - Math.sqrt(2 - 1 / groups);
}

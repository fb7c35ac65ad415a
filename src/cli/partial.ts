/**
 * `--given`: scores of what a third representation, or labels, do not explain.
 *
 * @module
 */
import type { ArgsDef } from 'citty';
import { askedMeasures } from '../compare/asked.js';
import type { MeasureChoices } from '../compare/asked.js';
import type { LabelledResult } from '../compare/score.js';
import type { NpyArray } from '../io/npy.js';
import { partial } from '../measures/partial.js';
import type { Given, PartialResult } from '../measures/partial.js';
import type { MeasureName } from '../measures/registry.js';
import { loadArray } from '../node/activations.js';

/** The argument. */
export const givenArgs = {
  given: {
    type: 'string',
    description: 'score what these do not explain: activations of a third network, or one label a sample',
    valueHint: 'file',
  },
} satisfies ArgsDef;

/** What is regressed out: a vector holds labels, a matrix activations. */
export interface LoadedGiven {
  readonly name: string;
  readonly given: Given;
  readonly fingerprint: string;
}

/** Reads the file. */
export async function loadGiven(path: string): Promise<LoadedGiven> {
  const { name, array, fingerprint } = await loadArray(path);
  return { name, given: array.shape.length === 1 ? { labels: Array.from(array.data) } : array, fingerprint };
}

/** Scores by each measure what `given` does not explain. */
export async function partialScores(
  x: NpyArray,
  y: NpyArray,
  given: Given,
  { measure, options }: { readonly measure: MeasureChoices; readonly options: Record<string, unknown> },
  run: object,
): Promise<(LabelledResult & PartialResult)[]> {
  const results: (LabelledResult & PartialResult)[] = [];
  for (const { label, measure: asked, options: resolved } of askedMeasures(measure, options)) {
    const own = { ...run, ...resolved, measure: asked.name as MeasureName };
    results.push({ label, ...(await partial(x, y, given, own)) });
  }
  return results;
}

/** What was taken out, in words. */
export function givenLine(name: string, [{ given }]: readonly PartialResult[]): string {
  const share = (part: number) => `${(100 * part).toFixed(1)} %`;
  return (
    `without what ${name} explains: rank ${given.rank}, ` +
    `${share(given.explained.x)} of the variance of x, ${share(given.explained.y)} of that of y`
  );
}

/**
 * Which measures can be taken of merged parts.
 *
 * @module
 */
import { UnsupportedError } from '../../errors.js';
import type { Needs } from '../../measures/measure.js';
import { combineNeeds } from '../../measures/pair.js';
import type { Asked } from '../asked.js';

/** What measures need together. @throws UnsupportedError for one that needs samples which no longer are there */
export function checkMergeable(asked: readonly Asked[]): Needs {
  for (const one of asked) {
    const fault = whyNot(one);
    if (fault !== undefined) throw new UnsupportedError(fault);
  }
  return combineNeeds(asked.map(({ needs }) => needs));
}

/** Why a measure cannot be taken of what is kept of samples, and the way out; nothing where it can. */
export function whyNot({ label, measure, options, needs }: Asked): string | undefined {
  if (needs.samples) {
    return (
      `${label} compares samples with samples, of which shards keep none: use svcca, cca, pwcca, linear cka, procrustes, ` +
      "regression, rvCoefficient or pls, or compare all samples on one machine ('svcca compare')"
    );
  }
  if (measure.name === 'pwcca' && options['variant'] === 'anatome') {
    return (
      `${label}: variant 'anatome' adds up absolute values over the samples, of which shards keep none: use variant 'paper' ` +
      "or 'google', or compare all samples on one machine ('svcca compare')"
    );
  }
  return undefined;
}

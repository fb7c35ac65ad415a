/**
 * Every measure by its name. To add one: write its file, and add it here.
 *
 * @module
 */
import { keyword, show } from '../options.js';
import { OptionError } from '../errors.js';
import { ccaMeasure } from './cca.js';
import { ckaMeasure } from './cka.js';
import { distanceCorrelationMeasure } from './distance-correlation.js';
import type { Measure } from './measure.js';
import { mutualKnnMeasure } from './mutual-knn.js';
import { plsMeasure } from './pls.js';
import { procrustesMeasure } from './procrustes.js';
import { pwccaMeasure } from './pwcca.js';
import { regressionMeasure } from './regression.js';
import { rsaMeasure } from './rsa.js';
import { rvCoefficientMeasure } from './rv-coefficient.js';
import { svccaMeasure } from './svcca.js';

/** Measures that come with the library. */
export const measures = Object.freeze({
  svcca: svccaMeasure,
  cca: ccaMeasure,
  pwcca: pwccaMeasure,
  cka: ckaMeasure,
  procrustes: procrustesMeasure,
  regression: regressionMeasure,
  rvCoefficient: rvCoefficientMeasure,
  pls: plsMeasure,
  rsa: rsaMeasure,
  distanceCorrelation: distanceCorrelationMeasure,
  mutualKnn: mutualKnnMeasure,
});

/** Names of the measures. */
export type MeasureName = keyof typeof measures;

/** Finds a measure by name; a measure itself is returned as it is. @throws OptionError listing the names */
export function findMeasure(measure: MeasureName | Measure<object>): Measure {
  if (typeof measure === 'string') {
    const name = keyword('measure', measure, Object.keys(measures) as MeasureName[]);
    return measures[name];
  }
  if (typeof measure?.resolve === 'function') return measure as Measure;
  throw new OptionError(`measure is ${show(measure)}: give a name or a measure`);
}

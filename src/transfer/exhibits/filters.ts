/**
 * (e) The filters of the first convolution before and after training.
 *
 * @module
 */
import type { FilterExhibit } from '../exhibit-records.js';
import { pearson } from './correlation.js';
import type { Net } from './networks.js';

/** Digits that a picture can show, and some. */
const DIGITS = 5;

/** Nothing of networks without a convolution. */
export function filters(
  initial: Pick<Net, 'kernel'>,
  final: Pick<Net, 'kernel' | 'run'>,
): FilterExhibit | undefined {
  const [before, after] = [initial.kernel, final.kernel];
  if (before === undefined || after === undefined) return undefined;
  const count = after.shape[3];
  const filter = (values: Float32Array, f: number) => values.filter((_, i) => i % count === f);
  const { model, condition, seed } = final.run;
  return {
    ...{ model, condition, seed },
    layer: after.layer,
    shape: after.shape,
    before: rounded(before.values),
    after: rounded(after.values),
    unchanged: Array.from(
      { length: count },
      (_, f) => pearson(filter(before.values, f), filter(after.values, f)) ?? null,
    ),
  };
}

function rounded(values: Float32Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(DIGITS)));
}

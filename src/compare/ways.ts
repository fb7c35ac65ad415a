/**
 * How each view of a comparison is read: as moments, or held whole; to be factored, or for inner products alone.
 *
 * @module
 */
import { onDevice } from '../capture/device.js';
import { OptionError } from '../errors.js';
import type { Needs } from '../measures/measure.js';
import type { PassOptions } from './first-pass.js';
import { blockOf } from './plan.js';
import type { Plan, View } from './plan.js';
import type { Batches } from './stream.js';
import { shapeOf } from './views.js';

/** What becomes of a view. */
export type Way =
  'factor by moments' | 'factor whole' | 'products by neurons' | 'products by samples' | 'samples';

/** The way of every view, decided from the first batch. @throws OptionError where `direct` does not fit the memory */
export function waysOf(plan: Plan, first: Batches, needs: Needs, options: PassOptions): Way[] {
  if (!needs.keep) return plan.views.map(() => 'samples');
  const sizes = plan.views.map((view) => sizeOf(view, first, options));
  const ways = plan.views.map((view, i): Way => {
    return heldWhole(view, sizes[i], first, options) ? 'factor whole' : 'factor by moments';
  });
  if (!needs.products || options.method === 'direct') return ways;
  // Views that meet have equally many datapoints, and must go one way.
  for (const count of new Set(sizes.map(({ rows }) => rows))) {
    const group = plan.views.flatMap((_, i) => (sizes[i].rows === count ? [i] : []));
    const way = productsOf(
      group.map((i) => sizes[i]),
      options,
    );
    if (way) for (const i of group) ways[i] = way;
  }
  return ways;
}

/** Datapoints, where their number is known before reading, and neurons of a view. */
interface Size {
  readonly rows: number | undefined;
  readonly cols: number;
}

function sizeOf(view: View, first: Batches, options: PassOptions): Size {
  const { rows: inBatch, cols } = shapeOf(view, first, options);
  const { samples } = options;
  return { rows: samples === undefined ? undefined : (inBatch / first[0].samples) * samples, cols };
}

/**
 * By neurons where there are fewer of them than datapoints in every view; by samples where their kernels, and the datapoints
 * that they are made of, fit the memory; else nothing, and the views are factored.
 */
function productsOf(sizes: readonly Size[], { method, memory }: PassOptions): Way | undefined {
  const { rows } = sizes[0];
  if (rows === undefined || method === 'moments') return 'products by neurons';
  if (sizes.every(({ cols }) => cols <= rows)) return 'products by neurons';
  const bytes = sizes.reduce((sum, { cols }) => sum + 8 * rows * (rows + cols), 0);
  return bytes <= memory ? 'products by samples' : undefined;
}

/**
 * Whether the datapoints of a view are held in memory to be factored as a whole: for method `direct`; by itself where there
 * are fewer of them than neurons, or where they are float64, as long as they and their basis fit the memory.
 */
function heldWhole(view: View, { rows, cols }: Size, first: Batches, options: PassOptions): boolean {
  const { method, memory } = options;
  if (method === 'moments') return false;
  const fits = rows !== undefined && 16 * rows * cols <= memory;
  if (method === 'direct') {
    if (fits || rows === undefined) return true;
    throw new OptionError(
      `method 'direct' holds ${Math.round(rows)} × ${cols} datapoints in memory, above the ${memory} bytes allowed: ` +
        "raise 'memory', or use method 'moments'",
    );
  }
  const block = blockOf(first[view.side], view.layer);
  return fits && (rows < cols || (!onDevice(block) && block.data instanceof Float64Array));
}

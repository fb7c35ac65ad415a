/**
 * How each view of a comparison is read: as moments, or held whole; to be factored, or for inner products alone.
 *
 * @module
 */
import { onDevice } from '../capture/device.js';
import { OptionError } from '../errors.js';
import type { Needs } from '../measures/measure.js';
import type { MethodChoice } from '../factor/in-memory.js';
import { blockOf } from './plan.js';
import type { Plan, View } from './plan.js';
import type { Batches } from './stream.js';
import { shapeOf } from './views.js';
import type { Draw } from './views.js';

/** What the ways depend on, beside what is asked for. */
export interface WayOptions extends Draw {
  readonly method: MethodChoice;
  readonly memory: number;
  /** Number of samples where it is known before reading. */
  readonly samples: number | undefined;
}

/** What becomes of a view. */
export type Way =
  'factor by moments' | 'factor whole' | 'products by neurons' | 'products by samples' | 'samples';

/** The way of every view, decided from the first batch. @throws OptionError where `direct` does not fit the memory */
export function waysOf(plan: Plan, first: Batches, needs: Needs, options: WayOptions): Way[] {
  if (!needs.keep) return plan.views.map(() => 'samples');
  const sizes = plan.views.map((view) => sizeOf(view, first, options));
  const whole = heldWhole(sizes, options);
  const ways = sizes.map((_, i): Way => (whole.has(i) ? 'factor whole' : 'factor by moments'));
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

/** How large a view is. */
export interface Size {
  /** Datapoints, where the number of samples is known before reading; where positions are masked, at most. */
  readonly rows: number | undefined;
  /** Datapoints of a sample, at most. */
  readonly perSample: number;
  /** Neurons. */
  readonly cols: number;
  /** Bytes of a stored value. */
  readonly bytes: 4 | 8;
}

/** The size of a view, as the first batch tells. */
export function sizeOf(view: View, first: Batches, options: WayOptions): Size {
  const { cols } = shapeOf(view, first, options);
  const { samples, positions } = options;
  const size = view.grid[0] * view.grid[1];
  const perSample = positions === 'all' ? size : Math.min(size, positions);
  const block = blockOf(first[view.side], view.layer);
  return {
    rows: samples === undefined ? undefined : perSample * samples,
    perSample,
    cols,
    bytes: !onDevice(block) && block.data instanceof Float64Array ? 8 : 4,
  };
}

/**
 * By neurons where there are fewer of them than datapoints in every view; by samples where their kernels, and the datapoints
 * that they are made of, fit the memory; else nothing, and the views are factored.
 */
function productsOf(sizes: readonly Size[], { method, memory }: WayOptions): Way | undefined {
  const { rows } = sizes[0];
  if (rows === undefined || method === 'moments') return 'products by neurons';
  if (sizes.every(({ cols }) => cols <= rows)) return 'products by neurons';
  const bytes = sizes.reduce((sum, { cols }) => sum + 8 * rows * (rows + cols), 0);
  return bytes <= memory ? 'products by samples' : undefined;
}

/**
 * Views whose datapoints are held in memory to be factored as a whole: all for method `direct`; by themselves those with fewer
 * datapoints than neurons, or in float64, as long as all of them and their bases fit the memory; else those alone of which
 * the datapoints take less than the moments would.
 */
function heldWhole(sizes: readonly Size[], { method, memory }: WayOptions): ReadonlySet<number> {
  const all = sizes.map((_, i) => i);
  if (method === 'moments') return new Set();
  const bytesOf = ({ rows, cols }: Size): number => (rows === undefined ? Infinity : 16 * rows * cols);
  const totalOf = (views: readonly number[]): number => views.reduce((sum, i) => sum + bytesOf(sizes[i]), 0);
  if (method === 'direct') {
    const total = totalOf(all);
    if (total <= memory || total === Infinity) return new Set(all);
    throw new OptionError(
      `method 'direct' holds the datapoints of all layers and their bases in memory: ${Math.round(total)} bytes, above the ` +
        `${memory} allowed: raise 'memory', choose fewer 'layers', or use method 'moments'`,
    );
  }
  const fit = all.filter((i) => {
    const { rows, cols, bytes } = sizes[i];
    return rows !== undefined && bytesOf(sizes[i]) <= memory && (rows < cols || bytes === 8);
  });
  if (totalOf(fit) <= memory) return new Set(fit);
  return new Set(fit.filter((i) => 2 * sizes[i].rows! <= sizes[i].cols));
}

/**
 * Which cells are computed together: rectangles of rows and columns that fit the memory, one pass over the stream for each.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { matrixBytes, megabytes, memoryFor, sum } from './budget.js';
import type { Bytes } from './budget.js';
import type { Plan } from './plan.js';

/** What of a view enters a cross block. */
export interface CrossSide {
  readonly neurons: number;
  /** Rows or columns of its cross blocks: kept directions, or neurons. */
  readonly width: number;
  /** Whether batches are projected on its directions. */
  readonly projected: boolean;
  /** Whether measures decompose its cross blocks, and do not just add them up. */
  readonly decomposed: boolean;
  /** Bytes that are brought into memory for it. */
  readonly loaded: number;
  /** Datapoints of a sample. */
  readonly perSample: number;
}

/** Cells that are computed together. */
export interface CellGroup {
  readonly cells: readonly number[];
  /** Samples of a batch that are projected at a time. */
  readonly part: number;
}

/** What the grouping depends on. */
export interface CellDemands {
  readonly cells: Plan['cells'];
  /** By the number of the view in the plan; nothing of those whose cells need no pass. */
  readonly sides: readonly (CrossSide | undefined)[];
  /** Whether a measure takes singular vectors of cross blocks, which need more workspace than the values alone. */
  readonly vectors: boolean;
  /** Bytes. */
  readonly room: number;
  /** Bytes that the engine took before, of the room: it may keep them for good. */
  readonly taken: number;
  /** Samples of a batch. */
  readonly batch: number;
  /** Bytes of the memory that are taken otherwise, for messages. */
  readonly beside: number;
}

type Sides = Pick<CellDemands, 'cells' | 'sides' | 'vectors'>;

/** Bytes of a group while its batches pass, and while so many of its cells are evaluated at once. */
export function groupBytes(
  { cells, sides, vectors }: Sides,
  group: readonly number[],
  part: number,
  atOnce = 1,
): Bytes {
  const used = new Set(group.flatMap((c) => [cells[c].a, cells[c].b]));
  const views = [...used].flatMap((view) => sides[view] ?? []);
  const pairs = group.flatMap((c) => {
    const [a, b] = [sides[cells[c].a], sides[cells[c].b]];
    return a && b ? [{ a, b }] : [];
  });
  const blocks = sum(pairs.map(({ a, b }) => matrixBytes(a.width, b.width)));
  const weights = sum(views.map(weightBytes));
  const own = sum(views.map(({ projected, width }) => (projected ? matrixBytes(width, width) : 0)));
  const passing = part * sum(views.map(({ width, perSample }) => matrixBytes(perSample, width)));
  const evaluations = pairs.map(({ a, b }) => evaluationBytes(a, b, vectors));
  const evaluating = (where: keyof Bytes): number =>
    atOnce * Math.max(0, ...evaluations.map((bytes) => bytes[where]));
  return {
    engine: blocks + Math.max(weights + own + passing, evaluating('engine')),
    // Weights are outside on their way in.
    host: sum(views.map(({ loaded }) => loaded)) + Math.max(weights, evaluating('host')),
  };
}

/** The weights that batches are projected by. */
function weightBytes({ neurons, width, projected }: CrossSide): number {
  return projected ? matrixBytes(neurons, width) : 0;
}

/**
 * What the evaluation of a pair takes beside its block: inside the engine a copy and the workspace of its decomposition, twelve
 * times the block where that gives vectors; outside what goes in and comes out, and the larger side's directions, which some
 * measures turn.
 */
function evaluationBytes(a: CrossSide, b: CrossSide, vectors: boolean): Bytes {
  const block = matrixBytes(a.width, b.width);
  if (!a.decomposed) return { engine: 0, host: block };
  const directions = vectors ? Math.max(weightBytes(a), weightBytes(b)) : 0;
  return {
    engine: (vectors ? 12.5 : 4.5) * block + directions,
    host: (vectors ? 4 : 2) * block + directions,
  };
}

/** Whether a group fits, while its batches pass and while its cells are evaluated. */
function fitsIn({ room, taken }: CellDemands, { engine, host }: Bytes): boolean {
  return Math.max(engine, taken) + host <= room;
}

/** How many cells of a group may be evaluated at once, at most. */
export function cellsAtOnce(demands: CellDemands, group: readonly number[], most: number): number {
  let count = most;
  while (count > 1 && !fitsIn(demands, groupBytes(demands, group, 0, count))) count--;
  return count;
}

/**
 * Bytes of any pair of some layers, at most: all directions kept, brought into memory for it, and projected one sample at a time.
 */
export function pairBytes(
  sizes: readonly { readonly cols: number; readonly perSample: number }[],
  vectors: boolean,
): Bytes {
  const neurons = Math.max(...sizes.map(({ cols }) => cols));
  // Layers have many positions or many neurons, not both.
  const perSample = Math.max(...sizes.map(({ cols, perSample: each }) => each * cols)) / neurons;
  const loaded = matrixBytes(neurons, neurons);
  const side = { neurons, width: neurons, projected: true, decomposed: true, loaded, perSample };
  return groupBytes({ cells: [{ a: 0, b: 1 }], sides: [side, side], vectors }, [0], 1);
}

/** Divides the cells. @throws OptionError where not even one at a time fits */
export function groupCells(demands: CellDemands): CellGroup[] {
  const { cells, sides, room, batch, beside } = demands;
  const all = cells.map((_, c) => c);
  const partOf = (group: readonly number[]): number => {
    if (fitsIn(demands, groupBytes(demands, group, batch))) return batch;
    const used = new Set(group.flatMap((c) => [cells[c].a, cells[c].b]));
    const each = sum(
      [...used].map((view) => matrixBytes(sides[view]?.perSample ?? 0, sides[view]?.width ?? 0)),
    );
    // A quarter of the room for projected samples; one at a time is the least.
    return each === 0 ? batch : Math.min(batch, Math.max(1, Math.floor(room / 4 / each)));
  };
  const fits = (group: readonly number[]): boolean =>
    fitsIn(demands, groupBytes(demands, group, partOf(group)));
  const worst = all.find((c) => !fits([c]));
  if (worst !== undefined) {
    const { engine, host } = groupBytes(demands, [worst], 1);
    const bytes = Math.max(engine, demands.taken) + host;
    const { a, b } = cells[worst];
    throw new OptionError(
      `one pair of layers of ${sides[a]?.neurons} and ${sides[b]?.neurons} neurons takes ${megabytes(bytes)} to compare, beside ` +
        `${megabytes(beside)} for the batch and what is held: raise 'memory' to ${megabytes(memoryFor(bytes + beside))}, or choose fewer ` +
        "'layers' or directions",
    );
  }
  return best(demands, all, fits).map((group) => ({ cells: group, part: partOf(group) }));
}

/**
 * The division into the fewest rectangles in which everything fits, of those that are tried; of those with as few, the one that
 * reads the fewest views.
 */
function best(
  { cells, sides }: CellDemands,
  all: readonly number[],
  fits: (group: readonly number[]) => boolean,
): (readonly number[])[] {
  if (fits(all)) return [all];
  const rows = ranked(
    cells.map(({ a }) => a),
    sides,
  );
  const cols = ranked(
    cells.map(({ b }) => b),
    sides,
  );
  let found: { readonly groups: readonly (readonly number[])[]; readonly views: number } | undefined;
  const most = (): number => found?.groups.length ?? Infinity;
  for (const down of counts(rows.size)) {
    for (const across of counts(cols.size)) {
      if (down * across > most()) break;
      const groups = rectangles(cells, all, rows, cols, down, across);
      if (!groups.every(fits)) continue;
      const views = sum(groups.map((group) => new Set(group.flatMap((c) => [cells[c].a, cells[c].b])).size));
      if (groups.length < most() || views < found!.views) found = { groups, views };
      break;
    }
  }
  // Of triangles and the like a division by size may leave a rectangle too large: then each cell by itself.
  return [...(found?.groups ?? all.map((c) => [c]))];
}

/** Numbers of parts to try: the small ones all, then in ever larger steps, since each is tried on all cells. */
function counts(most: number): number[] {
  const found: number[] = [];
  for (let count = 1; count < most; count += Math.max(1, Math.floor(count / 4) - 1)) found.push(count);
  return [...found, most];
}

/** For each view the share of the whole width that stands before its middle, in the order in which the views appear. */
function ranked(
  views: readonly number[],
  sides: readonly (CrossSide | undefined)[],
): ReadonlyMap<number, number> {
  const distinct = [...new Set(views)];
  const widths = distinct.map((view) => sides[view]?.width ?? 0);
  const total = sum(widths) || 1;
  let before = 0;
  return new Map(
    distinct.map((view, i) => {
      const middle = (before + widths[i] / 2) / total;
      before += widths[i];
      return [view, middle];
    }),
  );
}

function rectangles(
  cells: Plan['cells'],
  all: readonly number[],
  rows: ReadonlyMap<number, number>,
  cols: ReadonlyMap<number, number>,
  down: number,
  across: number,
): number[][] {
  const groups = new Map<number, number[]>();
  for (const c of all) {
    const { a, b } = cells[c];
    const at = (share: number, count: number) => Math.min(count - 1, Math.floor(share * count));
    const key = at(rows.get(a)!, down) * across + at(cols.get(b)!, across);
    const group = groups.get(key);
    if (group) group.push(c);
    else groups.set(key, [c]);
  }
  return [...groups.values()];
}

/**
 * Reading samples and forgetting them: batches are gathered until they are worth a QR, then joined with what came before.
 *
 * @module
 */
import { OptionError } from '../../errors.js';
import { zeros } from '../../matrix.js';
import type { Matrix } from '../../matrix.js';
import type { Engine } from '../../engines/engine.js';
import { jointOf, mergeJoints } from '../../factor/joint.js';
import type { Joint, JointLayer, JointPair } from '../../factor/joint-data.js';
import { memoryFor, usable } from '../budget.js';
import type { Plan } from '../plan.js';

/** Datapoints gathered for each neuron of the widest layer: then most of the arithmetic is that of the samples themselves. */
const PER_NEURON = 4;

/** Datapoints gathered at least. */
const LEAST = 2048;

/** Views that must be read together, since some pair needs both; those of other groups may have other datapoints. */
export interface Group {
  /** Places of its views and cells in the plan. */
  readonly views: readonly number[];
  readonly cells: readonly number[];
}

/** A plan, of which only the number of views matters here. */
interface Placed {
  readonly views: readonly unknown[];
  readonly cells: Plan['cells'];
}

/** Splits a plan into groups that no pair connects. */
export function groupsOf({ views, cells }: Placed): Group[] {
  const leader = views.map((_, i) => i);
  const find = (i: number): number => (leader[i] === i ? i : (leader[i] = find(leader[i])));
  for (const { a, b } of cells) leader[find(a)] = find(b);
  const roots = [...new Set(leader.map((_, i) => find(i)))];
  return roots.map((root) => ({
    views: [...views.keys()].filter((i) => find(i) === root),
    cells: [...cells.keys()].filter((c) => find(cells[c].a) === root),
  }));
}

/** What gathering a group takes. */
export interface Size {
  readonly neurons: readonly number[];
  /** Datapoints to come, at most. */
  readonly rows: number;
  readonly pairs: readonly { readonly a: number; readonly b: number }[];
}

/** Pairs that are merged at once. */
const AT_ONCE = 16;

/**
 * Bytes of what is kept of the layers and pairs of a group, and of the room in which it is merged: of a layer two roots above each
 * other, their QR with what it is made of, and its parts; of a pair what was, what comes and what becomes of them.
 */
function keptBytes({ neurons, rows, pairs }: Size): number {
  const kept = neurons.map((d) => Math.min(d, rows));
  const layers = neurons.reduce((sum, d, i) => sum + 14 * kept[i] * d, 0);
  const sizes = pairs.map(({ a, b }) => kept[a] * kept[b]);
  const working = 3 * Math.min(AT_ONCE, sizes.length) * Math.max(0, ...sizes);
  return 8 * sizes.reduce((sum, size) => sum + 3 * size, layers + working);
}

/** Bytes of one datapoint of all layers: as it came, gathered, centred, and on its way through the QR. */
function rowBytes({ neurons }: Size): number {
  return 48 * neurons.reduce((sum, d) => sum + d, 0);
}

/** Bytes with which gathering a group can do. */
export function leastBytes(size: Size): number {
  return keptBytes(size) + leastRows(size) * rowBytes(size);
}

/** More than there are neurons, so that a step leaves less than it takes. */
function leastRows({ neurons, rows }: Size): number {
  return Math.min(rows, 1 + Math.max(...neurons));
}

/**
 * How many datapoints of each group are gathered at a time, within a memory that all groups share.
 *
 * @throws OptionError where the layers alone do not fit it
 */
export function segmentsOf(sizes: readonly Size[], given: number): number[] {
  const memory = usable(given);
  const kept = sizes.reduce((sum, size) => sum + keptBytes(size), 0);
  const least = sizes.map(leastRows);
  const needed = sizes.reduce((sum, size) => sum + leastBytes(size), 0);
  if (needed > memory) {
    const pairs = sizes.reduce((sum, size) => sum + size.pairs.length, 0);
    throw new OptionError(
      `memory is ${given}, and ${pairs} ${pairs === 1 ? 'pair' : 'pairs'} of layers need ${memoryFor(needed)} bytes: raise it, ` +
        "choose fewer 'layers', or set spatial to 'mean' where it is 'flatten'",
    );
  }
  const share = (memory - kept) / sizes.length;
  return sizes.map((size, i) => {
    const wanted = Math.max(LEAST, PER_NEURON * Math.max(...size.neurons));
    return Math.max(1, least[i], Math.min(wanted, Math.floor(share / rowBytes(size))));
  });
}

/** Gathers one group. */
export class Collector {
  private joint: Joint | undefined;
  private readonly pairs: readonly { readonly a: number; readonly b: number }[];
  private held: Matrix[][] = [];
  private rows = 0;

  constructor(
    private readonly engine: Engine,
    private readonly size: Size,
    private readonly segment: number,
    private readonly norms: boolean,
  ) {
    this.pairs = size.pairs;
  }

  /**
   * Adds datapoints, the same ones of every view; `breathe` is called between long steps. A batch of none still tells how the
   * values are stored.
   */
  async add(batch: readonly Matrix[], breathe: () => Promise<void>): Promise<void> {
    const { rows } = batch[0];
    if (rows === 0 && this.held.length === 0) this.held.push([...batch]);
    for (let from = 0; from < rows;) {
      const taken = Math.min(rows - from, this.segment - this.rows);
      this.held.push(batch.map((matrix) => rowsOf(matrix, from, taken)));
      this.rows += taken;
      from += taken;
      if (this.rows >= this.segment) await this.reduce();
      await breathe();
    }
  }

  /** All that was added, in at least one batch. */
  async finish(): Promise<Joint> {
    if (this.rows > 0 || this.joint === undefined) await this.reduce();
    return this.joint!;
  }

  private async reduce(): Promise<void> {
    const { held } = this;
    const layers = this.size.neurons.map((_, i) => stacked(held.map((batch) => batch[i])));
    [this.held, this.rows] = [[], 0];
    const next = await jointOf(this.engine, layers, this.pairs, this.norms);
    this.joint = this.joint ? await mergeJoints(this.engine, this.pairs, this.joint, next) : next;
  }
}

/** What was found of the groups, in the order of the plan. */
export function assembled(plan: Placed, groups: readonly Group[], joints: readonly Joint[]): Joint {
  const layers: JointLayer[] = [];
  const pairs: JointPair[] = [];
  for (const [g, { views, cells }] of groups.entries()) {
    views.forEach((at, i) => (layers[at] = joints[g].layers[i]));
    cells.forEach((at, i) => (pairs[at] = joints[g].pairs[i]));
  }
  return { layers: plan.views.map((_, i) => layers[i]), pairs: plan.cells.map((_, c) => pairs[c]) };
}

/** Some rows, as a view. */
export function rowsOf({ cols, data }: Matrix, from: number, rows: number): Matrix {
  return { rows, cols, data: data.subarray(from * cols, (from + rows) * cols) };
}

function stacked(parts: readonly Matrix[]): Matrix {
  if (parts.length === 1) return parts[0];
  const { cols } = parts[0];
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const short = parts.every(({ data }) => data instanceof Float32Array);
  const out = short ? { rows, cols, data: new Float32Array(rows * cols) } : zeros(rows, cols);
  let at = 0;
  for (const { data } of parts) {
    out.data.set(data, at);
    at += data.length;
  }
  return out;
}

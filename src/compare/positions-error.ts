/**
 * Whether enough positions were drawn: how far the scores of corresponding layers are from those of all positions.
 *
 * @module
 */
import { OptionError, SvccaError, UnsupportedError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { zeros } from '../matrix.js';
import type { Engine } from '../engines/engine.js';
import { mergeJoints } from '../factor/joint.js';
import type { Joint } from '../factor/joint-data.js';
import type { MethodChoice } from '../factor/in-memory.js';
import { combineNeeds, evaluate } from '../measures/pair.js';
import { show, wholeNumber } from '../options.js';
import type { Breathe } from '../options.js';
import type { Asked } from './asked.js';
import { memoryFor } from './budget.js';
import type { Plan, View } from './plan.js';
import { dealt, jackknifeError } from './positions-blocks.js';
import { Collector, leastBytes, segmentsOf } from './shards/collect.js';
import type { Size } from './shards/collect.js';
import { jointPairs } from './shards/evaluate.js';
import { whyNot } from './shards/mergeable.js';
import type { Batches, LockstepStream, Wanted } from './stream.js';
import { countsOf, matrixOf } from './views.js';
import type { Draw } from './views.js';

/** What the errors are taken of. */
export interface PositionsErrorInput {
  readonly engine: Engine;
  readonly plan: Plan;
  /** Neurons of each view. */
  readonly neurons: readonly number[];
  /** Places of the cells, of all in the plan. */
  readonly cells: readonly number[];
  readonly stream: Pick<LockstepStream, 'read'>;
  readonly asked: readonly Asked[];
  readonly draw: Draw;
  /** Blocks that the drawn positions are dealt to. */
  readonly blocks: number;
  readonly method: MethodChoice;
  readonly memory: number;
  readonly breathe: Breathe;
  readonly onBatch: (stage: string, samples: number) => Promise<void>;
}

const PAIR = [{ a: 0, b: 1 }];

/** Checks the option, and says how many blocks there are: no more than positions. @throws OptionError; UnsupportedError */
export function blocksFor(blocks: unknown, positions: Draw['positions'], asked: readonly Asked[]): number {
  const wanted = wholeNumber('positionsError', blocks, 2);
  if (positions === 'all') {
    throw new OptionError("positionsError is given, but all positions are taken: give 'positions', too");
  }
  if (positions < 2) {
    throw new OptionError(
      `positionsError compares positions of a sample with one another, and positions is ${show(positions)}: draw 2 or more`,
    );
  }
  const faults = asked.map(whyNot);
  const [first] = faults;
  if (first !== undefined && faults.every((fault) => fault !== undefined)) {
    throw new UnsupportedError(`positionsError is taken of sums over the positions: ${first}`);
  }
  return Math.min(wanted, positions);
}

/**
 * One more pass over the samples, with what is kept of each block of positions; as many passes as the memory makes necessary.
 *
 * @returns for each measure the error of every cell asked for; nothing where the measure cannot be taken of sums, or not of fewer
 * datapoints.
 */
export async function positionsErrors(input: PositionsErrorInput): Promise<(number | undefined)[][]> {
  const { asked, cells } = input;
  const able = asked.filter((one) => whyNot(one) === undefined);
  const found = new Map<number, (number | undefined)[]>();
  for (const group of passesOf(input)) {
    const jackknives = await gather(
      input,
      group,
      combineNeeds(able.map(({ needs }) => needs)).rowNorms ?? false,
    );
    for (const jackknife of jackknives) found.set(jackknife.cell, await jackknife.errors(able));
  }
  return asked.map((one) => {
    const at = able.indexOf(one);
    return cells.map((cell) => (at < 0 ? undefined : found.get(cell)?.[at]));
  });
}

/** The cells of each pass. */
function passesOf(input: PositionsErrorInput): number[][] {
  const passes: number[][] = [];
  let free = 0;
  for (const cell of input.cells) {
    const bytes = input.blocks * leastBytes(sizeOf(input, cell));
    const last = passes.at(-1);
    if (last && bytes <= free) last.push(cell);
    else {
      passes.push([cell]);
      free = input.memory;
    }
    free -= bytes;
  }
  return passes;
}

function sizeOf({ plan, neurons }: PositionsErrorInput, cell: number): Size {
  const { a, b } = plan.cells[cell];
  return { neurons: [neurons[a], neurons[b]], rows: Infinity, pairs: PAIR };
}

async function gather(
  input: PositionsErrorInput,
  cells: readonly number[],
  rowNorms: boolean,
): Promise<Jackknife[]> {
  const { plan, blocks, memory, stream, breathe, onBatch } = input;
  const sizes = cells.flatMap((cell) => new Array<Size>(blocks).fill(sizeOf(input, cell)));
  const least = sizes.reduce((sum, size) => sum + leastBytes(size), 0);
  const segments = segmentsOf(sizes, memoryFor(Math.max(memory, least)));
  const all = cells.map((cell, i) => {
    const own = sizes.slice(i * blocks, (i + 1) * blocks);
    const collectors = own.map(
      (size, b) => new Collector(input.engine, size, segments[i * blocks + b], rowNorms),
    );
    return new Jackknife(input, cell, collectors);
  });
  const layers = new Set(
    cells.flatMap((cell) =>
      [plan.cells[cell].a, plan.cells[cell].b].map((v) => keyOf(plan.views[v].side, plan.views[v].layer)),
    ),
  );
  const wanted: Wanted = (side, layer) => layers.has(keyOf(side, layer));
  let samples = 0;
  for await (const batches of stream.read({ wanted })) {
    for (const jackknife of all) {
      await jackknife.add(batches);
      await breathe();
    }
    samples += batches[0].samples;
    await onBatch('positions', samples);
  }
  return all;
}

const keyOf = (side: number, layer: string): string => `${side} ${layer}`;

/** The blocks of one cell. */
class Jackknife {
  private drawn = 0;
  private available = 0;

  constructor(
    private readonly input: PositionsErrorInput,
    readonly cell: number,
    private readonly collectors: readonly Collector[],
  ) {}

  async add(batches: Batches): Promise<void> {
    const { plan, draw, breathe } = this.input;
    const [x, y] = this.views(plan);
    const { available, taken } = countsOf(x, batches, draw);
    this.available += available.reduce((sum, count) => sum + count, 0);
    this.drawn += taken.reduce((sum, count) => sum + count, 0);
    const block = dealt(taken, batches[x.side].start, this.collectors.length, draw.seed);
    const sides = [await matrixOf(x, batches, draw), await matrixOf(y, batches, draw)];
    for (const [b, collector] of this.collectors.entries()) {
      await collector.add(
        sides.map((side) => rowsWhere(side, block, b)),
        breathe,
      );
    }
  }

  /** The error of every measure. */
  async errors(asked: readonly Asked[]): Promise<(number | undefined)[]> {
    if (this.drawn === this.available) return asked.map(() => 0);
    const blocks: Joint[] = [];
    for (const collector of this.collectors) blocks.push(await collector.finish());
    const { engine } = this.input;
    const merge = (a: Joint | undefined, b: Joint | undefined) =>
      a && b ? mergeJoints(engine, PAIR, a, b) : (a ?? b);
    // All blocks up to each, and all from each on: what is left without one is a merge of two.
    const before: (Joint | undefined)[] = [undefined];
    for (const block of blocks) before.push(await merge(before.at(-1), block));
    const after: (Joint | undefined)[] = [undefined];
    for (const block of [...blocks].reverse()) after.unshift(await merge(block, after[0]));
    const whole = await this.scores(before.at(-1)!, asked);
    const without: (number | undefined)[][] = [];
    for (const b of blocks.keys()) {
      without.push(await this.scores((await merge(before[b], after[b + 1]))!, asked));
      await this.input.breathe();
    }
    return asked.map((_, m) => {
      const scores = without.map((one) => one[m]);
      const [score, all] = [whole[m], scores.filter((value) => value !== undefined)];
      if (score === undefined || all.length < scores.length) return undefined;
      return jackknifeError(score, all, this.drawn / this.available);
    });
  }

  /** Every measure of some of the datapoints; nothing where they are too few for it. */
  private async scores(joint: Joint, asked: readonly Asked[]): Promise<(number | undefined)[]> {
    const { engine, method } = this.input;
    const needs = combineNeeds(asked.map((one) => one.needs));
    const [pair] = await jointPairs(engine, { cells: PAIR, method }, joint, needs);
    const scores: (number | undefined)[] = [];
    for (const { measure, options } of asked) {
      try {
        scores.push((await evaluate(measure, pair, options, engine)).score);
      } catch (error) {
        if (!(error instanceof SvccaError) || error.code !== 'TOO_FEW_SAMPLES') throw error;
        scores.push(undefined);
      }
    }
    return scores;
  }

  private views({ views, cells }: Plan): readonly [View, View] {
    const { a, b } = cells[this.cell];
    return [views[a], views[b]];
  }
}

/** The rows that were dealt to a block. */
function rowsWhere({ cols, data }: Matrix, block: Uint32Array, which: number): Matrix {
  const rows = block.reduce((sum, of) => sum + (of === which ? 1 : 0), 0);
  const out =
    data instanceof Float32Array ? { rows, cols, data: new Float32Array(rows * cols) } : zeros(rows, cols);
  let to = 0;
  for (const [row, of] of block.entries()) {
    if (of !== which) continue;
    out.data.set(data.subarray(row * cols, (row + 1) * cols), to * cols);
    to++;
  }
  return out;
}

/**
 * One worker's share of a comparison: samples in, a {@link Part} out.
 *
 * @module
 */
import type { CaptureData } from '../../capture/capture.js';
import { DataError, OptionError } from '../../errors.js';
import { FLOAT32_TOLERANCE } from '../../factor/factor.js';
import { DEFAULT_MEMORY } from '../../factor/in-memory.js';
import type { Joint } from '../../factor/joint-data.js';
import type { Engine } from '../../engines/engine.js';
import { openEngine } from '../../engines/select.js';
import { withScope } from '../../engines/scope.js';
import { flag, keyword, pause, breather, wholeNumber, without } from '../../options.js';
import { askedMeasures } from '../asked.js';
import type { CompareOptions } from '../compare.js';
import { planComparison } from '../plan.js';
import type { Plan } from '../plan.js';
import { READING_OPTIONS } from '../run.js';
import { openSources } from '../sources.js';
import type { Comparable, Sources } from '../sources.js';
import type { Batches } from '../stream.js';
import { matrixOf, shapeOf } from '../views.js';
import type { Draw } from '../views.js';
import { Collector, assembled, groupsOf, segmentsOf } from './collect.js';
import { checkMergeable } from './mergeable.js';
import { Part } from './part.js';
import { PART_FORMAT } from './part-info.js';
import type { PartInfo } from './part-info.js';
import { rangeOf } from './ranges.js';
import type { Shard } from './ranges.js';

/** Options of {@link shardMoments}: those of `compare`, and which samples. */
export interface ShardOptions extends CompareOptions {
  /** The samples of this worker. @defaultValue all */
  readonly shard?: Shard;
  /** Samples of all shards together; needed where the data do not tell (a stream). */
  readonly total?: number;
}

const OWN = [
  ...[...READING_OPTIONS, 'measure', 'layers', 'layersB', 'names', 'fingerprints'],
  ...['preprocess', 'preprocessB', 'shard', 'total'],
];

/**
 * Reads one shard of the samples, once, and keeps of it what is needed to compare every layer of `a` with every layer of `b`:
 * a few small matrices, however many samples there are. The parts of all shards, computed anywhere and in any order, give by
 * `mergeParts` what `compare` gives of all samples.
 *
 * Memory: `8·d²` bytes for each layer of d neurons and `8·d₁·d₂` for each pair, about three to six times over while it runs, and
 * the datapoints that are gathered before each step; all within the option `memory`.
 *
 * @param a - a model, an `ActivationSet`, or arrays by layer name, as for `compare`: the whole, not the shard alone.
 * @param b - the other side.
 * @param data - inputs of the models: all, too.
 * @throws OptionError as `compare`, and for a shard outside the data; UnsupportedError for measures that cannot be merged, such as
 * those that compare samples with samples; DataError where the data end before the shard does
 * @example
 * ```ts
 * const part = await shardMoments(a, b, images, { shard: { index: 0, of: 4 }, measure: 'svcca,cka' });
 * await writeFile('part.0', part.toBytes());
 * ```
 */
export async function shardMoments(
  a: Comparable,
  b: Comparable,
  data?: CaptureData,
  options: ShardOptions = {},
): Promise<Part> {
  const { signal, positions = 'all', seed = 0, memory = DEFAULT_MEMORY, shard = {} } = options;
  signal?.throwIfAborted();
  const method = keyword('method', options.method ?? 'auto', ['auto', 'moments', 'direct']);
  if (positions !== 'all') wholeNumber('positions', positions);
  wholeNumber('seed', seed, 0);
  wholeNumber('memory', memory, 0);
  if (flag('training', options.training ?? false)) {
    throw new OptionError(
      'training is true: batch norm and dropout then depend on how samples fall into batches, which shards cut elsewhere; ' +
        'leave it out, or compare all samples on one machine',
    );
  }
  const asked = askedMeasures(options.measure ?? 'svcca', without(options, OWN));
  const rowNorms = checkMergeable(asked).rowNorms ?? false;
  const { layers, layersB = layers, names = { a: 'a', b: 'b' }, fingerprints = {} } = options;
  const inputs = [
    { side: a, label: 'a', layers },
    { side: b, label: 'b', layers: layersB },
  ];
  const opened = await openEngine(options.engine, {
    ...(options.threads !== undefined && { threads: options.threads }),
  });
  try {
    const sources = await openSources(inputs, data, { ...options, onDevice: false });
    const total = totalOf(sources, options.total);
    const [from, to] = rangeOf(shard, total);
    const draw = { positions, seed };
    const found = await withScope(opened, (engine) =>
      collect(engine, sources, [from, to], { draw, memory, rowNorms, options }),
    );
    const [rows, cols] = sources.sides.map((side) => side.map(({ name }) => name));
    const info: PartInfo = {
      format: PART_FORMAT,
      names,
      fingerprints,
      layers: { a: rows, b: cols },
      reading: { spatial: sources.spatial, positions, seed },
      method,
      measures: asked.map(({ label, measure, options: own }) => ({
        label,
        measure: measure.name,
        options: own,
      })),
      rowNorms,
      total,
      ranges: from < to ? [[from, to]] : [],
      ...('of' in shard && { shard: { index: shard.index, of: shard.of } }),
      ...described(found),
    };
    return new Part(info, found.joint);
  } finally {
    if (opened !== options.engine) await opened.close?.();
  }
}

function totalOf(sources: Sources, given: number | undefined): number {
  if (given !== undefined) wholeNumber('total', given);
  const known = sources.samples();
  if (known !== undefined && given !== undefined && known !== given) {
    throw new OptionError(`total is ${given}, but the data hold ${known} samples`);
  }
  const total = known ?? given;
  if (total !== undefined) return total;
  throw new OptionError(
    "the number of samples is not known before they are read: give it as 'total', so that every shard finds its place",
  );
}

interface Found {
  readonly plan: Plan;
  readonly joint: Joint;
}

/** The views as a part describes them. */
function described({ plan, joint }: Found): Pick<PartInfo, 'views' | 'cells'> {
  return {
    views: plan.views.map(({ side, layer, grid }, i) => {
      const { samples, root, precision } = joint.layers[i];
      const storage = precision === FLOAT32_TOLERANCE ? 'float32' : 'float64';
      return { side, layer, grid, neurons: root.cols, storage, datapoints: samples, rows: root.rows };
    }),
    cells: plan.cells.map(({ a, b }) => ({ a, b })),
  };
}

interface CollectOptions {
  readonly draw: Draw;
  readonly memory: number;
  readonly rowNorms: boolean;
  readonly options: Pick<ShardOptions, 'signal' | 'onProgress'>;
}

/** Reads the samples of a range, group by group of the views. */
async function collect(
  engine: Engine,
  sources: Sources,
  [from, to]: readonly [number, number],
  { draw, memory, rowNorms, options: { signal, onProgress } }: CollectOptions,
): Promise<Found> {
  const [rows, cols] = sources.sides;
  const pairs = rows.flatMap((row) =>
    cols.map((col) => ({ a: { side: 0, layer: row.name }, b: { side: 1, layer: col.name } })),
  );
  const breathe = breather(signal);
  const planFrom = (first: Batches) => {
    const plan = planComparison(pairs, first);
    const groups = groupsOf(plan);
    const sizes = groups.map(({ views, cells }) => {
      const shapes = views.map((v) => shapeOf(plan.views[v], first, draw));
      return {
        neurons: shapes.map((shape) => shape.cols),
        rows: Math.ceil(shapes[0].rows / first[0].samples) * (to - from),
        pairs: cells.map((c) => ({ a: views.indexOf(plan.cells[c].a), b: views.indexOf(plan.cells[c].b) })),
      };
    });
    const segments = segmentsOf(sizes, memory);
    const collectors = sizes.map((size, g) => new Collector(engine, size, segments[g], rowNorms));
    return { plan, groups, collectors };
  };
  let state: ReturnType<typeof planFrom> | undefined;
  let done = 0;
  // An empty shard still has to know its layers: those of the first sample.
  const range = from < to ? { from, to } : { from: 0, to: 1 };
  for await (const batches of sources.read(range)) {
    state ??= planFrom(batches);
    if (from === to) break;
    const { plan, groups, collectors } = state;
    for (const [g, { views }] of groups.entries()) {
      const matrices = [];
      for (const v of views) matrices.push(await matrixOf(plan.views[v], batches, draw));
      await collectors[g].add(matrices, breathe);
    }
    done += batches[0].samples;
    onProgress?.({ stage: 'moments', done, total: to - from });
    await pause(signal);
  }
  if (state === undefined || done < to - from) {
    throw new DataError(
      `samples ${from}:${to} were asked for, and the data ended after sample ${from + done}: give all data to every shard`,
    );
  }
  const { plan, groups, collectors } = state;
  const joints: Joint[] = [];
  for (const collector of collectors) joints.push(await collector.finish());
  return { plan, joint: assembled(plan, groups, joints) };
}

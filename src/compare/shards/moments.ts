/**
 * One worker's share of a comparison: samples in, a {@link Part} out.
 *
 * @module
 */
import type { CaptureData } from '../../capture/capture.js';
import { isModel } from '../../capture/recognise.js';
import { OptionError } from '../../errors.js';
import { FLOAT32_TOLERANCE } from '../../factor/factor.js';
import { DEFAULT_MEMORY } from '../../factor/in-memory.js';
import { openEngine } from '../../engines/select.js';
import { withScope } from '../../engines/scope.js';
import { flag, keyword, wholeNumber, without } from '../../options.js';
import { askedMeasures } from '../asked.js';
import { USUAL_BATCH } from '../../capture/batch-size.js';
import { batchSizeFor } from '../batch-size.js';
import { sidesOf } from '../compare.js';
import type { CompareOptions } from '../compare.js';
import { recordedPreprocess } from '../recorded.js';
import { READING_OPTIONS } from '../run.js';
import { openSources } from '../sources.js';
import type { Comparable, SideInput, Sources } from '../sources.js';
import { checkMergeable } from './mergeable.js';
import { Part } from './part.js';
import { PART_FORMAT } from './part-info.js';
import type { PartInfo } from './part-info.js';
import { rangeOf } from './ranges.js';
import type { Shard } from './ranges.js';
import { collect } from './read.js';
import type { Found } from './read.js';

/** Options of {@link shardMoments}: those of `compare`, and which samples. */
export interface ShardOptions extends CompareOptions {
  /** The samples of this worker. @defaultValue all */
  readonly shard?: Shard;
  /** Samples of all shards together; needed where the data do not tell (a stream). */
  readonly total?: number;
}

const OWN = [
  ...[...READING_OPTIONS, 'measure', 'layers', 'layersB', 'names', 'fingerprints'],
  ...['preprocess', 'preprocessB', 'positionsError', 'shard', 'total'],
];

/**
 * Reads one shard of the samples, once, and keeps of it what is needed to compare every layer of `a` with every layer of `b`:
 * a few small matrices, however many samples there are. The parts of all shards, computed anywhere and in any order, give by
 * `mergeParts` what `compare` gives of all samples.
 *
 * What `fingerprints` says of the networks and the data is how `mergeParts` tells a part of others that look alike: without them, it
 * sees other layers, shapes, samples and options only, and of `preprocess` as a function not which one.
 *
 * Memory: about `112·d²` bytes for each layer of d neurons (or `112·n·d`, with fewer datapoints than those), `24·d₁·d₂` for each
 * pair, and some thousand datapoints at a time, fewer where `memory` is short. The part has `8·d²` and `8·d₁·d₂`.
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
  if (options.checkpoint !== undefined) {
    throw new OptionError(
      'checkpoint is given, but a shard has none: give smaller shards, and compute a lost one again',
    );
  }
  if (options.positionsError !== undefined) {
    throw new OptionError(
      'positionsError is given, but a shard is read once: compare some of the samples in one piece to see whether enough ' +
        'positions are drawn',
    );
  }
  if (flag('training', options.training ?? false)) {
    throw new OptionError(
      'training is true: batch norm and dropout then depend on how samples fall into batches, which shards cut elsewhere; ' +
        'leave it out, or compare all samples on one machine',
    );
  }
  const asked = askedMeasures(options.measure ?? 'svcca', without(options, OWN));
  const rowNorms = checkMergeable(asked).rowNorms ?? false;
  const { names = { a: 'a', b: 'b' }, fingerprints = {} } = options;
  const inputs = sidesOf(a, b, options);
  const opened = await openEngine(options.engine, {
    ...(options.threads !== undefined && { threads: options.threads }),
  });
  let close = () => Promise.resolve();
  try {
    const batchSize = usualBatch(inputs, memory, options);
    const sources = await openSources(inputs, data, {
      ...options,
      ...(batchSize !== undefined && { batchSize }),
      onDevice: false,
    });
    close = () => sources.close();
    const total = totalOf(sources, options.total);
    const [from, to] = rangeOf(shard, total);
    const draw = { positions, seed };
    const found = await withScope(opened, (engine) =>
      collect(engine, sources, [from, to], { draw, memory, rowNorms, total, batchSize, run: options }),
    );
    const [rows, cols] = sources.sides.map((side) => side.map(({ name }) => name));
    const info: PartInfo = {
      format: PART_FORMAT,
      names,
      fingerprints,
      layers: { a: rows, b: cols },
      reading: { spatial: sources.spatial, positions, seed },
      ...recordedPreprocess(inputs),
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
    await close();
    if (opened !== options.engine) await opened.close?.();
  }
}

/** Samples that models are run on at a time; nothing where there is none. */
function usualBatch(inputs: readonly SideInput[], memory: number, options: ShardOptions): number | undefined {
  if (options.batchSize !== undefined) return wholeNumber('batchSize', options.batchSize);
  const models = inputs.flatMap(({ side, label, layers }) =>
    isModel(side) ? [{ model: side, label, ...(layers !== undefined && { layers }) }] : [],
  );
  return models.length === 0 ? undefined : (batchSizeFor(models, memory, options) ?? USUAL_BATCH);
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

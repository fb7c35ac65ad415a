/**
 * Parts in, the comparison of all their samples out.
 *
 * @module
 */
import { DataError, OptionError } from '../../errors.js';
import type { Engine } from '../../engines/engine.js';
import { openEngine } from '../../engines/select.js';
import { withScope } from '../../engines/scope.js';
import { mergeJoints } from '../../factor/joint.js';
import type { Joint } from '../../factor/joint-data.js';
import { measures } from '../../measures/registry.js';
import type { MeasureName } from '../../measures/registry.js';
import { pause, without } from '../../options.js';
import type { RunOptions } from '../../options.js';
import { askedMeasures } from '../asked.js';
import type { Asked, MeasureChoices } from '../asked.js';
import type { Similarity } from '../similarity.js';
import { checkBelong } from './belong.js';
import { assembled, groupsOf } from './collect.js';
import { similarityOf } from './evaluate.js';
import { checkMergeable } from './mergeable.js';
import { Part } from './part.js';
import type { PartSource } from './part.js';
import type { PartInfo } from './part-info.js';
import { checkComplete, joinRanges } from './ranges.js';

/** Options of {@link mergeParts}; those of the measures stand beside them. */
export interface MergeOptions extends RunOptions {
  /**
   * Measures, where they are others than the parts were computed for: any that can be taken of what the parts hold, without
   * reading a sample again. @defaultValue those of the parts
   */
  readonly measure?: MeasureChoices;
  /** Options of the measures, beside `measure`. */
  readonly [option: string]: unknown;
}

const RUN = ['engine', 'threads', 'signal', 'onProgress', 'measure'];

/**
 * Merges parts that together hold every sample once, and compares: the same result as `compare` of all samples, whatever the
 * number and the sizes of the parts. They are merged in the order of their samples, so that the order in which they are given
 * does not change a bit of the result.
 *
 * Nothing is squared on the way: the result is that of `method: 'direct'`, to about ε times the condition of the layers (1e-12 up to
 * a condition of 10⁵), and so that of `compare`, wherever its own route is as accurate: of float64 activations, and of float32 ones up
 * to a condition of some hundreds. Beyond, the squared moments of `compare` err by ε times the square of it, and the merged parts do not.
 * Directions end where they do there, at `1e-7` of the largest for float32 activations.
 *
 * @param parts - in memory, or opened by `openPart` of `svcca/node`, of which only one at a time is then held.
 * @throws DataError, naming the part: where one is of another comparison, two hold the same samples, or samples are missing;
 * OptionError or UnsupportedError for measures that these parts do not allow; FormatError for a damaged part
 * @example
 * ```ts
 * const similarity = await mergeParts([await loadPart('part.0'), await loadPart('part.1')]);
 * ```
 */
export async function mergeParts(
  parts: readonly PartSource[],
  options: MergeOptions = {},
): Promise<Similarity> {
  const { info } = firstOf(parts);
  checkBelong(parts);
  checkComplete(parts, joinRanges(parts));
  const asked = askedOf(info, options);
  const needs = checkMergeable(asked);
  if (needs.rowNorms && !info.rowNorms) {
    const names = asked.flatMap((one) => (one.needs.rowNorms ? [one.label] : []));
    throw new OptionError(
      `${names.join(', ')} needs sums over the norms of the samples, which these parts do not have: compute them for this ` +
        'measure and its options, too',
    );
  }
  return withEngine(options, async (engine) => {
    const joint = await mergeAll(engine, parts, options);
    return similarityOf(engine, info, joint, asked, options);
  });
}

/**
 * Merges parts into one larger part, so that merging can be done in steps. They need not hold all samples, nor neighbouring ones.
 *
 * @throws as {@link mergeParts}, but for samples that are missing
 */
export async function combineParts(parts: readonly PartSource[], options: RunOptions = {}): Promise<Part> {
  const { info } = firstOf(parts);
  checkBelong(parts);
  const ranges = joinRanges(parts);
  const joint = await withEngine(options, (engine) => mergeAll(engine, parts, options));
  const { shard: _, ...rest } = info;
  const views = info.views.map((view, i) => ({
    ...view,
    datapoints: joint.layers[i].samples,
    rows: joint.layers[i].root.rows,
  }));
  return new Part({ ...rest, ranges, views }, joint);
}

function firstOf(parts: readonly PartSource[]): PartSource {
  if (parts.length > 0) return parts[0];
  throw new DataError('there are no parts to merge: give those of all shards');
}

async function withEngine<T>(options: RunOptions, work: (engine: Engine) => Promise<T>): Promise<T> {
  options.signal?.throwIfAborted();
  const opened = await openEngine(options.engine, {
    ...(options.threads !== undefined && { threads: options.threads }),
  });
  try {
    return await withScope(opened, work);
  } finally {
    if (opened !== options.engine) await opened.close?.();
  }
}

/** Reads one part after another, in the order of their samples, and joins each to those before. */
async function mergeAll(
  engine: Engine,
  parts: readonly PartSource[],
  { signal, onProgress }: RunOptions,
): Promise<Joint> {
  const { views, cells } = parts[0].info;
  const groups = groupsOf({ views, cells });
  const start = ({ info }: PartSource) => info.ranges[0]?.[0] ?? -1;
  const ordered = [...parts].sort((a, b) => start(a) - start(b));
  let merged: Joint[] | undefined;
  for (const [done, part] of ordered.entries()) {
    onProgress?.({ stage: 'merge', done, total: parts.length });
    await pause(signal);
    const joint = await part.read();
    const next: Joint[] = [];
    for (const [g, group] of groups.entries()) {
      const own = {
        layers: group.views.map((v) => joint.layers[v]),
        pairs: group.cells.map((c) => joint.pairs[c]),
      };
      const places = group.cells.map((c) => ({
        a: group.views.indexOf(cells[c].a),
        b: group.views.indexOf(cells[c].b),
      }));
      next.push(merged ? await mergeJoints(engine, places, merged[g], own) : own);
    }
    merged = next;
  }
  return assembled({ views, cells }, groups, merged!);
}

/** The measures asked for, else those of the parts. */
function askedOf(info: PartInfo, options: MergeOptions): Asked[] {
  const own = without(options, RUN);
  if (options.measure !== undefined) return askedMeasures(options.measure, own);
  const [stray] = Object.keys(own);
  if (stray !== undefined) {
    throw new OptionError(
      `${stray} is given without 'measure', and the options of the parts' measures are theirs: name the measures again`,
    );
  }
  const unknown = info.measures.find(({ measure }) => !(measure in measures));
  if (unknown !== undefined) {
    throw new OptionError(
      `the parts are of a measure '${unknown.measure}' that is not of this library: give it as 'measure'`,
    );
  }
  return askedMeasures(
    info.measures.map(({ label, measure, options: fixed }) => ({
      label,
      measure: measure as MeasureName,
      options: fixed,
    })),
    {},
  );
}

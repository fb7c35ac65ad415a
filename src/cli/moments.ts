/**
 * `svcca moments`: one shard of a comparison, on a machine of its own.
 *
 * @module
 */
import { shardMoments } from '../compare/shards/moments.js';
import type { Shard } from '../compare/shards/ranges.js';
import { savePart } from '../node/parts.js';
import { UsageError, runArgs, runOptionsOf } from './arguments.js';
import type { Command, Values } from './arguments.js';
import { captureArgs, captureOptionsOf, secondSideArgs } from './capture-arguments.js';
import { measureArgs, measureOf } from './measure-arguments.js';
import { progressBar } from './output.js';
import { namesOf, withSides } from './sides.js';

/** The command. */
export const momentsCommand: Command = {
  name: 'moments',
  description: 'Read one shard of the samples for a comparison; merge compares them all.',
  args: {
    a: { type: 'positional', description: 'model.json, or activations: the whole', required: true },
    b: { type: 'positional', description: 'the other network', required: true },
    shard: {
      type: 'string',
      description: 'which of n shards of equal size, from 0: 0/4, 1/4, 2/4, 3/4',
      valueHint: 'i/n',
    },
    samples: {
      type: 'string',
      description: 'a shard of any size: samples from:to, counted from 0, to not included',
      valueHint: 'from:to',
    },
    out: { type: 'string', description: 'the part to write, under any name', valueHint: 'file' },
    ...captureArgs,
    ...secondSideArgs,
    ...measureArgs,
    ...runArgs,
  },

  async run(values, signal) {
    const shard = shardOf(values);
    if (values['out'] === undefined) throw new UsageError('name the part to write: --out part.0');
    const out = String(values['out']);
    const { measure, options } = measureOf(values, 'svcca');
    const own = {
      ...options,
      ...runOptionsOf(values),
      ...captureOptionsOf(values),
    };
    const { onProgress, stop } = progressBar();
    const part = await withSides(
      [String(values['a']), String(values['b'])],
      values,
      ({ sides: [a, b], data }) =>
        shardMoments(a.side, b.side, data?.data, {
          ...own,
          measure,
          shard,
          ...namesOf(a, b, data),
          signal,
          onProgress,
        }),
    ).finally(stop);
    await savePart(out, part);
    const held = part.info.ranges.map(([from, to]) => `${from}:${to}`).join(', ') || 'none';
    process.stdout.write(`samples ${held} of ${part.info.total}\n`);
    process.stderr.write(`wrote ${out}\n`);
  },
};

/** `--shard 0/4` or `--samples 0:1000`. @throws UsageError */
function shardOf(values: Values): Shard {
  const { shard, samples } = values;
  if (shard !== undefined && samples !== undefined) {
    throw new UsageError('--shard and --samples both say which samples: give one of them');
  }
  if (shard !== undefined) {
    const [, index, of] = (/^(\d+)\/(\d+)$/.exec(String(shard)) ?? []).map(Number);
    if (index !== undefined && of !== undefined && index < of) return { index, of };
    throw new UsageError(`--shard is '${shard}': give 0/4, 1/4, 2/4 or 3/4 for one of four shards`);
  }
  if (samples === undefined) throw new UsageError('say which samples: --shard 0/4, or --samples 0:1000');
  const match = /^(\d+)?:(\d+)?$/.exec(String(samples));
  if (!match) throw new UsageError(`--samples is '${samples}': give from:to, such as 0:1000`);
  const [, from, to] = match;
  return { ...(from !== undefined && { from: Number(from) }), ...(to !== undefined && { to: Number(to) }) };
}

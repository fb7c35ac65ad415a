/**
 * `svcca moments`: one shard of a comparison, on a machine of its own.
 *
 * @module
 */
import { shardMoments } from '../compare/shards/moments.js';
import type { Shard } from '../compare/shards/ranges.js';
import { isArrayFile } from '../node/activations.js';
import { savePart } from '../node/parts.js';
import { UsageError, runArgs, runOptionsOf } from './arguments.js';
import type { Command, Values } from './arguments.js';
import { backendFor } from './backend.js';
import {
  captureArgs,
  captureOptionsOf,
  dataOptionsOf,
  secondSide,
  secondSideArgs,
} from './capture-arguments.js';
import { measureArgs, measureOf } from './measure-arguments.js';
import { progressBar } from './output.js';
import { openData, openSide } from './sides.js';
import type { OpenData, OpenSide } from './sides.js';

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
    const paths = [String(values['a']), String(values['b'])];
    const needsModel = paths.some((path) => !isArrayFile(path));
    if (needsModel && values['data'] === undefined) {
      throw new UsageError('models are compared on data: give --data images.npz');
    }
    const backend = await backendFor(values, needsModel);
    const opened: (OpenSide | OpenData)[] = [];
    try {
      const a = await openSide(paths[0], values);
      opened.push(a);
      const b = await openSide(paths[1], secondSide(values));
      opened.push(b);
      const data = needsModel
        ? await openData(String(values['data']), (a.isModel ? a : b).input, dataOptionsOf(values))
        : undefined;
      if (data) opened.push(data);
      const { onProgress, stop } = progressBar();
      const part = await shardMoments(a.side, b.side, data?.data, {
        ...own,
        measure,
        shard,
        names: { a: a.name, b: b.name },
        fingerprints: { a: a.fingerprint, b: b.fingerprint, ...(data && { data: data.fingerprint }) },
        signal,
        onProgress,
      }).finally(stop);
      await savePart(out, part);
      const held = part.info.ranges.map(([from, to]) => `${from}:${to}`).join(', ') || 'none';
      process.stdout.write(`samples ${held} of ${part.info.total}\n`);
      if (backend?.warning) process.stderr.write(`svcca: ${backend.warning}\n`);
      process.stderr.write(`wrote ${out}\n`);
    } finally {
      for (const one of opened.reverse()) await one.close();
    }
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

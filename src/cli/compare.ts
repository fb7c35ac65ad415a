/**
 * `svcca compare`: two checkpoints, or two files of activations, layer by layer.
 *
 * @module
 */
import { compare } from '../compare/compare.js';
import { countOf, runArgs, runOptionsOf } from './arguments.js';
import type { Command } from './arguments.js';
import { captureArgs, captureOptionsOf, secondSideArgs } from './capture-arguments.js';
import { measureArgs, measureOf } from './measure-arguments.js';
import { memoryArgs, memoryOptionsOf, resumable } from './memory-arguments.js';
import { outputFiles, progressBar } from './output.js';
import { namesOf, withSides } from './sides.js';
import { OUT_KINDS, writeSimilarity } from './similarity-output.js';

/** The command. */
export const compareCommand: Command = {
  name: 'compare',
  description: 'Compare two checkpoints (or two files of activations) layer by layer.',
  args: {
    a: { type: 'positional', description: 'model.json, or activations (.npz, .npy)', required: true },
    b: { type: 'positional', description: 'the other network', required: true },
    ...captureArgs,
    ...secondSideArgs,
    positionsError: {
      type: 'string',
      description: 'how far scores of drawn positions are from those of all, by n blocks of them, e.g. 10',
      valueHint: 'n',
    },
    ...measureArgs,
    ...runArgs,
    ...memoryArgs,
    title: { type: 'string', description: 'title of the report', valueHint: 'text' },
    out: {
      type: 'string',
      description: 'files to write: .html .json .csv .svg .npz, several by commas',
      valueHint: 'files',
    },
    json: { type: 'boolean', description: 'print JSON' },
  },

  async run(values, signal) {
    const files = outputFiles(values['out'], OUT_KINDS);
    const { measure, options } = measureOf(values, 'svcca');
    const own = {
      ...options,
      ...runOptionsOf(values),
      ...captureOptionsOf(values),
      ...memoryOptionsOf(values),
      ...(values['positionsError'] !== undefined && {
        positionsError: countOf('positionsError', values, 2),
      }),
    };
    const { onProgress, stop } = progressBar();
    const similarity = await withSides(
      [String(values['a']), String(values['b'])],
      values,
      ({ sides: [a, b], data }) =>
        resumable(values, { signal, stop }, () =>
          compare(a.side, b.side, data?.data, {
            ...own,
            measure,
            ...namesOf(a, b, data),
            signal,
            onProgress,
          }),
        ),
    ).finally(stop);
    process.stderr.write(await writeSimilarity(similarity, files, values));
  },
};

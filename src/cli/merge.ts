/**
 * `svcca merge`: the parts of all shards, as one comparison.
 *
 * @module
 */
import { combineParts, mergeParts } from '../compare/shards/merge.js';
import { openPart, savePart } from '../node/parts.js';
import { UsageError, runArgs, runOptionsOf } from './arguments.js';
import type { Command } from './arguments.js';
import { measureArgs, measureOf } from './measure-arguments.js';
import { outputFiles, progressBar } from './output.js';
import { OUT_KINDS, writeSimilarity } from './similarity-output.js';

const PART = '.part';

/** The command. */
export const mergeCommand: Command = {
  name: 'merge',
  description: 'Compare two networks by the parts that moments wrote of all shards, in any order.',
  more: 'parts',
  args: {
    part: { type: 'positional', description: 'a part; the others follow', required: true },
    ...measureArgs,
    engine: runArgs.engine,
    threads: runArgs.threads,
    title: { type: 'string', description: 'title of the report', valueHint: 'text' },
    out: {
      type: 'string',
      description: `files to write: .html .json .csv .svg .npz, several by commas; or one ${PART}, to merge in steps`,
      valueHint: 'files',
    },
    json: { type: 'boolean', description: 'print JSON' },
  },

  async run(values, signal, rest) {
    const files = outputFiles(values['out'], [...OUT_KINDS, PART]);
    const asked = values['measure'] !== undefined || values['preset'] !== undefined;
    const { measure, options } = measureOf(values, 'svcca');
    const [stray] = asked ? [] : Object.keys(options);
    if (stray !== undefined) {
      throw new UsageError(`--${stray} is given without --measure: the parts have options of their own`);
    }
    const [partly] = files.filter(({ kind }) => kind === PART);
    if (partly && (files.length > 1 || asked || values['json'])) {
      throw new UsageError(
        `--out ${partly.path} writes a larger part, and nothing is compared yet: write it alone`,
      );
    }
    const parts = [];
    for (const path of [String(values['part']), ...rest]) parts.push(await openPart(path));
    const { onProgress, stop } = progressBar();
    const own = { ...runOptionsOf(values), signal, onProgress };
    if (partly) {
      await savePart(partly.path, await combineParts(parts, own).finally(stop));
      process.stderr.write(`wrote ${partly.path}\n`);
      return;
    }
    const similarity = await mergeParts(parts, { ...own, ...(asked && { ...options, measure }) }).finally(
      stop,
    );
    process.stderr.write(await writeSimilarity(similarity, files, values));
  },
};

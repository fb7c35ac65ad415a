/**
 * `svcca compare`: two checkpoints, or two files of activations, layer by layer.
 *
 * @module
 */
import { compare } from '../compare/compare.js';
import type { Similarity } from '../compare/similarity.js';
import { writeNpz } from '../io/npz.js';
import { writeAtomic } from '../node/files.js';
import { isArrayFile } from '../node/activations.js';
import { report, svgFile, toCsv } from '../report/index.js';
import { UsageError, countOf, measureArgs, measureOf, runArgs, runOptionsOf } from './arguments.js';
import type { Command, Values } from './arguments.js';
import { backendFor } from './backend.js';
import { outputFiles, progressBar, table } from './output.js';
import { openData, openSide } from './sides.js';

/** What `--out` can write, by extension. */
const writers: Record<string, (similarity: Similarity, title: string) => string | Uint8Array> = {
  '.html': (similarity, title) => report(similarity, { title }),
  '.json': (similarity) => `${JSON.stringify(similarity, null, 2)}\n`,
  '.csv': (similarity) => toCsv(similarity),
  '.svg': (similarity) => svgFile(similarity),
  '.npz': ({ rows, cols, scores }) =>
    writeNpz({ scores: { shape: [rows.length, cols.length], data: scores } }),
};

/** The command. */
export const compareCommand: Command = {
  name: 'compare',
  description: 'Compare two checkpoints (or two files of activations) layer by layer.',
  args: {
    a: { type: 'positional', description: 'model.json, or activations (.npz, .npy)', required: true },
    b: { type: 'positional', description: 'the other network', required: true },
    data: {
      type: 'string',
      description: 'inputs of the models: .npy, .npz or file.npz:key',
      valueHint: 'file',
    },
    count: { type: 'string', description: 'use the first n samples of the data', valueHint: 'n' },
    scale: { type: 'string', description: 'factor on the data, e.g. 1/255 for bytes', valueHint: 'factor' },
    layers: {
      type: 'string',
      description: "layers of both sides: names or globs, e.g. 'conv*,logits'",
      valueHint: 'which',
    },
    layersB: {
      type: 'string',
      description: 'layers of the second side, where they are others',
      valueHint: 'which',
    },
    spatial: { type: 'string', description: 'positions, mean or flatten', valueHint: 'rule' },
    positions: {
      type: 'string',
      description: 'positions drawn of each image; all by default',
      valueHint: 'n',
    },
    seed: { type: 'string', description: 'seed of that draw; 0 by default', valueHint: 'n' },
    batchSize: { type: 'string', description: 'samples run at a time; 64 by default', valueHint: 'n' },
    ...measureArgs,
    ...runArgs,
    backend: {
      type: 'string',
      description: 'tfjs backend of the models: tensorflow, wasm or cpu',
      valueHint: 'name',
    },
    title: { type: 'string', description: 'title of the report', valueHint: 'text' },
    out: {
      type: 'string',
      description: 'files to write: .html .json .csv .svg .npz, several by commas',
      valueHint: 'files',
    },
    json: { type: 'boolean', description: 'print JSON' },
  },

  async run(values, signal) {
    const files = outputFiles(values['out'], Object.keys(writers));
    const { measure, options } = measureOf(values, 'svcca');
    const own = { ...options, ...runOptionsOf(values), ...captureOptionsOf(values) };
    const paths = [String(values['a']), String(values['b'])];
    const needsModel = paths.some((path) => !isArrayFile(path));
    if (needsModel && values['data'] === undefined) {
      throw new UsageError('models are compared on data: give --data images.npz');
    }
    const backend = await backendFor(values, needsModel);
    const [a, b] = [await openSide(paths[0]), await openSide(paths[1])];
    const data = needsModel
      ? await openData(String(values['data']), (a.isModel ? a : b).input, dataOptionsOf(values))
      : undefined;
    const { onProgress, stop } = progressBar();
    const similarity = await compare(a.side, b.side, data?.data, {
      ...own,
      measure,
      names: { a: a.name, b: b.name },
      fingerprints: { a: a.fingerprint, b: b.fingerprint, ...(data && { data: data.fingerprint }) },
      signal,
      onProgress,
    }).finally(stop);
    const title = values['title'] === undefined ? `${a.name} and ${b.name}` : String(values['title']);
    for (const { path, kind } of files) await writeAtomic(path, writers[kind](similarity, title));
    if (values['json']) process.stdout.write(writers['.json'](similarity, title));
    else process.stdout.write(text(similarity));
    if (backend?.warning) process.stderr.write(`svcca: ${backend.warning}\n`);
    for (const { path } of files) process.stderr.write(`wrote ${path}\n`);
  },
};

function captureOptionsOf(values: Values): Record<string, unknown> {
  return {
    ...(values['layers'] !== undefined && { layers: values['layers'] }),
    ...(values['layersB'] !== undefined && { layersB: values['layersB'] }),
    ...(values['spatial'] !== undefined && { spatial: values['spatial'] }),
    ...(values['positions'] !== undefined && {
      positions: values['positions'] === 'all' ? 'all' : countOf('positions', values),
    }),
    ...(values['seed'] !== undefined && { seed: countOf('seed', values, 0) }),
    ...(values['batchSize'] !== undefined && { batchSize: countOf('batchSize', values) }),
  };
}

function dataOptionsOf(values: Values): { count?: number; scale?: number } {
  return {
    ...(values['count'] !== undefined && { count: countOf('count', values) }),
    ...(values['scale'] !== undefined && { scale: factorOf(String(values['scale'])) }),
  };
}

/** A number, or a quotient such as 1/255. */
function factorOf(text: string): number {
  const [top, bottom = '1', more] = text.split('/');
  const value = Number(top) / Number(bottom);
  if (more === undefined && top !== '' && Number.isFinite(value) && value !== 0) return value;
  throw new UsageError(`--scale is '${text}': give a factor such as 0.0039 or 1/255`);
}

function text(similarity: Similarity): string {
  const diagonal = similarity.diagonal();
  const named = diagonal.map(({ row, col, score }) => {
    const best = similarity.best(row);
    return [row === col ? row : `${row} – ${col}`, score.toFixed(4), best.layer, best.score.toFixed(4)];
  });
  const warned = new Map<string, number>();
  for (const { warnings } of similarity.cells) {
    for (const warning of warnings) warned.set(warning, (warned.get(warning) ?? 0) + 1);
  }
  const lines: string[] = [];
  similarity.print((line) => lines.push(line));
  return [
    ...lines,
    '',
    table(['layer', 'score', 'most similar', 'score'], named),
    ...[...warned].map(
      ([warning, cells]) => `warning (${cells} of ${similarity.cells.length} cells): ${warning}`,
    ),
    '',
  ].join('\n');
}

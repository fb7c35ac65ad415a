/**
 * `svcca compare`: two checkpoints, or two files of activations, layer by layer.
 *
 * @module
 */
import { compare } from '../compare/compare.js';
import type { Similarity } from '../compare/similarity.js';
import { groupWarnings } from '../compare/warnings.js';
import { writeNpz } from '../io/npz.js';
import { writeAtomic } from '../node/files.js';
import { isArrayFile } from '../node/activations.js';
import { report, svgFile, toCsv } from '../report/index.js';
import { UsageError, countOf, runArgs, runOptionsOf } from './arguments.js';
import type { Command } from './arguments.js';
import { backendFor } from './backend.js';
import {
  captureArgs,
  captureOptionsOf,
  dataOptionsOf,
  secondSide,
  secondSideArgs,
} from './capture-arguments.js';
import { measureArgs, measureOf } from './measure-arguments.js';
import { hintToResume, memoryArgs, memoryOptionsOf } from './memory-arguments.js';
import { outputFiles, progressBar, table } from './output.js';
import { openData, openSide } from './sides.js';
import type { OpenData, OpenSide } from './sides.js';

/** What `--out` can write of all measures together, by extension. */
export const writers: Record<string, (similarity: Similarity, title: string) => string | Uint8Array> = {
  '.html': (similarity, title) => report([similarity, ...similarity.others], { title }),
  '.json': (similarity) => `${JSON.stringify(similarity, null, 2)}\n`,
  '.npz': (similarity) =>
    writeNpz({
      scores: scoresOf(similarity),
      ...Object.fromEntries(similarity.others.map((other) => [other.label, scoresOf(other)])),
    }),
};

/** What it writes of one measure: the others go to files of their own, `out-cka.csv`. */
export const oneByOne: Record<string, (similarity: Similarity) => string> = {
  '.csv': toCsv,
  '.svg': svgFile,
};

/** The files that one `--out` stands for. */
export function contentsOf(
  similarity: Similarity,
  path: string,
  kind: string,
  title: string,
): { readonly path: string; readonly content: string | Uint8Array }[] {
  if (kind in writers) return [{ path, content: writers[kind](similarity, title) }];
  const write = oneByOne[kind];
  return [
    { path, content: write(similarity) },
    ...similarity.others.map((other) => ({
      path: `${path.slice(0, -kind.length)}-${other.label}${kind}`,
      content: write(other),
    })),
  ];
}

function scoresOf({ rows, cols, scores }: Similarity) {
  return { shape: [rows.length, cols.length], data: scores };
}

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
    const files = outputFiles(values['out'], [...Object.keys(writers), ...Object.keys(oneByOne)]);
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
    const paths = [String(values['a']), String(values['b'])];
    const needsModel = paths.some((path) => !isArrayFile(path));
    if (needsModel && values['data'] === undefined) {
      throw new UsageError('models are compared on data: give --data images.npz');
    }
    const backend = await backendFor(values, needsModel);
    const opened: (OpenSide | OpenData)[] = [];
    const { onProgress, stop } = progressBar();
    let names: { readonly a: string; readonly b: string };
    let similarity: Similarity;
    try {
      const a = await openSide(paths[0], values);
      opened.push(a);
      const b = await openSide(paths[1], secondSide(values));
      opened.push(b);
      const data = needsModel
        ? await openData(String(values['data']), (a.isModel ? a : b).input, dataOptionsOf(values))
        : undefined;
      if (data) opened.push(data);
      names = { a: a.name, b: b.name };
      similarity = await compare(a.side, b.side, data?.data, {
        ...own,
        measure,
        names,
        fingerprints: { a: a.fingerprint, b: b.fingerprint, ...(data && { data: data.fingerprint }) },
        signal,
        onProgress,
      });
    } catch (error) {
      stop();
      if (signal.aborted) process.stderr.write(hintToResume(values));
      throw error;
    } finally {
      stop();
      for (const one of opened.reverse()) await one.close();
    }
    const title = values['title'] === undefined ? `${names.a} and ${names.b}` : String(values['title']);
    const outputs = files.flatMap(({ path, kind }) => contentsOf(similarity, path, kind, title));
    const twice = outputs.find(({ path }, i) => outputs.findIndex((other) => other.path === path) !== i);
    if (twice !== undefined) throw new UsageError(`--out would write ${twice.path} twice: give other names`);
    for (const { path, content } of outputs) await writeAtomic(path, content);
    if (values['json']) process.stdout.write(writers['.json'](similarity, title));
    else process.stdout.write(text(similarity));
    if (backend?.warning) process.stderr.write(`svcca: ${backend.warning}\n`);
    for (const { path } of outputs) process.stderr.write(`wrote ${path}\n`);
  },
};

/** What is printed of a comparison. */
export function text(similarity: Similarity): string {
  const all = [similarity, ...similarity.others];
  const cells = all.flatMap((one) => one.cells);
  const lines: string[] = [];
  similarity.print((line) => lines.push(line));
  return [
    ...lines,
    '',
    ...all.map(diagonalTable),
    ...groupWarnings(cells).map(
      (group) => `warning (${group.at.size} of ${cells.length} cells): ${group.text}`,
    ),
    '',
  ].join('\n');
}

/** Corresponding layers with what drawing positions may have done to them, and with what chance gives, where that is known. */
function diagonalTable(similarity: Similarity): string {
  const diagonal = similarity.diagonal();
  const cells = diagonal.map(({ row, col }) => similarity.cell(row, col));
  const withChance = cells.some(({ chance }) => chance !== undefined);
  const withError = cells.some(({ positionsError }) => positionsError !== undefined);
  const rows = diagonal.map(({ row, col, score }, i) => {
    const best = similarity.best(row);
    return [
      row === col ? row : `${row} – ${col}`,
      score.toFixed(4),
      ...(withError ? [cells[i].positionsError?.toFixed(4) ?? ''] : []),
      ...(withChance ? [cells[i].chance?.toFixed(4) ?? ''] : []),
      best.layer,
      best.score.toFixed(4),
    ];
  });
  const more = [...(withError ? ['± positions'] : []), ...(withChance ? ['chance'] : [])];
  const head = ['layer', similarity.label, ...more, 'most similar', 'score'];
  return `${table(head, rows)}\n`;
}

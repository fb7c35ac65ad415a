/**
 * What `compare` and `merge` print and write of a comparison.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';
import { groupWarnings } from '../compare/warnings.js';
import { writeNpz } from '../io/npz.js';
import { writeAtomic } from '../node/files.js';
import { report, svgFile, toCsv } from '../report/index.js';
import { UsageError } from './arguments.js';
import type { Values } from './arguments.js';
import { table } from './output.js';

/** What `--out` can write of all measures together, by extension. */
const writers: Record<string, (similarity: Similarity, title: string) => string | Uint8Array> = {
  '.html': (similarity, title) => report([similarity, ...similarity.others], { title }),
  '.json': jsonOf,
  '.npz': (similarity) =>
    writeNpz({
      scores: scoresOf(similarity),
      ...Object.fromEntries(similarity.others.map((other) => [other.label, scoresOf(other)])),
    }),
};

/** What it writes of one measure: the others go to files of their own, `out-cka.csv`. */
const oneByOne: Record<string, (similarity: Similarity) => string> = {
  '.csv': toCsv,
  '.svg': svgFile,
};

/** The extensions that `--out` takes. */
export const OUT_KINDS: readonly string[] = [...Object.keys(writers), ...Object.keys(oneByOne)];

/**
 * Writes the files that `--out` names, and prints the comparison as a table, or as JSON with `--json`.
 *
 * @returns what there is to say of the files.
 * @throws UsageError where one file would be written twice
 */
export async function writeSimilarity(
  similarity: Similarity,
  files: readonly { readonly path: string; readonly kind: string }[],
  values: Values,
): Promise<string> {
  const { a, b } = similarity.names;
  const title = values['title'] === undefined ? `${a} and ${b}` : String(values['title']);
  const outputs = files.flatMap(({ path, kind }) => contentsOf(similarity, path, kind, title));
  const twice = outputs.find(({ path }, i) => outputs.findIndex((other) => other.path === path) !== i);
  if (twice !== undefined) throw new UsageError(`--out would write ${twice.path} twice: give other names`);
  for (const { path, content } of outputs) await writeAtomic(path, content);
  process.stdout.write(values['json'] ? jsonOf(similarity) : text(similarity));
  return outputs.map(({ path }) => `wrote ${path}\n`).join('');
}

/** The files that one `--out` stands for. */
function contentsOf(
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

function jsonOf(similarity: Similarity): string {
  return `${JSON.stringify(similarity, null, 2)}\n`;
}

function scoresOf({ rows, cols, scores }: Similarity) {
  return { shape: [rows.length, cols.length], data: scores };
}

/** What is printed of a comparison. */
function text(similarity: Similarity): string {
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

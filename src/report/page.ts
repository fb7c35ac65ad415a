/**
 * The report: one HTML page that holds all it needs.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';
import { OptionError } from '../errors.js';
import { knownKeys, show } from '../options.js';
import { domainOf } from './colour.js';
import type { Domain } from './colour.js';
import { diagonalCurve } from './curve.js';
import { heatmap } from './heatmap.js';
import { escape } from './markup.js';
import { checkDrawable, distinctNames, isDistance, layerName, measureName, pairName } from './reading.js';
import { figure, folded, htmlPage, json, tableBox } from './shell.js';
import { findings, provenance, readDiagonal } from './summary.js';
import type { Diagonal } from './summary.js';
import { diagnosticsTable } from './table.js';
import { score } from './text.js';
import { notes } from './warnings.js';
import type { Note } from './warnings.js';

/** Options of {@link report}. */
export interface ReportOptions {
  /** Heading of the page and name of its tab. @defaultValue what is compared with what */
  readonly title?: string;
  /** A paragraph under the heading, plain text. @defaultValue none */
  readonly description?: string;
}

/**
 * Writes comparisons as one HTML page: the diagonals as curves, and for each comparison a summary in words, the heat map,
 * the diagnostics of corresponding layers, the warnings and the options. The page requests nothing and runs no script;
 * heat maps of the same measure share one colour scale.
 *
 * @param similarities - one comparison or several, in the order in which they are shown
 * @param options - see {@link ReportOptions}
 * @returns the text of an HTML file
 * @throws OptionError if there is no similarity, or for a bad option; ShapeError for a similarity without layers
 *
 * @example
 * ```ts
 * await writeFile('report.html', report([seeds, pretrained], { title: 'Pretraining moved the last block' }));
 * ```
 */
export function report(
  similarities: Similarity | readonly Similarity[],
  options: ReportOptions = {},
): string {
  const all = 'cells' in similarities ? [similarities] : [...similarities];
  knownKeys('report', options, ['title', 'description']);
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined && typeof value !== 'string')
      throw new OptionError(`${key} is ${show(value)}: give a text`);
  }
  if (all.length === 0) throw new OptionError('there is nothing to report: give at least one similarity');
  all.forEach(checkDrawable);

  const title = options.title ?? (all.length === 1 ? pairName(all[0]) : 'Similarity of representations');
  return htmlPage(title, options.description, all.length === 1 ? single(all[0], title) : several(all));
}

/** One comparison: its two drawings beside each other. */
function single(similarity: Similarity, title: string): string {
  const heading = title === pairName(similarity) ? escape(measureName(similarity)) : headingOf(similarity);
  return `<section>
<h2>${heading}</h2>
${words(similarity)}
<div class="beside">
${figure(heatmap(similarity), `Heat map of ${pairName(similarity)}`)}
${figure(diagonalCurve([similarity]), 'Similarity of corresponding layers')}
</div>
${diagnostics(similarity, 1)}
</section>`;
}

/** Several comparisons: all diagonals first, then each comparison by itself. */
function several(all: readonly Similarity[]): string {
  return [
    overview(all),
    ...all.map((similarity, at) => section(similarity, at + 1, sharedDomain(similarity, all))),
  ].join('\n');
}

/** Heat maps of the same measure are read side by side: the same colour must mean the same score. */
function sharedDomain(similarity: Similarity, all: readonly Similarity[]): Domain {
  const like = all.filter((other) => measureName(other) === measureName(similarity));
  return domainOf(like.flatMap(({ scores }) => [...scores]));
}

function overview(all: readonly Similarity[]): string {
  const names = distinctNames(all);
  const charts = chartGroups(all).map((group) =>
    figure(diagonalCurve(group), 'Similarity of corresponding layers'),
  );
  return `<section>
<h2>Corresponding layers</h2>
<div class="beside">
${charts.join('\n')}
${tableBox(`<table>
<thead><tr><th scope="col">Comparison</th><th scope="col" class="number">Mean</th><th scope="col">Most similar</th><th scope="col">Least similar</th></tr></thead>
<tbody>
${all.map((similarity, at) => overviewLine(names[at], readDiagonal(similarity))).join('\n')}
</tbody>
</table>`)}
</div>
</section>`;
}

/** Similarities from 0 to 1 share a chart; distances, angles and other scores have an axis for each measure. */
function chartGroups(all: readonly Similarity[]): Similarity[][] {
  const groups = new Map<string, Similarity[]>();
  for (const similarity of all) {
    const [low, high] = domainOf(similarity.diagonal().map(({ score: value }) => value));
    const unit = low === 0 && high === 1 && !isDistance(similarity);
    const key = unit ? '' : measureName(similarity);
    groups.set(key, [...(groups.get(key) ?? []), similarity]);
  }
  return [...groups.values()];
}

function overviewLine(name: string, diagonal: Diagonal | undefined): string {
  const end = (pair: Diagonal['closest']): string =>
    `<td class="name">${escape(layerName(pair))} <span class="muted">${score(pair.cell.score)}</span></td>`;
  const numbers = diagonal
    ? `<td class="number strong">${score(diagonal.mean)}</td>${end(diagonal.closest)}${end(diagonal.farthest)}`
    : '<td class="number">–</td><td>–</td><td>–</td>';
  return `<tr><th scope="row">${escape(name)}</th>${numbers}</tr>`;
}

function section(similarity: Similarity, number: number, domain: Domain): string {
  return `<section>
<h2>${headingOf(similarity)}</h2>
<div class="beside reversed">
<div class="words">
${words(similarity)}
</div>
${figure(heatmap(similarity, { domain }), `Heat map of ${pairName(similarity)}`)}
</div>
${diagnostics(similarity, number)}
</section>`;
}

function headingOf(similarity: Similarity): string {
  return `${escape(pairName(similarity))} <small>${escape(measureName(similarity))}</small>`;
}

function words(similarity: Similarity): string {
  return `<p>${escape(findings(similarity))}</p>\n<p class="fine">${escape(provenance(similarity))}</p>`;
}

/** The table, the warnings and the options of comparison `number` of the page. */
function diagnostics(similarity: Similarity, number: number): string {
  const warnings = notes(similarity);
  const prefix = `note-${number}-`;
  return `${tableBox(diagnosticsTable(similarity, { notes: warnings, prefix }))}
${warningList(warnings, prefix)}
${folded('Options and provenance', json(facts(similarity)))}`;
}

function warningList(warnings: readonly Note[], prefix: string): string {
  if (warnings.length === 0) return '';
  const items = warnings.map(({ text, concerns }, at) => {
    const whom = concerns === '' ? '' : ` <span class="muted">${escape(concerns)}</span>`;
    return `<li id="${prefix}${at + 1}">${escape(text)}${whom}</li>`;
  });
  return `<h3>Warnings</h3>\n<ol class="notes">\n${items.join('\n')}\n</ol>`;
}

function facts({ measure, options, engine, samples, names, fingerprints }: Similarity): object {
  return { names, measure, options, engine, samples, fingerprints };
}

/**
 * A report as Markdown: ratios first, since they carry over to other machines and milliseconds do not.
 */
import type { Bar } from './bars.js';
import type { CaseResult } from './case.js';
import type { MemoryResult } from './cases/memory.js';
import type { LargeResult } from './cases/pairwise.js';
import type { ScalingResult } from './cases/scaling.js';
import type { StartResult } from './cases/start.js';
import type { StreamResult } from './cases/stream.js';
import type { Absence } from './harness.js';
import type { Report } from './report.js';

/** The whole report. */
export function markdown(report: Report): string {
  const groups = [...new Set(report.cases.map(({ group }) => group))];
  return [
    ...heading(report),
    '## Promises',
    barTable(report.bars),
    ...groups.flatMap((group) => [
      `## ${group}`,
      ...report.cases.filter((result) => result.group === group).map(caseTable),
    ]),
    ...otherTables(report),
  ].join('\n\n');
}

/** What is no case: many samples, streaming, many layers in little memory, scaling, start. */
export function otherTables(report: Report): string[] {
  return [
    ...(report.large ? ['## Samples with samples, many', largeTable(report.large)] : []),
    ...(report.stream ? ['## Streaming', streamTable(report.stream)] : []),
    ...(report.memory ? ['## Many layers in little memory', memoryTable(report.memory)] : []),
    ...(report.scaling.length > 0 ? ['## Scaling', ...report.scaling.map(scalingTable)] : []),
    ...(report.start ? ['## Start and size', startTable(report.start)] : []),
  ];
}

function heading(report: Report): string[] {
  const { machine, python, threads, quick, date, blas, absent } = report;
  const { engines, cpu, cores, memoryGiB, vectors, platform, node, library, build, commit } = machine;
  const pools = Object.entries(blas).map(([module, found]) => {
    const each = (found as Record<string, unknown>[]).map(
      (pool) =>
        `${word(pool['internal_api'])} ${word(pool['version'])} ${word(pool['architecture'])} × ${word(pool['num_threads'])}`,
    );
    return `- ${module}: ${[...new Set(each)].join(', ')}`;
  });
  return [
    '# Results of `npm run bench`',
    `${date}${quick ? ', the quick form: too small to judge speed by' : ''}. ${threads} threads on each side.`,
    [
      `- ${cpu}, ${cores} cores (${vectors.join(' ')}), ${memoryGiB} GiB, ${platform}`,
      `- Node ${node}, svcca ${library} (${build}, commit ${commit})`,
      ...Object.entries(engines).map(([name, text]) => `- engine ${name}${text === '' ? '' : `: ${text}`}`),
      ...(Object.keys(python).length > 0
        ? [
            `- ${Object.entries(python)
              .map(([name, version]) => `${name} ${version}`)
              .join(', ')}`,
          ]
        : []),
      ...pools,
    ].join('\n'),
    ...(absent.length > 0 ? [`Not in this run:\n\n${absentList(absent)}`] : []),
    'Times in milliseconds, the fastest of the runs and the median. `wasm ÷` is the time of that engine over the time of the ' +
      'line: below 1, the engine is faster. All participants of a case ran in turns, on the same numbers.',
  ];
}

function word(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** One case. */
export function caseTable({ title, timings, absent }: CaseResult): string {
  const engines = timings.filter(({ kind }) => kind === 'svcca');
  const notes = timings
    .filter(({ note }) => note !== undefined)
    .map(({ name, note }) => `- ${name}: ${note!}`);
  const rows = timings.map((timing) => [
    timing.kind === 'svcca' ? `**${timing.name}**` : timing.name,
    milliseconds(timing.min),
    milliseconds(timing.median),
    ...engines.map((engine) => (engine === timing ? '' : ratio(engine.min / timing.min))),
    timing.agrees ? same(timing.difference) : `**differs by ${timing.difference.toExponential(1)}**`,
  ]);
  const head = ['', 'min', 'median', ...engines.map(({ name }) => `${name} ÷`), 'same number'];
  return [`### ${title}`, table(head, rows), ...listed(notes), ...listed(absentLines(absent))].join('\n\n');
}

function same(difference: number): string {
  return difference === 0 ? 'yes' : `to ${difference.toExponential(0)}`;
}

function listed(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function absentLines(absent: readonly Absence[]): string[] {
  return absent.map(({ name, reason }) => `- without ${name}: ${reason}`);
}

function absentList(absent: readonly Absence[]): string {
  return absent.map(({ name, reason }) => `- ${name}: ${reason}`).join('\n');
}

/** What was promised. */
export function barTable(bars: readonly Bar[]): string {
  return table(
    ['promise', 'at most', 'measured', '', 'of'],
    bars.map(({ promise, limit, measured, met, detail }) => [
      promise,
      ratio(limit),
      measured === undefined ? '' : ratio(measured),
      met === undefined ? '' : met ? 'met' : '**missed**',
      detail,
    ]),
  );
}

function largeTable({ samples, neurons, engine, timings, absent }: LargeResult): string {
  const whole = (samples ** 2 * 8) / 1e9;
  return [
    `Two layers of ${samples} × ${neurons} float32 on ${engine}, each measure in a process of its own. One whole ${samples} × ${samples} ` +
      `matrix would be ${whole.toFixed(1)} GB.`,
    table(
      ['', 's', 'MB of the process at most', 'score'],
      timings.map(({ title, ms, peak, score }) => [
        title,
        (ms / 1000).toFixed(1),
        (peak / 1e6).toFixed(0),
        score.toFixed(6),
      ]),
    ),
    ...listed(absentLines(absent)),
  ].join('\n\n');
}

function streamTable({ samples, neurons, batch, held, timings, absent }: StreamResult): string {
  const first = timings.find(({ kind }) => kind === 'svcca');
  const rows = timings.map((timing) => [
    timing.kind === 'svcca' ? `**${timing.name}**` : timing.name,
    milliseconds(timing.ms),
    first && timing !== first ? ratio(first.ms / timing.ms) : '',
    (timing.memory / 1e6).toFixed(0),
    timing.agrees ? 'yes' : `**${timing.score}**`,
  ]);
  return [
    `CCA of two layers of ${samples} × ${neurons} float32 (${((samples * neurons * 8) / 1e9).toFixed(1)} GB), batches of ` +
      `${batch}; \`compare\` was allowed to hold ${(held / 1e6).toFixed(0)} MB between its passes.`,
    table(['', 'ms', `${first?.name ?? ''} ÷`, 'MB beyond the runtime', 'same number'], rows),
    ...listed(absentLines(absent)),
  ].join('\n\n');
}

function memoryTable({ layers, neurons, samples, timings }: MemoryResult): string {
  return [
    `SVCCA of ${layers} × ${layers} layers of ${neurons} neurons a side, ${samples} datapoints, within the \`memory\` given; with ` +
      'a spool, or without one, so that the networks run again for every pass.',
    table(
      ['`memory`, MB', 'MB beyond the runtime', 's', 'passes over the networks', 'mean score'],
      timings.map(({ memory, spool, ms, passes, taken, score }) => [
        `${(memory / 1e6).toFixed(0)}${spool ? ', spool' : ''}`,
        (taken / 1e6).toFixed(0),
        (ms / 1000).toFixed(1),
        String(passes),
        score.toFixed(6),
      ]),
    ),
  ].join('\n\n');
}

function scalingTable({ engine, what, points }: ScalingResult): string {
  return [
    `### ${what} (${engine})`,
    table(
      ['size', 'ms', 'ratio', 'expected'],
      points.map(({ size, ms, ratio: found, expected }) => [
        String(size),
        milliseconds(ms),
        found === undefined ? '' : ratio(found),
        expected === undefined ? '' : ratio(expected),
      ]),
    ),
  ].join('\n\n');
}

function startTable(start: StartResult): string {
  return table(
    ['', ''],
    [
      ["import('svcca') over an empty start, ms", start.importMs.toFixed(1)],
      ['an empty start, ms', start.emptyMs.toFixed(1)],
      ['TensorFlow.js is loaded', start.loadsTfjs ? '**yes**' : 'no'],
      ["what import('svcca') loads: KB after gzip, minified by a bundler", kilobytes(start.main.bundled)],
      ['the same, the files of the package as they are', kilobytes(start.main.published)],
      ['the wasm engine on top: KB after gzip, minified by a bundler', kilobytes(start.wasm.bundled)],
      ['the same, the files of the package as they are', kilobytes(start.wasm.published)],
    ],
  );
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

function milliseconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function ratio(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, c) => Math.max(3, ...all.map((row) => row[c].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, c) => (c === 0 ? text.padEnd(widths[c]) : text.padStart(widths[c]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, c) => (c === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

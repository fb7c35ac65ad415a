/**
 * The front of the page of a study: what was studied, and what was found.
 *
 * @module
 */
import type { DataSummary, StudyResult } from '../../transfer/study-result.js';
import { escape } from '../markup.js';
import { count, plural } from '../text.js';
import { conditionsOf, meaning } from './conditions.js';
import type { Exhibit } from './exhibit.js';
import { groupBy, listed } from './exhibit.js';
import { simpleTable } from './simple-table.js';

const PARTS = ['train', 'validation', 'test'] as const;

/** One sentence for the head of the page. */
export function lead(result: StudyResult): string {
  const { models, plan, data } = result;
  const names = models.map(({ name }) => name);
  const { counts, classes } = data.target;
  const images = (part: (typeof PARTS)[number]): number => sum(counts[part]);
  return (
    `${listed(names)}, ${starts(result)} with ${plural(plan.seeds.length, 'seed')}, ` +
    `trained on ${plural(images('train'), 'image')} of ${classes.length} classes and tested on ${count(images('test'))}.`
  );
}

function starts(result: StudyResult): string {
  const counts = groupBy([...result.performance], ({ model }) => model).map(([, rows]) => rows.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (counts.length < 2) return `from ${plural(conditionsOf(result).length, 'start')}`;
  return least === most ? `each from ${plural(most, 'start')}` : `from ${least} to ${plural(most, 'start')}`;
}

/** Data, architectures and conditions. */
export function studied(result: StudyResult): string {
  return `<section>
<h2>What was studied</h2>
${dataTable(result)}
${modelTable(result)}
${conditionList(result)}
</section>`;
}

/** The findings of all exhibits, in words that their numbers allow. */
export function found(exhibits: readonly Exhibit[]): string {
  const items = exhibits.flatMap(({ letter, heading, findings }) =>
    findings.length === 0
      ? []
      : [
          `<dt><a href="#exhibit-${letter}">(${letter})</a> ${escape(heading)}</dt>`,
          ...findings.map((text) => `<dd>${escape(text)}</dd>`),
        ],
  );
  const list =
    items.length === 0
      ? '<p>No exhibit could be made of the runs that there are.</p>'
      : `<dl class="found">\n${items.join('\n')}\n</dl>`;
  return `<section>
<h2>What was found</h2>
<p>“No difference that this data could show” does not say that there is none: the interval tells how large it may be. Intervals are of 95%; they and p values are of one comparison each, not corrected for their number.</p>
${list}
</section>`;
}

function dataTable({ data }: StudyResult): string {
  const rows = (what: string, { classes, counts }: DataSummary): string[][] => [
    ...classes.map((name, at) => [what, name, ...PARTS.map((part) => counted(counts[part], at))]),
    [what, 'all', ...PARTS.map((part) => count(sum(counts[part])))],
  ];
  const target = `Target: ${describe(data.target)}`;
  const table = simpleTable(
    'Images by class',
    [
      { name: 'Data' },
      { name: 'Class' },
      { name: 'Training', number: true },
      { name: 'Validation', number: true },
      { name: 'Test', number: true },
    ],
    [
      ...rows(target, data.target),
      ...(data.source ? rows(`Source: ${describe(data.source)}`, data.source) : []),
    ],
  );
  return table;
}

function describe({ from, shape }: DataSummary): string {
  return `${from} (${shape.join(' × ')})`;
}

function counted(counts: readonly number[], at: number): string {
  return counts.length > at ? count(counts[at]) : '–';
}

function modelTable({ models, plan }: StudyResult): string {
  return simpleTable(
    'Architectures',
    [
      { name: 'Name' },
      { name: 'Family' },
      { name: 'Parameters', number: true },
      { name: 'Stages', wide: true },
      { name: 'Pretrained weights', wide: true },
    ],
    models.map(({ name, parameters, stages, pretrained }) => [
      name,
      plan.models[name]?.family ?? '–',
      count(parameters),
      stages.map((stage) => stage.name).join(', '),
      pretrained === undefined
        ? 'none'
        : pretrained.from + (pretrained.training ? `, ${count(pretrained.training.steps)} steps` : ''),
    ]),
  );
}

function conditionList(result: StudyResult): string {
  return simpleTable(
    'Starts',
    [{ name: 'Name' }, { name: 'What the network begins with', wide: true }],
    conditionsOf(result).map((condition) => [condition, meaning(condition)]),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

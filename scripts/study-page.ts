/**
 * Writes the figures and tables of docs/study.md from the results of its studies: `npx tsx scripts/study-page.ts`. Each table
 * stands in the page between two comments that name it; the test of the page holds it to the results.
 */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { studyFigures } from 'svcca/report';
import type { Estimate, StudyResult } from 'svcca/transfer';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs/study');
/** Figures of the page; the report of a study has all. */
const FIGURES = [
  'performance',
  'representations',
  'movement',
  'start-and-end',
  'filters',
  'convergence',
] as const;

/** The committed results by the name of their plan. */
export async function results(): Promise<Record<string, StudyResult>> {
  const files = (await readdir(join(folder, 'results'))).filter((file) => file.endsWith('.json')).sort();
  const read = async (file: string): Promise<[string, StudyResult]> => [
    basename(file, '.json'),
    JSON.parse(await readFile(join(folder, 'results', file), 'utf8')) as StudyResult,
  ];
  return Object.fromEntries(await Promise.all(files.map(read)));
}

/** The figures of the page: name of the file, text of the SVG. */
export function figures(all: Readonly<Record<string, StudyResult>>): Record<string, string> {
  const entries = Object.entries(all).flatMap(([study, result]) => {
    const drawn = studyFigures(result);
    return FIGURES.flatMap((name) =>
      drawn[name] === undefined ? [] : [[`${study}-${name}.svg`, drawn[name]]],
    );
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

/** The tables of the page by name. */
export function tables(all: Readonly<Record<string, StudyResult>>): Record<string, string> {
  const entries = Object.entries(all).flatMap(([study, result]) =>
    Object.entries(TABLES).map(([name, make]) => [`${study}-${name}`, make(result)] as const),
  );
  return Object.fromEntries(entries);
}

/** The page with its tables as they are now, in the layout of the repository. */
export async function withTables(page: string, all: Readonly<Record<string, StudyResult>>): Promise<string> {
  const made = tables(all);
  const filled = page.replace(
    /(<!-- table: ([\w-]+) -->)[\s\S]*?(<!-- end -->)/g,
    (_, head: string, name: string, end: string) => {
      if (!(name in made))
        throw new Error(
          `docs/study.md asks for a table '${name}': there are ${Object.keys(made).join(', ')}`,
        );
      return `${head}\n\n${made[name]}\n\n${end}`;
    },
  );
  return format(filled, { parser: 'markdown', printWidth: 110, singleQuote: true });
}

const TABLES: Readonly<Record<string, (result: StudyResult) => string>> = {
  performance: ({ performance }) =>
    table(
      ['network', 'start', 'parameters', 'seeds', 'test AUC', '95 %', 'gain over random', '95 %', 'p'],
      performance.map(({ model, condition, parameters, seeds, mean, gain }) => [
        ...[model, condition, parameters.toLocaleString('en'), String(seeds.length)],
        ...[mean.value.toFixed(3), interval(mean)],
        ...(gain === undefined ? ['', '', ''] : [signed(gain.value), interval(gain, signed), pValue(gain.p)]),
      ]),
    ),

  representations: ({ representations }) =>
    table(
      [
        'network',
        'layer',
        'scratch–scratch',
        'scratch–pretrained',
        'pretrained–pretrained',
        'other images',
        'p',
      ],
      representations.flatMap(({ model, layers, top }) => [
        ...layers.map((layer) => [
          ...[model, layer.layer, layer.scratchScratch.toFixed(3), layer.scratchPretrained.toFixed(3)],
          ...[
            layer.pretrainedPretrained?.toFixed(3) ?? '',
            layer.unmatched?.toFixed(3) ?? '',
            pValue(layer.p),
          ],
        ]),
        [
          ...[
            model,
            '**mean of the last two**',
            top.scratchScratch.toFixed(3),
            top.scratchPretrained.toFixed(3),
          ],
          ...[top.pretrainedPretrained?.toFixed(3) ?? '', '', pValue(top.p)],
        ],
      ]),
    ),

  movement: ({ movement }) =>
    table(
      ['network', 'start', 'first stage', 'last stage'],
      movement.map(({ model, condition, layers }) => [
        ...[model, condition, layers[0].mean.toFixed(3), layers[layers.length - 1].mean.toFixed(3)],
      ]),
    ),

  convergence: ({ convergence }) =>
    table(
      ['network', 'start', 'validation AUC at step 0', 'steps to the target, by seed', 'median'],
      convergence.map(({ model, condition, curves, stepsToTarget, steps, medianSteps }) => [
        ...[model, condition, mean(curves.map(({ history }) => history[0].auc)).toFixed(2)],
        stepsToTarget.map((step, i) => step ?? `> ${steps[i]}`).join(', '),
        String(medianSteps ?? `> ${Math.max(...steps)}`),
      ]),
    ),
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
const interval = ({ low, high }: Estimate, text = (value: number) => value.toFixed(3)): string =>
  `${text(low)} to ${text(high)}`;
const pValue = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = await results();
  await mkdir(join(folder, 'figures'), { recursive: true });
  for (const [name, svg] of Object.entries(figures(all))) await writeFile(join(folder, 'figures', name), svg);
  const page = join(root, 'docs/study.md');
  await writeFile(page, await withTables(await readFile(page, 'utf8'), all));
}

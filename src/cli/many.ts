/**
 * `svcca many`: several checkpoints, or files of activations, each against every other.
 *
 * @module
 */
import { compareMany } from '../compare/many.js';
import type { ModelSimilarity } from '../compare/model-similarity.js';
import { groupWarnings } from '../compare/warnings.js';
import type { GroupTest } from '../inference/group-test.js';
import { writeAtomic } from '../node/files.js';
import { UsageError, runArgs, runOptionsOf } from './arguments.js';
import type { Command } from './arguments.js';
import { captureArgs, captureOptionsOf } from './capture-arguments.js';
import { measureArgs, measureOf } from './measure-arguments.js';
import { memoryArgs, memoryOptionsOf, resumable } from './memory-arguments.js';
import { outputFiles, progressBar, table } from './output.js';
import { withSides } from './sides.js';

/** The command. */
export const manyCommand: Command = {
  name: 'many',
  description: 'Compare three or more checkpoints (or files of activations) each with every other.',
  more: 'models',
  args: {
    a: { type: 'positional', description: 'model.json, or activations (.npz, .npy)', required: true },
    b: { type: 'positional', description: 'another network; more may follow', required: true },
    ...captureArgs,
    ...measureArgs,
    ...runArgs,
    ...memoryArgs,
    groups: {
      type: 'string',
      description: "groups to test, by name or place: 'scratch=1,2,3;pretrained=4,5,6'",
      valueHint: 'which',
    },
    out: { type: 'string', description: 'write JSON to a file', valueHint: 'file.json' },
    json: { type: 'boolean', description: 'print JSON' },
  },

  async run(values, signal, rest) {
    const files = outputFiles(values['out'], ['.json']);
    const { measure, options } = measureOf(values, 'svcca');
    const own = {
      ...options,
      ...runOptionsOf(values),
      ...captureOptionsOf(values),
      ...memoryOptionsOf(values),
    };
    const { onProgress, stop } = progressBar();
    let groups: Groups | undefined;
    const paths = [String(values['a']), String(values['b']), ...rest];
    const similarity = await withSides(paths, values, ({ sides, data }) => {
      const names = distinct(sides.map(({ name }) => name));
      groups = values['groups'] === undefined ? undefined : groupsOf(String(values['groups']), names);
      const models = Object.fromEntries(sides.map(({ side }, i) => [names[i], side]));
      return resumable(values, { signal, stop }, () =>
        compareMany(models, data?.data, {
          ...own,
          measure,
          fingerprints: {
            ...Object.fromEntries(sides.map(({ fingerprint }, i) => [names[i], fingerprint])),
            ...(data && { data: data.fingerprint }),
          },
          signal,
          onProgress,
        }),
      );
    }).finally(stop);
    const tests = groups && testGroups(similarity, groups);
    const json = `${JSON.stringify({ ...similarity.toJSON(), ...(tests && { groupTests: tests }) }, null, 2)}\n`;
    for (const { path } of files) await writeAtomic(path, json);
    if (values['json']) process.stdout.write(json);
    else process.stdout.write(text(similarity, tests));
    for (const { path } of files) process.stderr.write(`wrote ${path}\n`);
  },
};

type Groups = Readonly<Record<string, readonly string[]>>;

/** `scratch=1,2;pretrained=c,d`: members by name, or by place from 1 on. @throws UsageError for what cannot be tested */
function groupsOf(given: string, names: readonly string[]): Groups {
  const groups: Record<string, string[]> = {};
  for (const group of given.split(';')) {
    const [label, members, more] = group.split('=', 3) as [string, string?, string?];
    const name = label.trim();
    if (!members || name === '' || more !== undefined || name in groups) {
      throw new UsageError(`--groups is '${given}': give 'scratch=1,2,3;pretrained=4,5,6', each group once`);
    }
    groups[name] = members.split(',').map((member) => memberOf(member.trim(), names));
  }
  const all = Object.values(groups);
  const twice = all.flat().find((name, i) => all.flat().indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--groups: model '${twice}' is named twice`);
  if (all.length < 2 || all.every((members) => members.length < 2)) {
    throw new UsageError(`--groups is '${given}': give two groups, at least one of them with two models`);
  }
  return groups;
}

function memberOf(name: string, names: readonly string[]): string {
  const found =
    names.find((known) => known === name) ??
    names.find((known) => known.replace(/\.np[yz]$/, '') === name) ??
    (/^\d+$/.test(name) ? names[Number(name) - 1] : undefined);
  if (found === undefined) throw new UsageError(`--groups: no model '${name}' among ${names.join(', ')}`);
  return found;
}

/** Files of one name are told apart by number. */
function distinct(names: readonly string[]): string[] {
  return names.map((name, i) => {
    if (names.indexOf(name) === names.lastIndexOf(name)) return name;
    return `${name} (${names.slice(0, i + 1).filter((other) => other === name).length})`;
  });
}

/** The test of one measure at a layer, or of the mean over all. */
interface NamedTest extends GroupTest {
  readonly measure: string;
  readonly layer: string | null;
}

function testGroups(similarity: ModelSimilarity, groups: Groups): NamedTest[] {
  return [similarity, ...similarity.others].flatMap((one) => [
    ...one.layers.map((layer) => ({ measure: one.label, layer, ...one.groupTest(groups, { layer }) })),
    { measure: one.label, layer: null, ...one.groupTest(groups) },
  ]);
}

function text(similarity: ModelSimilarity, tests: readonly NamedTest[] | undefined): string {
  const lines: string[] = [];
  similarity.print((line) => lines.push(line));
  for (const warning of similarity.warnings) lines.push(`warning: ${warning}`);
  const cells = [similarity, ...similarity.others].flatMap((one) => one.cells);
  for (const { text: warning, at } of groupWarnings(cells)) {
    lines.push(`warning (${at.size} of ${cells.length} pairs): ${warning}`);
  }
  for (const measure of new Set(tests?.map((test) => test.measure))) {
    const rows = tests!.filter((test) => test.measure === measure).map(groupRow);
    lines.push('', table([`${measure} by group`, 'within', 'between', 'p', 'labellings'], rows));
  }
  return `${lines.join('\n')}\n`;
}

function groupRow({ layer, within, between, p, labellings, exact }: NamedTest): string[] {
  return [
    layer ?? 'mean of layers',
    within.toFixed(4),
    between.toFixed(4),
    p.toPrecision(3),
    `${exact ? 'all' : 'drawn:'} ${labellings}`,
  ];
}

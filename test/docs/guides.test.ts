/** The pages on measures, inference, many models, capturing, activations, large data and transfer studies: their code runs and prints what they say, and nothing is left out. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseStrictly } from '../../src/cli/arguments.js';
import { layersCommand } from '../../src/cli/layers.js';
import { captureCommand } from '../../src/cli/capture.js';
import { manyCommand } from '../../src/cli/many.js';
import { measuresCommand } from '../../src/cli/measures.js';
import { mergeCommand } from '../../src/cli/merge.js';
import { momentsCommand } from '../../src/cli/moments.js';
import { compareCommand } from '../../src/cli/compare.js';
import { scoreCommand } from '../../src/cli/score.js';
import { transferCommand } from '../../src/cli/transfer.js';
import { zeros } from '../../src/matrix.js';
import type { Matrix } from '../../src/matrix.js';
import type { Measure } from '../../src/measures/measure.js';
import { presets } from '../../src/measures/presets.js';
import { measures } from '../../src/measures/registry.js';
import type { MeasureName } from '../../src/measures/registry.js';
import { measurePair } from '../../src/measures/run-pair.js';
import { hasReference, reference } from '../support.js';
import * as docs from './blocks.js';

/** Pages, and how many of their blocks run at least. */
const guides = {
  'docs/measures.md': 6,
  'docs/inference.md': 6,
  'docs/many-models.md': 6,
  'docs/capturing.md': 5,
  'docs/activations.md': 3,
  'docs/large.md': 4,
  'docs/transfer.md': 12,
};
const pages = [...Object.keys(guides), 'docs/conventions.md'];
const commands = [
  ...[compareCommand, scoreCommand, manyCommand, measuresCommand],
  ...[layersCommand, captureCommand, momentsCommand, mergeCommand, transferCommand],
];

describe.each(Object.entries(guides))('%s', (file, least) => {
  const blocks = docs.blocksOf(file).filter(({ language }) => language === 'ts');
  let folder: string;
  let printed: string[];

  beforeAll(async () => {
    folder = docs.makeFolder();
    printed = await docs.runBlocks(folder, blocks);
  }, 120_000);

  afterAll(() => {
    docs.removeFolder(folder);
  });

  it('has blocks that run', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(least);
    expect(printed).toHaveLength(blocks.length);
  });

  it.each(blocks.map((block, i) => [block.line, block.output ?? '', i] as const))(
    'prints at line %i what it says',
    (_, output, i) => {
      expect(printed[i]).toBe(docs.trimmed(output));
    },
  );

  const shown = docs
    .blocksOf(file)
    .filter(({ language, output }) => language === 'sh' && output !== undefined);

  it.each(shown.map(({ text, output }) => [text, output!] as const))(
    'shows what %s prints',
    async (text, output) => {
      const words = docs.wordsOf(docs.commandsOf(text)[0]);
      const ran = await docs.runTsx(folder, join(docs.root, 'src/cli/main.ts'), words.slice(2));
      expect(ran.code, ran.stderr).toBe(0);
      // A machine with a system LAPACK takes another engine, and prints the same numbers.
      expect(docs.trimmed(ran.stdout.replace(/engine \S+,/, 'engine wasm,'))).toBe(docs.trimmed(output));
    },
    60_000,
  );

  it('is right in its types', () => {
    expect(docs.checkTypes(docs.writeModule(folder, blocks))).toEqual([]);
  });
});

describe('the pages', () => {
  const shell = pages.flatMap((file) =>
    docs.blocksOf(file).flatMap(({ language, text }) => (language === 'sh' ? docs.commandsOf(text) : [])),
  );

  it.each(shell)('name commands and options that exist: %s', (line) => {
    const [program, name, chosen, ...rest] = docs.wordsOf(line);
    expect([program, name]).toEqual(['npx', 'svcca']);
    const command = commands.find((one) => one.name === chosen);
    expect(command, `the command ${chosen}`).toBeDefined();
    parseStrictly(command!, rest);
  });

  it.each(pages)('link to files, and to headings, that exist: %s', (file) => {
    const text = readFileSync(join(docs.root, file), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)];
    expect(links.length).toBeGreaterThan(0);
    for (const [, target, heading] of links) {
      if (/^https?:/.test(target)) continue;
      const path = target === '' ? join(docs.root, file) : join(docs.root, file, '..', target);
      expect(existsSync(path), target).toBe(true);
      if (heading !== undefined) expect(headingsOf(readFileSync(path, 'utf8')), target).toContain(heading);
    }
  });
});

describe('docs/measures.md', () => {
  const text = readFileSync(join(docs.root, 'docs/measures.md'), 'utf8');

  it.each(Object.values(measures).map((measure) => [measure.name, measure] as const))(
    'names %s, every option with its default, its invariances and its cost',
    (name, { defaults, invariances, cost }) => {
      const section = sectionOf(text, `## \`${name}\``);
      expect(section.replaceAll(/\s+/g, ' ').includes(`Cost: ${cost}`), cost).toBe(true);
      for (const [option, value] of Object.entries(defaults)) {
        const row = section.split('\n').find((line) => line.startsWith(`| \`${option}\``));
        expect(row, `a row for the option ${option}`).toBeDefined();
        // The default stands first among the values.
        expect(row!.split('|')[2].trim().split(/[,;] /)[0].replaceAll('`', '')).toBe(shown(value));
      }
      const unchanged = section.split('\n').find((line) => line.startsWith('Unchanged by '));
      for (const kind of invariances) expect(unchanged, kind).toContain(words[kind]);
      for (const kind of Object.keys(words) as (keyof typeof words)[]) {
        if (!invariances.includes(kind)) expect(unchanged, kind).not.toContain(words[kind]);
      }
    },
  );
});

describe('docs/conventions.md', () => {
  const text = readFileSync(join(docs.root, 'docs/conventions.md'), 'utf8');
  const rows = tableRows(sectionOf(text, '## Who computes what'));

  it.each(Object.entries(presets).flatMap(([tool, own]) => Object.keys(own).map((name) => [tool, name])))(
    'has the preset %s.%s with its options, and with a number',
    (tool, name) => {
      const preset = `\`presets.${tool}.${name}\``;
      const own = (presets as unknown as Record<string, Record<string, object>>)[tool][name];
      const listed = tableRows(sectionOf(text, '## Presets')).find(([first]) => first === preset);
      expect(optionsOf(listed![1])).toEqual(own);
      const row = rows.find((cells) => cells[3]?.includes(preset));
      expect(row, 'a row with a number').toBeDefined();
      const measure = measures[name as MeasureName] as unknown as Measure;
      expect(callOf(row![2]).name).toBe(name);
      expect(measure.resolve({ ...callOf(row![2]).options })).toEqual(measure.resolve({ ...own }));
    },
  );

  const called = rows.flatMap(([tool, , call, , all, tenth]) => {
    const { name, options } = callOf(call ?? '');
    return name in measures ? [{ tool, name: name as MeasureName, options, all, tenth }] : [];
  });

  it('has rows to check', () => {
    expect(called.length).toBeGreaterThan(45);
  });

  it.skipIf(!hasReference)(
    `has numbers that are computed so${hasReference ? '' : ' [skipped: ../shared/reference is not here]'}`,
    async () => {
      const [x, y] = [reference('mnist_lay04_model0.npy'), reference('mnist_lay04_model1.npy')];
      const [a, b] = [everyTenth(x), everyTenth(y)];
      for (const { tool, name, options, all, tenth } of called) {
        const measure = measures[name] as unknown as Measure;
        const what = `${tool}: ${name} ${JSON.stringify(options)}`;
        if (tenth !== '') {
          const { score } = await measurePair(measure, a, b, options);
          expect(unitsApart(score, tenth.split(';')[0]), what).toBeLessThan(0.51);
        }
        // Of 10,000 samples pairs of samples take too long here.
        if (all !== '' && measure.needs(measure.resolve(options)).samples !== true) {
          const { score } = await measurePair(measure, x, y, options);
          expect(unitsApart(score, all), what).toBeLessThan(0.51);
        }
      }
    },
    120_000,
  );
});

function everyTenth({ rows, cols, data }: Matrix): Matrix {
  const taken = zeros(Math.ceil(rows / 10), cols);
  for (let i = 0; i < taken.rows; i++) {
    taken.data.set(data.subarray(10 * i * cols, (10 * i + 1) * cols), i * cols);
  }
  return taken;
}

/** How far a score is from a cell, in units of its last digit, beyond what engines may differ by. */
function unitsApart(score: number, cell: string): number {
  const unit = 10 ** -cell.split('.')[1].length;
  return (Math.abs(score - Number(cell)) - 1e-10 * Math.abs(score)) / unit;
}

/** Cells of the tables of a section, without their heads. */
function tableRows(section: string): string[][] {
  const lines = section.split('\n');
  return lines
    .filter((line, i) => line.startsWith('| ') && !line.startsWith('| -') && !lines[i + 1]?.startsWith('| -'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** `` `cka` `kernel: 'rbf'` `` or `` `{ ...presets.netrep.procrustes, alpha: 0 }` `` as a measure and its options. */
function callOf(cell: string): { readonly name: string; readonly options: Record<string, unknown> } {
  const spread = /^`\{ \.\.\.presets\.netrep\.procrustes, (.*) \}`$/.exec(cell);
  if (spread) {
    return { name: 'procrustes', options: { ...presets.netrep.procrustes, ...optionsOf(spread[1]) } };
  }
  const found = /^`(\w+)`(?: `([^`]+)`| \(default\))?(?:; `.*|, `.*)?$/.exec(cell);
  return { name: found?.[1] ?? '', options: found?.[2] === undefined ? {} : optionsOf(found[2]) };
}

/** An object literal, with braces or without. */
function optionsOf(literal: string): Record<string, unknown> {
  const inner = literal.replaceAll('`', '').replace(/^\{ (.*) \}$/, '$1');
  const json = `{${inner}}`.replaceAll("'", '"').replaceAll(/(\w+):/g, '"$1":');
  return JSON.parse(json) as Record<string, unknown>;
}

/** How the page calls each map. */
const words = {
  'invertible linear': 'invertible linear maps',
  orthogonal: 'orthogonal maps',
  'isotropic scaling': 'scaling',
  translation: 'translation',
} as const;

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = Object.entries(value).map(([key, part]) => `${key}: ${shown(part)}`);
  return `{ ${inner.join(', ')} }`;
}

/** From a heading to the next of its level. */
function sectionOf(text: string, heading: string): string {
  const lines = text.split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`there is no heading '${heading}'`);
  const end = lines.findIndex((line, i) => i > start && line.startsWith('## '));
  return lines.slice(start, end < 0 ? undefined : end).join('\n');
}

/** Anchors of a page as GitHub makes them. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

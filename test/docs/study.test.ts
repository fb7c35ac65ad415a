/** The page of the real study: its tables and figures are those of the committed results, which are those of the committed plans. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPlan } from 'svcca/node';
import { studyReport } from 'svcca/report';
import { figures, results, tables, withTables } from '../../scripts/study-page.js';
import { root } from './blocks.js';

const folder = join(root, 'docs/study');
const page = readFileSync(join(root, 'docs/study.md'), 'utf8');
const all = await results();

describe('docs/study.md', () => {
  it('has the tables of the results', async () => {
    expect(page.match(/<!-- table: [\w-]+ -->/g)!.length).toBeGreaterThan(4);
    expect(page === (await withTables(page, all)), 'run `npx tsx scripts/study-page.ts`').toBe(true);
  });

  it('refuses a table that there is not', async () => {
    const strange = page.replace('<!-- table: ', '<!-- table: no-');
    await expect(withTables(strange, all)).rejects.toThrow(/asks for a table 'no-/);
    expect(Object.keys(tables(all))).toContain('lite0-performance');
  });

  it('shows figures that are those of the results', () => {
    const drawn = figures(all);
    expect(readdirSync(join(folder, 'figures')).sort()).toEqual(Object.keys(drawn).sort());
    for (const [name, svg] of Object.entries(drawn)) {
      expect(readFileSync(join(folder, 'figures', name), 'utf8') === svg, name).toBe(true);
    }
    const shown = [...page.matchAll(/\]\((study\/figures\/[\w-]+\.svg)\)/g)].map((match) => match[1]);
    expect(shown.length).toBeGreaterThan(4);
    for (const file of shown) expect(existsSync(join(root, 'docs', file)), file).toBe(true);
  });
});

describe.each(Object.entries(all))('the study %s', (name, result) => {
  it('is that of its plan, run to the end', async () => {
    const plan = await readPlan(join(folder, 'plans', `${name}.json`));
    expect(Object.keys(result.plan.models)).toEqual(Object.keys(plan.models));
    const planned = Object.entries(plan.models).flatMap(([model, { conditions }]) =>
      conditions.flatMap((condition) => plan.seeds.map((seed) => `${model}, ${condition}, ${seed}`)),
    );
    const done = result.runs.map(({ model, condition, seed }) => `${model}, ${condition}, ${seed}`);
    expect(done).toEqual(planned);
    for (const [model, own] of Object.entries(plan.models)) {
      expect(result.plan.models[model].training).toEqual(own.training);
    }
    expect(result.plan.data).toEqual(plan.data);
  });

  it('makes a report', () => {
    expect(studyReport(result)).toContain('<!DOCTYPE html>');
  });
});

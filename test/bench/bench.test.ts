/** The quick form of the bench on two engines, as a program: what it writes has the shape that bench/RESULTS.md is made of. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bar } from '../../bench/bars.js';
import { evaluateBars } from '../../bench/bars.js';
import { activations, spd } from '../../bench/data.js';
import { alternate, differenceOf, median } from '../../bench/harness.js';
import type { Participant, Timing } from '../../bench/harness.js';
import type { Report } from '../../bench/report.js';
import { cca } from 'svcca';
import { root } from '../support.js';

const folder = mkdtempSync(join(tmpdir(), 'svcca-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('npm run bench -- --quick', () => {
  let report: Report;
  let tables: string;
  beforeAll(async () => {
    const files = { json: join(folder, 'results.json'), markdown: join(folder, 'results.md') };
    const only = 'kernel-(Gram|eigh)|pair-svcca|layers-svcca|stream|scaling';
    const args = ['--quick', '--source', '--no-python', '--engines', 'ml-matrix', '--threads', '1'];
    await promisify(execFile)(
      process.execPath,
      [
        ...['--import', 'tsx', 'bench/run.ts', ...args, '--only', only],
        ...['--json', files.json, '--markdown', files.markdown],
      ],
      { cwd: root },
    );
    report = JSON.parse(readFileSync(files.json, 'utf8')) as Report;
    tables = readFileSync(files.markdown, 'utf8');
  }, 120_000);

  test('measures the chosen cases and no other', () => {
    expect(report.format).toBe('svcca/bench@1');
    expect(report.cases.map(({ name }) => name)).toEqual([
      'kernel-Gram-1000×64',
      'kernel-eigh-64',
      'pair-svcca',
      'layers-svcca',
    ]);
    for (const { timings } of report.cases) {
      expect(timings.map(({ name, kind, agrees }) => ({ name, kind, agrees }))).toEqual([
        { name: 'ml-matrix', kind: 'svcca', agrees: true },
      ]);
      expect(timings[0].runs).toHaveLength(2);
      expect(timings[0].min).toBeGreaterThan(0);
      expect(timings[0].min).toBeLessThanOrEqual(timings[0].median);
    }
  });

  test('names the machine, the build and the engines', () => {
    expect(report.machine).toMatchObject({ node: process.versions.node, build: 'src' });
    expect(Object.keys(report.machine.engines)).toEqual(['ml-matrix']);
    expect(report.quick).toBe(true);
    expect(report.threads).toBe(1);
  });

  test('streams in a process of its own, in less memory than the samples take', () => {
    const { samples, neurons, timings } = report.stream!;
    expect({ samples, neurons }).toEqual({ samples: 10000, neurons: 64 });
    expect(timings).toHaveLength(1);
    expect(timings[0].score).toBeGreaterThan(0.1);
    expect(timings[0].score).toBeLessThan(1);
    expect(Number.isFinite(timings[0].memory)).toBe(true);
  });

  test('gives ratios from one size to the next', () => {
    expect(report.scaling.map(({ points }) => points.map(({ size }) => size))).toEqual([
      [1000, 2000, 4000],
      [16, 32, 64],
      [1, 2, 4],
    ]);
    expect(report.scaling[0].points[1].expected).toBe(2);
    expect(report.scaling[1].points[1].expected).toBe(4);
  });

  test('a promise that was not measured is neither met nor missed', () => {
    for (const bar of report.bars) expect(bar.met).toBeUndefined();
    expect(tables).toContain('not measured in this run');
    expect(tables).not.toContain('missed');
  });

  test('writes a table for each case', () => {
    for (const { title } of report.cases) expect(tables).toContain(`### ${title}`);
    expect(tables).toContain('| **ml-matrix** |');
  });
});

test('many layers in little memory, each comparison in a process of its own', async () => {
  const files = { json: join(folder, 'memory.json'), markdown: join(folder, 'memory.md') };
  const args = [
    '--quick',
    '--source',
    '--no-python',
    '--engines',
    'ml-matrix',
    '--threads',
    '1',
    '--only',
    '^memory$',
  ];
  await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'bench/run.ts', ...args, '--json', files.json, '--markdown', files.markdown],
    { cwd: root },
  );
  const { memory, bars } = JSON.parse(readFileSync(files.json, 'utf8')) as Report;
  expect(memory).toMatchObject({ layers: 3, neurons: 56, samples: 300 });
  expect(memory!.timings.map(({ spool }) => spool)).toEqual([true, false, true, false]);
  for (const { passes, taken, score, ms } of memory!.timings) {
    expect(passes).toBe(1);
    expect(taken).toBeLessThan(300e6);
    expect(score).toBeCloseTo(memory!.timings[0].score, 12);
    expect(ms).toBeGreaterThan(0);
  }
  expect(bars.filter(({ met }) => met).map(({ limit }) => limit)).toEqual([300, 1073]);
  expect(readFileSync(files.markdown, 'utf8')).toContain('SVCCA of 3 × 3 layers of 56 neurons a side');
}, 120_000);

describe('promises', () => {
  const timing = (name: string, min: number, more: Partial<Timing> = {}): Timing => ({
    ...{ name, min, median: min, runs: [min], difference: 0, tolerance: 1e-6, agrees: true },
    kind: name.startsWith('numpy') || name.startsWith('google') ? 'peer' : 'svcca',
    ...more,
  });
  const barsOf = (name: string, timings: Timing[]): Bar[] =>
    evaluateBars({ cases: [{ name, group: '', title: '', size: {}, timings, absent: [] }] }).filter(
      ({ met }) => met !== undefined,
    );

  test('an engine is held against the fastest numpy', () => {
    const bars = barsOf('pair-cca', [
      timing('wasm', 120),
      timing('lapack', 110),
      timing('numpy: SVD', 400),
      timing('numpy: Gram + Cholesky', 100),
      timing("google's procedure", 50),
    ]);
    expect(bars.map(({ measured, met }) => [measured, met])).toEqual([
      [1.2, true],
      [1.1, false],
    ]);
    expect(bars[0].promise).toContain('numpy: Gram + Cholesky');
  });

  test('a peer that found something else is no measure', () => {
    const bars = barsOf('pair-cca', [
      timing('wasm', 120),
      timing('numpy: SVD', 400),
      timing('numpy: Gram + Cholesky', 100, { agrees: false }),
    ]);
    expect(bars.map(({ measured }) => measured)).toEqual([0.3]);
  });

  test("google's procedure is to be many times slower", () => {
    const bars = barsOf('layers-svcca', [timing('wasm', 10), timing("google's procedure", 190)]);
    expect(bars).toMatchObject([{ limit: 1 / 20, met: false }]);
  });
});

describe('taking turns', () => {
  const budget = { rounds: 3, each: 1e6, single: 1e6 };
  const participant = (name: string, log: string[], value: number[], ms = 1): Participant => ({
    name,
    kind: name === 'ours' ? 'svcca' : 'peer',
    tolerance: 1e-6,
    run: async () => {
      log.push(name);
      return { ms, value };
    },
  });

  test('everybody runs once before anybody runs again, and the warm-up does not count', async () => {
    const log: string[] = [];
    const { timings } = await alternate(
      [participant('ours', log, [1]), participant('peer', log, [1])],
      budget,
    );
    expect(log).toEqual(Array.from({ length: 4 }, () => ['ours', 'peer']).flat());
    expect(timings.map(({ runs }) => runs.length)).toEqual([3, 3]);
  });

  test('a long warm-up is the only run', async () => {
    const log: string[] = [];
    const slow = participant('slow', log, [1], 2e6);
    const { timings } = await alternate([participant('ours', log, [1]), slow], budget);
    expect(log.filter((name) => name === 'slow')).toHaveLength(1);
    expect(timings[1]).toMatchObject({ min: 2e6, runs: [2e6] });
  });

  test('another number is told', async () => {
    const { timings } = await alternate(
      [
        participant('ours', [], [1, 2]),
        participant('close', [], [1, 2 + 1e-7]),
        participant('far', [], [1, 2.1]),
      ],
      budget,
    );
    expect(timings.map(({ agrees }) => agrees)).toEqual([true, true, false]);
    expect(timings[2].difference).toBeCloseTo(0.05);
  });

  test('who fails is absent with the reason, and the others go on', async () => {
    const broken: Participant = {
      ...participant('broken', [], []),
      run: () => Promise.reject(new Error('no disk\nat x')),
    };
    const { timings, absent } = await alternate([broken, participant('ours', [], [1])], budget);
    expect(absent).toEqual([{ name: 'broken', reason: 'no disk' }]);
    expect(timings.map(({ name }) => name)).toEqual(['ours']);
  });

  test('lists of different lengths, and what is no number, differ', () => {
    expect(differenceOf([1], [1, 2])).toBe(Infinity);
    expect(differenceOf([NaN, 1], [1, 1])).toBeNaN();
  });

  test('median', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});

describe('the data of the bench', () => {
  test('layers share directions more or less, and nearer layers share more', async () => {
    const layers = activations(2000, 16, 3);
    const { correlations } = await cca(layers['x0'], layers['y0'], { engine: 'ml-matrix' });
    expect(correlations![0]).toBeGreaterThan(0.75);
    expect(correlations![0]).toBeLessThan(0.9);
    const last = await cca(layers['x2'], layers['y2'], { engine: 'ml-matrix' });
    expect(last.score).toBeLessThan((await cca(layers['x0'], layers['y0'], { engine: 'ml-matrix' })).score);
  });

  test('the same numbers each time', () => {
    expect(activations(50, 8)['y'].data).toEqual(activations(50, 8)['y'].data);
  });

  test('a width that is no power of two is refused', () => {
    expect(() => activations(10, 12)).toThrow('power of two');
  });

  test('symmetric and positive definite', () => {
    const { data } = spd(8, 1);
    for (let i = 0; i < 8; i++) {
      expect(data[i * 9]).toBeGreaterThan(0);
      for (let j = 0; j < i; j++) expect(data[i * 8 + j]).toBeCloseTo(data[j * 8 + i], 12);
    }
  });
});

/**
 * `npm run bench`: the library against Python peers, in ratios, all in one run on one machine. See README.md beside this file.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { EngineName } from 'svcca';
import { evaluateBars } from './bars.js';
import { runCase } from './case.js';
import type { Bench, Case, CaseResult } from './case.js';
import { kernelCases } from './cases/kernels.js';
import { layerCases } from './cases/layers.js';
import { pairCases } from './cases/pairs.js';
import { pairwiseCases, runLarge } from './cases/pairwise.js';
import { runScaling } from './cases/scaling.js';
import { runStart } from './cases/start.js';
import { runMemory } from './cases/memory.js';
import { runStream } from './cases/stream.js';
import { reasonOf } from './harness.js';
import type { Absence } from './harness.js';
import { openLibrary } from './library.js';
import { describeMachine } from './machine.js';
import { openEnvironment } from './python.js';
import type { Environment } from './python.js';
import { BENCH_FORMAT } from './report.js';
import type { Report } from './report.js';
import { barTable, caseTable, markdown, otherTables } from './table.js';

const HELP = `Usage: npm run bench -- [options]

  --quick             small sizes, numpy alone: shows that everything runs, in about a minute
  --only PATTERN      cases whose name matches this regular expression (also: large, stream, memory, scaling, start)
  --engines A,B       engines to run; else every one that opens here, but for tfjs
  --threads N         threads of the engines and of the peers; else one for each core
  --rounds N          runs of each participant after its warm-up (5)
  --source            measures src/ instead of the build in dist/
  --no-python         leaves the peers out
  --json FILE         writes everything that was measured
  --markdown FILE     writes the tables
  --list              prints the names of the cases
  --help              prints this text`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    engines: { type: 'string' },
    threads: { type: 'string' },
    rounds: { type: 'string' },
    source: { type: 'boolean', default: false },
    'no-python': { type: 'boolean', default: false },
    json: { type: 'string' },
    markdown: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else if (values.list)
  console.log(
    groups()
      .flatMap(([, cases]) => cases.map(({ name }) => name))
      .join('\n'),
  );
else await main();

function groups(): [group: string, cases: Case[]][] {
  const { quick } = values;
  return [
    ['Kernels', kernelCases(quick)],
    ['One pair of layers', pairCases(quick)],
    ['Every layer with every layer', layerCases(quick)],
    ['Samples with samples', pairwiseCases(quick)],
  ];
}

async function main(): Promise<void> {
  // So that what is to be removed at the end is removed then too.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  // They slow down an OpenBLAS of today, also the one that the lapack engine loads.
  delete process.env['OPENBLAS_CORETYPE'];
  delete process.env['OPENBLAS_L2_SIZE'];
  const { quick } = values;
  const threads = number('threads', values.threads) ?? availableParallelism();
  const log = (line: string) => console.error(`bench: ${line}`);
  const chosen = new RegExp(values.only ?? '');
  const wanted = values.engines?.split(',') as EngineName[] | undefined;
  const library = await openLibrary(values.source ? 'src' : 'dist', wanted, threads);
  const environment = values['no-python'] ? undefined : python(!quick, threads, log);
  const bench: Bench = {
    ...{ library, threads, quick, log },
    environment: typeof environment === 'string' ? undefined : environment,
    budget: { rounds: number('rounds', values.rounds) ?? (quick ? 2 : 5), each: 40_000, single: 12_000 },
    told: { versions: {}, blas: {} },
  };
  try {
    const report = await measure(bench, chosen, typeof environment === 'string' ? environment : undefined);
    console.log([...otherTables(report), '## Promises', barTable(report.bars)].join('\n\n'));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
    if (values.markdown !== undefined) writeFileSync(values.markdown, `${markdown(report)}\n`);
  } finally {
    await library.close();
  }
}

/** The environment of the peers; why there is none, where there is none. */
function python(all: boolean, threads: number, log: (line: string) => void): Environment | string {
  try {
    return openEnvironment(all, threads, log);
  } catch (error) {
    log((error as Error).message);
    return (error as Error).message;
  }
}

async function measure(bench: Bench, chosen: RegExp, noPython: string | undefined): Promise<Report> {
  const { library, environment, threads, quick, log, told } = bench;
  const cases: CaseResult[] = [];
  for (const [group, all] of groups()) {
    for (const spec of all.filter(({ name }) => chosen.test(name))) {
      log(spec.name);
      const result = await runCase(bench, group, spec);
      cases.push(result);
      console.log(`${caseTable(result)}\n`);
    }
  }
  const failed: Absence[] = [];
  /** One of the parts that are no cases; if it fails, the others are still worth having. */
  const part = async <T>(name: string, run: () => T | Promise<T>): Promise<T | undefined> => {
    if (!chosen.test(name)) return undefined;
    log(name);
    try {
      return await run();
    } catch (error) {
      failed.push({ name, reason: reasonOf(error) });
      return undefined;
    }
  };
  const large = await part('large', () => runLarge(bench));
  const stream = await part('stream', () => runStream(bench));
  const memory = await part('memory', () => runMemory(bench));
  const scaling = (await part('scaling', () => runScaling(bench))) ?? [];
  const start = await part('start', () => runStart(quick ? 3 : 15));
  const found = {
    cases,
    ...(large && { large }),
    ...(stream && { stream }),
    ...(memory && { memory }),
    ...(start && { start }),
  };
  return {
    format: BENCH_FORMAT,
    date: new Date().toISOString().slice(0, 10),
    quick,
    threads,
    machine: describeMachine(library),
    python: told.versions,
    blas: told.blas,
    absent: [
      ...library.absent,
      ...(environment?.absent ?? []),
      ...failed,
      ...(noPython === undefined ? [] : [{ name: 'Python peers', reason: noPython }]),
    ],
    ...found,
    scaling,
    bars: evaluateBars(found),
  };
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} is '${text}': give a whole number of at least 1`);
}

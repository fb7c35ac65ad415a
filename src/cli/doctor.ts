/**
 * `svcca doctor`: which engines and backends work here, how fast, and why another does not.
 *
 * @module
 */
import { engineNames, openEngine, selectEngine } from '../engines/select.js';
import type { Refusal } from '../engines/select.js';
import type { EngineName } from '../engines/engine.js';
import { withScope } from '../engines/scope.js';
import { UnsupportedError } from '../errors.js';
import { chooseBackend } from '../node/backend.js';
import type { Backend } from '../node/backend.js';
import { Random } from '../random.js';
import type { Command } from './arguments.js';
import { table } from './output.js';

/** Fixed sizes, so that figures of two machines can be compared: Gram of 4000 × 256 and eigenvectors of 256 × 256. */
const SIZE = { rows: 4000, cols: 256 };

/** Multiplications and additions of a Gram matrix of that size; one triangle is enough. */
const GRAM_WORK = SIZE.rows * SIZE.cols * (SIZE.cols + 1);

/** How an engine fared. */
export interface EngineCheck {
  readonly engine: EngineName;
  readonly works: boolean;
  /** Threads, library, device. */
  readonly description?: string;
  readonly gramMs?: number;
  readonly gramGflops?: number;
  readonly eighMs?: number;
  /** Why it does not work. */
  readonly reason?: string;
}

/** All that the command finds. */
export interface Findings {
  readonly node: string;
  readonly platform: string;
  readonly sizes: typeof SIZE;
  readonly engines: readonly EngineCheck[];
  /** What `--engine auto` takes, and why not one before it. */
  readonly auto: { readonly engine: string; readonly refused: readonly Refusal[] };
  readonly backend: Backend;
}

/** The command. */
export const doctorCommand: Command = {
  name: 'doctor',
  description: 'Which engines work here, how fast, and why another does not.',
  args: { json: { type: 'boolean', description: 'print JSON' } },

  async run(values, signal) {
    const found = await examine(signal);
    process.stdout.write(values['json'] ? `${JSON.stringify(found, null, 2)}\n` : format(found));
  },
};

async function examine(signal: AbortSignal): Promise<Findings> {
  // First, since two of the engines compute on it.
  const backend = await chooseBackend();
  const engines: EngineCheck[] = [];
  for (const name of engineNames) {
    signal.throwIfAborted();
    engines.push(await check(name));
  }
  const { engine, refused } = await selectEngine();
  await engine.close?.();
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    sizes: SIZE,
    engines,
    auto: { engine: engine.name, refused },
    backend,
  };
}

async function check(name: EngineName): Promise<EngineCheck> {
  try {
    const opened = await openEngine(name);
    const { description } = opened;
    try {
      const times = await withScope(opened, async (engine) => {
        const data = Float32Array.from(new Random(1).normals(SIZE.rows * SIZE.cols));
        const x = await engine.upload({ ...SIZE, data });
        const mean = await engine.columnMeans(x);
        const gram = await engine.accumulateGram(x, mean);
        const gramMs = await fastest(async () => engine.dispose(await engine.accumulateGram(x, mean)));
        const eighMs = await fastest(async () => engine.dispose((await engine.eigSymmetric(gram)).vectors));
        return { gramMs, gramGflops: GRAM_WORK / gramMs / 1e6, eighMs };
      });
      return { engine: name, works: true, ...(description !== undefined && { description }), ...times };
    } finally {
      await opened.close?.();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // What is wrong here is what this command is asked for, expected or not.
    const reason = error instanceof UnsupportedError ? message : `it fails: ${message}`;
    return { engine: name, works: false, reason };
  }
}

/** Milliseconds of the fastest of a few runs, after one that compiles. */
async function fastest(run: () => Promise<void>): Promise<number> {
  await run();
  let best = Infinity;
  const end = performance.now() + 300;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await run();
    const now = performance.now();
    best = Math.min(best, now - start);
    if (now > end) break;
  }
  return best;
}

/** The findings for people. */
export function format({ node, platform, sizes, engines, auto, backend }: Findings): string {
  const digits = (value: number | undefined): string => value?.toFixed(value < 10 ? 1 : 0) ?? '';
  const rows = engines.map(({ engine, works, description = '', gramMs, gramGflops, eighMs }) => [
    engine,
    works ? 'works' : 'no',
    ...[gramMs, gramGflops, eighMs].map(digits),
    description,
  ]);
  const gram = `Gram ${sizes.rows}×${sizes.cols}, ms`;
  const head = ['engine', '', gram, 'GFLOP/s', `eigh ${sizes.cols}, ms`, 'computes on'];
  const broken = engines.flatMap(({ engine, reason }) =>
    reason === undefined ? [] : [`${engine}: ${reason}`],
  );
  const passed = auto.refused
    .filter(({ engine }) => engines.find((check) => check.engine === engine)?.works)
    .map(({ engine, reason }) => `  not ${engine}: ${reason}`);
  return [
    `Node ${node} on ${platform}`,
    '',
    table(head, rows),
    ...(broken.length > 0 ? ['', 'What does not work, and why:', ...broken.map((line) => `  ${line}`)] : []),
    '',
    `--engine auto takes ${auto.engine}, the first that works of ${engineNames.join(', ')}.`,
    ...passed,
    `Models run on the tfjs backend '${backend.name}'.${backend.warning ? ` ${backend.warning}` : ''}`,
    '',
  ].join('\n');
}

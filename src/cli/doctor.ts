/**
 * `svcca doctor`: which engines and backends work here, how fast, and why another does not.
 *
 * @module
 */
import { UnsupportedError } from '../errors.js';
import { engineNames, openEngine } from '../engines/select.js';
import type { EngineName } from '../engines/engine.js';
import { withScope } from '../engines/scope.js';
import { chooseBackend } from '../node/backend.js';
import { Random } from '../random.js';
import type { Command } from './arguments.js';
import { table } from './output.js';

/** Fixed sizes, so that figures of two machines can be compared: Gram of 4000 × 256 and eigenvectors of 256 × 256. */
const SIZE = { rows: 4000, cols: 256 };

/** How an engine fared. */
interface EngineCheck {
  readonly engine: EngineName;
  readonly works: boolean;
  readonly gramMs?: number;
  readonly eighMs?: number;
  readonly reason?: string;
}

/** The command. */
export const doctorCommand: Command = {
  name: 'doctor',
  description: 'Which engines work here, how fast, and why another does not.',
  args: { json: { type: 'boolean', description: 'print JSON' } },

  async run(values) {
    const engines: EngineCheck[] = [];
    for (const name of engineNames) engines.push(await check(name));
    const backend = await chooseBackend();
    const environment = { node: process.version, platform: `${process.platform} ${process.arch}` };
    if (values['json']) {
      process.stdout.write(`${JSON.stringify({ ...environment, sizes: SIZE, engines, backend }, null, 2)}\n`);
      return;
    }
    const rows = engines.map(({ engine, works, gramMs, eighMs, reason }) => [
      engine,
      works ? 'works' : 'no',
      gramMs?.toFixed(0) ?? '',
      eighMs?.toFixed(0) ?? '',
      reason ?? '',
    ]);
    process.stdout.write(
      [
        `Node ${environment.node} on ${environment.platform}`,
        '',
        table(['engine', '', `Gram ${SIZE.rows}×${SIZE.cols}, ms`, `eigh ${SIZE.cols}, ms`, 'reason'], rows),
        '',
        `Models run on the tfjs backend '${backend.name}'.${backend.warning ? ` ${backend.warning}` : ''}`,
        '',
      ].join('\n'),
    );
  },
};

async function check(name: EngineName): Promise<EngineCheck> {
  try {
    const opened = await openEngine(name);
    try {
      return await withScope(opened, async (engine) => {
        const data = new Random(1).normals(SIZE.rows * SIZE.cols);
        const x = await engine.upload({ ...SIZE, data });
        const mean = await engine.columnMeans(x);
        // The first call compiles; the second is what a user waits for.
        engine.dispose(await engine.accumulateGram(x, mean));
        const start = performance.now();
        const gram = await engine.accumulateGram(x, mean);
        const between = performance.now();
        await engine.eigSymmetric(gram);
        return { engine: name, works: true, gramMs: between - start, eighMs: performance.now() - between };
      });
    } finally {
      await opened.close?.();
    }
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return { engine: name, works: false, reason: error.message };
  }
}

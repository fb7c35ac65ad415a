/** `examples/distributed/spark.py` on a real Apache Spark, with workers that are killed in the middle of their shard. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../support.js';
import { Workshop, expectEqual, recipes, run } from './support.js';

const home = join(root, '.venv', 'spark');
const python = join(home, 'bin', 'python');

/** Why Spark cannot run here; nothing where it can. */
function missing(): string | undefined {
  const stamp = join(home, 'ready.json');
  if (!existsSync(stamp)) return 'no .venv/spark: npm run spark';
  const { reason } = JSON.parse(readFileSync(stamp, 'utf8')) as { reason?: string };
  return reason;
}

const reason = missing();
const SHARDS = 5;

const title = `on Apache Spark${reason === undefined ? '' : ` (${reason})`}`;

describe.skipIf(reason !== undefined)(title, { timeout: 180_000 }, () => {
  let folder: string;
  let workshop: Workshop;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'svcca-spark-'));
    workshop = await Workshop.open(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Submits the recipe: two workers, and so many attempts at each shard. */
  async function submit(attempts: number, ...args: string[]) {
    const submitted = join(home, 'bin', 'spark-submit');
    const master = `local[2,${attempts}]`;
    const options = ['--master', master, '--conf', 'spark.ui.enabled=false', join(recipes, 'spark.py')];
    const own = ['--shards', `${SHARDS}`, '--folder', workshop.parts, '--out', join(folder, 'result.json')];
    const env = {
      ...workshop.env,
      PYSPARK_PYTHON: python,
      SPARK_LOCAL_IP: '127.0.0.1',
      SPARK_LOCAL_DIRS: folder,
    };
    return run(submitted, [...options, ...own, '--', ...args], env);
  }

  const result = (): unknown => JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'));

  it('svcca is killed while it reads a shard, and while it writes another: both are tried again', async () => {
    await workshop.measure(SHARDS);
    workshop.install({ 1: 'reading', 3: 'writing' });
    const { status, err, out } = await submit(4, ...workshop.sides);
    expect(status, err).toBe(0);
    expect(out).toContain('3000 samples');
    expect(workshop.killed).toEqual([1, 3]);
    expect(workshop.runs).toEqual([0, 1, 1, 2, 3, 3, 4]);
    workshop.expectParts(SHARDS);
    expectEqual(result(), await workshop.whole());
  });

  it("Spark's own worker is killed in the middle of a shard, which another one takes over", async () => {
    await workshop.measure(SHARDS);
    workshop.install({ 2: 'parent' });
    const { status, err } = await submit(4, ...workshop.sides);
    expect(status, err).toBe(0);
    expect(workshop.killed).toEqual([2]);
    expect(workshop.runs.filter((shard) => shard === 2)).toHaveLength(2);
    workshop.expectParts(SHARDS);
    expectEqual(result(), await workshop.whole());
  });

  it('what cannot be compared is told by name, and leaves no result', async () => {
    const { status, err } = await submit(1, workshop.sides[0], join(folder, 'absent.npz'));
    expect(status).toBe(1);
    expect(err).toContain('absent.npz');
    expect(existsSync(join(folder, 'result.json'))).toBe(false);
  });
});

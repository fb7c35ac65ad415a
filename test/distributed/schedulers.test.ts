/** The scripts for Slurm and the jobs for Kubernetes, run as their schedulers would, by a bare stand-in for each. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Workshop, expectEqual, recipes, run } from './support.js';

let folder: string;
let workshop: Workshop;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-schedulers-'));
  workshop = await Workshop.open(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const result = (): unknown => JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'));

/**
 * `sbatch` without a cluster: runs what it is given at once, a task after another, and prints the job's number. A job that
 * depends on one that failed is not run.
 */
const SBATCH = `#!/usr/bin/env bash
job=$(( $(cat "$JOBS" 2>/dev/null || echo 40) + 1 ))
echo "$job" >"$JOBS"
array='' log=/dev/null
while [[ $1 == --* ]]; do
  case $1 in
    --array=*) array=\${1#*=} ;;
    --output=*) log=\${1#*=} ;;
    --dependency=afterok:*) if [ -e "$JOBS.failed.\${1##*:}" ]; then echo "$job"; exit; fi ;;
    --parsable | --kill-on-invalid-dep=yes) ;;
    *) echo "sbatch: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
range=\${array%%%*}
for task in $(seq "\${range%-*}" "\${range#*-}" 2>/dev/null || echo none); do
  SLURM_ARRAY_TASK_ID=$task bash "$@" >"\${log//%a/$task}" 2>&1 || touch "$JOBS.failed.$job"
done
echo "$job;cluster"
`;

describe('Slurm', { timeout: 180_000 }, () => {
  const scripts = ['submit.sh', 'moments.sh', 'merge.sh'].map((name) => join(recipes, 'slurm', name));
  const shellcheck = spawnSync('shellcheck', ['--version']).status === 0;

  beforeEach(() => {
    writeFileSync(join(workshop.bin, 'sbatch'), SBATCH, { mode: 0o755 });
  });

  function submit(shards: number, ...args: string[]) {
    const own = { SHARDS: `${shards}`, PARTS: workshop.parts, OUT: join(folder, 'result.json') };
    return run('bash', [scripts[0], ...args], { ...workshop.env, ...own, JOBS: join(folder, 'jobs') });
  }

  it('scripts are sound bash', async () => {
    for (const script of scripts)
      expect(await run('bash', ['-n', script])).toMatchObject({ status: 0, err: '' });
  });

  it.skipIf(!shellcheck)(
    `shellcheck has nothing to say${shellcheck ? '' : ' (it is not installed)'}`,
    async () => {
      expect(await run('shellcheck', scripts)).toMatchObject({ status: 0, out: '' });
    },
  );

  it('an array of 5, of which two tasks are killed once, then the merge', async () => {
    await workshop.measure(5);
    workshop.install({ 1: 'reading', 3: 'writing' });
    const { out, err } = await submit(5, ...workshop.sides);
    expect(err).toBe('');
    expect(out).toBe(`array 41 of 5 shards, then job 42: ${join(folder, 'result.json')}\n`);
    expect(workshop.killed).toEqual([1, 3]);
    expect(workshop.runs).toEqual([0, 1, 1, 2, 3, 3, 4]);
    const logs = Array.from({ length: 5 }, (_, i) => `shard-${i}.log`);
    workshop.expectParts(5, [...logs, 'merge.log']);
    expect(readFileSync(join(workshop.parts, 'shard-1.log'), 'utf8')).toContain(
      'shard 1: exit status 137 in attempt 1',
    );
    expectEqual(result(), await workshop.whole());
  });

  it('bad input is not tried again, and nothing is merged', async () => {
    await submit(3, workshop.sides[0], 'absent.npz');
    expect(workshop.runs).toEqual([0, 1, 2]);
    expect(readFileSync(join(workshop.parts, 'shard-2.log'), 'utf8')).toContain('absent.npz');
    expect(readdirSync(workshop.parts).filter((name) => name.startsWith('part.'))).toEqual([]);
    expect(existsSync(join(folder, 'result.json'))).toBe(false);
  });
});

describe('Kubernetes', { timeout: 180_000 }, () => {
  const job = (name: string): any => parse(readFileSync(join(recipes, 'kubernetes', name), 'utf8'));
  const [moments, merge] = [job('moments.yaml'), job('merge.yaml')];

  /** Runs the container of a job's pod. */
  function pod({ spec }: any, own: Record<string, string> = {}) {
    const { restartPolicy, containers } = spec.template.spec;
    expect(restartPolicy).toBe('Never');
    expect(containers).toHaveLength(1);
    const [{ command, args, env, volumeMounts }] = containers;
    const given = Object.fromEntries((env as any[]).map(({ name, value }) => [name, value]));
    expect(volumeMounts[0].mountPath).toBe(given.FOLDER);
    const all = { ...workshop.env, ...given, ...own, FOLDER: folder };
    return run(command[0], [...command.slice(1), ...args], all);
  }

  it('the jobs say what an indexed job needs', () => {
    expect(moments).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: { completionMode: 'Indexed', backoffLimitPerIndex: 3, maxFailedIndexes: 0 },
    });
    const { completions, parallelism, template } = moments.spec;
    const [{ env, volumeMounts }] = template.spec.containers;
    expect(env).toContainEqual({ name: 'SHARDS', value: `${completions}` });
    expect(parallelism).toBeLessThanOrEqual(completions as number);
    expect(template.spec.volumes[0].name).toBe(volumeMounts[0].name);
    expect(merge.spec.template.spec.volumes).toEqual(template.spec.volumes);
    // Exit codes that are not tried again are those of bad input and wrong usage.
    expect(moments.spec.podFailurePolicy.rules[0]).toMatchObject({
      action: 'FailIndex',
      onExitCodes: { containerName: template.spec.containers[0].name, operator: 'In', values: [1, 2] },
    });
  });

  it('a pod for each index, one of them killed once, then the merge', async () => {
    const shards = 4;
    await workshop.measure(shards);
    workshop.install({ 2: 'reading' });
    const statuses: boolean[] = [];
    for (const index of [0, 1, 2, 3, 2]) {
      const { status } = await pod(moments, { SHARDS: `${shards}`, JOB_COMPLETION_INDEX: `${index}` });
      statuses.push(status === 0);
    }
    expect(statuses).toEqual([true, true, false, true, true]);
    expect(workshop.killed).toEqual([2]);
    expect((await pod(merge)).status).toBe(0);
    workshop.expectParts(shards);
    expectEqual(result(), await workshop.whole());
  });
});

/** A study in a folder: whole files, one process at a time. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, FormatError, OptionError } from '../../src/errors.js';
import { folderStore, lockFolder } from '../../src/node/study-store.js';
import { openStudy, readPlan } from '../../src/node/study.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-study-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('folderStore', () => {
  it('reads what it wrote, and nothing where there is nothing', async () => {
    const store = folderStore(join(folder, 'store'));
    expect(await store.read('runs/a/run.json')).toBeUndefined();
    await store.write('runs/a/run.json', Uint8Array.of(1, 2, 3));
    expect([...(await store.read('runs/a/run.json'))!]).toEqual([1, 2, 3]);
    await store.write('runs/a/run.json', Uint8Array.of(4));
    expect([...(await store.read('runs/a/run.json'))!]).toEqual([4]);
    expect(readdirSync(join(folder, 'store/runs/a'))).toEqual(['run.json']);
    await store.remove('runs/a/run.json');
    await store.remove('runs/a/run.json');
    expect(await store.read('runs/a/run.json')).toBeUndefined();
  });

  it.each(['../a', '/a', 'a//b', '', 'a/../../b', '.svcca-lock', 'a\\b'])(
    'keeps %j in the folder',
    async (name) => {
      const store = folderStore(join(folder, 'inside'));
      await expect(async () => store.write(name, Uint8Array.of(1))).rejects.toThrow(OptionError);
      await expect(async () => store.read(name)).rejects.toThrow(/leads out of the store/);
      expect(existsSync(join(folder, 'inside'))).toBe(false);
    },
  );

  it('says what it cannot read or write', async () => {
    mkdirSync(join(folder, 'bad/runs/x'), { recursive: true });
    writeFileSync(join(folder, 'bad/file'), '');
    const store = folderStore(join(folder, 'bad'));
    await expect(store.read('runs/x')).rejects.toThrow(DataError);
    await expect(store.write('file/x', Uint8Array.of(1))).rejects.toThrow(/is a file, not a directory/);
  });
});

describe('lockFolder', () => {
  const lockOf = (name: string) => join(folder, name, '.svcca-lock');

  it('keeps a second process out, until it is released', async () => {
    const lock = await lockFolder(join(folder, 'locked'));
    await expect(lockFolder(join(folder, 'locked'))).rejects.toThrow(DataError);
    await expect(lockFolder(join(folder, 'locked'))).rejects.toThrow(
      `in use by process ${process.pid}: wait for it`,
    );
    await lock.release();
    expect(existsSync(lockOf('locked'))).toBe(false);
    await (await lockFolder(join(folder, 'locked'))).release();
  });

  it('says where there can be no folder', async () => {
    writeFileSync(join(folder, 'plain'), '');
    await expect(lockFolder(join(folder, 'plain'))).rejects.toThrow(
      new DataError(`'${join(folder, 'plain')}' is a file: give a folder to keep the runs in`),
    );
    await expect(lockFolder(join(folder, 'plain/in'))).rejects.toThrow(/is a file, not a directory/);
  });

  it('takes over from a process that is gone, and removes what that was writing', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('close', resolve));
    mkdirSync(join(folder, 'stale/runs/a'), { recursive: true });
    writeFileSync(lockOf('stale'), JSON.stringify({ pid: child.pid, host: hostname() }));
    writeFileSync(join(folder, 'stale/runs/a/.svcca-0123456789ab.tmp'), 'half');
    writeFileSync(join(folder, 'stale/runs/a/run.json'), '{}');
    await (await lockFolder(join(folder, 'stale'))).release();
    expect(readdirSync(join(folder, 'stale/runs/a'))).toEqual(['run.json']);
    expect(readdirSync(join(folder, 'stale'))).toEqual(['runs']);
  });

  it.runIf(existsSync('/proc/self/stat'))(
    'knows a process that has the number of one that is gone (needs /proc)',
    async () => {
      mkdirSync(join(folder, 'again'));
      writeFileSync(lockOf('again'), JSON.stringify({ pid: process.pid, host: hostname(), born: '1' }));
      await (await lockFolder(join(folder, 'again'))).release();
    },
  );

  it('takes over a lock that was never written to, and asks about one of another computer', async () => {
    mkdirSync(join(folder, 'empty'));
    writeFileSync(lockOf('empty'), '');
    await (await lockFolder(join(folder, 'empty'))).release();
    mkdirSync(join(folder, 'far'));
    writeFileSync(lockOf('far'), JSON.stringify({ pid: 1, host: 'elsewhere' }));
    await expect(lockFolder(join(folder, 'far'))).rejects.toThrow(/process 1 on elsewhere: .* remove '/);
  });

  it('lets one of many in', async () => {
    mkdirSync(join(folder, 'many'));
    writeFileSync(lockOf('many'), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }));
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(join(folder, 'many'))));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('openStudy', () => {
  const write = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const plan = {
    data: { target: { from: 'missing.npz' } },
    models: { tiny: { family: 'cbr-Tiny' } },
    conditions: ['random'],
    seeds: [1],
    training: { steps: 1 },
  };

  it('names the file and the place of what is wrong', async () => {
    await expect(readPlan(join(folder, 'no.json'))).rejects.toThrow(DataError);
    await expect(readPlan(write('text.json', '{"seeds": [1,}'))).rejects.toThrow(FormatError);
    const bad = write('bad.json', { ...plan, conditions: ['random', 'best'] });
    await expect(readPlan(bad)).rejects.toThrow(`${bad}: conditions[1]: condition 'best'`);
    const path = write('plan.json', plan);
    await expect(openStudy(path)).rejects.toThrow(`cannot read '${join(folder, 'missing.npz')}'`);
    await expect(openStudy(path, { only: ['large'] })).rejects.toThrow(
      /has no model 'large': there are tiny/,
    );
  });
});

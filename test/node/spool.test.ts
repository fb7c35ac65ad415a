import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataError } from '../../src/errors.js';
import { onDisk, spoolTo } from '../../src/node/spool.js';
import { root } from '../support.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'svcca-spool-test-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const bytes = (length: number, from = 0) => Uint8Array.from({ length }, (_, i) => (from + i) % 251);

/** Open files of this process that lie in the folder, also those without a name; Linux alone tells. */
const openFiles = async () => {
  const { readlink } = await import('node:fs/promises');
  const links = await Promise.all(
    readdirSync('/proc/self/fd').map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(folder)).length;
};
const onLinux = process.platform === 'linux';

describe('spoolTo', () => {
  it('gives back what was added, from any place and in any order', async () => {
    const spool = await spoolTo(folder)();
    const starts: number[] = [];
    for (const length of [10, 0, 1000]) starts.push(await spool.append(bytes(length, length)));
    expect(starts).toEqual([0, 10, 10]);
    expect(await spool.read(10, 1000)).toEqual(bytes(1000, 1000));
    expect(await spool.read(5, 10)).toEqual(Uint8Array.of(...bytes(5, 15), ...bytes(5, 1000)));
    await spool.close();
  });

  it('takes several additions at a time', async () => {
    const spool = await spoolTo(folder)();
    const parts = Array.from({ length: 20 }, (_, i) => bytes(1000 + i, i));
    const starts = await Promise.all(parts.map((part) => spool.append(part)));
    for (const [i, part] of parts.entries()) expect(await spool.read(starts[i], part.length)).toEqual(part);
    await spool.close();
  });

  it.runIf(onLinux)('leaves no file, folder or handle, closed once or twice', async () => {
    const spool = await spoolTo(join(folder, 'made', 'here'))();
    await spool.append(bytes(10));
    expect(await openFiles()).toBe(1);
    expect(readdirSync(join(folder, 'made', 'here'))).toEqual([]);
    await Promise.all([spool.close(), spool.close()]);
    expect(await openFiles()).toBe(0);
  });

  it('closes after what runs, and says so to what comes later', async () => {
    const spool = await spoolTo(folder)();
    const written = spool.append(bytes(1e6));
    await Promise.all([expect(written).resolves.toBe(0), spool.close()]);
    await expect(spool.append(bytes(1))).rejects.toThrow('closed');
    await expect(spool.read(0, 1)).rejects.toThrow('closed');
  });

  it('reads nothing beyond its end', async () => {
    const spool = await spoolTo(folder)();
    await spool.append(bytes(10));
    await expect(spool.read(5, 6)).rejects.toThrow(/ends at byte 10/);
    await spool.close();
  });

  it('names the folder that is no folder', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(spoolTo(join(folder, 'file'))()).rejects.toThrow(DataError);
    await expect(spoolTo(join(folder, 'file'))()).rejects.toThrow(join(folder, 'file'));
  });

  it('says what to do when the disk is full', async () => {
    const handle = await open(join(folder, 'any'), 'w');
    const prototype = Object.getPrototypeOf(handle) as typeof handle;
    await handle.close();
    const spool = await spoolTo(folder)();
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    vi.spyOn(prototype, 'write').mockRejectedValue(full);
    await expect(spool.append(bytes(10))).rejects.toThrow(/disk is full.*spoolTo\(directory\).*'memory'/s);
    await spool.close();
  });

  it('removes its folder on close, and when the process exits, where an open file keeps its name', async () => {
    const script = join(folder, 'named.mjs');
    // As on Windows: the folder of an open file cannot be removed.
    writeFileSync(
      script,
      `import fs from 'node:fs/promises'; import { syncBuiltinESMExports } from 'node:module'; import { readdirSync } from 'node:fs';
      const rm = fs.rm; let refuse = true;
      fs.rm = (path, options) => refuse ? Promise.reject(new Error('busy')) : rm(path, options);
      syncBuiltinESMExports();
      const { spoolTo } = await import(${JSON.stringify(pathToFileURL(join(root, 'src/node/spool.ts')).href)});
      const open = spoolTo(${JSON.stringify(join(folder, 'spools'))});
      const [one, two] = [await open(), await open()];
      await one.append(new Uint8Array(10)); await two.append(new Uint8Array(10));
      refuse = false;
      const before = readdirSync(${JSON.stringify(join(folder, 'spools'))}).length;
      await one.close();
      console.log(before, readdirSync(${JSON.stringify(join(folder, 'spools'))}).length);`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], {
      cwd: root,
    });
    expect(stdout.trim()).toBe('2 1');
    expect(readdirSync(join(folder, 'spools'))).toEqual([]);
  });

  it.runIf(onLinux)('leaves nothing behind a process that is killed', async () => {
    const script = join(folder, 'killed.mjs');
    writeFileSync(
      script,
      `const { spoolTo } = await import(${JSON.stringify(pathToFileURL(join(root, 'src/node/spool.ts')).href)});
      const spool = await spoolTo(${JSON.stringify(join(folder, 'spools'))})();
      await spool.append(new Uint8Array(1000));
      console.log('ready'); setInterval(() => undefined, 1000);`,
    );
    const child = spawn(process.execPath, ['--import', 'tsx', script], { cwd: root });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(readdirSync(join(folder, 'spools'))).toEqual([]);
  });

  it.skipIf(!existsSync('/dev/shm') || !onLinux)('does not spool into memory by itself', async () => {
    expect(await onDisk(['/dev/shm', root])).toBe(root);
    expect(await onDisk(['/dev/shm'])).toBe('/dev/shm');
  });
});

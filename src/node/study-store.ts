/**
 * A study's store in a folder, and the lock that keeps two processes from running one study.
 *
 * @module
 */
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError, OptionError } from '../errors.js';
import { show } from '../options.js';
import type { Store } from '../transfer/store.js';
import { fileError, readBytes, writeAtomic } from './files.js';

/**
 * A {@link Store} in a folder: each name is a path in it. A file has its old content or all of the new, whatever happens.
 *
 * @throws while it is used: DataError where a file cannot be read or written; OptionError for a name that leads out of the folder
 */
export function folderStore(folder: string): Store {
  const pathOf = (name: string): string => {
    const parts = name.split('/');
    if (parts.every((part) => part !== '' && !part.startsWith('.') && !part.includes('\\'))) {
      return join(folder, ...parts);
    }
    throw new OptionError(
      `the name ${show(name)} leads out of the store: give names such as 'runs/1f3a/run.json'`,
    );
  };
  return {
    async read(name) {
      const path = pathOf(name);
      try {
        return await readBytes(path);
      } catch (error) {
        const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
        if (code === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: (name, bytes) => writeAtomic(pathOf(name), bytes),
    async remove(name) {
      const path = pathOf(name);
      await rm(path, { force: true }).catch((error: unknown) => {
        throw fileError(error, path, 'write');
      });
    },
  };
}

/** The file that says which process runs the study of a folder. */
const LOCK = '.svcca-lock';

/** A folder that this process alone works in. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes a folder for this process. A lock whose process is gone, on this computer, is taken over, and what it was writing is
 * removed.
 *
 * @throws DataError that names the process where the folder is in use
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, LOCK);
  const own = JSON.stringify({ pid: process.pid, host: hostname(), born: await bornAt(process.pid) });
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw cannotMake(folder, error);
  });
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, own, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(error, path, 'write');
    }
    const found = await readFile(path, 'utf8').catch(() => undefined);
    // Released in between, or not written to yet.
    if (found === undefined) continue;
    if (attempt < 5 && found === '') {
      await sleep(100);
      continue;
    }
    const holder = parse(found);
    if (holder !== undefined && (await isAlive(holder))) {
      const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
      throw new DataError(
        `'${folder}' is in use by process ${holder.pid}${where}: wait for it, stop it, or give another folder` +
          (where && ` (if that process is gone, remove '${path}')`),
      );
    }
    await takeAway(path, found);
  }
  await sweep(join(folder, 'runs'));
  return { release: () => rm(path, { force: true }) };
}

function cannotMake(folder: string, error: unknown): DataError {
  const { code } = error as NodeJS.ErrnoException;
  // Node says that of a file system that is read-only.
  const reasons: Record<string, string> = {
    ENOENT: `cannot make the folder '${folder}': its file system may be read-only; give another folder`,
    EEXIST: `'${folder}' is a file: give a folder to keep the runs in`,
  };
  return code !== undefined && code in reasons
    ? new DataError(reasons[code], { cause: error })
    : fileError(error, folder, 'write');
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly born?: string;
}

/** Who holds the lock; nothing where a process died while it wrote it. */
function parse(text: string): Holder | undefined {
  try {
    const { pid, host, born } = JSON.parse(text) as Partial<Holder>;
    if (!Number.isSafeInteger(pid) || typeof host !== 'string') return undefined;
    return { pid: pid!, host, ...(typeof born === 'string' && { born }) };
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, host, born }: Holder): Promise<boolean> {
  // Nobody can ask another computer.
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // A number that was given to another process since.
  const now = await bornAt(pid);
  return born === undefined || now === undefined || now === born;
}

/** When a process began, in ticks since the computer did, where the system tells it (Linux). */
async function bornAt(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // Field 22; the second is a name in brackets, which may have spaces.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}

/** Removes a lock that was found to be stale; not one that another process put in its place meanwhile. */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}-${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8').catch(() => stale)) === stale) await rm(aside, { force: true });
  else await rename(aside, path);
}

/** Removes what a killed process had begun to write: nobody else writes here. */
async function sweep(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names) {
    if (/(^|[\\/])\.svcca-[0-9a-f]{12}\.tmp$/.test(name)) await rm(join(folder, name), { force: true });
  }
}

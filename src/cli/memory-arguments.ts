/**
 * Arguments that say where long comparisons keep what does not fit in memory, and what they go on from.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import type { ArgsDef } from 'citty';
import type { OpenSpool } from '../capture/spool.js';
import type { Checkpoint } from '../compare/checkpoint.js';
import { checkpointFile } from '../node/checkpoint.js';
import { spoolTo } from '../node/spool.js';
import { UsageError, countOf } from './arguments.js';
import type { Values } from './arguments.js';

/** Arguments of commands that compare networks. */
export const memoryArgs = {
  spool: {
    type: 'string',
    description:
      "folder for what does not fit the memory; a temporary one by default, 'none' runs the models again",
    valueHint: 'folder',
  },
  checkpoint: {
    type: 'string',
    description: 'file to save the state in, for --resume',
    valueHint: 'file',
  },
  saveEvery: {
    type: 'string',
    description: 'seconds from one saving to the next; 60 by default',
    valueHint: 'seconds',
  },
  resume: {
    type: 'string',
    description: 'go on from this file, where it is there, and save the state in it',
    valueHint: 'file',
  },
} satisfies ArgsDef;

/** Options of comparisons by the names of the API. @throws UsageError */
export function memoryOptionsOf(values: Values): {
  readonly spool?: OpenSpool;
  readonly checkpoint?: Checkpoint;
} {
  const { spool, checkpoint, resume } = values;
  if (checkpoint !== undefined && resume !== undefined) {
    throw new UsageError('--checkpoint starts anew and --resume goes on: give one of them');
  }
  if (checkpoint !== undefined && existsSync(String(checkpoint))) {
    throw new UsageError(
      `--checkpoint ${checkpoint} is there already: --resume goes on from it; else remove it`,
    );
  }
  const file = resume ?? checkpoint;
  if (values['saveEvery'] !== undefined && file === undefined) {
    throw new UsageError('--save-every goes with --checkpoint or --resume');
  }
  const seconds = values['saveEvery'] === undefined ? {} : { seconds: countOf('saveEvery', values, 0) };
  return {
    ...(spool !== 'none' && { spool: spool === undefined ? spoolTo() : spoolTo(String(spool)) }),
    ...(file !== undefined && { checkpoint: checkpointFile(String(file), seconds) }),
  };
}

/** Does the work; where it is interrupted, says how to go on, if there is something to go on from. */
export async function resumable<T>(
  values: Values,
  { signal, stop }: { readonly signal: AbortSignal; readonly stop: () => void },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    stop();
    const file = values['resume'] ?? values['checkpoint'];
    if (signal.aborted && file !== undefined && existsSync(String(file))) {
      process.stderr.write(
        `svcca: the same command with --resume ${file} in place of --checkpoint goes on from there\n`,
      );
    }
    throw error;
  }
}

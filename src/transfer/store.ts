/**
 * Where runs are kept: names to bytes, in memory, in a folder (`svcca/node`) or wherever a program keeps them.
 *
 * @module
 */

/** Bytes under names such as `'runs/1f3a/final/model.json'`. A write is whole or has not happened. */
export interface Store {
  /** The bytes under a name, or nothing. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Forgets a name; one that is not there is no error. */
  remove(name: string): Promise<void>;
}

/** A {@link Store} that lasts as long as the program. */
export function memoryStore(): Store {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    read: (name) => Promise.resolve(kept.get(name)?.slice()),
    write: (name, bytes) => {
      kept.set(name, bytes.slice());
      return Promise.resolve();
    },
    remove: (name) => {
      kept.delete(name);
      return Promise.resolve();
    },
  };
}

/**
 * Several arrays read side by side, once.
 *
 * @module
 */
import type { ArrayHeader, ListedArray } from './array-list.js';
import { openRows } from './array-rows.js';
import type { Rows } from './array-rows.js';
import { OpenFile } from './open-file.js';

/** One reading of several arrays, side by side. */
export interface Pass {
  readonly rows: readonly Rows[];
  /** Checks that what was read is what was written, as far as that can be known. */
  finish(atEnd: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Begins to read arrays at sample `from`. */
export async function openPass(
  arrays: readonly { readonly array: ListedArray; readonly header: ArrayHeader }[],
  from: number,
): Promise<Pass> {
  const files = new OpenFiles();
  const rows: Rows[] = [];
  const close = async (): Promise<void> => {
    for (const one of rows) await one.close();
    await files.close();
  };
  try {
    for (const { array, header } of arrays) {
      const source = await files.of(array);
      rows.push(await openRows(array.content(source), header, array.label, from));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    rows,
    async finish(atEnd) {
      if (atEnd) for (const one of rows) await one.finish();
      await files.checkUnchanged();
    },
    close,
  };
}

/** The files that arrays lie in, each open once. */
export class OpenFiles {
  private readonly files = new Map<string, Promise<OpenFile>>();

  of({ file }: ListedArray): Promise<OpenFile> {
    const found = this.files.get(file.path) ?? OpenFile.open(file.path, file);
    this.files.set(file.path, found);
    return found;
  }

  async checkUnchanged(): Promise<void> {
    for (const file of this.files.values()) await (await file).checkUnchanged();
  }

  async close(): Promise<void> {
    for (const file of this.files.values()) {
      await file.then(
        (open) => open.close(),
        () => undefined,
      );
    }
  }
}

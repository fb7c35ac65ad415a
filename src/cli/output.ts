/**
 * What the commands print and write.
 *
 * @module
 */
import { extname } from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Progress } from '../options.js';
import { UsageError } from './arguments.js';

/** Text in aligned columns; columns of numbers are set flush right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, c) => Math.max(...lines.map((line) => line[c].length)));
  const numeric = head.map((_, c) => rows.every((row) => /^[-+]?[\d.,e+-]*$/.test(row[c])));
  return lines
    .map((line) =>
      line
        .map((text, c) => (numeric[c] ? text.padStart(widths[c]) : text.padEnd(widths[c])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Extensions of the `--out` files, checked before anything is computed. @throws UsageError */
export function outputFiles(
  out: string | boolean | undefined,
  allowed: readonly string[],
): { path: string; kind: string }[] {
  if (out === undefined) return [];
  return String(out)
    .split(',')
    .map((path) => {
      const kind = extname(path).toLowerCase();
      if (allowed.includes(kind)) return { path, kind };
      throw new UsageError(
        `--out ${path}: the extension decides what is written; it can be ${allowed.join(' ')}`,
      );
    });
}

/** A progress bar on standard error, on a terminal only; `stop` clears it. */
export function progressBar(): { onProgress: (progress: Progress) => void; stop: () => void } {
  if (!process.stderr.isTTY) return { onProgress: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: '{stage} [{bar}] {value}/{total} {duration_formatted}',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  let stage = '';
  return {
    onProgress: (progress) => {
      const total = progress.total ?? progress.done;
      if (progress.stage === stage) bar.setTotal(total);
      else bar.start(total, 0, { stage: progress.stage });
      stage = progress.stage;
      bar.update(progress.done, { stage });
    },
    stop: () => {
      bar.stop();
    },
  };
}

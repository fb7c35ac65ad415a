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
  const line = progressLine(() => performance.now());
  let text = '';
  const bar = new SingleBar({
    format: () => text,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  let stage = '';
  return {
    onProgress: (progress) => {
      text = line(progress);
      const total = progress.total ?? progress.done;
      if (progress.stage === stage) bar.setTotal(total);
      else bar.start(total, 0);
      stage = progress.stage;
      bar.update(progress.done);
    },
    stop: () => {
      bar.stop();
    },
  };
}

const BAR = 30;

/** Reports as lines: a bar where the end is known, how much is done, how fast it goes and the time left. */
export function progressLine(now: () => number): (progress: Progress) => string {
  let stage: string | undefined;
  let [since, first] = [0, 0];
  return ({ stage: name, done, total, datapointsPerSecond }) => {
    if (name !== stage) [stage, since, first] = [name, now(), done];
    const parts = [
      total === undefined ? `${done}` : `${bar(done / total)} ${done}/${total}`,
      ...(datapointsPerSecond === undefined ? [] : [`${counted(datapointsPerSecond)} datapoints/s`]),
      // What was done before the first report says nothing of the speed.
      ...(total === undefined || done <= first || done >= total
        ? []
        : [`${duration(((now() - since) * (total - done)) / (done - first) / 1000)} left`]),
    ];
    return `${name} ${parts.join(', ')}`;
  };
}

function bar(share: number): string {
  const filled = Math.round(BAR * Math.min(1, share));
  return `[${'='.repeat(filled)}${'-'.repeat(BAR - filled)}]`;
}

/** A number with three digits and its unit. */
function counted(value: number): string {
  if (value < 1e3) return String(value);
  return value < 1e6
    ? `${Number((value / 1e3).toPrecision(3))}k`
    : `${Number((value / 1e6).toPrecision(3))}M`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toPrecision(2))} h`;
}

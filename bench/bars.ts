/**
 * What was promised, against what this run measured.
 */
import type { Timing } from './harness.js';
import type { Report } from './report.js';

/** One promise. */
export interface Bar {
  readonly promise: string;
  readonly limit: number;
  /** Nothing where this run did not measure it. */
  readonly measured?: number;
  readonly met?: boolean;
  readonly detail: string;
}

type CaseTimings = readonly Timing[];

/** Every promise about speed, memory and size. */
export function evaluateBars(report: Pick<Report, 'cases' | 'large' | 'stream' | 'memory' | 'start'>): Bar[] {
  const timings = (name: string): CaseTimings | undefined =>
    report.cases.find((result) => result.name === name)?.timings;
  const bars: Bar[] = [];
  for (const [engine, limit] of [
    ['wasm', 1.3],
    ['lapack', 1],
  ] as const) {
    for (const name of ['cca', 'svcca', 'pwcca']) {
      bars.push(against(`one pair, ${name.toUpperCase()}`, engine, limit, timings(`pair-${name}`), expert));
    }
    for (const name of ['svcca', 'cca']) {
      bars.push(
        against(`matrix of layers, ${name.toUpperCase()}`, engine, limit, timings(`layers-${name}`), expert),
      );
    }
  }
  bars.push(
    against('eigh 512', 'wasm', 2, timings('kernel-eigh-512'), expert),
    against('matrix of layers, SVCCA', 'wasm', 1 / 20, timings('layers-svcca'), google),
    against('matrix of layers, CCA', 'wasm', 1 / 3, timings('layers-cca'), google),
  );
  const streamed = report.stream?.timings.find(({ name }) => name === 'wasm');
  const { samples = 0, neurons = 0 } = report.stream ?? {};
  const megabytes = streamed && streamed.memory / 1e6;
  const most = report.large && Math.max(...report.large.timings.map(({ peak }) => peak / 2 ** 20));
  const size = `wasm, ${report.large?.samples ?? 0} × ${report.large?.neurons ?? 0}, the most of all`;
  bars.push(
    bar('samples with samples: MiB of the process', 1024, most, size),
    ...memoryBars(report.memory),
    bar('streaming: MB beyond the runtime', 300, megabytes, `wasm, ${samples} × ${neurons}`),
    bar('main bundle without engines: KB after gzip', 40, kilobytes(report.start?.main.bundled), BUNDLE),
    bar('wasm engine: KB after gzip', 40, kilobytes(report.start?.wasm.bundled), BUNDLE),
    bar("import('svcca'): ms over an empty start", 30, report.start?.importMs, 'median of pairs'),
  );
  return bars;
}

/** What was taken of each memory that was given, at most. */
function memoryBars(result: Report['memory']): Bar[] {
  return [300e6, 2 ** 30].map((memory) => {
    const taken = result?.timings
      .filter((timing) => timing.memory === memory)
      .map((timing) => timing.taken / 1e6);
    const limit = Math.floor(memory / 1e6);
    const size = `wasm, ${result?.layers ?? 0} × ${result?.layers ?? 0} layers`;
    return bar(`memory of ${limit} MB: MB beyond the runtime`, limit, taken && Math.max(...taken), size);
  });
}

const BUNDLE = 'as a bundler makes it, minified';

function kilobytes(bytes: number | undefined): number | undefined {
  return bytes === undefined || bytes === 0 ? undefined : bytes / 1000;
}

function bar(promise: string, limit: number, measured: number | undefined, detail: string): Bar {
  if (measured === undefined) return { promise, limit, detail: `${detail}: not measured in this run` };
  return { promise, limit, measured, met: measured <= limit, detail };
}

/** An engine's time over that of the fastest line that `chosen` admits, and that found the same. */
function against(
  what: string,
  engine: string,
  limit: number,
  timings: CaseTimings | undefined,
  chosen: (timing: Timing) => boolean,
): Bar {
  const ours = timings?.find(({ kind, name }) => kind === 'svcca' && name === engine);
  const theirs = timings
    ?.filter((timing) => timing.kind === 'peer' && timing.agrees && chosen(timing))
    .reduce<Timing | undefined>((best, each) => (best && best.min <= each.min ? best : each), undefined);
  const other = theirs?.name ?? (chosen === google ? "google's procedure" : 'expert numpy');
  return bar(`${what}: ${engine} ÷ ${other}`, limit, ours && theirs && ours.min / theirs.min, 'fastest runs');
}

/** The fastest numpy, whichever way it takes. */
const expert = ({ name }: Timing): boolean => name.startsWith('numpy');
const google = ({ name }: Timing): boolean => name.startsWith('google');

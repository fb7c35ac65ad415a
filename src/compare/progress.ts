/**
 * How far a comparison is, and how fast it goes.
 *
 * @module
 */
import { pause } from '../options.js';
import type { RunOptions } from '../options.js';

/** Tells of batches and cells, and stops where the caller asks for it. */
export class Reporter {
  private since = 0;
  private start = 0;
  /** Datapoints of a sample in the layer that has most. */
  perSample = 1;

  /** @param total - number of samples, where it is known. */
  constructor(
    private readonly options: Pick<RunOptions, 'signal' | 'onProgress'>,
    private readonly total: () => number | undefined,
  ) {}

  /** Before the first batch of a stage. */
  begin = (samples: number): void => {
    this.since = performance.now();
    this.start = samples;
  };

  /** A batch has passed. @throws the signal's reason */
  batch = async (stage: string, samples: number): Promise<void> => {
    await pause(this.options.signal);
    const seconds = (performance.now() - this.since) / 1000;
    this.options.onProgress?.({
      stage,
      done: samples,
      total: this.total(),
      datapointsPerSecond: Math.round(((samples - this.start) * this.perSample) / Math.max(seconds, 1e-3)),
    });
  };

  /** Cells are done. @throws the signal's reason */
  cells = async (stage: string, done: number, total: number): Promise<void> => {
    this.options.onProgress?.({ stage, done, total });
    await pause(this.options.signal);
  };
}

/**
 * Which calls run side by side, and on how many threads each.
 *
 * Decompositions of moderate order hardly gain from a second thread (all but their products wait for memory), so they run on
 * one thread each, as many beside each other as there are threads. Large ones and products of matrices have all threads to
 * themselves: two such calls in one library only hinder each other. Which way a call goes depends on its size alone, so
 * its bits do not depend on what else is running.
 *
 * @module
 */

interface Job {
  readonly threads: number;
  readonly alone: boolean;
  start(): void;
}

/** The calls of one library in order. */
export class Lanes {
  private readonly queue: Job[] = [];
  private running = 0;
  private alone = false;
  private current: number | undefined;

  /**
   * @param setThreads - tells the library how many threads a call may have, where it can be told.
   * @param width - how many calls may run beside each other: threads of Node's pool.
   */
  constructor(
    private readonly setThreads: ((count: number) => void) | undefined,
    private readonly width: number,
  ) {}

  /** Runs a call when nothing else is running, on that many threads. */
  byItself<T>(threads: number, work: () => T | Promise<T>): Promise<T> {
    return this.enqueue({ threads, alone: true }, work);
  }

  /** Runs a call on one thread, beside others of its kind while there are `threads` for them. */
  beside<T>(threads: number, work: () => T | Promise<T>): Promise<T> {
    return this.enqueue({ threads, alone: false }, work);
  }

  /** Runs a short call at once, on one thread; if one with all threads is running, after that. */
  async atOnce<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.alone) return this.beside(this.width, work);
    this.use(1);
    return work();
  }

  private enqueue<T>(job: Omit<Job, 'start'>, work: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = (): void => {
        void perform(work)
          .then(resolve, reject)
          .finally(() => {
            this.running--;
            this.alone = false;
            this.advance();
          });
      };
      this.queue.push({ ...job, start });
      this.advance();
    });
  }

  private advance(): void {
    for (;;) {
      const next = this.queue[0];
      if (next === undefined || this.alone) return;
      if (this.running >= (next.alone ? 1 : Math.min(next.threads, this.width))) return;
      this.queue.shift();
      this.running++;
      this.alone = next.alone;
      this.use(next.alone ? next.threads : 1);
      next.start();
    }
  }

  private use(threads: number): void {
    if (threads !== this.current) this.setThreads?.(threads);
    this.current = threads;
  }
}

async function perform<T>(work: () => T | Promise<T>): Promise<T> {
  return work();
}

/**
 * A process of its own that compares samples with samples and tells the most memory it took; run by `cases/pairwise.ts`.
 */
import process from 'node:process';
import { ask } from './cases/pairwise.js';
import type { Question } from './cases/pairwise.js';
import { peakMemory } from './child.js';
import { activations } from './data.js';
import { openLibrary } from './library.js';
import type { Build } from './library.js';

/** What the parent asks, as JSON in the one argument. */
export interface SamplesTask {
  readonly build: Build;
  readonly threads: number;
  readonly samples: number;
  readonly neurons: number;
  readonly question: Question;
}

/** What the child answers on its last line. */
export interface SamplesAnswer {
  readonly ms: number;
  readonly score: number;
  /** Largest resident size of the process in bytes. */
  readonly peak: number;
}

const { build, threads, samples, neurons, question } = JSON.parse(process.argv[2]) as SamplesTask;
const library = await openLibrary(build, ['wasm'], threads);
const { x, y } = activations(samples, neurons);
const start = performance.now();
const { score } = await ask(question, library.svcca, x, y, { engine: library.engines[0] });
const ms = performance.now() - start;
await library.close();
const answer: SamplesAnswer = { ms, score, peak: peakMemory() };
process.stdout.write(`${JSON.stringify(answer)}\n`);

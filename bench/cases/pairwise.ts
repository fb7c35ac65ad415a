/**
 * Measures that compare samples with samples: against numpy, which holds whole n × n matrices, at a size where it can; and
 * alone, with the memory taken, at one where it should not.
 */
import type { EngineName, Matrix, SimilarityResult } from 'svcca';
import { fileURLToPath } from 'node:url';
import type { Bench, Case, Trial } from '../case.js';
import { runChild } from '../child.js';
import { activations } from '../data.js';
import { reasonOf } from '../harness.js';
import type { Absence, Value } from '../harness.js';
import type { SamplesAnswer, SamplesTask } from '../samples-child.js';

/** What is asked, by the name of the function of the peer that answers it. */
const questions = {
  rbf_cka: {
    title: 'RBF CKA, σ² the median',
    run: (svcca: typeof import('svcca'), x: Matrix, y: Matrix, options: object) =>
      svcca.cka(x, y, { kernel: 'rbf', ...options }),
  },
  rsa_spearman: {
    title: 'RSA, correlation distance, Spearman',
    run: (svcca: typeof import('svcca'), x: Matrix, y: Matrix, options: object) => svcca.rsa(x, y, options),
  },
  distance_correlation: {
    title: 'distance correlation',
    run: (svcca: typeof import('svcca'), x: Matrix, y: Matrix, options: object) =>
      svcca.distanceCorrelation(x, y, options),
  },
  mutual_knn: {
    title: 'mutual 10-NN, cosine',
    run: (svcca: typeof import('svcca'), x: Matrix, y: Matrix, options: object) =>
      svcca.mutualKnn(x, y, options),
  },
} as const;

/** Name of a question. */
export type Question = keyof typeof questions;

/** Asks the library. */
export function ask(
  question: Question,
  svcca: typeof import('svcca'),
  x: Matrix,
  y: Matrix,
  options: object,
): Promise<SimilarityResult> {
  return questions[question].run(svcca, x, y, options);
}

/** Against numpy. @param quick - small */
export function pairwiseCases(quick: boolean): Case[] {
  const [rows, cols] = quick ? [500, 32] : [4096, 512];
  return (Object.keys(questions) as Question[]).map((question) => ({
    name: `pairwise-${question}`,
    title: `${questions[question].title}, n = ${rows}, d = ${cols}, float32`,
    size: { rows, cols },
    work: (4 * rows ** 2 * cols) / 1e9,
    data: () => activations(rows, cols),
    prepare: (engine, { x, y }, { svcca }): Trial<SimilarityResult> => ({
      run: () => ask(question, svcca, x, y, { engine }),
      finish: ({ score }): Value => [score],
    }),
    peers: [{ name: 'numpy: n × n whole', module: 'numpy_pairwise', run: question, tolerance: 1e-6 }],
  }));
}

/** One question at the large size. */
export interface LargeTiming {
  readonly title: string;
  readonly ms: number;
  readonly score: number;
  /** Bytes that the process held at most, its runtime and both layers included. */
  readonly peak: number;
}

/** The large size, on the engine that needs nothing installed. */
export interface LargeResult {
  readonly samples: number;
  readonly neurons: number;
  readonly engine: EngineName;
  readonly timings: readonly LargeTiming[];
  readonly absent: readonly Absence[];
}

/** Each question in a process of its own. */
export async function runLarge({ library, threads, quick, log }: Bench): Promise<LargeResult> {
  const [samples, neurons] = quick ? [1000, 32] : [20_000, 512];
  const timings: LargeTiming[] = [];
  const absent: Absence[] = [];
  for (const question of Object.keys(questions) as Question[]) {
    log(`large: ${question}`);
    const { title } = questions[question];
    const task: SamplesTask = { build: library.build, threads, samples, neurons, question };
    try {
      const script = fileURLToPath(new URL('../samples-child.ts', import.meta.url));
      timings.push({ title, ...(await runChild<SamplesAnswer>(script, task)) });
    } catch (error) {
      absent.push({ name: title, reason: reasonOf(error) });
    }
  }
  return { samples, neurons, engine: 'wasm', timings, absent };
}

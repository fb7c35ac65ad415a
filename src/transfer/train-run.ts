/**
 * One training from its start, or its checkpoint, to its end.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Tfjs } from '../capture/tfjs.js';
import { NumericalError } from '../errors.js';
import { breather, wholeNumber, type Breathe } from '../options.js';
import { evaluate } from './evaluate.js';
import type { Splits } from './labelled-images.js';
import { disposeOptimizer, makeOptimizer } from './optimizer-state.js';
import { optimizerState, restoreOptimizer, setLearningRate } from './optimizer-state.js';
import { rateAt } from './schedule.js';
import { batchOfStep } from './train-batches.js';
import { stepError } from './train-kernels.js';
import { seededStep } from './train-mode.js';
import type { ResolvedTraining } from './train-options.js';
import { identityOf, loadTraining, saveTraining } from './train-state.js';
import type { TrainingIdentity, TrainState } from './train-state.js';
import type { Evaluation, TrainOptions, TrainResult } from './training.js';
import { readWeights, variablesOf, writeWeights, type Variable } from './weights.js';

type Checkpoint = NonNullable<TrainOptions['checkpoint']> & { readonly identity: TrainingIdentity };

/** A training under way; for one {@link TrainRun.run}. */
export class TrainRun {
  private state: TrainState = { step: 0, history: [], lossSum: 0, lossCount: 0, waited: 0, warnings: [] };
  private readonly variables: readonly Variable[];
  private readonly optimizer: tf.Optimizer;
  private readonly checkpoint: Checkpoint | undefined;
  private readonly breathe: Breathe;
  /** Step of the last checkpoint. */
  private saved = 0;

  constructor(
    private readonly tf: Tfjs,
    private readonly model: tf.LayersModel,
    private readonly data: Pick<Splits, 'train' | 'validation'>,
    private readonly training: ResolvedTraining,
    private readonly options: Pick<TrainOptions, 'checkpoint' | 'signal' | 'onProgress'>,
  ) {
    this.variables = variablesOf(model);
    this.breathe = breather(options.signal);
    if (options.checkpoint !== undefined) {
      const { every } = options.checkpoint;
      if (every !== undefined) wholeNumber('checkpoint.every', every);
      const shapes = this.variables.map(({ shape }) => shape as number[]);
      const identity = identityOf(training, data, shapes, tf.getBackend());
      this.checkpoint = { ...options.checkpoint, identity };
    }
    this.optimizer = makeOptimizer(tf, training.optimizer, training.learningRate);
  }

  async run(): Promise<TrainResult> {
    try {
      await this.resume();
      if (this.state.stopped === undefined) {
        await this.goOn();
        await this.end();
      }
      return this.result();
    } finally {
      disposeOptimizer(this.optimizer);
    }
  }

  private async resume(): Promise<void> {
    if (this.checkpoint === undefined) return;
    const { store, name, identity } = this.checkpoint;
    const found = await loadTraining(store, name, identity);
    if (found === undefined) return;
    this.state = found.state;
    this.saved = found.state.step;
    writeWeights(this.tf, this.variables, found.weights);
    if (found.optimizer !== undefined) await restoreOptimizer(this.tf, this.optimizer, found.optimizer);
  }

  private async goOn(): Promise<void> {
    try {
      await this.arrive();
      this.options.signal?.throwIfAborted();
      if (this.state.stopped === undefined) await this.fit();
    } catch (error) {
      // Both weights and state are those after the last step, so nothing that was done is lost.
      if (this.options.signal?.aborted === true && this.state.step > this.saved) await this.save();
      throw error;
    }
  }

  /** Keeps the weights that were asked for, and says in the checkpoint that the training has ended. */
  private async end(): Promise<void> {
    const { best, ...state } = this.state;
    if (best?.weights !== undefined) writeWeights(this.tf, this.variables, best.weights);
    this.state = best === undefined ? state : { ...state, best: { evaluation: best.evaluation } };
    await this.save();
  }

  private result(): TrainResult {
    const { step, history, best, stopped = 'done', warnings } = this.state;
    const kept = this.training.keep === 'best' ? best!.evaluation : history.at(-1)!;
    return { steps: step, history, kept, stopped, warnings };
  }

  /** The steps that are left. */
  private async fit(): Promise<void> {
    const { tf, model, data, training, state } = this;
    // A second model over the same layers, so that the way in which the user's own is compiled is left alone.
    const { inputs, outputs } = model;
    const trainer = tf.model({ inputs, outputs, name: 'training' });
    const losses = { classes: tf.losses.softmaxCrossEntropy, labels: tf.losses.sigmoidCrossEntropy };
    const loss = losses[data.train.task];
    trainer.compile({ optimizer: this.optimizer, loss: (targets, logits) => loss(targets, logits) });
    const failures: unknown[] = [];
    // `fitDataset` frees its tensors only where it comes to an end.
    const fail = (error: unknown): void => {
      failures.push(error);
      trainer.stopTraining = true;
    };
    this.watch(fail);
    const batches = function* () {
      for (let { step } = state; step < training.steps; step++) {
        yield batchOfStep(tf, data.train, step, training);
      }
    };
    const onBatchEnd = async (_batch: number, logs?: tf.Logs): Promise<void> => {
      if (failures.length > 0) return;
      await this.stepped(logs!['loss'], logs!['size']).catch(fail);
      if (state.stopped !== undefined) trainer.stopTraining = true;
    };
    // The two packages type a data set, and how much is printed, each for itself.
    type Fit = Parameters<tf.LayersModel['fitDataset']>;
    const dataset = tf.data.generator(batches) as unknown as Fit[0];
    const once: unknown = { epochs: 1, verbose: 0, yieldEvery: 'never', callbacks: { onBatchEnd } };
    await trainer.fitDataset(dataset, once as Fit[1]);
    if (failures.length > 0) throw failures[0];
  }

  /** Gives every step its rate and random numbers, and hears of errors within it. */
  private watch(fail: (error: unknown) => void): void {
    const { tf, model, optimizer, training, state } = this;
    const minimize = optimizer.minimize.bind(optimizer);
    optimizer.minimize = (loss, returnCost, variables) => {
      const rate = training.learningRate * rateAt(state.step, training.steps, training.schedule);
      setLearningRate(optimizer, rate);
      try {
        return seededStep(model, training.seed, state.step, () => minimize(loss, returnCost, variables));
      } catch (error) {
        fail(stepError(error, tf.getBackend()));
        return tf.scalar(0);
      }
    };
  }

  private async stepped(loss: number, size: number): Promise<void> {
    const { state, training } = this;
    state.step++;
    if (!Number.isFinite(loss)) throw diverged(`the loss is ${loss}`, state.step, training);
    state.lossSum += loss * size;
    state.lossCount += size;
    await this.arrive(loss);
    // An end is kept by `end`, with the weights that were asked for.
    if (state.stopped !== undefined) return;
    await this.breathe();
    this.options.signal?.throwIfAborted();
  }

  /** What is due between two steps. */
  private async arrive(loss?: number): Promise<void> {
    const { state, training, checkpoint } = this;
    const { step } = state;
    const last = step === training.steps;
    const evaluated = (last || step % training.evaluateEvery === 0) && state.history.at(-1)?.step !== step;
    if (evaluated) await this.evaluate();
    if (last) state.stopped = 'done';
    const auc = state.history.at(-1)?.auc;
    this.options.onProgress?.({
      stage: 'training',
      done: step,
      total: training.steps,
      ...(loss !== undefined && { loss }),
      ...(auc !== undefined && { auc }),
    });
    const due = checkpoint?.every === undefined ? evaluated : step % checkpoint.every === 0;
    if (due && step > this.saved && state.stopped === undefined) await this.save();
  }

  private async evaluate(): Promise<void> {
    const { state, training, options } = this;
    const { batchSize, pixels } = training;
    const signal = options.signal && { signal: options.signal };
    const { loss, auc, warnings } = await evaluate(this.model, this.data.validation, {
      batchSize,
      pixels,
      ...signal,
    }).catch((error: unknown) => {
      if (!(error instanceof NumericalError) || state.step === 0) throw error;
      throw diverged(error.message, state.step, training);
    });
    const trainLoss = state.lossCount > 0 && { trainLoss: state.lossSum / state.lossCount };
    const evaluation: Evaluation = { step: state.step, ...trainLoss, loss, auc };
    const better = state.best === undefined || auc > state.best.evaluation.auc;
    const weights = better && training.keep === 'best' && { weights: await readWeights(this.variables) };
    state.history.push(evaluation);
    state.warnings = warnings;
    [state.lossSum, state.lossCount] = [0, 0];
    state.waited = better ? 0 : state.waited + 1;
    if (better) state.best = { evaluation, ...weights };
    if (training.patience !== undefined && state.waited >= training.patience) state.stopped = 'patience';
  }

  private async save(): Promise<void> {
    if (this.checkpoint === undefined) return;
    const { store, name, identity } = this.checkpoint;
    const { state } = this;
    const weights = await readWeights(this.variables);
    const going = state.stopped === undefined;
    const optimizer = going && { optimizer: await optimizerState(this.optimizer, this.training.optimizer) };
    await saveTraining(store, name, identity, { state, weights, ...optimizer });
    this.saved = state.step;
  }
}

function diverged(what: string, step: number, { learningRate }: ResolvedTraining): NumericalError {
  return new NumericalError(
    `training diverged at step ${step}: ${what}; give a lower learningRate than ${learningRate}, or a warm-up ` +
      '(schedule: { warmup })',
  );
}

/**
 * Optimizers of TensorFlow.js whose rate changes by the step and whose state can be kept.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Tfjs } from '../capture/tfjs.js';

/** The optimizers by name. */
export type OptimizerName = 'adam' | 'sgd' | 'momentum';

/** What an optimizer remembers between two steps. */
export interface OptimizerState {
  readonly iterations: number;
  readonly slots: readonly { readonly shape: readonly number[]; readonly values: Float32Array }[];
  /** β₁ᵗ⁺¹ and β₂ᵗ⁺¹ of Adam as they were multiplied up: a power of them would round otherwise. */
  readonly powers?: readonly [number, number];
}

/** What TensorFlow.js has and does not type as public. */
interface Hidden {
  learningRate: number;
  readonly accBeta1: tf.Variable;
  readonly accBeta2: tf.Variable;
  /** The rate of SGD as a tensor. */
  readonly c?: tf.Scalar;
}

const hidden = (optimizer: tf.Optimizer): Hidden => optimizer as unknown as Hidden;

/** Momentum is 0.9, Adam's β are 0.9 and 0.999 and its ε 1e-7, as everywhere. */
export function makeOptimizer(tf: Tfjs, name: OptimizerName, rate: number): tf.Optimizer {
  switch (name) {
    case 'adam':
      return tf.train.adam(rate, 0.9, 0.999, 1e-7);
    case 'sgd':
      return tf.train.sgd(rate);
    case 'momentum':
      return tf.train.momentum(rate, 0.9);
  }
}

/** Sets the rate of the next step: Adam has no public way that keeps its moments. */
export function setLearningRate(optimizer: tf.Optimizer, rate: number): void {
  if ('setLearningRate' in optimizer) (optimizer as tf.SGDOptimizer).setLearningRate(rate);
  else hidden(optimizer).learningRate = rate;
}

/** Reads what {@link restoreOptimizer} needs. */
export async function optimizerState(optimizer: tf.Optimizer, name: OptimizerName): Promise<OptimizerState> {
  const [iterations, ...slots] = await optimizer.getWeights();
  iterations.tensor.dispose();
  const kept: OptimizerState['slots'][number][] = [];
  for (const { tensor } of slots) {
    kept.push({ shape: tensor.shape, values: (await tensor.data<'float32'>()).slice() });
  }
  const state = { iterations: optimizer.iterations, slots: kept };
  if (name !== 'adam') return state;
  const { accBeta1, accBeta2 } = hidden(optimizer);
  return { ...state, powers: [(await accBeta1.data())[0], (await accBeta2.data())[0]] };
}

/** Puts an optimizer that has done nothing yet into a state. */
export async function restoreOptimizer(
  tf: Tfjs,
  optimizer: tf.Optimizer,
  { iterations, slots, powers }: OptimizerState,
): Promise<void> {
  const tensors = [
    { name: 'iter', tensor: tf.scalar(iterations, 'int32') as tf.Tensor },
    ...slots.map(({ shape, values }, i) => ({ name: `slot${i}`, tensor: tf.tensor(values, [...shape]) })),
  ];
  try {
    await optimizer.setWeights(tensors);
  } finally {
    tf.dispose(tensors.map(({ tensor }) => tensor));
  }
  if (powers === undefined) return;
  const { accBeta1, accBeta2 } = hidden(optimizer);
  tf.tidy(() => {
    accBeta1.assign(tf.scalar(powers[0]));
    accBeta2.assign(tf.scalar(powers[1]));
  });
}

/** Frees everything: momentum's own `dispose` forgets the rate. */
export function disposeOptimizer(optimizer: tf.Optimizer): void {
  const { c } = hidden(optimizer);
  optimizer.dispose();
  if (c !== undefined && !c.isDisposed) c.dispose();
}

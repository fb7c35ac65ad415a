/**
 * Whether a backend of TensorFlow.js can train a network.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { classOf, withParts } from '../capture/layer-parts.js';
import type { Tfjs } from '../capture/tfjs.js';
import { UnsupportedError } from '../errors.js';
import { FILTER_GRADIENT, lendFilterGradient } from './conv-gradient.js';

/** Kernels of gradients that some backends lack. */
const GRADIENTS: Readonly<Record<string, readonly string[]>> = {
  Conv2D: ['Conv2DBackpropFilter', 'Conv2DBackpropInput'],
  DepthwiseConv2D: ['DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'],
  MaxPooling2D: ['MaxPoolGrad'],
  AveragePooling2D: ['AvgPoolGrad'],
};

/**
 * Sees to it that the backend has the gradients that the model needs. WebAssembly lacks that of a convolution by its filters,
 * and is given one that is made of products of matrices.
 *
 * @throws UnsupportedError before anything is done.
 */
export function completeBackend(tf: Tfjs, model: tf.LayersModel): void {
  const backend = tf.getBackend();
  const lacks = (name: string) => !tf.getKernel(name, backend);
  let lent = false;
  for (const layer of withParts(model)) {
    const missing = (GRADIENTS[classOf(layer)] ?? []).filter(lacks);
    if (missing.includes(FILTER_GRADIENT) && !lacks('Conv2D')) lent = true;
    const other = missing.find((name) => name !== FILTER_GRADIENT || !lent);
    if (other !== undefined) throw cannotTrain(backend, other, ` that layer '${layer.name}' needs`);
  }
  if (lent) lendFilterGradient(tf, backend);
}

/** The error of a step, told in the terms of this library where it is a kernel that the backend lacks. */
export function stepError(error: unknown, backend: string): unknown {
  const kernel = error instanceof Error ? /^Kernel '(\w+)' not registered/.exec(error.message) : null;
  return kernel === null ? error : cannotTrain(backend, kernel[1], '', error);
}

function cannotTrain(backend: string, kernel: string, who: string, cause?: unknown): UnsupportedError {
  return new UnsupportedError(
    `the backend '${backend}' of TensorFlow.js cannot train this model: it has no kernel '${kernel}'${who}; train with ` +
      "@tensorflow/tfjs-node (in Node), 'webgl' (in a browser) or 'cpu' (anywhere, slow)",
    { cause },
  );
}

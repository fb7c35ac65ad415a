/**
 * The gradient of a convolution by its filters, made of products of matrices, for backends that lack it.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Tfjs } from '../capture/tfjs.js';

/** The kernel's name in TensorFlow.js. */
export const FILTER_GRADIENT = 'Conv2DBackpropFilter';

/** What the kernel is told, of convolutions of layers (channels last). */
interface Attributes {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same';
  readonly filterShape: [height: number, width: number, channels: number, filters: number];
}

/**
 * Gives a backend the kernel, which it has from then on: trainings that overlap may need it.
 *
 * ∂L/∂W[i, j, c, d] = Σ x[n, s·p + i, s·q + j, c] · ∂L/∂y[n, p, q, d] over n, p and q: one product of matrices for each place
 * i, j of the filter, of what that place saw with the gradient above.
 */
export function lendFilterGradient(tf: Tfjs, backendName: string): void {
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs }) => {
    // The engine gives kernels the tensors themselves.
    const { x, dy } = inputs as unknown as { readonly x: tf.Tensor4D; readonly dy: tf.Tensor4D };
    const { strides, pad, filterShape } = attrs as unknown as Attributes;
    const shape = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad);
    const { outHeight, outWidth, strideHeight, strideWidth, padInfo } = shape;
    const { top, bottom, left, right } = padInfo;
    const [height, width, channels, filters] = filterShape;
    const places = x.shape[0] * outHeight * outWidth;
    return tf.tidy(() => {
      const padded = x.pad([[0, 0], [top, bottom], [left, right], [0, 0]]); // prettier-ignore
      const above = dy.reshape([places, filters]);
      const taps: tf.Tensor[] = [];
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          const end = [i + (outHeight - 1) * strideHeight + 1, j + (outWidth - 1) * strideWidth + 1];
          const seen = tf.tidy(() =>
            padded
              .stridedSlice([0, i, j, 0], [x.shape[0], ...end, channels], [1, strideHeight, strideWidth, 1])
              .reshape([places, channels])
              .transpose()
              .matMul(above),
          );
          taps.push(seen);
        }
      }
      return tf.stack(taps).reshape(filterShape);
    });
  };
  tf.registerKernel({ kernelName: FILTER_GRADIENT, backendName, kernelFunc });
}

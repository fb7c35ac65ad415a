/** A device over the tfjs of this realm: Node's, or the page's that loads this. */
import * as tf from '@tensorflow/tfjs';
import type { Engine } from '../../src/engines/engine.js';
import type { Matrix, TensorLike } from '../../src/matrix.js';
import type { Device } from './tfjs-device.js';

export function localDevice(engine: Engine): Device {
  const place = ({ rows, cols, data }: Matrix, dtype: 'float32' | 'int32' = 'float32') =>
    tf.tensor2d(Float32Array.from(data), [rows, cols], dtype);
  return {
    engine,
    tensors: () => Promise.resolve(tf.memory().numTensors),
    place: (matrix, dtype) => Promise.resolve<TensorLike>(place(matrix, dtype)),
    remove(tensor) {
      tf.dispose(tensor as object as tf.Tensor);
      return Promise.resolve();
    },
    async plainCross(a, b) {
      const product = tf.tidy(() => {
        const centred = ({ rows, cols, data }: Matrix) => {
          const x = tf.tensor2d(Float32Array.from(data), [rows, cols]);
          return tf.sub(x, tf.mean(x, 0));
        };
        return tf.matMul(tf.transpose(centred(a)), centred(b));
      });
      const data = Float64Array.from(await product.data());
      product.dispose();
      return { rows: a.cols, cols: b.cols, data };
    },
  };
}

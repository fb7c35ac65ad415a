/** CBR-Tiny of "Transfusion" (Raghu et al. 2019) at 28 × 28 × 1: blocks of convolution, batch norm and ReLU. */
import * as tf from '@tensorflow/tfjs';
import { CLASSES, SIDE } from './mnist.js';

const FILTERS = [32, 64, 128, 256];

/** A fresh network; every layer's initial weights follow from the seed. */
export function cbrTiny(seed: number): tf.LayersModel {
  const input = tf.input({ shape: [SIDE, SIDE, 1], name: 'image' });
  let x: tf.SymbolicTensor = input;
  const apply = (layer: tf.layers.Layer) => (x = layer.apply(x) as tf.SymbolicTensor);
  FILTERS.forEach((filters, i) => {
    const block = i + 1;
    // The batch norm that follows takes the mean away: a bias would do nothing.
    apply(
      tf.layers.conv2d({
        name: `conv${block}`,
        filters,
        kernelSize: 5,
        padding: 'same',
        useBias: false,
        kernelInitializer: tf.initializers.heNormal({ seed: 100 * seed + block }),
      }),
    );
    // 0.9 rather than 0.99: the running statistics must settle within a few hundred steps.
    apply(tf.layers.batchNormalization({ name: `bn${block}`, momentum: 0.9 }));
    apply(tf.layers.reLU({ name: `relu${block}` }));
    apply(tf.layers.maxPooling2d({ name: `pool${block}`, poolSize: 3, strides: 2, padding: 'same' }));
  });
  apply(tf.layers.globalAveragePooling2d({ name: 'gap' }));
  apply(
    tf.layers.dense({
      name: 'logits',
      units: CLASSES,
      kernelInitializer: tf.initializers.glorotUniform({ seed: 100 * seed }),
    }),
  );
  return tf.model({ inputs: input, outputs: x, name: 'cbr-tiny' });
}

/** Copies every layer's weights except the classifier's. */
export function copyFeatures(from: tf.LayersModel, to: tf.LayersModel): void {
  for (const layer of to.layers) {
    if (layer.name !== 'logits') layer.setWeights(from.getLayer(layer.name).getWeights());
  }
}

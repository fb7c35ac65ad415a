/** What the tests of how networks start share: models, and reading weights. */
import type * as tf from '@tensorflow/tfjs';
import { input, layers, model as buildModel, tensor, tensor4d, tidy } from '@tensorflow/tfjs';
import { Random } from '../../src/random.js';
import { weightedLayers } from '../../src/transfer/weighted-layers.js';

/** Values of every weight by layer and name; of layers in models without names, by their places (`0/1/kernel`). */
export function weightsOf(model: tf.LayersModel): Record<string, Float32Array> {
  const found: Record<string, Float32Array> = {};
  const add = (layers: readonly tf.layers.Layer[], path: string): void => {
    for (const [place, layer] of layers.entries()) {
      const inner = (layer as Partial<tf.LayersModel>).layers;
      const own = /_([A-Z]\w*)?\d+$/.test(layer.name) ? String(place) : layer.name;
      if (inner) add(inner, `${path}${own}/`);
      else {
        for (const weight of layer.weights) {
          const name = weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1);
          const key = `${path}${own}/${name}`;
          found[key in found ? `${key}'` : key] = weight.read().dataSync<'float32'>().slice();
        }
      }
    }
  };
  add(model.layers, '');
  return found;
}

/** Values of every weight in the order of the layers. */
export function copied(model: tf.LayersModel): Float32Array[] {
  return weightedLayers(model).flatMap(({ weights }) =>
    weights.map(({ variable }) => variable.dataSync<'float32'>().slice()),
  );
}

/** Moves every weight a little away from where it began, statistics too, as a training would. */
export function worn(model: tf.LayersModel, seed = 3): tf.LayersModel {
  const random = new Random(seed);
  tidy(() => {
    for (const { weights } of weightedLayers(model)) {
      for (const { name, variable, shape } of weights) {
        const values = variable.dataSync<'float32'>().slice();
        const spread = /variance|gamma/.test(name) ? 0.3 : 0.2;
        variable.assign(
          tensor(
            values.map((value) => value + spread * (2 * random.uniform() - 1)),
            [...shape],
          ),
        );
      }
    }
  });
  return model;
}

/** Images of noise, smooth enough that pooled layers still differ between them. */
export function noise(count: number, side: number, channels = 1): tf.Tensor4D {
  const size = count * side * side * channels;
  return tensor4d(Float32Array.from(new Random(17).normals(size)), [count, side, side, channels]);
}

/** conv → norm → two residual blocks, the second with a projection → dense, without names. */
export function residual(classes = 3): tf.LayersModel {
  const { add, batchNormalization, conv2d, dense, depthwiseConv2d, globalAveragePooling2d, reLU } = layers;
  const conv = (x: tf.SymbolicTensor, filters: number, kernelSize = 3) =>
    batchNormalization().apply(
      conv2d({ filters, kernelSize, padding: 'same' }).apply(x),
    ) as tf.SymbolicTensor;
  const image = input({ shape: [8, 8, 2] });
  const start = conv(image, 8);
  const inner = conv(reLU().apply(conv(start, 12)) as tf.SymbolicTensor, 8);
  const first = add().apply([start, inner]) as tf.SymbolicTensor;
  const deep = depthwiseConv2d({ kernelSize: 3, padding: 'same' }).apply(
    conv(first, 16),
  ) as tf.SymbolicTensor;
  const second = add().apply([conv(first, 10, 1), conv(deep, 10)]) as tf.SymbolicTensor;
  const hidden = dense({ units: 6, activation: 'relu' }).apply(globalAveragePooling2d({}).apply(second));
  return buildModel({ inputs: image, outputs: dense({ units: classes }).apply(hidden) as tf.SymbolicTensor });
}

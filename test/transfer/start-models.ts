/** What the tests of how networks start share: reading weights. */
import type * as tf from '@tensorflow/tfjs';
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

/** Custom layers that call others, for the tests of capture. */
import * as tf from '@tensorflow/tfjs';

/** What a layer is called on. */
export type Input = tf.Tensor | tf.Tensor[];
/** The first of its inputs. */
export const one = (x: Input): tf.Tensor => [x].flat()[0];

/** conv1 → relu → conv2, added to the input: a residual block as people write it, its layers built at the first call. */
export class Residual extends tf.layers.Layer {
  static className = 'Residual';
  readonly conv1 = tf.layers.conv2d({ name: 'conv1', filters: 2, kernelSize: 3, padding: 'same' });
  readonly rest = [
    tf.layers.reLU({ name: 'relu' }),
    tf.layers.conv2d({ name: 'conv2', filters: 2, kernelSize: 3, padding: 'same' }),
  ];
  override call(x: Input): tf.Tensor {
    return tf.tidy(() => {
      let y = this.conv1.apply(one(x)) as tf.Tensor;
      for (const layer of this.rest) y = layer.apply(y) as tf.Tensor;
      return y.add(one(x));
    });
  }
}

/** A layer that calls what it holds in ways of all kinds. */
export class Mixed extends tf.layers.Layer {
  static className = 'Mixed';
  readonly shared = tf.layers.dense({ name: 'shared', units: 3, activation: 'tanh' });
  readonly unused = tf.layers.dense({ name: 'unused', units: 3 });
  readonly inner = new Twice({ name: 'twice' });
  readonly net = tf.sequential({
    name: 'net',
    layers: [
      tf.layers.dense({ name: 'fc', units: 4, inputShape: [3] }),
      tf.layers.activation({ name: 'soft', activation: 'softmax' }),
    ],
  });
  readonly heads = {
    first: tf.layers.dense({ name: 'head', units: 2 }),
    second: tf.layers.dense({ name: 'head', units: 2 }),
  };
  override call(x: Input): tf.Tensor {
    const shared = this.shared.apply(this.shared.apply(one(x))) as tf.Tensor;
    const deep = this.inner.apply(shared) as tf.Tensor;
    const net = this.net.apply(deep) as tf.Tensor;
    const heads = Object.values(this.heads).map((head) => head.call(net, {}) as tf.Tensor);
    return tf.concat(heads, 1);
  }
  override computeOutputShape(): tf.Shape {
    return [null, 4];
  }
  override build(shape: tf.Shape | tf.Shape[]): void {
    for (const head of Object.values(this.heads)) head.build([null, 4]);
    super.build(shape);
  }
}

/** A layer in a layer. */
export class Twice extends tf.layers.Layer {
  static className = 'Twice';
  readonly scale = tf.layers.dense({ name: 'scale', units: 3, useBias: false });
  override call(x: Input): tf.Tensor {
    return (this.scale.apply(one(x)) as tf.Tensor).mul(2);
  }
}

/** A model of one layer. */
export function wrap(layer: tf.layers.Layer, shape: (number | null)[], name = 'model'): tf.LayersModel {
  const x = tf.input({ shape, name: 'x' });
  return tf.model({ inputs: x, outputs: layer.apply(x) as tf.SymbolicTensor, name });
}

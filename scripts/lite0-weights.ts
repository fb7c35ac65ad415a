/** EfficientNet-Lite0's weights as PyTorch names and orders them, into the library's own network. */
import type * as tf from '@tensorflow/tfjs';
import type { Tfjs } from '../src/capture/tfjs.js';
import type { TorchTensor } from './torch-weights.js';

/** Places of one kind of layer's weights in PyTorch, in the order in which tfjs has them. */
const NORM = ['weight', 'bias', 'running_mean', 'running_var'];

/** PyTorch's name of each layer that has weights: its blocks are counted through, from 0. */
export function torchNames(model: tf.LayersModel): Map<string, string> {
  const names = new Map<string, string>();
  const units: string[] = [];
  for (const { name, weights } of model.layers) {
    if (weights.length === 0) continue;
    const [stage, unit, part, kind] = name.split('_');
    if (stage === 'stem') names.set(name, unit === 'conv' ? '_conv_stem' : '_bn0');
    else if (stage === 'top') names.set(name, unit === 'conv' ? '_conv_head' : '_bn1');
    else if (stage === 'head') names.set(name, '_fc');
    else {
      const place = `${stage}_${unit}`;
      if (!units.includes(place)) units.push(place);
      const norm = { expand: '_bn0', depthwise: '_bn1', project: '_bn2' }[part];
      names.set(name, `_blocks.${units.indexOf(place)}.${kind === 'conv' ? `_${part}_conv` : norm}`);
    }
  }
  return names;
}

/** Sets every weight of the network. @throws Error unless exactly the network's weights are given, in their shapes */
export function setTorchWeights(
  tf: Tfjs,
  model: tf.LayersModel,
  given: ReadonlyMap<string, TorchTensor>,
): void {
  const used = new Set<string>();
  const take = (name: string): TorchTensor => {
    const tensor = given.get(name);
    if (tensor === undefined) throw new Error(`the file has no '${name}'`);
    used.add(name);
    return tensor;
  };
  for (const [layer, name] of torchNames(model)) {
    tf.tidy(() => {
      const target = model.getLayer(layer);
      const kind = target.getClassName();
      const plain = kind === 'BatchNormalization' ? NORM : ['weight', 'bias'].slice(0, target.weights.length);
      const tensors = plain.map((part) => {
        const { data, shape } = take(`${name}.${part}`);
        const tensor = tf.tensor(data, [...shape]);
        // OIHW to HWIO; of depthwise convolutions, whose I is 1, to HWC1; the classifier from output × input.
        if (kind === 'Conv2D') return tensor.transpose([2, 3, 1, 0]);
        if (kind === 'DepthwiseConv2D') return tensor.transpose([2, 3, 0, 1]);
        return tensor.rank === 2 ? tensor.transpose() : tensor;
      });
      target.setWeights(tensors);
    });
  }
  const unused = [...given.keys()].filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`the network has no place for ${unused.join(', ')}`);
}

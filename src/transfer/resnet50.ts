/**
 * ResNet-50: the large network of the paper.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import { LayerMaker, blockWidths, networkOptions } from './build.js';
import type { LayerKinds, NetworkOptions } from './build.js';

/** Options of {@link resNet50}. */
export interface ResNet50Options extends Partial<NetworkOptions> {
  /** Inner filters of the four blocks, instead of 64, 128, 256, 512; a block gives four times as many. */
  readonly widths?: readonly number[];
}

/** Units and inner filters of each block. */
const UNITS = [3, 4, 6, 3];
const FILTERS = [64, 128, 256, 512];

/** Initial weights and epsilon as torchvision's: variance 2 / fan-out, and uniform within 1 / √fan-in for the classifier. */
const KINDS: LayerKinds = {
  conv: { scale: 2, mode: 'fanOut', distribution: 'normal' },
  dense: { scale: 1 / 3, mode: 'fanIn', distribution: 'uniform' },
  epsilon: 1e-5,
};

/**
 * ResNet-50 as torchvision builds it, with fresh weights: 25,557,032 parameters with 1000 classes, and 53,120 running statistics.
 *
 * Torchvision's and not Keras's (25,636,712 with statistics): its convolutions have no bias, which batch normalisation would
 * undo, so that none of the weights that a study transfers or counts is without effect. Strides are at the 3 × 3 convolutions
 * (version 1.5), and what is strided is padded by zeros on all sides, not as TensorFlow's `same`. The classifier's bias begins at 0.
 *
 * `width` multiplies the filters of the stem and of every block. Stages are `conv1`, `block1` … `block4`, `head`; layers are
 * `conv1_conv`, `block1_1_conv1`, `block1_1_bn1`, `block1_1_relu1`, …, `block1_1_shortcut_conv`, `block1_1_add`, `block1_1_relu`.
 *
 * Sources: He, Zhang, Ren, Sun, *Deep residual learning for image recognition*, CVPR 2016, arXiv 1512.03385, table 1;
 * `torchvision/models/resnet.py`.
 *
 * @param options - `inputShape` is by default [224, 224, 3], `classes` 1000.
 * @throws OptionError, ShapeError; UnsupportedError when tfjs is not installed
 */
export async function resNet50(options: ResNet50Options = {}): Promise<tf.LayersModel> {
  const given = { ...options, inputShape: options.inputShape ?? ([224, 224, 3] as const) };
  const resolved = networkOptions('resNet50', { ...given, classes: options.classes ?? 1000 }, ['widths']);
  const widths = blockWidths('resNet50', options.widths, FILTERS, resolved.width);
  const [stem] = blockWidths('resNet50', undefined, [64], resolved.width);
  const make = new LayerMaker(await loadTfjs(), resolved, KINDS);
  const input = make.input();

  let x = make.pad(input, 'conv1_pad', 3);
  x = make.norm(make.conv(x, 'conv1_conv', stem, 7, 2, 'valid'), 'conv1_bn');
  // Zeros are below nothing that a ReLU gives.
  x = make.pad(make.relu(x, 'conv1_relu'), 'conv1_poolpad', 1);
  x = make.maxPool(x, 'conv1_pool', 'valid');
  widths.forEach((filters, i) => {
    for (let unit = 1; unit <= UNITS[i]; unit++) {
      x = bottleneck(make, x, `block${i + 1}_${unit}`, filters, unit, i > 0 && unit === 1 ? 2 : 1);
    }
  });
  return make.model(input, x, 'resnet50');
}

function bottleneck(
  make: LayerMaker,
  entry: tf.SymbolicTensor,
  name: string,
  filters: number,
  unit: number,
  stride: 1 | 2,
): tf.SymbolicTensor {
  let x = make.norm(make.conv(entry, `${name}_conv1`, filters, 1), `${name}_bn1`);
  x = make.relu(x, `${name}_relu1`);
  // 'same' pads a stride of 2 unevenly.
  if (stride === 2) x = make.pad(x, `${name}_pad2`, 1);
  x = make.conv(x, `${name}_conv2`, filters, 3, stride, stride === 2 ? 'valid' : 'same');
  x = make.relu(make.norm(x, `${name}_bn2`), `${name}_relu2`);
  x = make.norm(make.conv(x, `${name}_conv3`, 4 * filters, 1), `${name}_bn3`);
  let shortcut = entry;
  if (unit === 1) {
    shortcut = make.conv(entry, `${name}_shortcut_conv`, 4 * filters, 1, stride, 'valid');
    shortcut = make.norm(shortcut, `${name}_shortcut_bn`);
  }
  return make.relu(make.add(x, shortcut, `${name}_add`), `${name}_relu`);
}

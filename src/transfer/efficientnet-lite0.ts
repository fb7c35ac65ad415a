/**
 * EfficientNet-Lite0: the network of a study whose ImageNet weights a package registry has.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import { LayerMaker, networkOptions } from './build.js';
import type { LayerKinds, NetworkOptions } from './build.js';

/** One stage: units of inverted bottlenecks with one number of filters. */
interface Block {
  readonly units: number;
  readonly kernel: number;
  /** Of the first unit. */
  readonly stride: 1 | 2;
  /** The inner width in widths of the unit's input. */
  readonly expansion: 1 | 6;
  readonly filters: number;
}

/** EfficientNet-B0's stages. */
const BLOCKS: readonly Block[] = [
  { units: 1, kernel: 3, stride: 1, expansion: 1, filters: 16 },
  { units: 2, kernel: 3, stride: 2, expansion: 6, filters: 24 },
  { units: 2, kernel: 5, stride: 2, expansion: 6, filters: 40 },
  { units: 3, kernel: 3, stride: 2, expansion: 6, filters: 80 },
  { units: 3, kernel: 5, stride: 1, expansion: 6, filters: 112 },
  { units: 4, kernel: 5, stride: 2, expansion: 6, filters: 192 },
  { units: 1, kernel: 3, stride: 1, expansion: 6, filters: 320 },
];

/**
 * ReLU6, and the original's initial weights: variance 2 / fan-out for convolutions. Its classifier begins uniform within
 * 1 / √classes, which is meant for 1000 of them: with 2, first logits are as large as 40. Within 1 / √inputs it is nearly the same
 * for 1000, and right for any.
 */
const KINDS: LayerKinds = {
  conv: { scale: 2, mode: 'fanOut', distribution: 'normal' },
  dense: { scale: 1 / 3, mode: 'fanIn', distribution: 'uniform' },
  epsilon: 1e-3,
  ceiling: 6,
};

/** Filters times a width, as the original rounds: to a multiple of 8 that is at most a tenth less. */
function scaled(filters: number, width: number): number {
  if (width === 1) return filters;
  const rounded = Math.max(8, Math.floor((filters * width + 4) / 8) * 8);
  return rounded < 0.9 * filters * width ? rounded + 8 : rounded;
}

/**
 * EfficientNet-Lite0 with fresh weights: EfficientNet-B0 without squeeze-and-excitation and with ReLU6. It has 4,694,024 weights
 * with 1000 classes, 4,652,008 of them trained (the others are running statistics). Inputs are `(value − 127) / 128`.
 * `npm run imagenet` fetches its ImageNet weights.
 *
 * `width` multiplies the filters of the blocks and rounds to multiples of 8; stem and top keep theirs, as in the other Lite
 * networks. The dropout before the classifier and drop-connect are left out: a study has them nowhere, so that its trainings can
 * be repeated to the bit. Stages are `stem`, `block1` … `block7`, `top`, `head`; layers are `block2_1_expand_conv`,
 * `block2_1_depthwise_conv`, `block2_1_project_conv`, each with `…_bn` and but for the last `…_relu`, and `block2_2_add`.
 *
 * Sources: Tan and Le, *EfficientNet*, ICML 2019, arXiv 1905.11946, table 1; `efficientnet_lite_builder.py` in
 * tensorflow/tpu.
 *
 * @param options - `inputShape` is by default [224, 224, 3], `classes` 1000.
 * @throws OptionError, ShapeError; UnsupportedError when tfjs is not installed
 */
export async function efficientNetLite0(options: Partial<NetworkOptions> = {}): Promise<tf.LayersModel> {
  const given = { ...options, inputShape: options.inputShape ?? ([224, 224, 3] as const) };
  const resolved = networkOptions('efficientNetLite0', { ...given, classes: options.classes ?? 1000 });
  const make = new LayerMaker(await loadTfjs(), resolved, KINDS);
  const input = make.input();
  const convNormRelu = (x: tf.SymbolicTensor, name: string, filters: number, kernel: number, stride = 1) =>
    make.relu(make.norm(make.conv(x, `${name}_conv`, filters, kernel, stride), `${name}_bn`), `${name}_relu`);

  let x = convNormRelu(input, 'stem', 32, 3, 2);
  BLOCKS.forEach(({ units, kernel, stride, expansion, filters }, i) => {
    const out = scaled(filters, resolved.width);
    for (let unit = 1; unit <= units; unit++) {
      const name = `block${i + 1}_${unit}`;
      const entry = x;
      const inputs = entry.shape[3]!;
      if (expansion !== 1) x = convNormRelu(x, `${name}_expand`, inputs * expansion, 1);
      x = make.depthwise(x, `${name}_depthwise_conv`, kernel, unit === 1 ? stride : 1);
      x = make.relu(make.norm(x, `${name}_depthwise_bn`), `${name}_depthwise_relu`);
      x = make.norm(make.conv(x, `${name}_project_conv`, out, 1), `${name}_project_bn`);
      if (unit > 1) x = make.add(x, entry, `${name}_add`);
    }
  });
  x = convNormRelu(x, 'top', 1280, 1);
  return make.model(input, x, 'efficientnet_lite0');
}

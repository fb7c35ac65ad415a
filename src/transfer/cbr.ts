/**
 * The CBR family of Transfusion: small networks of convolution, batch normalisation and ReLU.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import { keyword } from '../options.js';
import { LayerMaker, blockWidths, networkOptions } from './build.js';
import type { LayerKinds, NetworkOptions } from './build.js';

/** The four sizes that the paper trains. */
export type CbrName = 'LargeT' | 'LargeW' | 'Small' | 'Tiny';

/** Options of {@link cbr}. */
export interface CbrOptions extends NetworkOptions {
  /** Filters of every block, instead of the paper's. */
  readonly widths?: readonly number[];
}

/** One member of the family. */
interface Size {
  readonly kernel: number;
  readonly filters: readonly number[];
  /** Blocks, from the first on, that end with a max-pooling. */
  readonly pooled: number;
}

const SIZES: Readonly<Record<CbrName, Size>> = {
  LargeT: { kernel: 7, filters: [32, 64, 128, 256, 512], pooled: 4 },
  LargeW: { kernel: 7, filters: [64, 128, 256, 512], pooled: 4 },
  Small: { kernel: 7, filters: [32, 64, 128, 256], pooled: 4 },
  // The printed text says 64 … 512; only these give the printed number of parameters.
  Tiny: { kernel: 5, filters: [32, 64, 128, 256], pooled: 4 },
};

/** He's normal for convolutions, LeCun's uniform for the classifier; epsilon as in Keras. */
const KINDS: LayerKinds = {
  conv: { scale: 2, mode: 'fanIn', distribution: 'normal' },
  dense: { scale: 1, mode: 'fanIn', distribution: 'uniform' },
  epsilon: 1e-3,
};

/**
 * A network of the CBR family with fresh weights: blocks of convolution (stride 1), batch normalisation, ReLU and max-pooling
 * (3 × 3, stride 2), then the mean over positions and a dense layer that gives logits.
 *
 * | name | kernel | filters | pooled blocks | parameters as the paper counts |
 * |---|---|---|---|---|
 * | `LargeT` | 7 × 7 | 32 64 128 256 512 | 1 to 4 | 8,532,480 |
 * | `LargeW` | 7 × 7 | 64 128 256 512 | all | 8,432,128 |
 * | `Small` | 7 × 7 | 32 64 128 256 | all | 2,108,672 |
 * | `Tiny` | 5 × 5 | 32 64 128 256 | all | 1,076,480 |
 *
 * The paper counts the weights of convolutions without the first, and of a 5-way classifier without bias. Padding is `same`, so
 * that images of any size fit. Layers are `block1_conv`, `block1_bn`, `block1_relu`, `block1_pool`, …, `head_gap`, `head_logits`.
 *
 * Source: Raghu, Zhang, Kleinberg, Bengio, *Transfusion*, NeurIPS 2019, arXiv 1902.07208.
 *
 * @throws OptionError, ShapeError; UnsupportedError when tfjs is not installed
 */
export async function cbr(name: CbrName, options: CbrOptions): Promise<tf.LayersModel> {
  const { kernel, filters, pooled } = SIZES[keyword('cbr: name', name, Object.keys(SIZES) as CbrName[])];
  const what = `cbr ${name}`;
  const resolved = networkOptions(what, options, ['widths']);
  const widths = blockWidths(what, options.widths, filters, resolved.width);
  const make = new LayerMaker(await loadTfjs(), resolved, KINDS);
  const input = make.input();
  let x = input;
  widths.forEach((width, i) => {
    const block = `block${i + 1}`;
    x = make.conv(x, `${block}_conv`, width, kernel);
    x = make.norm(x, `${block}_bn`);
    x = make.relu(x, `${block}_relu`);
    if (i < pooled) x = make.maxPool(x, `${block}_pool`, 'same');
  });
  return make.model(input, x, `cbr_${name}`);
}

/**
 * Activations that stay where the model ran: the same blocks, grids and draws of positions as in host memory, on tensors.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import type { ActivationBatch, ActivationBlock, Spatial } from './activations.js';
import { checkFiniteBlock } from './block-checks.js';
import { axisTaps, maskOnGrid } from './grid.js';
import type { AxisTaps, Grid, Positioned } from './grid.js';
import { takenRows } from './positions.js';
import type { DrawOptions } from './positions.js';
import type { RawTensor } from './probe.js';
import { checkRule, dimensionsOf, lastRows, toBlock } from './spatial.js';
import type { Place, ReadBlock } from './spatial.js';
import { loadTfjs, type Tfjs } from './tfjs.js';

/** An {@link ActivationBlock} whose values are a float32 tensor `[samples, grid[0], grid[1], channels]`; its mask is in memory. */
export interface DeviceBlock extends Positioned {
  readonly channels: number;
  readonly tensor: tf.Tensor4D;
}

/** As `ReadBlock`, on the device. */
export interface ReadDeviceBlock extends DeviceBlock, Pick<ReadBlock, 'volume'> {}

/** An {@link ActivationBatch} on the device. Its tensors are freed when the next batch is asked for. */
export interface DeviceBatch {
  readonly start: number;
  readonly samples: number;
  readonly layers: ReadonlyMap<string, DeviceBlock>;
}

/** Whether a block is on the device. */
export function onDevice(block: ActivationBlock | DeviceBlock): block is DeviceBlock {
  return 'tensor' in block;
}

/**
 * Reads one layer's activation for a batch as a block with a tensor of its own.
 *
 * @throws as `readBlock`; the one number that says whether all values are finite is all that leaves the device.
 */
export async function readDeviceBlock(
  { tensor: raw, mask }: RawTensor,
  layer: string,
  samples: number,
  start: number,
): Promise<ReadDeviceBlock> {
  const tf = await loadTfjs();
  if (raw.shape[0] !== samples) {
    throw new ShapeError(
      `${layer} gives shape [${raw.shape.join(', ')}] for ${samples} samples: its first axis is not samples; leave it ` +
        "out by 'layers'",
    );
  }
  const dimensions = dimensionsOf(raw.shape, layer, mask);
  const { grid, channels } = dimensions;
  const probe = tf.tidy(() => tf.isFinite(raw).all());
  const [finite] = await probe.data().finally(() => {
    probe.dispose();
  });
  if (!finite) checkFiniteBlock(toBlock(raw.shape, await raw.data(), layer), layer, start);
  const tensor = tf.tidy(() => raw.toFloat().reshape([samples, ...grid, channels]));
  return { ...dimensions, tensor: tensor as tf.Tensor4D };
}

/** As `applySpatial`, with a tensor of its own. */
export async function applySpatialOnDevice(
  block: ReadDeviceBlock,
  spatial: Spatial,
  place: Place = {},
): Promise<DeviceBlock> {
  checkRule(block, spatial, place);
  const { samples, grid, channels, tensor, mask } = block;
  if (spatial === 'positions') return { ...block, tensor: tensor.clone() };
  const tf = await loadTfjs();
  if (spatial === 'mean') {
    const { tensor: mean } = await toGridOnDevice(block, [1, 1]);
    return { samples, grid: [1, 1], channels, tensor: mean };
  }
  if (spatial === 'last') {
    const last = tf.tidy(() => {
      const rows = tf.tensor1d(lastRows(block), 'int32');
      return tf
        .gather(tensor.reshape([samples * grid[0], channels]), rows)
        .reshape([samples, 1, 1, channels]);
    });
    return { samples, grid: [1, 1], channels, tensor: last as tf.Tensor4D };
  }
  const neurons = grid[0] * grid[1] * channels;
  const flat = tf.tidy(() => {
    const kept = mask === undefined ? tensor : tensor.mul(maskTensor(tf, block, mask));
    return kept.reshape<tf.Tensor4D>([samples, 1, 1, neurons]);
  });
  return { samples, grid: [1, 1], channels: neurons, tensor: flat };
}

/** As `toGrid`, with a tensor of its own; sums are float32 as the device adds. */
export async function toGridOnDevice(block: DeviceBlock, grid: Grid): Promise<DeviceBlock> {
  const { samples, channels, tensor, mask } = block;
  const [height, width] = block.grid;
  const [rows, cols] = grid;
  if (rows === height && cols === width) return { ...block, tensor: tensor.clone() };
  const tf = await loadTfjs();
  const [down, across] = [axisTaps(height, rows), axisTaps(width, cols)];
  const resample = (x: tf.Tensor, depth: number): tf.Tensor => {
    const vertical = tf
      .tensor3d(weightsOf(down, height), [1, rows, height])
      .matMul(x.reshape([samples, height, width * depth]));
    return tf
      .tensor3d(weightsOf(across, width), [1, cols, width])
      .matMul(vertical.reshape([samples * rows, width, depth]))
      .reshape([samples, rows, cols, depth]);
  };
  const resampled = tf.tidy(() => {
    if (mask === undefined) return resample(tensor, channels).div(down.scale * across.scale);
    const counts = maskTensor(tf, block, mask);
    return tf.divNoNan(resample(tensor.mul(counts), channels), resample(counts, 1));
  });
  const coarse = maskOnGrid(block, grid);
  return { samples, grid, channels, tensor: resampled as tf.Tensor4D, ...(coarse && { mask: coarse }) };
}

/** As `datapoints`, as a tensor `[Σ p, channels]` of its own. */
export async function datapointsOnDevice(block: DeviceBlock, options: DrawOptions): Promise<tf.Tensor2D> {
  const { samples, grid, channels, tensor } = block;
  const all = (): tf.Tensor2D => tensor.reshape([samples * grid[0] * grid[1], channels]);
  const rows = takenRows(block, options);
  if (rows === undefined) return all();
  const tf = await loadTfjs();
  return tf.tidy(() => tf.gather(all(), tf.tensor1d(rows, 'int32')));
}

/** The block in host memory. */
export async function toHost({ tensor, ...block }: DeviceBlock): Promise<ActivationBlock> {
  return { ...block, data: await tensor.data<'float32'>() };
}

/** A batch that outlives its stream; free it by {@link release}. In host memory it is the batch itself. */
export function retain(batch: ActivationBatch | DeviceBatch): ActivationBatch | DeviceBatch {
  if (![...batch.layers.values()].some(onDevice)) return batch;
  const layers = [...(batch as DeviceBatch).layers].map(
    ([name, block]) => [name, { ...block, tensor: block.tensor.clone() }] as const,
  );
  return { ...batch, layers: new Map(layers) };
}

/** Frees the tensors of a batch, if it has any. */
export function release(batch: ActivationBatch | DeviceBatch): void {
  for (const block of batch.layers.values()) if (onDevice(block)) block.tensor.dispose();
}

/** The taps of an axis as a dense matrix `[to, from]`. */
function weightsOf({ taps }: AxisTaps, from: number): Float32Array {
  const out = new Float32Array(taps.length * from);
  taps.forEach((row, to) => {
    for (const [index, weight] of row) out[to * from + index] += weight;
  });
  return out;
}

function maskTensor(tf: Tfjs, { samples, grid }: Positioned, mask: Uint8Array): tf.Tensor4D {
  return tf.tensor4d(Float32Array.from(mask), [samples, ...grid, 1]);
}

/**
 * Activations that stay where the model ran: the same blocks, grids and draws of positions as in host memory, on tensors.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import type { ActivationBatch, ActivationBlock, Spatial } from './activations.js';
import { checkFiniteBlock } from './block-checks.js';
import type { RawTensor } from './probe.js';
import { applySpatial, axisTaps, dimensionsOf, drawnRows, toBlock } from './spatial.js';
import type { AxisTaps, Grid, PositionOptions } from './spatial.js';
import { loadTfjs } from './tfjs.js';

/** An {@link ActivationBlock} whose values are a float32 tensor `[samples, grid[0], grid[1], channels]`. */
export interface DeviceBlock {
  readonly samples: number;
  readonly grid: Grid;
  readonly channels: number;
  readonly tensor: tf.Tensor4D;
}

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
  { tensor: raw }: RawTensor,
  layer: string,
  samples: number,
  start: number,
): Promise<DeviceBlock> {
  const tf = await loadTfjs();
  if (raw.shape[0] !== samples) {
    throw new ShapeError(
      `${layer} gives shape [${raw.shape.join(', ')}] for ${samples} samples: its first axis is not samples; leave it ` +
        "out by 'layers'",
    );
  }
  const { grid, channels } = dimensionsOf(raw.shape, layer);
  const probe = tf.tidy(() => tf.isFinite(raw).all());
  const [finite] = await probe.data().finally(() => {
    probe.dispose();
  });
  if (!finite) checkFiniteBlock(toBlock(raw.shape, await raw.data(), layer), layer, start);
  const tensor = tf.tidy(() => raw.toFloat().reshape([samples, ...grid, channels]));
  return { samples, grid, channels, tensor: tensor as tf.Tensor4D };
}

/** As `applySpatial`, with a tensor of its own. */
export async function applySpatialOnDevice(block: DeviceBlock, spatial: Spatial): Promise<DeviceBlock> {
  const { samples, grid, channels, tensor } = block;
  if (spatial === 'mean') return toGridOnDevice(block, [1, 1]);
  if (spatial === 'last') {
    const { data } = applySpatial(await toHost(block), 'last');
    const tf = await loadTfjs();
    return {
      samples,
      grid: [1, 1],
      channels,
      tensor: tf.tensor4d(data as Float32Array, [samples, 1, 1, channels]),
    };
  }
  if (spatial === 'positions') return { ...block, tensor: tensor.clone() };
  const neurons = grid[0] * grid[1] * channels;
  return { samples, grid: [1, 1], channels: neurons, tensor: tensor.reshape([samples, 1, 1, neurons]) };
}

/** As `toGrid`, with a tensor of its own; sums are float32 as the device adds. */
export async function toGridOnDevice(block: DeviceBlock, grid: Grid): Promise<DeviceBlock> {
  const { samples, channels, tensor } = block;
  const [height, width] = block.grid;
  const [rows, cols] = grid;
  if (rows === height && cols === width) return { ...block, tensor: tensor.clone() };
  const tf = await loadTfjs();
  const [down, across] = [axisTaps(height, rows), axisTaps(width, cols)];
  const resampled = tf.tidy(() => {
    const vertical = tf
      .tensor3d(weightsOf(down, height), [1, rows, height])
      .matMul(tensor.reshape([samples, height, width * channels]));
    const both = tf
      .tensor3d(weightsOf(across, width), [1, cols, width])
      .matMul(vertical.reshape([samples * rows, width, channels]));
    return both.div<tf.Tensor4D>(down.scale * across.scale).reshape([samples, rows, cols, channels]);
  });
  return { samples, grid, channels, tensor: resampled as tf.Tensor4D };
}

/** As `datapoints`, as a tensor `[samples · p, channels]` of its own. */
export async function datapointsOnDevice(
  block: DeviceBlock,
  { positions = 'all', seed = 0, start = 0 }: PositionOptions & { readonly start?: number },
): Promise<tf.Tensor2D> {
  const { samples, channels, tensor } = block;
  const size = block.grid[0] * block.grid[1];
  const all = (): tf.Tensor2D => tensor.reshape([samples * size, channels]);
  if (positions === 'all' || positions >= size) return all();
  const tf = await loadTfjs();
  return tf.tidy(() =>
    tf.gather(all(), tf.tensor1d(drawnRows(samples, size, positions, seed, start), 'int32')),
  );
}

/** The block in host memory. */
export async function toHost({ samples, grid, channels, tensor }: DeviceBlock): Promise<ActivationBlock> {
  return { samples, grid, channels, data: await tensor.data<'float32'>() };
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

/**
 * Several models run on the same batches, one after another.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Progress } from '../options.js';
import type { ActivationBlock, SampleRange, Spatial } from './activations.js';
import { readBlock } from './block-checks.js';
import { applySpatialOnDevice, readDeviceBlock, type DeviceBlock } from './device.js';
import type { Probe } from './probe.js';
import type { Source } from './source.js';
import { applySpatial } from './spatial.js';

/** A model that is being read. */
export interface NamedProbe {
  readonly probe: Probe;
  /** How messages call the model. */
  readonly label: string;
}

/** Makes the blocks of one model's layers for one batch, and frees them where they need it. */
export interface BlockReader<Block> {
  readonly read: (
    probe: Probe,
    inputs: readonly tf.Tensor[],
    batch: { readonly samples: number; readonly start: number; readonly label: string },
    into: Map<string, Block>,
  ) => Promise<void>;
  readonly free: (layers: ReadonlyMap<string, Block>) => void;
}

/** One pass, or some samples of one: for each batch what every model makes of its own preparation of it. */
export async function* readTogether<Block>(
  probes: readonly NamedProbe[],
  source: Source,
  { read, free }: BlockReader<Block>,
  {
    signal,
    onProgress,
  }: { readonly signal?: AbortSignal; readonly onProgress?: (progress: Progress) => void },
  range: SampleRange = {},
): AsyncGenerator<readonly { start: number; samples: number; layers: Map<string, Block> }[]> {
  signal?.throwIfAborted();
  for await (const { start, samples, inputs } of source.batches(range)) {
    const batches = probes.map(() => ({ start, samples, layers: new Map<string, Block>() }));
    try {
      for (const [i, { probe, label }] of probes.entries()) {
        signal?.throwIfAborted();
        await read(probe, inputs[i], { samples, start, label }, batches[i].layers);
      }
      signal?.throwIfAborted();
      onProgress?.({ stage: 'capture', done: start + samples, total: source.samples });
      yield batches;
      // Before the next batch is fetched.
      signal?.throwIfAborted();
    } finally {
      for (const { layers } of batches) free(layers);
    }
  }
}

/** Blocks in host memory. */
export function inHostMemory(spatial: Spatial): BlockReader<ActivationBlock> {
  return {
    async read(probe, inputs, { samples, start, label }, into) {
      for (const [name, raw] of await probe.run(inputs, start)) {
        const layer = `layer '${name}' of model '${label}'`;
        const block = readBlock(raw, layer, samples, start);
        into.set(name, applySpatial(block, spatial, { layer, start }));
      }
    },
    free: () => undefined,
  };
}

/** Blocks on the device where the models run. */
export function onTheDevice(spatial: Spatial): BlockReader<DeviceBlock> {
  return {
    async read(probe, inputs, { samples, start, label }, into) {
      const outputs = await probe.runOnDevice(inputs, start);
      try {
        for (const [name, raw] of outputs) {
          const layer = `layer '${name}' of model '${label}'`;
          const block = await readDeviceBlock(raw, layer, samples, start);
          try {
            into.set(name, await applySpatialOnDevice(block, spatial, { layer, start }));
          } finally {
            block.tensor.dispose();
          }
        }
      } finally {
        for (const { tensor } of outputs.values()) tensor.dispose();
      }
    },
    free: (layers) => {
      for (const { tensor } of layers.values()) tensor.dispose();
    },
  };
}

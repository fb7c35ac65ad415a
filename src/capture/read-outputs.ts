/**
 * Activations brought from where a model ran to host memory.
 *
 * @module
 */
import type { RawActivation, RawTensor } from './probe.js';

/** Reads the outputs of a batch one after another and frees each once it is read; after an error all are freed. */
export async function readOutputs(
  outputs: ReadonlyMap<string, RawTensor>,
): Promise<Map<string, RawActivation>> {
  try {
    const read = new Map<string, RawActivation>();
    for (const [name, { tensor, ...mask }] of outputs) {
      read.set(name, { shape: tensor.shape, data: await tensor.data(), ...mask });
      tensor.dispose();
    }
    return read;
  } finally {
    for (const { tensor } of outputs.values()) tensor.dispose();
  }
}

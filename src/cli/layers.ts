/**
 * `svcca layers`: what could be compared.
 *
 * @module
 */
import type { LayerInfo } from '../capture/activations.js';
import { isArrayFile } from '../node/activations.js';
import { describeArrays } from '../node/array-infos.js';
import type { Command } from './arguments.js';
import { backendFor } from './backend.js';
import { table } from './output.js';
import { openSide } from './sides.js';

/** The command. */
export const layersCommand: Command = {
  name: 'layers',
  description:
    'List what could be compared: name, kind, output shape, parameters; what is left out, and why.',
  args: {
    model: {
      type: 'positional',
      description: 'model.json, or activations (.npz, .npy, .safetensors, a folder of them)',
      required: true,
    },
    json: { type: 'boolean', description: 'print JSON' },
  },

  async run(values) {
    const path = String(values['model']);
    const layers = isArrayFile(path) ? await describeArrays(path) : await layersOf(path);
    if (values['json']) {
      process.stdout.write(`${JSON.stringify(layers, null, 2)}\n`);
      return;
    }
    const someLeftOut = layers.some(({ leftOut }) => leftOut !== undefined);
    const rows = layers.map(({ name, kind, shape, parameters, leftOut }) => [
      name,
      kind,
      shape.map((size) => size ?? '?').join(' × '),
      parameters === undefined ? '' : String(parameters),
      ...(someLeftOut ? [leftOut ?? ''] : []),
    ]);
    const head = ['layer', 'kind', 'output shape', 'parameters', ...(someLeftOut ? ['left out'] : [])];
    process.stdout.write(`${table(head, rows)}\n`);
  },
};

async function layersOf(model: string): Promise<readonly LayerInfo[]> {
  // Shapes that only running tells are found by running, quietly.
  await backendFor({}, true);
  const side = await openSide(model);
  await side.close();
  return side.layers;
}

/**
 * `svcca layers`: what could be compared.
 *
 * @module
 */
import { openSide } from './sides.js';
import type { Command } from './arguments.js';
import { table } from './output.js';

/** The command. */
export const layersCommand: Command = {
  name: 'layers',
  description: 'List what could be compared: name, kind, output shape, parameters.',
  args: {
    model: {
      type: 'positional',
      description: 'model.json, or activations (.npz, .npy, .safetensors, a folder of them)',
      required: true,
    },
    json: { type: 'boolean', description: 'print JSON' },
  },

  async run(values) {
    const side = await openSide(String(values['model']), values);
    const { layers } = side;
    await side.close();
    if (values['json']) {
      process.stdout.write(`${JSON.stringify(layers, null, 2)}\n`);
      return;
    }
    const rows = layers.map(({ name, kind, shape, parameters }) => [
      name,
      kind,
      shape.map((size) => size ?? '?').join(' × '),
      parameters === undefined ? '' : String(parameters),
    ]);
    process.stdout.write(`${table(['layer', 'kind', 'output shape', 'parameters'], rows)}\n`);
  },
};

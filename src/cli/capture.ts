/**
 * `svcca capture`: a model's activations, kept in a file.
 *
 * @module
 */
import { capture } from '../capture/capture.js';
import type { CaptureModel } from '../capture/capture.js';
import { isArrayFile } from '../node/activations.js';
import { kindOf, saveActivations } from '../node/save-activations.js';
import type { SaveOptions } from '../node/save-activations.js';
import { UsageError } from './arguments.js';
import type { Command } from './arguments.js';
import { backendFor } from './backend.js';
import { captureArgs, captureOptionsOf, dataOptionsOf } from './capture-arguments.js';
import { progressBar, table } from './output.js';
import { openData, openSide } from './sides.js';
import type { OpenData, OpenSide } from './sides.js';

/** Positions are drawn when layers are compared, as drawn ones alone no longer lie on a grid; a layout is that of files. */
const { positions: _positions, layout: _layout, ...ownArgs } = captureArgs;

/** The command. */
export const captureCommand: Command = {
  name: 'capture',
  description: "Write a model's activations to a file, which compare reads.",
  args: {
    model: { type: 'positional', description: 'model.json, or a folder that holds one', required: true },
    ...ownArgs,
    layers: { type: 'string', description: "which layers: names or globs, e.g. 'conv*'", valueHint: 'which' },
    dtype: {
      type: 'string',
      description: 'float16, float32 or float64; that of the layers by default',
      valueHint: 'type',
    },
    out: {
      type: 'string',
      description: 'what to write: .npz, .safetensors, or a new folder of .npy files',
      valueHint: 'path',
    },
  },

  async run(values, signal) {
    if (values['out'] === undefined) throw new UsageError('name the file to write: --out acts.npz');
    if (values['data'] === undefined) throw new UsageError('models are run on data: give --data images.npz');
    const [path, out] = [String(values['model']), String(values['out'])];
    if (isArrayFile(path)) throw new UsageError(`${path} holds activations already: name a model`);
    kindOf(out);
    const options = captureOptionsOf(values);
    const dtype = values['dtype'] as SaveOptions['dtype'];
    const backend = await backendFor(values, true);
    const opened: (OpenSide | OpenData)[] = [];
    try {
      const model = await openSide(path, values);
      opened.push(model);
      const data = await openData(String(values['data']), model.input, dataOptionsOf(values));
      opened.push(data);
      const { onProgress, stop } = progressBar();
      const live = await capture(model.side as CaptureModel, data.data, { ...options, signal, onProgress });
      const saved = await saveActivations(out, live, {
        ...(dtype !== undefined && { dtype }),
        signal,
      }).finally(stop);
      const rows = saved.map(({ name, shape, dtype: type }) => [name, shape.join(' × '), type]);
      process.stdout.write(`${table(['layer', 'samples × shape', 'type'], rows)}\n`);
      if (backend?.warning) process.stderr.write(`svcca: ${backend.warning}\n`);
      process.stderr.write(`wrote ${out}\n`);
    } finally {
      for (const one of opened.reverse()) await one.close();
    }
  },
};

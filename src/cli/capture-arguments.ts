/**
 * Arguments that say what is captured of the models and on which data, by the names of the API.
 *
 * @module
 */
import type { ArgsDef } from 'citty';
import type { Layout } from '../capture/layout.js';
import { UsageError, countOf } from './arguments.js';
import type { Values } from './arguments.js';
import { factorOf, stepsOf } from './preprocess-arguments.js';

/** Arguments of every command that runs models. */
export const captureArgs = {
  data: {
    type: 'string',
    description:
      'inputs of the models: .npy, .npz, .safetensors, file.npz:key, a folder or glob of PNG and JPEG images',
    valueHint: 'files',
  },
  count: { type: 'string', description: 'use the first n samples of the data', valueHint: 'n' },
  dataAxis: {
    type: 'string',
    description: 'axis of the samples in --data, from 0, or from the end as -1; 0 by default',
    valueHint: 'axis',
  },
  dataLayout: {
    type: 'string',
    description: 'NCHW for --data with channels before rows and columns; models get them last',
    valueHint: 'order',
  },
  preprocess: {
    type: 'string',
    description:
      "steps on the data: 'resize=256;crop=224;normalise=torch', 'resize=input;scale=1/127.5;mean=1', channels=1, …",
    valueHint: 'steps',
  },
  scale: { type: 'string', description: 'factor on the data, e.g. 1/255 for bytes', valueHint: 'factor' },
  layout: {
    type: 'string',
    description: 'NCHW for files of activations with channels before rows and columns',
    valueHint: 'order',
  },
  layers: {
    type: 'string',
    description: "layers of both sides: names or globs, e.g. 'conv*,logits'",
    valueHint: 'which',
  },
  spatial: { type: 'string', description: 'positions, mean, last or flatten', valueHint: 'rule' },
  positions: {
    type: 'string',
    description: 'positions drawn of each image; all by default',
    valueHint: 'n',
  },
  seed: {
    type: 'string',
    description: 'seed of that draw and of --training; 0 by default',
    valueHint: 'n',
  },
  training: {
    type: 'boolean',
    description: 'run models as in training: dropout on, batch norm by the batch',
  },
  batchSize: { type: 'string', description: 'samples run at a time; 64 by default', valueHint: 'n' },
  backend: {
    type: 'string',
    description: 'tfjs backend of the models: tensorflow, wasm or cpu',
    valueHint: 'name',
  },
} satisfies ArgsDef;

/** Arguments of commands with a first and a second side. */
export const secondSideArgs = {
  layersB: {
    type: 'string',
    description: 'layers of the second side, where they are others',
    valueHint: 'which',
  },
  layoutB: {
    type: 'string',
    description: 'NCHW or NHWC for activations of the second side, where they are in another order',
    valueHint: 'order',
  },
  preprocessB: {
    type: 'string',
    description: 'steps on the data for the second side, where they are others',
    valueHint: 'steps',
  },
} satisfies ArgsDef;

/** The arguments as they are for the second side: what is not given for it is that of both. */
export function secondSide(values: Values): Values {
  return {
    ...values,
    layers: values['layersB'] ?? values['layers'],
    layout: values['layoutB'] ?? values['layout'],
  };
}

/** Options of capture by the names of the API. @throws UsageError */
export function captureOptionsOf(values: Values): Record<string, unknown> {
  const { preprocess, preprocessB, scale } = values;
  if (scale !== undefined && (preprocess !== undefined || preprocessB !== undefined)) {
    throw new UsageError(
      "--scale and --preprocess both say what is done to the data: give 'scale=…' among the steps",
    );
  }
  const steps =
    scale !== undefined ? { scale: factorOf('scale', String(scale)) } : stepsOf('preprocess', preprocess);
  const stepsB = stepsOf('preprocess-b', preprocessB);
  return {
    ...(values['layers'] !== undefined && { layers: values['layers'] }),
    ...(values['layersB'] !== undefined && { layersB: values['layersB'] }),
    ...(values['spatial'] !== undefined && { spatial: values['spatial'] }),
    ...(values['positions'] !== undefined && {
      positions: values['positions'] === 'all' ? 'all' : countOf('positions', values),
    }),
    ...(values['seed'] !== undefined && { seed: countOf('seed', values, 0) }),
    ...(values['training'] === true && { training: true }),
    ...(values['batchSize'] !== undefined && { batchSize: countOf('batchSize', values) }),
    ...(steps !== undefined && { preprocess: steps }),
    ...(stepsB !== undefined && { preprocessB: stepsB }),
  };
}

/** How the data are read. */
export interface DataArguments {
  readonly count?: number;
  readonly axis?: number;
  readonly layout?: Layout;
}

/** How the data are read. @throws UsageError */
export function dataOptionsOf(values: Values): DataArguments {
  const { count, dataAxis, dataLayout } = values;
  if (dataAxis !== undefined && !/^-?\d+$/.test(String(dataAxis))) {
    throw new UsageError(`--data-axis is '${dataAxis}': give a whole number such as 0 or -1`);
  }
  return {
    ...(count !== undefined && { count: countOf('count', values) }),
    ...(dataAxis !== undefined && { axis: Number(dataAxis) }),
    // What is none of them is told by the one who reads it.
    ...(dataLayout !== undefined && { layout: String(dataLayout) as Layout }),
  };
}

/**
 * Arguments that say what is captured of the models and on which data, by the names of the API.
 *
 * @module
 */
import type { ArgsDef } from 'citty';
import { UsageError, countOf } from './arguments.js';
import type { Values } from './arguments.js';

/** Arguments of every command that runs models. */
export const captureArgs = {
  data: {
    type: 'string',
    description: 'inputs of the models: .npy, .npz or file.npz:key',
    valueHint: 'file',
  },
  count: { type: 'string', description: 'use the first n samples of the data', valueHint: 'n' },
  scale: { type: 'string', description: 'factor on the data, e.g. 1/255 for bytes', valueHint: 'factor' },
  layers: {
    type: 'string',
    description: "layers of both sides: names or globs, e.g. 'conv*,logits'",
    valueHint: 'which',
  },
  spatial: { type: 'string', description: 'positions, mean or flatten', valueHint: 'rule' },
  positions: {
    type: 'string',
    description: 'positions drawn of each image; all by default',
    valueHint: 'n',
  },
  seed: { type: 'string', description: 'seed of that draw; 0 by default', valueHint: 'n' },
  batchSize: { type: 'string', description: 'samples run at a time; 64 by default', valueHint: 'n' },
  backend: {
    type: 'string',
    description: 'tfjs backend of the models: tensorflow, wasm or cpu',
    valueHint: 'name',
  },
} satisfies ArgsDef;

/** Options of capture by the names of the API. @throws UsageError */
export function captureOptionsOf(values: Values): Record<string, unknown> {
  return {
    ...(values['layers'] !== undefined && { layers: values['layers'] }),
    ...(values['spatial'] !== undefined && { spatial: values['spatial'] }),
    ...(values['positions'] !== undefined && {
      positions: values['positions'] === 'all' ? 'all' : countOf('positions', values),
    }),
    ...(values['seed'] !== undefined && { seed: countOf('seed', values, 0) }),
    ...(values['batchSize'] !== undefined && { batchSize: countOf('batchSize', values) }),
  };
}

/** How the data are read. @throws UsageError */
export function dataOptionsOf(values: Values): { count?: number; scale?: number } {
  return {
    ...(values['count'] !== undefined && { count: countOf('count', values) }),
    ...(values['scale'] !== undefined && { scale: factorOf(String(values['scale'])) }),
  };
}

/** A number, or a quotient such as 1/255. */
function factorOf(text: string): number {
  const [top, bottom = '1', more] = text.split('/');
  const value = Number(top) / Number(bottom);
  if (more === undefined && top !== '' && Number.isFinite(value) && value !== 0) return value;
  throw new UsageError(`--scale is '${text}': give a factor such as 0.0039 or 1/255`);
}

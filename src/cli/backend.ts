/**
 * The tfjs backend that a command needs: for models, and for engines that compute on it.
 *
 * @module
 */
import { chooseBackend } from '../node/backend.js';
import type { Backend } from '../node/backend.js';
import { UsageError } from './arguments.js';
import type { Values } from './arguments.js';

/** Chooses it by `--backend`, where a model or the engine needs one. @throws UsageError */
export async function backendFor(values: Values, hasModel: boolean): Promise<Backend | undefined> {
  const onTfjs = values['engine'] === 'tensorflow' || values['engine'] === 'tfjs';
  return hasModel || onTfjs ? chooseBackend(preferred(values)) : undefined;
}

/**
 * Chooses the backend of trainings: TensorFlow, else WebAssembly, else plain JavaScript, which alone of the two has the gradients
 * of depthwise convolutions.
 *
 * @throws UsageError
 */
export async function trainingBackend(values: Values, depthwise: boolean): Promise<Backend> {
  const choice = preferred(values);
  const first = await chooseBackend(choice);
  if (first.name === 'cpu' && choice.prefer === 'cpu') return { name: 'cpu', warning: SLOW };
  if (first.name !== 'wasm' || !depthwise || choice.prefer === 'wasm') return first;
  const { name } = await chooseBackend({ prefer: 'cpu' });
  // Why TensorFlow does not work, where it should.
  return { name, warning: first.warning === undefined ? SLOW : `${first.warning} Therefore ${SLOW}` };
}

const SLOW =
  "networks are trained on tfjs's plain JavaScript backend 'cpu', some 50 times slower than on TensorFlow: " +
  'npm install @tensorflow/tfjs-node, or set SVCCA_TFJS_NODE to one';

function preferred(values: Values): { prefer?: 'tensorflow' | 'wasm' | 'cpu' } {
  const name = values['backend'];
  if (name === undefined) return {};
  if (name === 'tensorflow' || name === 'wasm' || name === 'cpu') return { prefer: name };
  throw new UsageError(`--backend is '${String(name)}': choose tensorflow, wasm or cpu`);
}

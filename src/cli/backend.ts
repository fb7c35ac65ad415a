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

function preferred(values: Values): { prefer?: 'tensorflow' | 'wasm' | 'cpu' } {
  const name = values['backend'];
  if (name === undefined) return {};
  if (name === 'tensorflow' || name === 'wasm' || name === 'cpu') return { prefer: name };
  throw new UsageError(`--backend is '${String(name)}': choose tensorflow, wasm or cpu`);
}

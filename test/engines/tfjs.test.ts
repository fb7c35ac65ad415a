/** The tfjs engine on the backends that run in Node: plain JavaScript and WebAssembly. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { describe } from 'vitest';
import type { Engine } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { open } from '../../src/engines/tfjs/index.js';
import { conformance } from './conformance.js';

setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
tf.env().set('PROD', true);

const engines = new Map<string, Promise<Engine>>();

/** The engine on a backend, which is made the active one; everything multiplied on the device. */
async function on(backend: string): Promise<Engine> {
  if (tf.getBackend() !== backend) await tf.setBackend(backend);
  if (!engines.has(backend)) {
    engines.set(
      backend,
      openEngine('ml-matrix').then((host) => open(host, { always: true })),
    );
  }
  return engines.get(backend)!;
}

describe.each(['cpu', 'wasm'])('on the backend %s', (backend) => {
  conformance('tfjs', () => on(backend));
});

/**
 * TensorFlow.js, loaded when a model is read or captured and not before.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { UnsupportedError } from '../errors.js';

/** The whole namespace of `@tensorflow/tfjs`. */
export type Tfjs = typeof tf;

/**
 * The user's TensorFlow.js. Every copy of it shares one engine, so its backend is whichever the user chose.
 *
 * @throws UnsupportedError when the package is not installed.
 */
export async function loadTfjs(): Promise<Tfjs> {
  let module: Tfjs & { readonly default?: Tfjs };
  try {
    module = await import('@tensorflow/tfjs');
  } catch (cause) {
    const way = 'install it with: npm install @tensorflow/tfjs';
    throw new UnsupportedError(`models need @tensorflow/tfjs, which could not be loaded; ${way}`, {
      cause,
    });
  }
  // Node resolves the package to CommonJS, whose names may all sit under `default`; bundlers give a namespace.
  return typeof module.tidy === 'function' ? module : (module.default ?? module);
}

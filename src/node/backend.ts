/**
 * Which TensorFlow.js runs models in Node, and on which of its backends. Only the command line chooses a backend; a
 * program that uses the library has its own.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { dirname, resolve, sep } from 'node:path';
import process from 'node:process';
import util from 'node:util';
import { loadTfjs } from '../capture/tfjs.js';
import type { Tfjs } from '../capture/tfjs.js';
import { UnsupportedError } from '../errors.js';
import { keyword, knownKeys } from '../options.js';

/** Backends that {@link chooseBackend} can choose, fastest first. */
export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

/** The backend that models run on. */
export interface Backend {
  /** Its tfjs name; another than a {@link BackendName} where the program had chosen it before. */
  readonly name: string;
  /** What the user should know: it is slow, or a faster one failed and why. */
  readonly warning?: string;
}

const ORDER: readonly BackendName[] = ['tensorflow', 'wasm', 'cpu'];
// Of the ES module build, or of the shim that the CommonJS build has in its place.
const require = createRequire(import.meta.url);
/** The backend that was chosen here, which may be changed here. */
let chosen: string | undefined;

/**
 * Sets the tfjs backend that models run on: TensorFlow itself (`SVCCA_TFJS_NODE`, a path to an installed tfjs-node; else
 * `@tensorflow/tfjs-node-gpu`; else `@tensorflow/tfjs-node`) if it is there, else WebAssembly, else plain JavaScript. A
 * backend that is active already, because the program uses it, is left as it is. Prints nothing.
 *
 * @param options - `prefer` is tried first; if it fails, the others follow in their order and `warning` says why.
 * @throws OptionError for an unknown backend; UnsupportedError if TensorFlow.js is not installed
 */
export async function chooseBackend(options: { readonly prefer?: BackendName } = {}): Promise<Backend> {
  knownKeys('chooseBackend', options, ['prefer']);
  const prefer = options.prefer === undefined ? undefined : keyword('prefer', options.prefer, ORDER);
  const tf = await loadTfjs();
  // Not getBackend(): tfjs types it as always there, and it is not before the first use.
  const active = tf.engine().backendName as string | undefined | null;
  if (active !== undefined && active !== null && active !== chosen) {
    const warning = `models run on '${active}', which this program has chosen, not on '${prefer}'`;
    return prefer === undefined || prefer === active ? { name: active } : { name: active, warning };
  }
  const order = prefer === undefined ? ORDER : [prefer, ...ORDER.filter((name) => name !== prefer)];
  const warnings: string[] = [];
  for (const name of order) {
    const failure = await quietly(tf, () => attempts[name](tf));
    if (failure === undefined) {
      chosen = name;
      if (name === 'cpu') warnings.push(SLOW);
      return warnings.length === 0 ? { name } : { name, warning: warnings.join(' ') };
    }
    // That an optional package is absent is no news, unless it was asked for.
    if (failure.broken || name === prefer) warnings.push(`'${name}' does not work here: ${failure.reason}.`);
  }
  throw new UnsupportedError(`no tfjs backend works here. ${warnings.join(' ')}`);
}

const SLOW =
  "Models run on tfjs's plain JavaScript backend 'cpu', some 25 times slower than 'wasm' and 70 times slower than " +
  'TensorFlow: npm install @tensorflow/tfjs-node.';

/** Why a backend cannot be used; not `broken` where it is merely not installed. */
interface Failure {
  readonly reason: string;
  readonly broken: boolean;
}

/** Loads and sets a backend. */
const attempts: Record<BackendName, (tf: Tfjs) => Promise<Failure | undefined>> = {
  async tensorflow(tf) {
    const failures: Failure[] = [];
    if ('tensorflow' in tf.engine().registryFactory) return set(tf, 'tensorflow');
    const path = process.env['SVCCA_TFJS_NODE'];
    const given = path === undefined || path === '' ? [] : [resolve(path)];
    for (const specifier of [...given, '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']) {
      try {
        require.resolve(specifier);
      } catch {
        if (given.includes(specifier))
          failures.push(broken(`SVCCA_TFJS_NODE=${path} is no installed package`));
        continue;
      }
      try {
        // TensorFlow's C++ logs its CPU features and missing CUDA libraries to standard error.
        process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
        restoreUtil();
        require(specifier);
        const failure = await set(tf, 'tensorflow');
        if (failure === undefined) return undefined;
        failures.push(broken(`${specifier}: ${failure.reason}`));
      } catch (error) {
        failures.push(broken(`${specifier}: ${firstLine(error)}`));
      }
    }
    if (failures.length > 0) return broken(failures.map(({ reason }) => reason).join('; '));
    return { reason: 'it is not installed: npm install @tensorflow/tfjs-node', broken: false };
  },

  async wasm(tf) {
    try {
      const wasm = interop(await import('@tensorflow/tfjs-backend-wasm'));
      // Once it runs it knows where its files are, and refuses to be told.
      if (!('wasm' in tf.engine().registry)) {
        wasm.setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
      }
    } catch (error) {
      return broken(firstLine(error));
    }
    return withoutListeners(() => set(tf, 'wasm'));
  },

  async cpu(tf) {
    const failure = await set(tf, 'cpu');
    // The first tensor prints a banner; it is made here, where that is silenced.
    if (failure === undefined) tf.scalar(0).dispose();
    return failure;
  },
};

async function set(tf: Tfjs, name: BackendName): Promise<Failure | undefined> {
  try {
    return (await tf.setBackend(name)) ? undefined : broken('TensorFlow.js could not initialise it');
  } catch (error) {
    return broken(firstLine(error));
  }
}

/**
 * tfjs-node 4.22 calls `isArray` and `isNullOrUndefined` of `node:util`, for which Node 22 prints deprecation warnings and
 * which Node 23 removed: there nearly every operation fails. This puts equal ones in their place. A program that
 * loads tfjs-node itself calls it once, before or after that; {@link chooseBackend} calls it by itself.
 *
 * ```ts
 * import * as tf from '@tensorflow/tfjs-node';
 * import { restoreUtil } from 'svcca/node';
 *
 * restoreUtil();
 * ```
 *
 * @param target - that module's own object, from which tfjs-node reads them.
 * @param version - of Node; before 22 nothing is touched.
 */
export function restoreUtil(target: object = util, version = process.versions.node): void {
  if (Number.parseInt(version) < 22) return;
  Object.assign(target, {
    isArray: (value: unknown) => Array.isArray(value),
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
}

/** Runs `action` while tfjs keeps its banners and warnings, which it prints by itself, to itself. */
async function quietly<T>(tf: Tfjs, action: () => Promise<T>): Promise<T> {
  const before = tf.env().getBool('PROD');
  tf.env().set('PROD', true);
  try {
    return await action();
  } finally {
    tf.env().set('PROD', before);
  }
}

/** The wasm build of tfjs listens to errors of the whole process, and rethrows them: that is not its business. */
async function withoutListeners<T>(action: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'];
  const before = events.map((event) => new Set(process.listeners(event as 'uncaughtException')));
  const result = await action();
  for (const [i, event] of events.entries()) {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[i].has(listener)) process.removeListener(event, listener);
    }
  }
  return result;
}

/** The namespace of a CommonJS package: Node may list its exports, or give them as the default alone. */
function interop<T extends object>(namespace: T): T {
  return 'default' in namespace ? (namespace.default as T) : namespace;
}

function broken(reason: string): Failure {
  return { reason, broken: true };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error))
    .trim()
    .split('\n', 1)[0]
    .trim()
    .replace(/[.:]$/, '');
}

/**
 * Which engine computes: by name, or the fastest that works here.
 *
 * @module
 */
import { OptionError, UnsupportedError } from '../errors.js';
import { keyword, show, wholeNumber } from '../options.js';
import type { Engine, EngineName } from './engine.js';

/** What opening an engine may ask. */
export interface EngineOptions {
  /** Threads for engines that have them. @defaultValue all cores */
  readonly threads?: number;
  /**
   * Lets the wasm engine fuse multiplication and addition where the host can: up to 1.3 times as fast, but the last bits
   * then differ between hosts. @defaultValue `false`
   */
  readonly fma?: boolean;
}

/** An engine that was passed over, and why. */
export interface Refusal {
  readonly engine: EngineName;
  readonly reason: string;
}

/** An engine with the reasons why those before it in the order were passed over. */
export interface Selection {
  readonly engine: Engine;
  readonly refused: readonly Refusal[];
}

/** Engines in the order in which `auto` tries them, each loaded when it is opened and not before. */
const openers: Record<EngineName, (options: EngineOptions) => Promise<Engine>> = {
  tensorflow: async () => (await import('./tensorflow/index.js')).open(),
  lapack: async (options) => (await import('./lapack/index.js')).open(options),
  wasm: async (options) => (await import('./wasm/index.js')).open(options),
  // It multiplies on the device; the small decompositions are left to an engine of the host.
  tfjs: async (options) => (await import('./tfjs/index.js')).open(await hostEngine(options)),
  'ml-matrix': async () => (await import('./ml-matrix/index.js')).open(),
};

async function hostEngine(options: EngineOptions): Promise<Engine> {
  try {
    return await openers.wasm(options);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return openers['ml-matrix'](options);
  }
}

/** Names of all engines, in the order in which `auto` tries them. */
export const engineNames = Object.keys(openers) as EngineName[];

/**
 * Selects the engine that computes.
 *
 * @param choice - a name; an engine, taken as it is; or `'auto'`: TensorFlow where it has a GPU, else a system LAPACK, else
 * WebAssembly, else plain JavaScript.
 * @throws UnsupportedError when the engine does not work here; for `'auto'` it lists every engine with its reason.
 * @throws OptionError for an unknown name.
 */
export async function selectEngine(
  choice: 'auto' | EngineName | Engine = 'auto',
  options: EngineOptions = {},
): Promise<Selection> {
  if (typeof choice === 'object') {
    if (typeof choice?.accumulateGram === 'function') return { engine: choice, refused: [] };
    throw new OptionError(`engine is ${show(choice)}: give a name or what openEngine() returned`);
  }
  if (options.threads !== undefined) wholeNumber('threads', options.threads);
  if (choice !== 'auto') {
    return { engine: await openers[keyword('engine', choice, engineNames)](options), refused: [] };
  }
  const refused: Refusal[] = [];
  for (const name of engineNames) {
    if (name === 'tfjs') {
      refused.push({ engine: name, reason: ONLY_ON_REQUEST });
      continue;
    }
    try {
      const engine = await openers[name](options);
      if (name !== 'tensorflow' || engine.gpu) return { engine, refused };
      await engine.close?.();
      refused.push({ engine: name, reason: NO_GPU });
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      refused.push({ engine: name, reason: error.message });
    }
  }
  const reasons = refused.map(({ engine, reason }) => `\n  ${engine}: ${reason}`);
  throw new UnsupportedError(`no engine works here${reasons.join('')}`);
}

const NO_GPU = 'TensorFlow has no GPU here, and on a CPU the engines after it are at least as fast';
const ONLY_ON_REQUEST = 'float32 devices are used on request only: they keep fewer digits';

/** Opens an engine: {@link selectEngine} without the reasons. */
export async function openEngine(
  choice: 'auto' | EngineName | Engine = 'auto',
  options: EngineOptions = {},
): Promise<Engine> {
  return (await selectEngine(choice, options)).engine;
}

/**
 * Which engine computes: by name, or the fastest that works here.
 *
 * @module
 */
import { OptionError, UnsupportedError } from '../errors.js';
import { keyword, show } from '../options.js';
import type { Engine, EngineName } from './engine.js';

/** What opening an engine may ask. */
export interface EngineOptions {
  /** Threads for engines that have them. @defaultValue all cores */
  readonly threads?: number;
}

/** Engines in the order in which `auto` tries them, each loaded when it is opened and not before. */
const openers: Record<EngineName, (options: EngineOptions) => Promise<Engine>> = {
  'ml-matrix': async () => (await import('./ml-matrix/index.js')).open(),
};

/** Names of all engines, in the order in which `auto` tries them. */
export const engineNames = Object.keys(openers) as EngineName[];

/**
 * Opens an engine.
 *
 * @param choice - a name, `'auto'` for the first that works here, or an engine, returned as it is.
 * @throws UnsupportedError when the engine does not work here; for `'auto'` it lists every engine with its reason.
 * @throws OptionError for an unknown name.
 */
export async function openEngine(
  choice: 'auto' | EngineName | Engine = 'auto',
  options: EngineOptions = {},
): Promise<Engine> {
  if (typeof choice === 'object') {
    if (typeof choice?.accumulateGram === 'function') return choice;
    throw new OptionError(`engine is ${show(choice)}: give a name or what openEngine() returned`);
  }
  if (choice !== 'auto') return openers[keyword('engine', choice, engineNames)](options);
  const reasons: string[] = [];
  for (const name of engineNames) {
    try {
      return await openers[name](options);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      reasons.push(`${name}: ${error.message}`);
    }
  }
  throw new UnsupportedError(`no engine works here\n  ${reasons.join('\n  ')}`);
}

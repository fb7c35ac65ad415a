/**
 * koffi, the package that calls native libraries: optional, and loaded when the engine is opened and not before.
 *
 * @module
 */
import type * as koffi from 'koffi';
import { UnsupportedError } from '../../errors.js';

/** The part of koffi that is used here. */
export type Koffi = Pick<typeof koffi, 'load' | 'config'>;

/** A loaded shared library. */
export type NativeLibrary = ReturnType<Koffi['load']>;

/** A function of one. */
export type NativeFunction = ReturnType<NativeLibrary['func']>;

/**
 * What a call may need of stack. koffi runs functions on stacks of its own, by default 128 KiB on worker threads; OpenBLAS
 * alone may put 130 KiB of jobs there.
 */
const STACK = 2 ** 21;

/** @throws UnsupportedError outside Node, and where the package is missing or does not load. */
export async function loadKoffi(load = importKoffi): Promise<Koffi> {
  if (globalThis.process?.versions?.node === undefined) {
    throw new UnsupportedError('native libraries cannot be called here: the lapack engine runs in Node only');
  }
  let module: KoffiModule;
  try {
    module = await load();
  } catch (cause) {
    const { code = '', message = String(cause) } = cause as { code?: string; message?: string };
    const missing = code.endsWith('MODULE_NOT_FOUND') && /['"]koffi['"]/.test(message);
    throw new UnsupportedError(
      missing ? 'koffi is not installed: npm install koffi' : `koffi could not be loaded: ${message}`,
      { cause },
    );
  }
  return module.default ?? module;
}

/** The namespace of the package. */
type KoffiModule = Koffi & { readonly default?: Koffi };

function importKoffi(): Promise<KoffiModule> {
  // Not a literal: a bundler for browsers would try to resolve it.
  const name = ['koffi'].join('');
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name) as Promise<KoffiModule>;
}

/** Makes room on the stacks of worker threads. False where the program has loaded a library by koffi before: too late. */
export function widenStacks({ config }: Koffi): boolean {
  const size = (): number => config().async_stack_size ?? 0;
  try {
    if (size() < STACK) config({ async_stack_size: STACK });
  } catch {
    return size() >= STACK;
  }
  return true;
}

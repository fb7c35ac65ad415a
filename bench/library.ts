/**
 * The library as it is measured: the build that users install, or the sources.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Engine, EngineName } from 'svcca';
import { reasonOf } from './harness.js';
import type { Absence } from './harness.js';

/** Root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Where the library is loaded from. */
export type Build = 'dist' | 'src';

/** The library and the engines that open here. */
export interface Library {
  readonly build: Build;
  readonly svcca: typeof import('svcca');
  readonly engines: readonly Engine[];
  readonly absent: readonly Absence[];
  close(): Promise<void>;
}

/** Loads the library and opens the named engines; those that cannot work here are listed with the reason. */
export async function openLibrary(
  build: Build,
  wanted: readonly EngineName[] | undefined,
  threads: number,
): Promise<Library> {
  const svcca = await load<typeof import('svcca')>(build, 'index');
  const engines: Engine[] = [];
  const absent: Absence[] = [];
  for (const name of wanted ?? svcca.engineNames) {
    if (name === 'tfjs' && wanted === undefined) {
      absent.push({
        name,
        reason: 'a float32 device on a CPU is no measure of anything: name it in --engines to run it',
      });
      continue;
    }
    try {
      if (name === 'tensorflow') await startTensorflow(build);
      engines.push(await svcca.openEngine(name, { threads }));
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'UNSUPPORTED') throw error;
      absent.push({ name, reason: reasonOf(error) });
    }
  }
  return {
    build,
    svcca,
    engines,
    absent,
    close: async () => {
      for (const engine of engines) await engine.close?.();
    },
  };
}

/** A module of the library. @throws Error where it is not built */
export async function load<T>(build: Build, entry: 'index' | 'node'): Promise<T> {
  const sources = { index: '../src/index.js', node: '../src/node/index.js' };
  const file = build === 'src' ? sources[entry] : `../dist/${entry}.js`;
  const url = new URL(file, import.meta.url);
  if (build === 'dist' && !existsSync(url)) throw new Error('the library is not built: npm run build');
  return (await import(url.href)) as T;
}

/** TensorFlow computes where tfjs has it as its backend, and nowhere else. */
async function startTensorflow(build: Build): Promise<void> {
  const node = await load<typeof import('svcca/node')>(build, 'node');
  await node.chooseBackend({ prefer: 'tensorflow' });
}

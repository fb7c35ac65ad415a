/**
 * OpenBLAS carries kernels for many processors and chooses at loading. A release older than the processor knows it by no
 * name and takes its oldest kernels, several times slower than those that would run.
 *
 * @module
 */

/** Names of OpenBLAS's kernels for x86 without AVX2. */
const OLD =
  /^(Katmai|Coppermine|Northwood|Prescott|Banias|Core2|Penryn|Dunnington|Nehalem|Atom|Sandybridge|Athlon|Opteron|Opteron_SSE3|Barcelona|Bobcat|Bulldozer|Piledriver|Nano|Unknown)$/i;

/** The variable that names the kernels, read once when the library is loaded. */
const VARIABLE = 'OPENBLAS_CORETYPE';

/** What is used of `node:fs`. */
interface NodeFiles {
  readFileSync(path: string, encoding: 'utf8'): string;
}

/**
 * Better kernels for this processor than `core`, which OpenBLAS has chosen; nothing where those are right, or the user's
 * own choice.
 *
 * @param cpuinfo - what Linux says of the processor.
 */
export function betterCore(core: string, cpuinfo = readCpuinfo()): 'SkylakeX' | 'Haswell' | undefined {
  if (!OLD.test(core) || environment()?.[VARIABLE]) return undefined;
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/));
  const has = (...names: readonly string[]): boolean => names.every((name) => flags.has(name));
  if (has('avx512f', 'avx512dq', 'avx512bw', 'avx512vl', 'avx512cd')) return 'SkylakeX';
  return has('avx2', 'fma') ? 'Haswell' : undefined;
}

/** Runs `load` while OpenBLAS is told to take these kernels; the environment is as before afterwards. */
export function withCore<T>(core: string, load: () => T): T {
  const variables = environment();
  if (variables === undefined) return load();
  // Set or deleted here, it is set or deleted for native code too.
  variables[VARIABLE] = core;
  try {
    return load();
  } finally {
    // Only an unset or empty one is ever replaced.
    Reflect.deleteProperty(variables, VARIABLE);
  }
}

function environment(): Record<string, string | undefined> | undefined {
  return globalThis.process?.env;
}

function readCpuinfo(): string {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const files = process?.getBuiltinModule?.('node:fs') as NodeFiles | undefined;
  try {
    return files?.readFileSync('/proc/cpuinfo', 'utf8') ?? '';
  } catch {
    return '';
  }
}

/**
 * Finds a BLAS with LAPACK on this machine, and checks that it computes before anything is asked of it.
 *
 * @module
 */
import { UnsupportedError } from '../../errors.js';
import { betterCore, withCore } from './cores.js';
import { Fortran, Info, leading, real } from './fortran.js';
import { loadKoffi, widenStacks } from './koffi.js';
import type { Koffi, NativeFunction, NativeLibrary } from './koffi.js';
import { Lanes } from './lanes.js';
import { libraryNames } from './names.js';

/** A library that computes correctly. */
export interface Library {
  readonly fortran: Fortran;
  readonly lanes: Lanes;
  /** Its name, version and kernels. */
  readonly title: string;
  /** Threads it has by default, where it says and can be told. */
  readonly threads: number | undefined;
  /** Whether its calls may be made on other threads. */
  readonly asynchronous: boolean;
}

/** Libraries in use, by what was asked for: threads are set for a library as a whole, so all engines on it share one. */
const opened = new Map<string, Promise<Library>>();

/** The library that `SVCCA_LAPACK` names, else the first that works. @throws UnsupportedError where there is none. */
export function openLibrary(): Promise<Library> {
  const path = globalThis.process?.env?.['SVCCA_LAPACK'] ?? '';
  const known = opened.get(path);
  if (known) return known;
  const opening = search(path);
  opened.set(path, opening);
  // What was missing may be there at the next try.
  opening.catch(() => opened.delete(path));
  return opening;
}

async function search(path: string): Promise<Library> {
  const koffi = await loadKoffi();
  const roomy = widenStacks(koffi);
  if (path !== '') {
    const found = tryLibrary(koffi, path, roomy);
    if (typeof found === 'string')
      throw new UnsupportedError(`SVCCA_LAPACK=${path} cannot be used: ${found}`);
    return found;
  }
  const refused: string[] = [];
  for (const name of libraryNames(globalThis.process.platform)) {
    const found = tryLibrary(koffi, name, roomy);
    if (typeof found !== 'string') return found;
    refused.push(`\n    ${name}: ${found}`);
  }
  throw new UnsupportedError(
    `no BLAS with LAPACK was found: install one (on Debian: apt install libopenblas0) or set SVCCA_LAPACK=path; tried${refused.join('')}`,
  );
}

/** Opens a library, or says why it cannot be used. */
function tryLibrary(koffi: Koffi, name: string, roomy: boolean): Library | string {
  let library: NativeLibrary;
  try {
    library = koffi.load(name);
  } catch (error) {
    return reason(error, name);
  }
  library = withBestCore(koffi, name, library);
  const bound = Fortran.bind(library);
  if ('missing' in bound) return `it has no routine ${bound.missing}`;
  const { fortran, spelling } = bound;
  if (!computes(fortran)) return 'its results are wrong';
  const { title, get, set, concurrent } = identify(library, spelling.prefix);
  const asynchronous = roomy && concurrent;
  return {
    fortran,
    lanes: new Lanes(set, asynchronous ? poolSize() : 1),
    title: fortran.integerSize() === 8 ? `${title}, 64-bit integers` : title,
    threads: set && get?.(),
    asynchronous,
  };
}

/** The same library, loaded again with better kernels if it is an OpenBLAS that does not know this processor. */
function withBestCore(koffi: Koffi, name: string, library: NativeLibrary): NativeLibrary {
  const core = openblas(library, 'get_corename', 'str', [])?.() as string | undefined;
  const better = core === undefined ? undefined : betterCore(core);
  // A build on OpenMP has a runtime that may not survive being unloaded.
  if (better === undefined || openblas(library, 'get_parallel', 'int', [])?.() === 2) return library;
  library.unload();
  // Where something else holds it in memory it stays as it is: slow, and right.
  return withCore(better, () => koffi.load(name));
}

interface Identity {
  readonly title: string;
  readonly get?: (() => number) | undefined;
  readonly set?: ((count: number) => void) | undefined;
  /** Whether calls on several threads of ours run beside each other, on as many threads of its own as it was told. */
  readonly concurrent: boolean;
}

function identify(library: NativeLibrary, prefix: string): Identity {
  const config = openblas(library, 'get_config', 'str', [])?.() as string | undefined;
  if (config !== undefined) {
    const core = openblas(library, 'get_corename', 'str', [])?.() as string | undefined;
    const version = /OpenBLAS \S+/.exec(config)?.[0] ?? 'OpenBLAS';
    return {
      title: [version, ...(core ? [core] : [])].join(', '),
      get: openblas(library, 'get_num_threads', 'int', []),
      set: openblas(library, 'set_num_threads', 'void', ['int']),
      // OpenMP keeps the number of threads for each calling thread apart.
      concurrent: openblas(library, 'get_parallel', 'int', [])?.() !== 2,
    };
  }
  const mkl = named(library, 'MKL_Set_Num_Threads', 'void', ['int']);
  if (mkl) {
    const get = named(library, 'MKL_Get_Max_Threads', 'int', []);
    return { title: 'Intel MKL', get, set: mkl, concurrent: true };
  }
  const flexiblas = named(library, 'flexiblas_set_num_threads', 'void', ['int']);
  if (flexiblas) {
    const get = named(library, 'flexiblas_get_num_threads', 'int', []);
    // What is behind it may be anything.
    return { title: 'FlexiBLAS', get, set: flexiblas, concurrent: false };
  }
  const accelerate = prefix === '' && named(library, 'BLASGetThreading', 'int', []) !== undefined;
  return { title: accelerate ? 'Accelerate' : 'LAPACK', concurrent: true };
}

/** A function of OpenBLAS, by the names that it has in its builds. */
function openblas(
  library: NativeLibrary,
  name: string,
  result: string,
  values: string[],
): NativeFunction | undefined {
  for (const prefix of ['', 'scipy_']) {
    for (const suffix of ['', '64_', '_64_']) {
      const found = named(library, `${prefix}openblas_${name}${suffix}`, result, values);
      if (found) return found;
    }
  }
  return undefined;
}

function named(
  library: NativeLibrary,
  name: string,
  result: string,
  values: string[],
): NativeFunction | undefined {
  try {
    return library.func(name, result, values);
  } catch {
    return undefined;
  }
}

/** Whether a product and eigenvalues that are known come out. */
function computes(fortran: Fortran): boolean {
  // Column by column: (1 2; 3 4) · (5 6; 7 8)
  const product = new Float64Array(4);
  const [a, b] = [Float64Array.of(1, 3, 2, 4), Float64Array.of(5, 7, 6, 8)];
  fortran.call('dgemm', 'N', 'N', 2, 2, 2, real(1), a, leading(2), b, 2, real(0), product, 2);
  // (2 −1 0; −1 2 −1; 0 −1 2)
  const [diagonal, beside, info] = [Float64Array.of(2, 2, 2), Float64Array.of(-1, -1), new Info()];
  fortran.call('dsterf', 3, diagonal, beside, info.address);
  const known = [2 - Math.SQRT2, 2, 2 + Math.SQRT2];
  return (
    product.join() === '19,43,22,50' &&
    info.code === 0 &&
    known.every((value, i) => Math.abs(diagonal[i] - value) < 1e-14)
  );
}

/** How many calls may be under way: all threads of Node's pool but one, which files go on to be read by. */
function poolSize(): number {
  const size = Number(globalThis.process.env['UV_THREADPOOL_SIZE'] ?? 4);
  return Math.max(1, (Number.isInteger(size) && size > 0 ? size : 4) - 1);
}

/** What a loader says, less the name, which stands before it. */
function reason(error: unknown, name: string): string {
  const text = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];
  return text.replace(/^Failed to load shared library: /, '').replace(`${name}: `, '');
}

/** How the lapack engine finds its library, chooses kernels and orders calls: none of it needs a library. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import { betterCore, withCore } from '../../src/engines/lapack/cores.js';
import { Info } from '../../src/engines/lapack/fortran.js';
import { loadKoffi, widenStacks } from '../../src/engines/lapack/koffi.js';
import type { Koffi } from '../../src/engines/lapack/koffi.js';
import { Lanes } from '../../src/engines/lapack/lanes.js';
import { NumericalError, UnsupportedError } from '../../src/errors.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

describe('finding a library', () => {
  it('takes the one that SVCCA_LAPACK names, or says why not', async () => {
    vi.stubEnv('SVCCA_LAPACK', '/nowhere/libopenblas.so');
    const opening = openEngine('lapack');
    await expect(opening).rejects.toThrow(UnsupportedError);
    await expect(opening).rejects.toThrow(/^SVCCA_LAPACK=\/nowhere\/libopenblas\.so cannot be used: \S/);
  });

  it.runIf(process.platform === 'linux')('refuses a library without the routines', async () => {
    vi.stubEnv('SVCCA_LAPACK', 'libm.so.6');
    await expect(openEngine('lapack')).rejects.toThrow(
      'SVCCA_LAPACK=libm.so.6 cannot be used: it has no routine dsyrk',
    );
  });

  it('does not work in a browser', async () => {
    vi.stubGlobal('process', undefined);
    const load = vi.fn<() => Promise<Koffi>>();
    const loading = loadKoffi(load);
    vi.unstubAllGlobals();
    await expect(loading).rejects.toThrow(UnsupportedError);
    expect(load).not.toHaveBeenCalled();
  });

  it('says how to install koffi, or why it does not load', async () => {
    const missing = Object.assign(new Error("Cannot find package 'koffi' imported from /a.js"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    await expect(loadKoffi(() => Promise.reject(missing))).rejects.toThrow(
      new UnsupportedError('koffi is not installed: npm install koffi'),
    );
    await expect(loadKoffi(() => Promise.reject(new Error('wrong ELF class')))).rejects.toThrow(
      new UnsupportedError('koffi could not be loaded: wrong ELF class'),
    );
  });

  it('makes calls on other threads only where their stacks are large enough', () => {
    const koffi = (size: number, locked: boolean): Koffi => ({
      load: vi.fn(),
      config: (wanted?: { async_stack_size?: number }) => {
        if (wanted !== undefined && locked) throw new Error('a library has been loaded');
        size = wanted?.async_stack_size ?? size;
        return { async_stack_size: size };
      },
    });
    expect(widenStacks(koffi(2 ** 17, false))).toBe(true);
    expect(widenStacks(koffi(2 ** 17, true))).toBe(false);
    expect(widenStacks(koffi(2 ** 23, true))).toBe(true);
  });
});

describe("OpenBLAS's kernels", () => {
  const avx512 = 'flags\t\t: fpu sse avx avx2 fma avx512f avx512dq avx512cd avx512bw avx512vl\n';
  const avx2 = 'processor: 0\nflags : fpu avx avx2 fma\nmodel: x\n';

  it('are replaced where the processor has better ones', () => {
    vi.stubEnv('OPENBLAS_CORETYPE', undefined);
    expect(betterCore('Prescott', avx512)).toBe('SkylakeX');
    expect(betterCore('Nehalem', avx2)).toBe('Haswell');
    expect(betterCore('Sandybridge', 'flags : fpu avx')).toBeUndefined();
    expect(betterCore('Haswell', avx512)).toBeUndefined();
    expect(betterCore('Zen', avx2)).toBeUndefined();
    expect(betterCore('neoversen1', '')).toBeUndefined();
  });

  it("are left alone where the user has chosen, and are the user's choice no longer than for loading", () => {
    vi.stubEnv('OPENBLAS_CORETYPE', 'Prescott');
    expect(betterCore('Prescott', avx512)).toBeUndefined();
    vi.stubEnv('OPENBLAS_CORETYPE', undefined);
    expect(withCore('Haswell', () => process.env['OPENBLAS_CORETYPE'])).toBe('Haswell');
    expect(process.env['OPENBLAS_CORETYPE']).toBeUndefined();
    expect(() =>
      withCore('Haswell', () => {
        throw new Error('not loaded');
      }),
    ).toThrow('not loaded');
    expect(process.env['OPENBLAS_CORETYPE']).toBeUndefined();
  });
});

describe('Info', () => {
  it('names the routine and the code, whichever half of it was written', () => {
    const info = new Info();
    info.check('dgesdd');
    new Int32Array(info.address.buffer)[0] = -4;
    expect(() => info.check('dgesdd')).toThrow(
      new NumericalError("LAPACK's dgesdd failed with info = -4: an argument was not valid, or not finite"),
    );
    info.address[0] = 7n;
    expect(() => info.check('dstedc')).toThrow('dstedc failed with info = 7: it did not converge');
  });
});

describe('Lanes', () => {
  /** Lanes with a log: `+name` when a call starts, `-name` when it ends, a number when the threads change. */
  function logged(width: number) {
    const log: string[] = [];
    const lanes = new Lanes((threads) => void log.push(String(threads)), width);
    const ends = new Map<string, () => void>();
    const call = (name: string) => async (): Promise<string> => {
      log.push(`+${name}`);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      log.push(`-${name}`);
      return name;
    };
    const end = async (name: string): Promise<void> => {
      ends.get(name)!();
      await new Promise((resolve) => setTimeout(resolve, 0));
    };
    return { log, lanes, call, end };
  }

  it('runs calls of one kind beside each other on one thread, the other kind alone on all', async () => {
    const { log, lanes, call, end } = logged(8);
    const calls = [
      lanes.beside(2, call('a')),
      lanes.beside(2, call('b')),
      lanes.beside(2, call('c')),
      lanes.byItself(2, call('D')),
      lanes.beside(2, call('e')),
    ];
    expect(log).toEqual(['1', '+a', '+b']);
    await end('b');
    await end('a');
    expect(log.splice(0)).toEqual(['1', '+a', '+b', '-b', '+c', '-a']);
    await end('c');
    expect(log.splice(0)).toEqual(['-c', '2', '+D']);
    const atOnce = lanes.atOnce(() => log.push('short'));
    await end('D');
    expect(log).toEqual(['-D', '1', '+e', 'short']);
    await end('e');
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c', 'D', 'e']);
    expect(await atOnce).toBe(4);
  });

  it('goes on after a failure, and is no wider than the pool', async () => {
    const { log, lanes, call, end } = logged(1);
    const failing = lanes.beside(4, () => {
      throw new Error('in the middle');
    });
    const [b, c] = [lanes.beside(4, call('b')), lanes.beside(4, call('c'))];
    await expect(failing).rejects.toThrow('in the middle');
    await end('b');
    await end('c');
    expect(await Promise.all([b, c])).toEqual(['b', 'c']);
    expect(log).toEqual(['1', '+b', '-b', '+c', '-c']);
  });
});

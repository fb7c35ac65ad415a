import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError, FormatError } from '../../src/errors.js';
import {
  fingerprint,
  loadNpy,
  loadNpz,
  replaceFile,
  saveNpy,
  saveNpz,
  writeAtomic,
} from '../../src/node/files.js';
import { root, shared } from '../support.js';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'svcca-files-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('arrays', () => {
  it('are read back as they were saved', async () => {
    const a = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    await saveNpy(at('a.npy'), a);
    expect(await loadNpy(at('a.npy'))).toEqual({ ...a, dtype: 'float32' });
    await saveNpz(
      at('new', 'folder', 'a.npz'),
      { a, m: { rows: 1, cols: 1, data: Float64Array.of(7) } },
      { compress: true },
    );
    expect(await loadNpz(at('new', 'folder', 'a.npz'))).toEqual({
      a: { ...a, dtype: 'float32' },
      m: { shape: [1, 1], data: Float64Array.of(7), dtype: 'float64' },
    });
  });

  it('errors name the path', async () => {
    writeFileSync(at('bad.npy'), 'hello');
    await expect(loadNpy(at('bad.npy'))).rejects.toThrow(`${at('bad.npy')}: not a .npy file`);
    await expect(loadNpz(at('bad.npy'))).rejects.toBeInstanceOf(FormatError);
    await expect(loadNpz(at('bad.npy'))).rejects.toThrow(`${at('bad.npy')}: not a zip archive`);
  });

  it.skipIf(!existsSync(join(shared, 'data')))('data sets (needs ../shared)', async () => {
    for (const name of readdirSync(join(shared, 'data')).filter((file) => file.endsWith('.npz'))) {
      const arrays = await loadNpz(join(shared, 'data', name));
      expect(Object.keys(arrays).length).toBeGreaterThan(0);
      for (const { shape, data } of Object.values(arrays))
        expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
    }
  });
});

describe('what the file system refuses', () => {
  it('a file that is not there', async () => {
    const error = await loadNpy(at('none.npy')).catch((thrown: unknown) => thrown as DataError);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toBe(
      `cannot read '${at('none.npy')}': there is no such file; the path is taken from ${process.cwd()}`,
    );
    expect((error as DataError).cause).toMatchObject({ code: 'ENOENT' });
  });

  it('a directory in the place of a file, and a file in the place of a directory', async () => {
    await expect(loadNpy(folder)).rejects.toThrow('it is a directory; name a file in it');
    await expect(writeAtomic(folder, 'x')).rejects.toThrow('it is a directory; name a file to write');
    writeFileSync(at('file'), '');
    await expect(loadNpy(at('file', 'x.npy'))).rejects.toThrow(
      `a part of '${at('file')}' is a file, not a directory`,
    );
    await expect(writeAtomic(at('file', 'x'), '')).rejects.toThrow('is a file, not a directory');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('a name that is too long', async () => {
    await expect(writeAtomic(at('x'.repeat(300)), '')).rejects.toThrow(DataError);
    expect(readdirSync(folder)).toEqual([]);
  });

  const asRoot = process.getuid?.() === 0 || process.platform === 'win32';
  it.skipIf(asRoot)('no permission (needs a user who is not root)', async () => {
    writeFileSync(at('secret'), '');
    chmodSync(at('secret'), 0);
    await expect(loadNpy(at('secret'))).rejects.toThrow('permission denied; make the file readable');
    mkdirSync(at('closed'));
    chmodSync(at('closed'), 0o500);
    await expect(writeAtomic(at('closed', 'x'), '')).rejects.toThrow(
      `permission denied; make '${at('closed')}' writable`,
    );
    chmodSync(at('closed'), 0o700);
  });

  it('a path of another type', async () => {
    await expect(loadNpy(undefined as never)).rejects.toBeInstanceOf(DataError);
    await expect(loadNpy('a\0b')).rejects.toBeInstanceOf(DataError);
  });
});

describe('writeAtomic', () => {
  it('writes text and bytes, makes folders, leaves nothing else', async () => {
    await writeAtomic(at('a', 'b', 'c.txt'), 'é');
    expect(readFileSync(at('a', 'b', 'c.txt'), 'utf8')).toBe('é');
    await writeAtomic(at('a', 'b', 'c.txt'), Uint8Array.of(1, 2));
    expect([...readFileSync(at('a', 'b', 'c.txt'))]).toEqual([1, 2]);
    expect(readdirSync(at('a', 'b'))).toEqual(['c.txt']);
  });

  it('on failure the old content stays and the temporary file goes', async () => {
    writeFileSync(at('x'), 'old');
    // Content of a wrong type fails once the temporary file is open.
    await expect(writeAtomic(at('x'), 5 as never)).rejects.toBeInstanceOf(DataError);
    expect(readFileSync(at('x'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['x']);
  });

  it('many writers at once leave one whole content', async () => {
    const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(100_000));
    await Promise.all(contents.map((content) => writeAtomic(at('x'), content)));
    expect(contents).toContain(readFileSync(at('x'), 'utf8'));
    expect(readdirSync(folder)).toEqual(['x']);
  });

  it.skipIf(process.platform === 'win32')('keeps permissions and links (needs POSIX)', async () => {
    writeFileSync(at('target'), 'old');
    chmodSync(at('target'), 0o640);
    symlinkSync('target', at('link'));
    await writeAtomic(at('link'), 'new');
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('target'), 'utf8')).toBe('new');
    expect(statSync(at('target')).mode & 0o777).toBe(0o640);
  });

  it.skipIf(process.platform === 'win32')(
    'writes to a device and does not replace it (needs POSIX)',
    async () => {
      await writeAtomic('/dev/null', 'x');
      execFileSync('mkfifo', [at('pipe.npz')]);
      await expect(replaceFile(at('pipe.npz'), () => Promise.resolve())).rejects.toThrow(/device or a pipe/);
      expect(statSync(at('pipe.npz')).isFIFO()).toBe(true);
      expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    },
  );
});

it('fingerprint is the start of sha256, of parts as of their whole', () => {
  expect(fingerprint('abc')).toBe('ba7816bf8f01cfea');
  expect(fingerprint('a', Uint8Array.of(98), 'c')).toBe('ba7816bf8f01cfea');
  expect(fingerprint(readFileSync(join(root, 'package.json')))).toMatch(/^[\da-f]{16}$/);
});

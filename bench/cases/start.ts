/**
 * What loading the library costs: time over an empty Node start, and sizes of the bundles. Of the build only.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { median } from '../harness.js';
import { root } from '../library.js';

/** Loading and sizes; nothing where the library is not built. */
export interface StartResult {
  /** Milliseconds of `import('svcca')` beyond an empty Node process, median of the pairs. */
  readonly importMs: number;
  readonly emptyMs: number;
  readonly pairs: number;
  /** Whether the import loaded any file of TensorFlow.js. */
  readonly loadsTfjs: boolean;
  /** Bytes after gzip of what `import('svcca')` loads of this package. */
  readonly mainBytes: number;
  /** Bytes after gzip of what opening the wasm engine loads on top. */
  readonly wasmBytes: number;
  readonly wasmFiles: readonly string[];
}

const dist = join(root, 'dist');

/** Times and sizes. @param pairs - of starts, with the library and without */
export function runStart(pairs: number): StartResult | undefined {
  if (!existsSync(join(dist, 'index.js'))) return undefined;
  const start = (code: string) => {
    const from = performance.now();
    execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root });
    return performance.now() - from;
  };
  const load = `await import(${JSON.stringify(join(dist, 'index.js'))})`;
  const empty: number[] = [];
  const extra: number[] = [];
  start('');
  start(load);
  for (let i = 0; i < pairs; i++) {
    empty.push(start(''));
    extra.push(start(load) - empty[i]);
  }
  const main = closure(['index.js']);
  const wasm = wasmChunks(main);
  return {
    importMs: median(extra),
    emptyMs: median(empty),
    pairs,
    loadsTfjs: [...main].some((file) => /from ?['"]@tensorflow|import ?['"]@tensorflow/.test(code(file))),
    mainBytes: gzipped(main),
    wasmBytes: gzipped(wasm),
    wasmFiles: [...wasm],
  };
}

function code(file: string): string {
  return readFileSync(join(dist, file), 'utf8');
}

function gzipped(files: ReadonlySet<string>): number {
  return [...files].reduce((sum, file) => sum + gzipSync(code(file), { level: 9 }).length, 0);
}

/** Files that these files load when they are loaded, themselves included. */
function closure(files: readonly string[], known: ReadonlySet<string> = new Set()): Set<string> {
  const found = new Set<string>();
  const waiting = [...files];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file) || known.has(file)) continue;
    found.add(file);
    for (const [, next] of code(file).matchAll(/(?:from|import)\s*['"]\.\/([^'"]+)['"]/g)) waiting.push(next);
  }
  return found;
}

/** The chunk of the wasm engine, and whatever only it loads: at once, or (its kernels and worker) when it is opened. */
function wasmChunks(main: ReadonlySet<string>): Set<string> {
  const inner = new Set<string>();
  const waiting = readdirSync(dist).filter((file) => file.endsWith('.js') && isWasm(file) && !main.has(file));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (inner.has(file)) continue;
    for (const each of closure([file], main)) inner.add(each);
    for (const [, next] of code(file).matchAll(/import\(\s*['"]\.\/([^'"]+)['"]\s*\)/g)) {
      if (!main.has(next)) waiting.push(next);
    }
  }
  return inner;
}

/** Each module's path stands in a comment above its code. */
function isWasm(file: string): boolean {
  return /^\/\/ src\/engines\/wasm\/index\.ts$/m.test(code(file));
}

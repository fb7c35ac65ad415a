/**
 * What loading the library costs: time over an empty Node start, and sizes of the bundles. Of the build only.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, relative } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { median } from '../harness.js';
import { root } from '../library.js';

/** Bytes after gzip. */
export interface Sizes {
  /** As a bundler makes it of an import of everything: minified. */
  readonly bundled: number;
  /** The files of the package as they are: readable, with their comments. */
  readonly published: number;
}

/** Loading and sizes; nothing where the library is not built. */
export interface StartResult {
  /** Milliseconds of `import('svcca')` beyond an empty Node process, median of the pairs. */
  readonly importMs: number;
  readonly emptyMs: number;
  readonly pairs: number;
  /** Whether the import loaded any file of TensorFlow.js. */
  readonly loadsTfjs: boolean;
  /** What `import('svcca')` loads of this package, engines excepted. */
  readonly main: Sizes;
  /** What opening the wasm engine loads on top. */
  readonly wasm: Sizes;
}

const dist = join(root, 'dist');

/** Times and sizes. @param pairs - of starts, with the library and without */
export async function runStart(pairs: number): Promise<StartResult | undefined> {
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
  const bundled = await bundle(wasm);
  return {
    importMs: median(extra),
    emptyMs: median(empty),
    pairs,
    loadsTfjs: [...main].some((file) => /from ?['"]@tensorflow|import ?['"]@tensorflow/.test(code(file))),
    main: { bundled: bundled.main, published: gzipped(main) },
    wasm: { bundled: bundled.wasm, published: gzipped(wasm) },
  };
}

function code(file: string): string {
  return readFileSync(join(dist, file), 'utf8');
}

function gzipped(files: ReadonlySet<string>): number {
  return [...files].reduce((sum, file) => sum + compressed(code(file)), 0);
}

function compressed(content: string | Uint8Array): number {
  return gzipSync(content, { level: 9 }).length;
}

/** What a web application would ship of the package: a bundle with the engines in chunks of their own. */
async function bundle(wasm: ReadonlySet<string>): Promise<{ main: number; wasm: number }> {
  // The bundler that makes the package; it comes with tsup.
  const { build } = createRequire(createRequire(import.meta.url).resolve('tsup'))('esbuild') as Esbuild;
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: [join(dist, 'index.js')], outdir: join(dist, 'bundled'), absWorkingDir: root },
    ...{ bundle: true, splitting: true, minify: true, write: false, metafile: true, logLevel: 'error' },
    ...{ format: 'esm', platform: 'neutral', packages: 'external' },
  });
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [relative(root, path), compressed(contents)]),
  );
  const outputs = Object.entries(metafile.outputs);
  const total = (found: ReadonlySet<string>) => [...found].reduce((sum, path) => sum + sizes.get(path)!, 0);
  const reach = (
    isEntry: (entry: string) => boolean,
    known: ReadonlySet<string> = new Set(),
  ): Set<string> => {
    const waiting = outputs.filter(([, { entryPoint }]) => entryPoint && isEntry(basename(entryPoint)));
    const found = new Set<string>();
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [path, { imports }] = next;
      if (found.has(path) || known.has(path)) continue;
      found.add(path);
      for (const { path: to, kind } of imports) {
        if (kind === 'import-statement') waiting.push(...outputs.filter(([name]) => name === to));
      }
    }
    return found;
  };
  const main = reach((entry) => entry === 'index.js');
  return { main: total(main), wasm: total(reach((entry) => wasm.has(entry), main)) };
}

/** As much of esbuild as is used here. */
interface Esbuild {
  build(options: Record<string, unknown>): Promise<{
    outputFiles: { path: string; contents: Uint8Array }[];
    metafile: {
      outputs: Record<string, { entryPoint?: string; imports: { path: string; kind: string }[] }>;
    };
  }>;
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

import { rmSync } from 'node:fs';
import { defineConfig } from 'tsup';
import type { Options } from 'tsup';

// Two builds write into one folder at the same time, so it is emptied here and not by either of them.
rmSync('dist', { recursive: true, force: true });

const library = {
  index: 'src/index.ts',
  node: 'src/node/index.ts',
  report: 'src/report/index.ts',
  transfer: 'src/transfer/index.ts',
};

type Plugin = NonNullable<Options['plugins']>[number];

/** esbuild renames a class that mentions itself to `_Name`, which is what a user would then see printed. */
const classNames: Plugin = {
  name: 'class-names',
  renderChunk(code, chunk) {
    if (chunk.type !== 'chunk') return undefined;
    const renamed = [...code.matchAll(/^var (\w+) = class _\1\b/gm)].map((match) => match[1]);
    return {
      code: renamed.reduce((text, name) => text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name), code),
    };
  },
};

const shared: Options = {
  outDir: 'dist',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  treeshake: true,
  // Entries share chunks, so that an error class is the same class whichever entry it was imported from.
  splitting: true,
  removeNodeProtocol: false,
  plugins: [classNames],
};

export default defineConfig([
  {
    ...shared,
    format: 'esm',
    entry: { ...library, cli: 'src/cli/main.ts' },
    dts: { entry: library },
  },
  {
    ...shared,
    format: 'cjs',
    entry: library,
    dts: { entry: library },
    // import.meta.url for CommonJS. Not in the ESM build, which needs none and would import Node's path everywhere.
    shims: true,
    // Published as ES modules only; require() of those came with Node 20.19.
    noExternal: [/^d3-/],
  },
]);

import { rmSync } from 'node:fs';
import { defineConfig } from 'tsup';
import type { Options } from 'tsup';

// Two builds write into one folder at the same time, so it is emptied here and not by either of them.
rmSync('dist', { recursive: true, force: true });

const library = {
  index: 'src/index.ts',
  node: 'src/node/index.ts',
  report: 'src/report/index.ts',
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

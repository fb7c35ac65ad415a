import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Lists what was skipped, at the end: a test that cannot run here says why in its name, and nobody should miss it. */
const skipped: Reporter = {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    if (tests.length === 0) return;
    const lines = tests.map((test) => {
      const result = test.result();
      const note = result.state === 'skipped' && result.note !== undefined ? ` [${result.note}]` : '';
      return `  ${test.module.relativeModuleId} > ${test.fullName}${note}`;
    });
    console.log(`\nSkipped (${tests.length}):\n${lines.join('\n')}\n`);
  },
};

const json = process.env.SVCCA_TEST_JSON;

export default defineConfig({
  resolve: {
    alias: [
      { find: /^svcca$/, replacement: source('./src/index.ts') },
      { find: /^svcca\/node$/, replacement: source('./src/node/index.ts') },
      { find: /^svcca\/report$/, replacement: source('./src/report/index.ts') },
      { find: /^svcca\/transfer$/, replacement: source('./src/transfer/index.ts') },
    ],
  },
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Against Python packages: npm run test:peers.
    exclude: [...configDefaults.exclude, 'test/peers/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // One line per file, the skipped tests, and numbers for .ci/run where it asks for them.
    reporters: [
      'default',
      skipped,
      ...(json === undefined ? [] : [['json', { outputFile: json }] as ['json', { outputFile: string }]]),
    ],
  },
});

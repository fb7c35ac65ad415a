import { mergeConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';
import base from './vitest.config.js';

/** Skipped comparisons by peer: its name has the reason, and hundreds of lines would hide it. */
const skipped: Reporter = {
  onTestRunEnd(modules) {
    const counts = new Map<string, number>();
    for (const test of modules.flatMap((module) => [...module.children.allTests('skipped')])) {
      const [peer] = test.fullName.split(' > ');
      counts.set(peer, (counts.get(peer) ?? 0) + 1);
    }
    if (counts.size === 0) return;
    const lines = [...counts].map(([peer, count]) => `  ${peer}: ${count}`);
    console.log(`\nSkipped comparisons:\n${lines.join('\n')}\n`);
  },
};

const json = process.env.SVCCA_TEST_JSON;

/** `npm run test:peers`: only the comparisons with Python packages, which `npm test` leaves out. */
const merged = mergeConfig(base, { test: { testTimeout: 120_000, hookTimeout: 300_000 } });

export default {
  ...merged,
  test: {
    ...merged.test,
    include: ['test/peers/*.test.ts'],
    exclude: [],
    reporters: [
      'default',
      skipped,
      ...(json === undefined ? [] : [['json', { outputFile: json }] as ['json', { outputFile: string }]]),
    ],
  },
};

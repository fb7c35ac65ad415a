import { mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** `npm run test:peers`: only the comparisons with Python packages, which `npm test` leaves out. */
const merged = mergeConfig(base, { test: { testTimeout: 120_000, hookTimeout: 300_000 } });

export default {
  ...merged,
  test: { ...merged.test, include: ['test/peers/*.test.ts'], exclude: [] },
};

/** Damaged models and images. */
import { describe } from 'vitest';
import { fuzzed } from './fuzzed.js';

describe('damaged files', () => {
  fuzzed([
    ['model', 1000, 120, 600],
    ['png', 2000, 130, 700],
    ['jpeg', 2000, 300, 1400],
  ]);
});

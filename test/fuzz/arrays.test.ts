/** Damaged arrays, archives of them, folders, and parts of comparisons. */
import { describe } from 'vitest';
import { fuzzed } from './fuzzed.js';
import { BOMBS } from './kinds/bombs.js';

describe('damaged files', () => {
  fuzzed([
    ['npy', 3000, 100, 1000],
    ['npz', 3000, 50, 1000],
    ['safetensors', 3000, 200, 1000],
    ['files', 1500, 100, 500],
    ['part', 1000, 20, 200],
    ['bombs', 2 * Object.keys(BOMBS).length, 0, 0],
  ]);
});

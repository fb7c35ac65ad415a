/** The tfjs engine where TensorFlow.js is not installed. */
import { expect, it, vi } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import { open } from '../../src/engines/tfjs/index.js';
import { UnsupportedError } from '../../src/errors.js';

vi.mock('@tensorflow/tfjs', () => {
  throw new Error("Cannot find package '@tensorflow/tfjs'");
});

it('says what to install, and closes the engine that it was given', async () => {
  let closed = 0;
  const close = async (): Promise<void> => {
    closed++;
  };
  const opening = open({ ...(await openEngine('ml-matrix')), close });
  await expect(opening).rejects.toThrow(UnsupportedError);
  await expect(opening).rejects.toThrow('npm install @tensorflow/tfjs');
  expect(closed).toBe(1);
});

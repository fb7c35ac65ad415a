/** What the tensorflow engine says where tfjs-node is not loaded; in a file, and so a process, of its own. */
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import { UnsupportedError } from '../../src/errors.js';

const message = (state: string) =>
  `the tensorflow engine needs the backend 'tensorflow' of TensorFlow.js, and ${state}: install @tensorflow/tfjs-node ` +
  '(or -node-gpu, or name an installed one in SVCCA_TFJS_NODE), and import it or call chooseBackend() of svcca/node before this';

describe('openEngine of tensorflow without tfjs-node', () => {
  it('names the active backend and the way out, and loads no tfjs for that', async () => {
    await expect(openEngine('tensorflow')).rejects.toThrow(
      new UnsupportedError(message('TensorFlow.js is not loaded here')),
    );
    expect('_tfengine' in globalThis).toBe(false);

    const tf = await import('@tensorflow/tfjs');
    await expect(openEngine('tensorflow')).rejects.toThrow(
      new UnsupportedError(message('TensorFlow.js is loaded here, but without it')),
    );
    expect(tf.engine().backendName).toBeUndefined();

    await tf.setBackend('cpu');
    await expect(openEngine('tensorflow')).rejects.toThrow(
      new UnsupportedError(message("TensorFlow.js runs on its backend 'cpu' here")),
    );
    expect(tf.getBackend()).toBe('cpu');
  });
});

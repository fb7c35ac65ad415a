/** The example's one command, run as its README shows it: PyTorch trains, the library compares. */
import { describe, expect, it } from 'vitest';
import { openActivations } from 'svcca/node';
import { missingFrameworks, python } from '../peers/frameworks.js';
import { expectPrinted, runBlock, shellBlocks } from './support.js';

const missing = missingFrameworks();
const title = (what: string) => (missing === undefined ? what : `${what} (${missing})`);

describe.skipIf(missing !== undefined)(title('examples/activations-from-pytorch'), () => {
  const blocks = shellBlocks('activations-from-pytorch').filter(({ output }) => output !== undefined);

  it('has commands to run', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(3);
  });

  // PyTorch computes in float64 here, so that other processors give the same digits but for the last one printed.
  it.each(blocks.map((block) => [block.text, block] as const))(
    'prints what it says: %s',
    async (_, block) => {
      expectPrinted(await runBlock(block, { python }), block.output!, 0.0011);
    },
    240_000,
  );

  it('leaves files whose layers stand in the order of execution', async () => {
    const { set, close } = await openActivations('demo/activations-from-pytorch/seed-1.npz', {
      layout: 'NCHW',
    });
    expect(set.layers.map(({ name }) => name)).toEqual([
      ...['conv1', 'relu1', 'conv2', 'relu2', 'pool', 'flat', 'dense', 'relu3', 'logits'],
    ]);
    await close();
  });
});

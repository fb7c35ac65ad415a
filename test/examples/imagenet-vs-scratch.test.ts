/** ImageNet weights against random ones: the commands of the example's README, and its plan. */
import { existsSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPlan } from '../../src/node/study.js';
import { root, shared } from '../support.js';
import { expectPrinted, runBlock, shellBlocks } from './support.js';

const weights = existsSync(join(root, '.imagenet/efficientnet-lite0/model.json'));
const lacksWeights = weights ? '' : ' (skipped: no .imagenet: npm run imagenet)';
const native = process.env['SVCCA_TFJS_NODE'];
const lacksNative = native ? '' : ' (skipped: no SVCCA_TFJS_NODE: npm run native)';
const chestXrays = join(shared, 'data/pneumoniamnist_balanced.npz');
const lacksXrays = existsSync(chestXrays) ? '' : ' (skipped: ../shared/data is not here)';

describe('examples/imagenet-vs-scratch', () => {
  const blocks = shellBlocks('imagenet-vs-scratch');
  const untrained = blocks.find(({ text, output }) => output !== undefined && text.includes('--steps 0'))!;
  const trained = blocks.find(({ text, output }) => output !== undefined && !text.includes('--steps 0'))!;

  it.skipIf(!weights)(
    `prints what it says before any training${lacksWeights}`,
    async () => {
      expectPrinted(await runBlock(untrained), untrained.output!, 0.0021);
    },
    180_000,
  );

  // TensorFlow rounds otherwise on another processor, and training makes more of it.
  it.skipIf(!weights || !native)(
    `prints what it says, nearly, after a short training${lacksWeights}${lacksNative}`,
    async () => {
      const printed = await runBlock(trained, { env: { SVCCA_TFJS_NODE: native! } });
      expectPrinted(printed, trained.output!, 0.08);
    },
    300_000,
  );

  it.skipIf(!weights || lacksXrays !== '')(
    `takes chest X-rays from a file${lacksWeights}${lacksXrays}`,
    async () => {
      const out = mkdtempSync(join(tmpdir(), 'svcca-example-'));
      try {
        const also = ['--data', chestXrays, '--size', '32', '--steps', '0', '--out', out];
        const printed = await runBlock({ ...untrained, text: untrained.text.split(' --')[0] }, { also });
        expect(printed).toMatch(/^200 test images at 32 × 32/);
        expect(existsSync(join(out, 'report.html'))).toBe(true);
      } finally {
        rmSync(out, { recursive: true, force: true });
      }
    },
    180_000,
  );

  it('has a plan that svcca transfer takes', async () => {
    const plan = await readPlan(join(root, 'examples/imagenet-vs-scratch/plan.json'));
    expect(plan.conditions).toEqual(['random', 'pretrained']);
    expect(plan.seeds).toHaveLength(2);
  });
});

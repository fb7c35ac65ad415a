/** The networks of a study: what they count, how they are drawn, what they give. */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { OptionError, ShapeError } from '../../src/errors.js';
import { cbr } from '../../src/transfer/cbr.js';
import { efficientNetLite0 } from '../../src/transfer/efficientnet-lite0.js';
import { buildModel, families } from '../../src/transfer/models.js';
import type { ModelSpec } from '../../src/transfer/models.js';
import { resNet50 } from '../../src/transfer/resnet50.js';
import { distance } from '../support.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const size = (shape: readonly (number | null)[]): number => shape.reduce<number>((n, axis) => n * axis!, 1);

/** Runs `look` on a network that is disposed of after it; nothing else may stay. */
async function using<T>(
  building: () => Promise<tf.LayersModel>,
  look: (model: tf.LayersModel) => T | Promise<T>,
) {
  const before = tf.memory().numTensors;
  const model = await building();
  expect(tf.memory().numTensors - before).toBe(model.weights.length);
  try {
    return await look(model);
  } finally {
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  }
}

/** A fingerprint of every weight's bits, by name. */
const prints = (model: tf.LayersModel): Map<string, string> =>
  new Map(
    model.weights.map((weight) => {
      const bytes = new Uint8Array(weight.read().dataSync().buffer);
      return [weight.originalName, createHash('sha256').update(bytes).digest('hex')];
    }),
  );

const trainable = (model: tf.LayersModel, stage = ''): number =>
  model.layers
    .filter(({ name }) => name.startsWith(stage))
    .flatMap((layer) => layer.trainableWeights)
    .reduce((sum, { shape }) => sum + size(shape), 0);

describe('CBR', () => {
  // The paper's counts.
  it.each([
    ['LargeT', 8_532_480],
    ['LargeW', 8_432_128],
    ['Small', 2_108_672],
    ['Tiny', 1_076_480],
  ] as const)('%s has the %i parameters that the paper counts', async (name, count) => {
    await using(
      () => cbr(name, { inputShape: [224, 224, 3], classes: 5 }),
      (model) => {
        const kernels = model.weights.filter(({ originalName }) => originalName.endsWith('/kernel'));
        expect(kernels[0].originalName).toBe('block1_conv/kernel');
        expect(kernels.slice(1).reduce((sum, { shape }) => sum + size(shape), 0)).toBe(count);
        const kernel = name === 'Tiny' ? 5 : 7;
        expect(kernels[0].shape.slice(0, 3)).toEqual([kernel, kernel, 3]);
        // Nothing besides them but the classifier's bias and batch normalisation.
        const others = model.weights.map(({ originalName }) => originalName.replace(/.*[_/](?=\w+$)/, ''));
        expect(new Set(others)).toEqual(new Set(['kernel', 'bias', 'gamma', 'beta', 'mean', 'variance']));
        expect(model.weights.some(({ originalName }) => originalName.includes('conv/bias'))).toBe(false);
      },
    );
  });

  it('pools blocks 1 to 4 of LargeT, and all of the others', async () => {
    await using(
      () => cbr('LargeT', { inputShape: [28, 28, 1], classes: 2, width: 1 / 32 }),
      (model) => {
        expect(model.layers.map(({ name }) => name)).toEqual([
          'input',
          ...[1, 2, 3, 4].flatMap((i) => ['conv', 'bn', 'relu', 'pool'].map((kind) => `block${i}_${kind}`)),
          ...['block5_conv', 'block5_bn', 'block5_relu', 'head_gap', 'head_logits'],
        ]);
        expect(model.getLayer('block4_pool').outputShape).toEqual([null, 2, 2, 8]);
        expect(model.getLayer('block5_relu').outputShape).toEqual([null, 2, 2, 16]);
      },
    );
    for (const name of ['LargeW', 'Small', 'Tiny'] as const) {
      await using(
        () => cbr(name, { inputShape: [28, 28, 1], classes: 2, width: 1 / 32 }),
        (model) => {
          expect(model.layers.filter((layer) => layer.name.endsWith('_pool'))).toHaveLength(4);
          expect(model.getLayer('block4_pool').outputShape.slice(1, 3)).toEqual([2, 2]);
        },
      );
    }
  });

  it('takes filters by width or one by one', async () => {
    const filters = (model: tf.LayersModel) =>
      [1, 2, 3, 4].map((i) => model.getLayer(`block${i}_conv`).outputShape.at(-1));
    const shape = { inputShape: [9, 9, 1], classes: 2 } as const;
    expect(await using(() => cbr('Tiny', { ...shape, width: 0.25 }), filters)).toEqual([8, 16, 32, 64]);
    expect(await using(() => cbr('Tiny', { ...shape, width: 0.001 }), filters)).toEqual([1, 1, 1, 1]);
    expect(await using(() => cbr('Tiny', { ...shape, widths: [3, 1, 4, 2] }), filters)).toEqual([3, 1, 4, 2]);
  });
});

describe('EfficientNet-Lite0', () => {
  it('has 4,694,024 weights in 143 layers, 42,016 of them running statistics', async () => {
    await using(
      () => efficientNetLite0(),
      (model) => {
        expect(model.countParams()).toBe(4_694_024);
        expect(model.layers).toHaveLength(143);
        expect(trainable(model)).toBe(4_694_024 - 42_016);
        // Output sizes of table 1 of Tan and Le.
        const shapes = [
          'block1_1_project_bn',
          'block2_2_add',
          'block4_3_add',
          'block7_1_project_bn',
          'top_relu',
        ];
        expect(shapes.map((name) => model.getLayer(name).outputShape.slice(1))).toEqual([
          ...[
            [112, 112, 16],
            [56, 56, 24],
            [14, 14, 80],
          ],
          ...[
            [7, 7, 320],
            [7, 7, 1280],
          ],
        ]);
      },
    );
  });

  it('rounds the filters of a width to multiples of 8, never to less than nine tenths', async () => {
    const filters = (model: tf.LayersModel) =>
      [1, 2, 3, 4, 5, 6, 7].map((i) => model.getLayer(`block${i}_1_project_conv`).outputShape.at(-1));
    const shape = { inputShape: [32, 32, 3], classes: 2 } as const;
    // round_filters of efficientnet_model.py, by hand.
    const half = await using(() => efficientNetLite0({ ...shape, width: 0.5 }), filters);
    expect(half).toEqual([8, 16, 24, 40, 56, 96, 160]);
    const more = await using(() => efficientNetLite0({ ...shape, width: 1.1 }), filters);
    expect(more).toEqual([16, 24, 48, 88, 120, 208, 352]);
  });
});

describe('ResNet-50', () => {
  it("has torchvision's 25,557,032 parameters, stage by stage", async () => {
    await using(
      () => resNet50(),
      (model) => {
        // sum(p.numel() for p in torchvision.models.resnet50().layer1.parameters()), and so on.
        expect(trainable(model, 'conv1')).toBe(9_536);
        expect(trainable(model, 'block1')).toBe(215_808);
        expect(trainable(model, 'block2')).toBe(1_219_584);
        expect(trainable(model, 'block3')).toBe(7_098_368);
        expect(trainable(model, 'block4')).toBe(14_964_736);
        expect(trainable(model, 'head')).toBe(2_049_000);
        expect(trainable(model)).toBe(25_557_032);
        expect(model.countParams()).toBe(25_557_032 + 53_120);
        const shapes = ['conv1_relu', 'conv1_pool', 'block1_3_relu', 'block2_4_relu', 'block4_3_relu'];
        expect(shapes.map((name) => model.getLayer(name).outputShape.slice(1))).toEqual([
          ...[
            [112, 112, 64],
            [56, 56, 64],
            [56, 56, 256],
          ],
          ...[
            [28, 28, 512],
            [7, 7, 2048],
          ],
        ]);
        // Version 1.5: the stride is at the 3 × 3 convolution.
        expect(model.getLayer('block2_1_conv1').outputShape).toEqual([null, 56, 56, 128]);
        expect(model.getLayer('block2_1_conv2').outputShape).toEqual([null, 28, 28, 128]);
      },
    );
  });

  it('pads what is strided evenly, as PyTorch does and TensorFlow does not', async () => {
    // One channel at each convolution that is looked at.
    const shape = { inputShape: [16, 16, 1], classes: 2, widths: [1, 1, 1, 1], seed: 3 } as const;
    await using(
      () => resNet50(shape),
      async (model) => {
        const names = ['conv1_conv', 'conv1_relu', 'conv1_pool', 'block2_1_relu1', 'block2_1_conv2'];
        const layers = names.map((name) => model.getLayer(name));
        const inner = tf.model({
          inputs: model.inputs,
          outputs: layers.map((layer) => layer.output as tf.SymbolicTensor),
        });
        const image = tf.randomNormal<tf.Rank.R4>([1, 16, 16, 1], 0, 1, 'float32', 5);
        const outputs = inner.predict(image) as tf.Tensor4D[];
        const planes = [image, ...outputs].map((x) => x.arraySync()[0].map((row) => row.map(([v]) => v)));
        const [pixels, conv, relu, pool, before, strided] = planes;
        const kernel = (layer: tf.layers.Layer) =>
          (layer.weights[0].read().arraySync() as number[][][][]).map((row) => row.map(([[v]]) => v));
        tf.dispose([image, ...outputs]);
        // torch.nn.Conv2d(1, 1, k, stride=2, padding=k // 2), written out: output (i, j) is centred at input (2i, 2j).
        const direct = (from: number[][], weights: number[][]) =>
          Array.from({ length: from.length / 2 }, (_, i) =>
            Array.from({ length: from.length / 2 }, (_, j) => {
              const reach = (weights.length - 1) / 2;
              let sum = 0;
              for (let r = -reach; r <= reach; r++)
                for (let c = -reach; c <= reach; c++)
                  sum += (from[2 * i + r]?.[2 * j + c] ?? 0) * weights[r + reach][c + reach];
              return sum;
            }),
          );
        const compare = (found: number[][], expected: number[][]) => {
          expect(found.length).toBe(expected.length);
          expect(distance(found.flat(), expected.flat())).toBeLessThan(1e-5);
        };
        compare(conv, direct(pixels, kernel(layers[0])));
        compare(strided, direct(before, kernel(layers[4])));
        const around = [-1, 0, 1];
        const most = (i: number, j: number) =>
          Math.max(...around.flatMap((r) => around.map((c) => relu[2 * i + r]?.[2 * j + c] ?? -Infinity)));
        compare(
          pool,
          [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => most(i, j))),
        );
        expect(Math.max(...strided.flat().map(Math.abs))).toBeGreaterThan(0);
      },
    );
  });

  it('takes inner filters by width or block by block', async () => {
    const filters = (model: tf.LayersModel) =>
      ['conv1_conv', 'block1_1_conv2', 'block4_3_conv3'].map((name) =>
        model.getLayer(name).outputShape.at(-1),
      );
    const shape = { inputShape: [32, 32, 3], classes: 2 } as const;
    expect(await using(() => resNet50({ ...shape, width: 0.125 }), filters)).toEqual([8, 8, 256]);
    expect(await using(() => resNet50({ ...shape, widths: [4, 4, 4, 5] }), filters)).toEqual([64, 4, 20]);
  });
});

describe('every family', () => {
  const small = (family: ModelSpec['family']): ModelSpec => ({
    family,
    inputShape: [20, 12, family.startsWith('cbr') ? 1 : 3],
    classes: 3,
    width: 0.125,
  });

  it.each(families)('%s: the seed decides every weight', async (family) => {
    const draw = (seed?: number) =>
      using(() => buildModel(small(family), seed === undefined ? {} : { seed }), prints);
    const [one, again, other] = [await draw(1), await draw(1), await draw(2)];
    expect(again).toEqual(one);
    expect(await draw()).toEqual(await draw(0));
    const kernels = [...one].filter(([name]) => name.endsWith('kernel'));
    expect(kernels.length).toBeGreaterThan(4);
    // Layers of one shape differ too.
    expect(new Set(kernels.map(([, print]) => print)).size).toBe(kernels.length);
    for (const [name, print] of one) {
      if (name.endsWith('kernel')) expect(other.get(name)).not.toBe(print);
      else expect(other.get(name)).toBe(print);
    }
  });

  it.each(families)('%s: what is not drawn changes nothing', async (family) => {
    await using(
      () => buildModel(small(family)),
      (model) => {
        for (const weight of model.weights) {
          const { originalName } = weight;
          if (originalName.endsWith('kernel')) continue;
          const neutral = /gamma|variance/.test(originalName) ? 1 : 0;
          expect(new Set(weight.read().dataSync())).toEqual(new Set([neutral]));
        }
      },
    );
  });

  it.each(families)('%s gives logits for images of any size', async (family) => {
    const channels = family.startsWith('cbr') ? 1 : 3;
    for (const side of [1, 28]) {
      const spec = { ...small(family), inputShape: [side, side, channels] as const };
      await using(
        () => buildModel(spec),
        (model) => {
          expect(model.outputs[0].shape).toEqual([null, 3]);
          const logits = tf.tidy(() =>
            model.predict(tf.randomNormal([2, side, side, channels], 0, 1, 'float32', 7)),
          );
          const read = (logits as tf.Tensor).dataSync();
          (logits as tf.Tensor).dispose();
          expect(read).toHaveLength(6);
          expect(read.every(Number.isFinite)).toBe(true);
          // Neither probabilities nor all alike.
          expect(Math.abs(read[0] + read[1] + read[2] - 1)).toBeGreaterThan(1e-6);
          expect(new Set(read).size).toBe(6);
        },
      );
    }
  });

  it.each(families)('%s has the asked momentum, 0.9 by default', async (family) => {
    const momenta = (model: tf.LayersModel) =>
      new Set(
        model.layers
          .filter((layer) => layer.getClassName() === 'BatchNormalization')
          .map((layer) => layer.getConfig()['momentum']),
      );
    expect(await using(() => buildModel(small(family)), momenta)).toEqual(new Set([0.9]));
    expect(await using(() => buildModel({ ...small(family), momentum: 0.75 }), momenta)).toEqual(
      new Set([0.75]),
    );
  });

  it('names a bad choice back', async () => {
    const before = tf.memory().numTensors;
    const good = small('cbr-Tiny');
    const bad = (more: object) => buildModel({ ...good, ...more });
    await expect(bad({ family: 'vgg' })).rejects.toThrow(/family is 'vgg': choose one of 'cbr-LargeT'/);
    await expect(bad({ inputShape: [28, 28] })).rejects.toThrow(
      new ShapeError(
        'cbr Tiny: inputShape is [28,28]: give [height, width, channels], for example [28, 28, 1]',
      ),
    );
    await expect(bad({ inputShape: [28, 0, 1] })).rejects.toThrow(ShapeError);
    await expect(bad({ classes: 0 })).rejects.toThrow(
      new OptionError('cbr Tiny: classes is 0: give a whole number of at least 1'),
    );
    await expect(bad({ width: 0 })).rejects.toThrow('cbr Tiny: width is 0: give a factor above 0');
    await expect(bad({ width: '1' })).rejects.toThrow(OptionError);
    await expect(bad({ momentum: 1 })).rejects.toThrow('momentum is 1: give a number from 0 to below 1');
    await expect(bad({ filters: 3 })).rejects.toThrow("a model has no option 'filters'");
    await expect(buildModel(good, { seed: -1 })).rejects.toThrow('cbr Tiny: seed is -1');
    await expect(buildModel(undefined as any)).rejects.toThrow(OptionError);
    await expect(cbr('Huge' as any, good)).rejects.toThrow(/cbr: name is 'Huge': choose one of 'LargeT'/);
    const shape = { inputShape: [28, 28, 1], classes: 2 } as const;
    await expect(cbr('Tiny', { ...shape, widths: [1, 2] })).rejects.toThrow('give 4 numbers of filters');
    await expect(cbr('Tiny', { ...shape, widths: [1, 2, 3, 0] })).rejects.toThrow('widths[3] is 0');
    await expect(cbr('Tiny', { ...shape, widths: [1, 2, 3, 4], width: 2 })).rejects.toThrow(
      'cbr Tiny has both widths and width',
    );
    await expect(efficientNetLite0({ widths: [1] } as any)).rejects.toThrow("has no option 'widths'");
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the initial weights', () => {
  it('have the deviations of their source', async () => {
    const deviation = (model: tf.LayersModel, layer: string) =>
      tf.tidy(() => tf.moments(model.getLayer(layer).getWeights()[0]).variance.sqrt().arraySync() as number);
    await using(
      () => cbr('Small', { inputShape: [28, 28, 1], classes: 2 }),
      (model) => {
        // He: √(2 / fan-in); 1.6 million draws.
        expect(deviation(model, 'block4_conv')).toBeCloseTo(Math.sqrt(2 / (49 * 128)), 4);
      },
    );
    await using(
      () => resNet50({ inputShape: [28, 28, 3], width: 0.25 }),
      (model) => {
        expect(deviation(model, 'block4_3_conv2')).toBeCloseTo(Math.sqrt(2 / (9 * 128)), 3);
        expect(deviation(model, 'head_logits')).toBeCloseTo(Math.sqrt(1 / (3 * 512)), 4);
      },
    );
    await using(
      () => efficientNetLite0({ inputShape: [28, 28, 3] }),
      (model) => {
        // Of a depthwise convolution the original counts one output.
        expect(deviation(model, 'block6_2_depthwise_conv')).toBeCloseTo(Math.sqrt(2 / 25), 2);
        expect(deviation(model, 'top_conv')).toBeCloseTo(Math.sqrt(2 / 1280), 3);
        expect(deviation(model, 'head_logits')).toBeCloseTo(Math.sqrt(1 / (3 * 1280)), 4);
      },
    );
  });

  it('do not make a training begin with certainty', async () => {
    for (const family of families) {
      const channels = family.startsWith('cbr') ? 1 : 3;
      // The classifier's inputs are as many as in the whole network, or a quarter.
      const width = family === 'efficientNetLite0' ? 0.125 : 0.25;
      await using(
        () => buildModel({ family, inputShape: [28, 28, channels], classes: 2, width }),
        (model) =>
          tf.tidy(() => {
            const x = tf.randomNormal([4, 28, 28, channels], 0, 1, 'float32', 7);
            const logits = (model.apply(x, { training: true }) as tf.Tensor).dataSync();
            expect(Math.max(...logits.map(Math.abs)), family).toBeLessThan(3);
          }),
      );
    }
  });

  it('let a gradient through to every weight that is trained', async () => {
    for (const family of families) {
      const channels = family.startsWith('cbr') ? 1 : 3;
      const spec = { family, inputShape: [16, 16, channels], classes: 2, width: 1 / 32 } as const;
      await using(
        () => buildModel(spec),
        (model) =>
          tf.tidy(() => {
            const x = tf.randomNormal([4, 16, 16, channels], 0, 1, 'float32', 3);
            const labels = tf.oneHot(tf.tensor1d([0, 1, 1, 0], 'int32'), 2);
            const loss = () =>
              tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(
                labels,
                model.apply(x, { training: true }) as tf.Tensor,
              );
            const { grads } = tf.variableGrads(loss);
            const still = Object.entries(grads).filter(([, grad]) => grad.abs().max().arraySync() === 0);
            expect(still.map(([name]) => name)).toEqual([]);
            expect(Object.keys(grads)).toHaveLength(model.trainableWeights.length);
          }),
      );
    }
  });
});

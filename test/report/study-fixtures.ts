import type { Condition } from '../../src/transfer/conditions.js';
import { STUDY_FORMAT } from '../../src/transfer/study-result.js';
import type { Estimate, PerformanceRow } from '../../src/transfer/exhibit-records.js';
import type { StudyResult, StudyRun } from '../../src/transfer/study-result.js';

/** What a study of the tests can be told. */
export interface Wanted {
  readonly models?: Readonly<Record<string, number>>;
  readonly conditions?: readonly Condition[];
  readonly seeds?: readonly number[];
  readonly classes?: readonly string[];
  /** `[height, width, channels, filters]` of the first convolution. */
  readonly kernel?: readonly [number, number, number, number];
  readonly target?: number;
  readonly layers?: readonly string[];
}

export const conditions: readonly Condition[] = [
  'random',
  'pretrained',
  'meanVar',
  'transfuse:block1',
  'transfuse:block2',
  'hybrid:block2:0.5',
];

const around = (value: number, half: number): Estimate => ({
  value,
  low: value - half,
  high: Math.min(1, value + half),
});

/** A number between 0 and 1 that is the same for the same place. */
const wave = (...at: readonly number[]): number => {
  const x = Math.sin(at.reduce((sum, value, i) => sum + value * (12.9898 + 7.1 * i), 0.7)) * 43758.5453;
  return x - Math.floor(x);
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of a standard normal score, roughly. */
const twoSided = (z: number): number => Math.exp(-0.717 * Math.abs(z) - 0.416 * z * z);

/** Pairs of a list, (0,1), (0,2), … */
const pairs = <T>(list: readonly T[]): [T, T][] =>
  list.flatMap((a, i) => list.slice(i + 1).map((b): [T, T] => [a, b]));

/**
 * A study as `runStudy` would leave it: two CBR networks on chest X-rays, each from every start with two seeds, of which the
 * pretrained gain in the large network and lose nothing that could be told in the small one.
 */
export function study(wanted: Wanted = {}): StudyResult {
  const {
    models = { LargeT: 8_536_357, Tiny: 1_078_210 },
    conditions: starts = conditions,
    seeds = [0, 1],
    classes = ['normal', 'pneumonia'],
    kernel = [7, 7, 1, 32],
    target = 0.91,
    layers = ['block1_pool', 'block2_pool', 'block3_pool', 'block4_relu'],
  } = wanted;
  const names = Object.keys(models);
  const parametersOf = (model: string, condition: string): number =>
    condition.startsWith('hybrid') ? Math.round(models[model] * 0.31) : models[model];
  const level = (model: string, condition: string): number =>
    0.93 +
    0.015 * (model === names[0] ? 1 : 0) +
    0.012 * starts.indexOf(condition as Condition) * (model === names[0] ? 0.5 : 0.1);
  const aucOf = (model: string, condition: string, seed: number): number =>
    level(model, condition) +
    0.01 * (wave(names.indexOf(model), starts.indexOf(condition as Condition), seed) - 0.5);

  const runs = names.flatMap((model) =>
    starts.flatMap((condition) =>
      seeds.map((seed): StudyRun => {
        const end = aucOf(model, condition, seed);
        const history = Array.from({ length: 13 }, (_, at) => ({
          step: at * 16,
          ...(at > 0 && { trainLoss: 0.7 * 0.8 ** at }),
          loss: 0.7 * 0.85 ** at + 0.1,
          auc:
            0.5 +
            (end - 0.5) * (1 - 0.62 ** (at * (1 + 0.2 * starts.indexOf(condition)))) +
            0.004 * wave(seed, at),
        }));
        return {
          model,
          condition,
          seed,
          key: `${model}-${condition}-${seed}`.padEnd(40, '0'),
          parameters: parametersOf(model, condition),
          training: { steps: 192, history, kept: history[12], stopped: 'done', warnings: [] },
          test: {
            loss: 0.21,
            auc: around(end, 0.018),
            ...(classes.length > 2 && {
              perClass: classes.map((name, at) => ({ name, auc: around(end - 0.01 * wave(at), 0.03) })),
            }),
          },
        };
      }),
    ),
  );
  const runsOf = (model: string, condition: string): StudyRun[] =>
    runs.filter((run) => run.model === model && run.condition === condition);
  const interval = seeds.length > 1 ? 'seeds and test images' : 'test images';

  const performance = names.flatMap((model) =>
    starts.map((condition): PerformanceRow => {
      const aucs = runsOf(model, condition).map(({ test }) => test.auc);
      const middle = mean(aucs.map(({ value }) => value));
      const base = runsOf(model, 'random').map(({ test }) => test.auc.value);
      const gain = base.length === 0 ? 0 : middle - mean(base);
      return {
        model,
        condition,
        parameters: parametersOf(model, condition),
        seeds,
        aucs,
        mean: around(middle, 0.021),
        interval,
        parts: {
          images: around(middle, 0.017),
          ...(seeds.length > 1 && { seeds: around(middle, 0.012) }),
        },
        ...(condition !== 'random' &&
          base.length > 0 && {
            gain: { ...around(gain, 0.011), p: twoSided((1.96 * gain) / 0.011), seeds, interval },
          }),
      };
    }),
  );

  const kinds = (m: number, at: number): [number, number, number] => [
    0.86 - 0.09 * at - 0.08 * m,
    0.83 - 0.11 * at - 0.1 * m,
    0.9 - 0.05 * at - 0.06 * m,
  ];
  const compared = starts.includes('random') && starts.includes('pretrained') && seeds.length > 1;
  const representations = !compared
    ? []
    : names.map((model, m) => {
        const within = pairs(seeds).length;
        const spread = (value: number, many: number): number[] =>
          Array.from({ length: many }, (_, i) => value + 0.02 * (i - (many - 1) / 2));
        const tops = layers.slice(-2).map((_, i) => kinds(m, layers.length - 2 + i));
        const [ss, sp, pp] = [0, 1, 2].map((k) => mean(tops.map((top) => top[k])));
        return {
          model,
          parameters: models[model],
          seeds: { scratch: seeds, pretrained: seeds },
          layers: layers.map((layer, at) => {
            const [a, b, c] = kinds(m, at);
            return {
              layer,
              stage: layer.split('_')[0],
              scratchScratch: a,
              scratchPretrained: b,
              pretrainedPretrained: c,
              scores: {
                scratchScratch: spread(a, within),
                scratchPretrained: spread(b, seeds.length ** 2),
                pretrainedPretrained: spread(c, within),
              },
              samples: 4680,
              neurons: 32 * 2 ** at,
              kept: 12 + at,
              chance: 0.06 + 0.03 * at,
              unmatched: 0.2 + 0.04 * at,
              p: 1 / 3,
            };
          }),
          top: {
            layers: layers.slice(-2),
            scratchScratch: ss,
            scratchPretrained: sp,
            pretrainedPretrained: pp,
            difference: ss - sp,
            p: 1 / 3,
            labellings: 6,
            exact: true,
            smallestP: 1 / 6,
          },
        };
      });

  const movement = names.flatMap((model, m) =>
    starts.map((condition, c) => ({
      model,
      condition,
      seeds,
      layers: layers.map((layer, at) => {
        const scores = seeds.map(
          (seed) => 0.97 - 0.03 * c - (0.1 + 0.04 * m) * at + 0.02 * (wave(seed, at, c) - 0.5),
        );
        return {
          layer,
          stage: layer.split('_')[0],
          scores,
          mean: mean(scores),
          samples: 4680,
          neurons: 32 * 2 ** at,
          chance: 0.06 + 0.03 * at,
        };
      }),
    })),
  );

  const nets = ['random', 'pretrained'].flatMap((condition) =>
    starts.includes(condition as Condition)
      ? seeds.map((seed) => ({ condition: condition as Condition, seed }))
      : [],
  );
  const startAndEnd = names.map((model, m) => ({
    model,
    points: pairs(nets)
      .filter(([a]) => a.condition === 'random')
      .flatMap(([a, b], i) =>
        layers.map((layer, at) => {
          const initial = 0.85 - 0.14 * at + 0.05 * wave(i, at, m);
          return {
            layer,
            stage: layer.split('_')[0],
            a,
            b,
            initial,
            trained: (m === 0 ? 0.25 + 0.6 * initial : 0.55) + 0.1 * wave(at, i, m),
          };
        }),
      ),
    correlation: m === 0 ? { value: 0.91, low: 0.74, high: 0.97 } : { value: 0.12, low: -0.3, high: 0.5 },
    byLayer: layers.map((layer, at) => ({
      layer,
      stage: layer.split('_')[0],
      ...(at === 0 && { correlation: { value: 0.2, low: -1, high: 1 } }),
    })),
  }));

  const [height, width, channels, count] = kernel;
  const filters = names.flatMap((model, m) =>
    starts.map((condition, c) => {
      const smooth = condition !== 'random' && condition !== 'meanVar';
      const weight = (after: boolean) => (_: unknown, at: number) => {
        const filter = at % count;
        const channel = Math.floor(at / count) % channels;
        const [row, col] = [
          Math.floor(at / (count * channels * width)),
          Math.floor(at / (count * channels)) % width,
        ];
        const noise = 0.16 * (wave(at, m, smooth ? 0 : c) - 0.5);
        const angle = (Math.PI * filter) / count;
        const pattern =
          0.3 * Math.cos(1.3 * (col * Math.cos(angle) + row * Math.sin(angle)) + filter + channel);
        return Number(
          ((smooth ? pattern : 0) + noise + (after ? 0.1 * (wave(at, 9, c) - 0.5) : 0)).toPrecision(5),
        );
      };
      return {
        model,
        condition,
        seed: seeds[0],
        layer: 'block1_conv',
        shape: kernel,
        before: Array.from({ length: height * width * channels * count }, weight(false)),
        after: Array.from({ length: height * width * channels * count }, weight(true)),
        unchanged: Array.from({ length: count }, (_, filter) =>
          filter === 3 ? null : 0.99 - 0.02 * c - 0.1 * wave(filter, c),
        ),
      };
    }),
  );

  const convergence = names.flatMap((model) =>
    starts.map((condition) => {
      const all = runsOf(model, condition);
      const steps = all.map(
        ({ training }) => training.history.find(({ auc }) => auc >= target)?.step ?? null,
      );
      const reached = steps.filter((step) => step !== null);
      const reuses = ['random', 'transfuse:block1', 'transfuse:block2', 'pretrained'] as const;
      const at = reuses.indexOf(condition as 'random');
      const than = reuses[at - 1];
      return {
        model,
        condition,
        curves: all.map(({ seed, training }) => ({ seed, history: training.history })),
        target,
        stepsToTarget: steps,
        steps: all.map(({ training }) => training.steps),
        medianSteps: reached.length > steps.length / 2 ? mean(reached) : null,
        ...(at > 0 &&
          starts.includes(than) && {
            marginal: {
              than,
              seeds,
              auc:
                mean(all.map(({ test }) => test.auc.value)) -
                mean(runsOf(model, than).map(({ test }) => test.auc.value)),
              steps: target < 0.95 ? 8 * (4 - at) : null,
            },
          }),
      };
    }),
  );

  return {
    format: STUDY_FORMAT,
    version: '1.2.3',
    backend: 'tensorflow',
    plan: {
      title: 'Does a pretrained start help on chest X-rays?',
      data: { target: { from: 'pneumoniamnist.npz', train: 1000 }, source: { from: 'fashion_mnist.npz' } },
      models: Object.fromEntries(names.map((name) => [name, { family: 'cbr-LargeT' as const }])),
      conditions: starts,
      seeds,
      training: { epochs: 6, batchSize: 32 },
      targetAuc: target,
    },
    data: {
      target: {
        from: 'pneumoniamnist.npz',
        fingerprint: 'c0ffee',
        shape: [28, 28, 1],
        classes,
        counts: {
          train: classes.map((_, at) => 500 + at),
          validation: classes.map(() => 135),
          test: classes.map(() => 234),
        },
      },
      source: {
        from: 'fashion_mnist.npz',
        fingerprint: 'decaf',
        shape: [28, 28, 1],
        classes: ['shirt', 'bag'],
        counts: { train: [5000, 5000], validation: [500, 500], test: [500, 500] },
      },
    },
    models: names.map((name) => ({
      name,
      parameters: models[name],
      stages: ['block1', 'block2', 'block3', 'block4', 'head'].map((stage) => ({
        name: stage,
        layers: [`${stage}_x`],
      })),
      pretrained: { from: 'fashion_mnist.npz' },
    })),
    runs,
    performance,
    representations,
    movement,
    startAndEnd,
    filters,
    convergence,
    hybrid: performance
      .filter(({ condition }) => !condition.startsWith('transfuse') && condition !== 'meanVar')
      .map(({ model, condition, parameters, mean: auc }) => ({
        model,
        condition,
        parameters,
        auc,
        interval,
      })),
    warnings: ['The budget left out 2 runs.'],
  };
}

/** From files to the report: several labels an image, ten classes in colour, a folder of images. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy } from '../../src/io/npy.js';
import { openStudy } from '../../src/node/study.js';
import { Random } from '../../src/random.js';
import { studyReport } from '../../src/report/study.js';
import { memoryStore } from '../../src/transfer/store.js';
import { runStudy } from '../../src/transfer/study.js';
import { npz, png } from './labelled-files.js';
import type { Bytes } from './labelled-files.js';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-kinds-'));
  await tf.setBackend('wasm');
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await tf.setBackend('cpu');
});

/** Runs a small study of these data. */
async function study(target: object) {
  const path = join(folder, 'plan.json');
  const json = {
    data: { target },
    models: { tiny: { family: 'cbr-Tiny', width: 1 / 16 } },
    conditions: ['random'],
    seeds: [1],
    training: { steps: 4, batchSize: 8, learningRate: 0.01 },
  };
  writeFileSync(path, JSON.stringify(json));
  const before = tf.memory().numTensors;
  const { plan, data, warnings, close } = await openStudy(path);
  const store = memoryStore();
  const result = await runStudy(plan, { data, store, warnings });
  close();
  expect(tf.memory().numTensors).toBe(before);
  const [run] = result.runs;
  const { data: logits } = readNpy((await store.read(`runs/${run.key}/test-logits.npy`))!);
  return { result, run, logits, data, report: studyReport(result) };
}

/** Noise that is brighter in one of ten places for each label that an image has. */
function spots(
  count: number,
  seed: number,
  has: (image: number, label: number) => boolean,
  channels = 1,
): Bytes {
  const random = new Random(seed);
  const size = 10 * 10 * channels;
  const data = Array.from({ length: count * size }, (_, at) => {
    const row = Math.floor((at % size) / (10 * channels));
    return Math.floor(60 * random.uniform()) + (has(Math.floor(at / size), row) ? 120 : 0);
  });
  return { shape: [count, 10, 10, ...(channels === 1 ? [] : [channels])], data };
}

/** The share of pairs in which the image with the label scores higher, counted one by one. */
function pairs(scores: readonly number[], labels: readonly boolean[]): number {
  let [sum, count] = [0, 0];
  scores.forEach((a, i) => {
    scores.forEach((b, j) => {
      if (!labels[i] || labels[j]) return;
      sum += a > b ? 1 : a === b ? 0.5 : 0;
      count++;
    });
  });
  return sum / count;
}

describe('a study', () => {
  it('of several labels an image', async () => {
    const has = (image: number, label: number) => label < 3 && ((image * 5) >> label) % 2 === 1;
    const parts = Object.entries({ train: 24, val: 16, test: 20 }).flatMap(([part, count], seed) => [
      [`${part}_images`, spots(count, seed, has)] as const,
      [
        `${part}_labels`,
        {
          shape: [count, 3],
          data: Array.from({ length: 3 * count }, (_, at) => Number(has(Math.floor(at / 3), at % 3))),
        },
      ] as const,
    ]);
    writeFileSync(join(folder, 'labels.npz'), npz(Object.fromEntries(parts)));
    const classes = ['edema', 'effusion', 'mass'];
    const { run, logits, result, report } = await study({ from: 'labels.npz', classes });
    expect(run.test.perClass!.map(({ name }) => name)).toEqual(classes);
    const areas = classes.map((_, label) =>
      pairs(
        Array.from({ length: 20 }, (_, image) => logits[3 * image + label]),
        Array.from({ length: 20 }, (_, image) => has(image, label)),
      ),
    );
    run.test.perClass!.forEach(({ auc }, label) => {
      expect(auc.value).toBeCloseTo(areas[label], 12);
    });
    expect(run.test.auc.value).toBeCloseTo((areas[0] + areas[1] + areas[2]) / 3, 12);
    expect(result.data.target.counts.test).toEqual(
      [0, 1, 2].map(
        (label) => Array.from({ length: 20 }, (_, image) => has(image, label)).filter(Boolean).length,
      ),
    );
    for (const name of classes) expect(report).toContain(name);
  });

  it('of ten classes in colour', async () => {
    const has = (image: number, label: number) => image % 10 === label;
    const parts = Object.entries({ train: 40, test: 30 }).flatMap(([part, count], seed) => [
      [`${part}_images`, spots(count, seed, has, 3)] as const,
      [`${part}_labels`, { shape: [count], data: Array.from({ length: count }, (_, i) => i % 10) }] as const,
    ]);
    writeFileSync(join(folder, 'ten.npz'), npz(Object.fromEntries(parts)));
    const { run, result, report } = await study({ from: 'ten.npz', validation: 20 });
    expect(result.plan.models['tiny'].inputShape).toEqual([10, 10, 3]);
    expect(run.test.perClass).toHaveLength(10);
    const mean = run.test.perClass!.reduce((sum, { auc }) => sum + auc.value / 10, 0);
    expect(run.test.auc.value).toBeCloseTo(mean, 12);
    expect(result.warnings).toContain(
      'data.target: the data have no validation images: 20 were split off the training images',
    );
    expect(report).toContain('class 9');
  });

  it('of a folder of images', async () => {
    for (let i = 0; i < 24; i++) {
      const [name, value] = i % 2 === 0 ? ['dark', 20] : ['bright', 180];
      const size = { height: 8 + (i % 3), width: 9, colour: i % 4 === 0 };
      await png(folder, `photos/${name}/${i}.png`, value + i, size);
    }
    const { run, data, report } = await study({ from: 'photos', size: [8, 8], test: 8, validation: 6 });
    // Grey ones among coloured ones.
    expect(data.target.train.shape).toEqual([10, 8, 8, 3]);
    expect(data.target.train.classes).toEqual(['bright', 'dark']);
    expect(run.test.perClass).toBeUndefined();
    expect(report).toContain('photos');
  });
});

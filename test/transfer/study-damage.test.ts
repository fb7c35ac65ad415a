/** A study whose store is damaged, or whose data are others than they were: what it says, and how it goes on. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { FormatError, OptionError } from '../../src/errors.js';
import type { LabelledImages } from '../../src/transfer/labelled-images.js';
import { memoryStore, type Store } from '../../src/transfer/store.js';
import { runStudy, trainStudy } from '../../src/transfer/study.js';
import type { StudyResult } from '../../src/transfer/study-result.js';
import { data, plan, stripes } from './study-data.js';

const small = {
  ...plan,
  conditions: ['random', 'pretrained'],
  seeds: [1],
  training: { ...plan.training, steps: 2 },
} as const;

/** A store that starts with what another has under these names. */
async function copyOf(store: Store, names: Iterable<string>): Promise<Store> {
  const copy = memoryStore();
  for (const name of names) await copy.write(name, (await store.read(name))!);
  return copy;
}

const inner = memoryStore();
const names = new Set<string>();
const checkpoints: Uint8Array[] = [];
const whole: Store = {
  ...inner,
  write: (name, bytes) => {
    if (name.endsWith('checkpoint')) checkpoints.push(bytes.slice());
    else names.add(name);
    return inner.write(name, bytes);
  },
};
let result: StudyResult;
let source: string;
let tensors = 0;

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
  tensors = tf.memory().numTensors;
  result = await runStudy(small, { data, store: whole });
  const keys = result.runs.map(({ key }) => key);
  source = [...names].find((name) => name.endsWith('run.json') && !keys.includes(name.split('/')[1]))!;
});

const text = (value: string) => new TextEncoder().encode(value);

describe('a damaged store', () => {
  type Damage = (store: Store, folder: string) => Promise<void>;
  const cut: Damage = async (store, folder) => {
    const record = (await store.read(`${folder}/run.json`))!;
    await store.write(`${folder}/run.json`, record.slice(0, record.length / 2));
  };
  const half: Damage = async (store, folder) => {
    const weights = (await store.read(`${folder}/final/weights.bin`))!;
    await store.write(`${folder}/final/weights.bin`, weights.slice(0, weights.length / 2));
  };
  const damages: [string, Damage, RegExp][] = [
    ['a record that is cut off', cut, /^'RECORD' of the study's store is damaged: remove it, and the run/],
    [
      'a record of something else',
      (store, folder) => store.write(`${folder}/run.json`, text('{"runs": []}')),
      /^'RECORD' of the study's store is damaged: remove it, and the run is done again$/,
    ],
    [
      'a record of nothing',
      (store, folder) => store.write(`${folder}/run.json`, text('null')),
      /^'RECORD' of the study's store is damaged/,
    ],
    [
      'no weights',
      (store, folder) => store.remove(`${folder}/final/weights.bin`),
      /has no weights\.bin; remove 'RECORD' of the study's store, and the run is done again$/,
    ],
    [
      'no network at its start',
      (store, folder) => store.remove(`${folder}/initial/model.json`),
      /the store has no model '.*initial': .*; remove 'RECORD' of the study's store/,
    ],
    ['half of the weights', half, /weights of model .* need \d+ bytes, there are \d+: .*; remove 'RECORD'/],
    [
      'no logits',
      (store, folder) => store.remove(`${folder}/test-logits.npy`),
      /the store has no '.*test-logits\.npy'; remove 'RECORD' of the study's store/,
    ],
    [
      'half of the logits',
      (store, folder) => store.write(`${folder}/test-logits.npy`, text('\x93NUMPY')),
      /; remove 'RECORD' of the study's store, and the run is done again$/,
    ],
  ];
  it.each(damages)(
    'with %s: says what to remove, and then does that run again',
    async (_, damage, message) => {
      const store = await copyOf(inner, names);
      const folder = `runs/${result.runs[0].key}`;
      await damage(store, folder);
      const run = () => runStudy(small, { data, store });
      const error: unknown = await run().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(FormatError);
      expect((error as Error).message.replaceAll(`${folder}/run.json`, 'RECORD')).toMatch(message);
      expect(tf.memory().numTensors).toBe(tensors);
      await store.remove(`${folder}/run.json`);
      const cached: boolean[] = [];
      const again = await runStudy(small, { data, store, onRun: (_run, how) => cached.push(how.cached) });
      expect(cached).toEqual([false, true]);
      expect(JSON.stringify(again)).toBe(JSON.stringify(result));
    },
  );

  it('whose pretrained network is lost says so when a run needs it', async () => {
    const store = await copyOf(inner, names);
    const folder = source.replace('/run.json', '');
    await store.remove(`${folder}/final/weights.bin`);
    const more = { ...small, conditions: ['random', 'pretrained', 'meanVar'] } as const;
    await expect(trainStudy(more, { data, store })).rejects.toThrow(
      `remove '${source}' of the study's store`,
    );
    expect(tf.memory().numTensors).toBe(tensors);
    await store.remove(source);
    const { runs } = await trainStudy(more, { data, store });
    expect(runs.map(({ key }) => key).slice(0, 2)).toEqual(result.runs.map(({ key }) => key));
  });

  it('with half of a checkpoint says to remove that', async () => {
    const store = await copyOf(inner, names);
    const folder = `runs/${result.runs[1].key}`;
    await store.remove(`${folder}/run.json`);
    const last = checkpoints.at(-1)!;
    await store.write(`${folder}/checkpoint`, last.slice(0, last.length / 2));
    const message = new RegExp(`^checkpoint '${folder}/checkpoint' cannot be read .*remove it to begin anew`);
    await expect(runStudy(small, { data, store })).rejects.toThrow(message);
    await store.remove(`${folder}/checkpoint`);
    expect(JSON.stringify(await runStudy(small, { data, store }))).toBe(JSON.stringify(result));
  });
});

describe('a study', () => {
  it('stopped while it compares is the same when it goes on', async () => {
    const store = await copyOf(inner, names);
    const stop = new AbortController();
    const stages = new Set<string>();
    const onProgress = ({ stage }: { stage: string }) => {
      stages.add(stage);
      if (!stage.startsWith('tiny')) stop.abort(new Error('enough'));
    };
    const stopped = runStudy(small, { data, store, signal: stop.signal, onProgress });
    await expect(stopped).rejects.toThrow('enough');
    expect(stages.size).toBe(1);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(JSON.stringify(await runStudy(small, { data, store }))).toBe(JSON.stringify(result));
  });

  it('whose data have changed by a pixel trains anew, and keeps what it had', async () => {
    const store = await copyOf(inner, names);
    const images = data.target.train.images.slice();
    images[77] ^= 1;
    const target = { ...data.target, train: { ...data.target.train, images } };
    const cached: boolean[] = [];
    const options = { store, onRun: (_: unknown, how: { cached: boolean }) => cached.push(how.cached) };
    const other = await trainStudy(small, { data: { ...data, target }, ...options });
    expect(cached).toEqual([false, false]);
    expect(other.data.target.fingerprint).not.toBe(result.data.target.fingerprint);
    await trainStudy(small, { data, ...options });
    expect(cached).toEqual([false, false, true, true]);
  });
});

describe('classes without an AUC', () => {
  const only = (images: LabelledImages, label: number): LabelledImages => ({
    ...images,
    labels: images.labels.map(() => label),
  });
  const three = { train: stripes(24, 1, 3), validation: stripes(12, 2, 3), test: stripes(15, 3, 3) };

  it('are named once, for each part, not for each run', async () => {
    const rare = (images: LabelledImages, count: number): LabelledImages => {
      let seen = 0;
      return { ...images, labels: images.labels.map((label) => (label === 2 && ++seen > count ? 1 : label)) };
    };
    const target = { ...three, validation: rare(three.validation, 0), test: rare(three.test, 1) };
    const { warnings, runs } = await trainStudy(
      { ...small, data: { target: { from: 'rare' } }, conditions: ['random'], seeds: [1, 2] },
      { data: { target }, store: memoryStore() },
    );
    expect(warnings).toEqual([
      "data.target, validation images: no image has 'direction 2': it has no AUC and is left out",
      "data.target, test images: a single image has 'direction 2': the interval of its AUC is 0 to 1",
    ]);
    expect(runs[0].test.perClass?.map(({ name }) => name)).toHaveLength(3);
    expect(runs[0].test.perClass?.[2].auc).toMatchObject({ low: 0, high: 1 });
  });

  it.each(['validation', 'test'] as const)('of all %s images: are refused before training', async (part) => {
    const target = { ...data.target, [part]: only(data.target[part], 0) };
    const store = memoryStore();
    const trained = trainStudy(small, { data: { ...data, target }, store });
    await expect(trained).rejects.toThrow(OptionError);
    await expect(trained).rejects.toThrow(
      `data.target, ${part} images: there is no AUC: no image has 'direction 1': it has no AUC and is left out; take more`,
    );
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LayerInfo } from '../../src/capture/activations.js';
import { listLayers } from '../../src/capture/probe.js';
import { OptionError, UnsupportedError } from '../../src/errors.js';
import { branched, nested, sequential } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const names = (layers: readonly LayerInfo[]): string[] => layers.map((layer) => layer.name);

describe('listLayers', () => {
  it('lists a Sequential in order, with kind, shape and parameters', () => {
    expect(listLayers(sequential())).toEqual([
      { name: 'conv1', kind: 'Conv2D', shape: [4, 4, 3], parameters: 57 },
      { name: 'norm', kind: 'BatchNormalization', shape: [4, 4, 3], parameters: 12 },
      { name: 'drop', kind: 'Dropout', shape: [4, 4, 3], parameters: 0 },
      { name: 'pool', kind: 'MaxPooling2D', shape: [2, 2, 3], parameters: 0 },
      { name: 'flat', kind: 'Flatten', shape: [12], parameters: 0 },
      { name: 'logits', kind: 'Dense', shape: [4], parameters: 52 },
    ]);
  });

  it('lists a functional model in the order of model.layers', () => {
    const model = branched();
    expect(names(listLayers(model))).toEqual(model.layers.map((layer) => layer.name));
  });

  it('lists nested models by path, the inner layers first and then the model they make up', () => {
    expect(names(listLayers(nested().model))).toEqual([
      'outer',
      'stem',
      'backbone/inner',
      'backbone/block/conv',
      'backbone/block/relu',
      'backbone/block',
      'backbone/pool',
      'backbone',
      'flat',
      'head',
    ]);
  });

  it('lists a Sequential that begins with a model, whose layers tfjs puts into the outer graph', () => {
    const { backbone } = nested();
    const model = tf.sequential({ name: 'top', layers: [backbone, tf.layers.flatten({ name: 'flat' })] });
    expect(names(listLayers(model))).toEqual([
      'backbone/inner',
      'backbone/block/conv',
      'backbone/block/relu',
      'backbone/block',
      'backbone/pool',
      'backbone',
      'flat',
    ]);
  });

  it('refuses what is not a layers model, naming the way out', () => {
    const graph = { modelUrl: 'model.json', executor: {}, execute: () => undefined };
    expect(() => listLayers(graph as never)).toThrow(OptionError);
    expect(() => listLayers(graph as never)).toThrow(/this tf.GraphModel is not loaded/);
    expect(() => listLayers({} as never)).toThrow(OptionError);
    expect(() => listLayers(tf.sequential({ name: 'empty' }))).toThrow(UnsupportedError);
  });
});

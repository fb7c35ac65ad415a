/** A small PyTorch network, and the TensorFlow.js network of the same weights. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { NpyArray } from '../../src/io/npy.js';

/** Makes `model` and `images`; writes the weights, and the images channels last. */
export const TWIN = `
from collections import OrderedDict
import numpy as np
import torch
from torch import nn

torch.manual_seed(3)
model = nn.Sequential(OrderedDict(
    conv1=nn.Conv2d(3, 6, 3, padding=1),
    norm1=nn.BatchNorm2d(6),
    relu1=nn.ReLU(inplace=True),
    pool1=nn.MaxPool2d(2),
    conv2=nn.Conv2d(6, 4, 3),
    relu2=nn.ReLU(inplace=True),
    drop=nn.Dropout(0.5),
    flat=nn.Flatten(),
    dense1=nn.Linear(4 * 4 * 4, 10),
    tanh=nn.Tanh(),
    logits=nn.Linear(10, 5),
))
with torch.no_grad():
    for name in ["running_mean", "running_var", "weight", "bias"]:
        getattr(model.norm1, name).copy_(torch.rand(6) + 0.5)
images = torch.randn(400, 3, 12, 12)
np.savez("weights.npz", **{name: value.numpy() for name, value in model.state_dict().items() if value.ndim})
np.savez("images.npz", images=images.permute(0, 2, 3, 1).contiguous().numpy())
`;

/** Layers of both, in order of execution. */
export const LAYERS = [
  'conv1',
  'norm1',
  'relu1',
  'pool1',
  'conv2',
  'relu2',
  'drop',
  'flat',
  'dense1',
  'tanh',
  'logits',
];

/** The twin of the network whose `state_dict` is given. */
export function twinOf(weights: Readonly<Record<string, NpyArray>>): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'conv1',
        inputShape: [12, 12, 3],
        filters: 6,
        kernelSize: 3,
        padding: 'same',
      }),
      tf.layers.batchNormalization({ name: 'norm1', epsilon: 1e-5 }),
      tf.layers.reLU({ name: 'relu1' }),
      tf.layers.maxPooling2d({ name: 'pool1', poolSize: 2 }),
      tf.layers.conv2d({ name: 'conv2', filters: 4, kernelSize: 3 }),
      tf.layers.reLU({ name: 'relu2' }),
      tf.layers.dropout({ name: 'drop', rate: 0.5 }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ name: 'dense1', units: 10 }),
      tf.layers.activation({ name: 'tanh', activation: 'tanh' }),
      tf.layers.dense({ name: 'logits', units: 5 }),
    ],
  });
  tf.tidy(() => {
    const of = (name: string) => tf.tensor(weights[name].data, weights[name].shape);
    // Filters: [out, in, h, w] there, [h, w, in, out] here.
    for (const name of ['conv1', 'conv2']) {
      model.getLayer(name).setWeights([of(`${name}.weight`).transpose([2, 3, 1, 0]), of(`${name}.bias`)]);
    }
    model
      .getLayer('norm1')
      .setWeights(['weight', 'bias', 'running_mean', 'running_var'].map((name) => of(`norm1.${name}`)));
    // PyTorch flattens [c, h, w], TensorFlow [h, w, c].
    const flat = of('dense1.weight').reshape([10, 4, 4, 4]).transpose([2, 3, 1, 0]).reshape([64, 10]);
    model.getLayer('dense1').setWeights([flat, of('dense1.bias')]);
    model.getLayer('logits').setWeights([of('logits.weight').transpose(), of('logits.bias')]);
  });
  return model;
}

/** Writes a model as TensorFlow.js does in Node: `model.json` and its weights. */
export async function saveModel(model: tf.LayersModel, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await model.save(
    tf.io.withSaveHandler(({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      writeFileSync(
        join(folder, 'model.json'),
        JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }),
      );
      writeFileSync(join(folder, 'weights.bin'), new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)));
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
}

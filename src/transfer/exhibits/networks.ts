/**
 * What the exhibits take of a network: activations at its stages and the filters of its first convolution. It is loaded once and
 * given up at once.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { capture } from '../../capture/capture.js';
import type { CaptureData } from '../../capture/capture.js';
import { gather } from '../../capture/gather.js';
import { matrix } from '../../matrix.js';
import type { Matrix } from '../../matrix.js';
import { Random } from '../../random.js';
import { stages } from '../stages.js';
import type { StudyRun } from '../study-result.js';
import type { ExhibitsInput, Moment } from './input.js';

/** A layer that is compared: the last of its stage. */
export interface StageLayer {
  readonly stage: string;
  readonly layer: string;
}

/** A convolution's kernel, `[height, width, channels, filters]`. */
export interface Kernel {
  readonly layer: string;
  readonly shape: readonly [number, number, number, number];
  readonly values: Float32Array;
}

/** A network at the beginning or the end of its run. */
export interface Net {
  readonly run: StudyRun;
  readonly moment: Moment;
  /** Every stage's but the head's, in order of execution. */
  readonly layers: readonly StageLayer[];
  /** Datapoints × neurons by layer; the same datapoints of every network of an architecture. */
  readonly activations: Readonly<Record<string, Matrix>>;
  /** Images that they are of: each has as many datapoints as any other, one image after the other. */
  readonly images: number;
  /** Whether its images were put in another order; see {@link unmatched}. */
  readonly unmatched?: true;
  /** Of the first convolution, where there is one. */
  readonly kernel?: Kernel;
}

/** Datapoints of a layer, about, where the plan does not say how many positions are drawn. */
const DATAPOINTS = 10_000;

/**
 * Reads one network. Compared are the outputs of whole stages, after normalisation, activation and pooling: the output of a
 * convolution itself is linear in the pixels, so that any filters which span the few patterns of smooth images look alike.
 *
 * The head is left out: its pooled layer has one datapoint an image, too few for its neurons.
 */
export async function readNet(
  run: StudyRun,
  moment: Moment,
  data: CaptureData,
  { load, plan, signal }: Pick<ExhibitsInput, 'load' | 'plan' | 'signal'>,
): Promise<Net> {
  signal?.throwIfAborted();
  const model = await load(run, moment);
  try {
    const layers = stageLayers(model);
    const set = await capture(model, data, {
      layers: layers.map(({ layer }) => layer),
      ...(signal && { signal }),
    });
    try {
      const { seed = 0, positions = defaultPositions(set.samples) } = plan.similarity ?? {};
      const activations = await gather(set.batches(), { positions, seed });
      const kernel = await firstKernel(model);
      const images = set.samples!;
      return { run, moment, layers, activations, images, ...(kernel && { kernel }) };
    } finally {
      await set.close();
    }
  } finally {
    model.dispose();
  }
}

/** About {@link DATAPOINTS} of each layer: neighbours on a grid say much the same, so that all of them would cost and add little. */
function defaultPositions(images: number | undefined): number {
  return images === undefined ? 16 : Math.ceil(DATAPOINTS / images);
}

/** The same network with its images in another order, so that it has seen nothing that another network saw at the same place. */
export function unmatched(net: Net, seed: number): Net {
  const order = derangement(net.images, seed);
  const activations = Object.fromEntries(
    Object.entries(net.activations).map(([layer, { rows, cols, data }]) => {
      const each = (rows / net.images) * cols;
      const moved = data.slice();
      order.forEach((from, to) => moved.set(data.subarray(from * each, (from + 1) * each), to * each));
      return [layer, matrix(rows, cols, moved)];
    }),
  );
  return { ...net, activations, unmatched: true };
}

/** A drawn order in which nothing stays where it was: a cycle through all in a drawn order. */
function derangement(count: number, seed: number): Uint32Array {
  const cycle = new Random(seed).permutation(count);
  const order = new Uint32Array(count);
  cycle.forEach((from, i) => (order[cycle[(i + 1) % count]] = from));
  return order;
}

function stageLayers(model: tf.LayersModel): StageLayer[] {
  return stages(model)
    .filter(({ name }) => name !== 'head')
    .map(({ name, layers }) => ({ stage: name, layer: layers.at(-1)! }));
}

async function firstKernel(model: tf.LayersModel): Promise<Kernel | undefined> {
  for (const { name, weights } of model.layers) {
    const kernel = weights.find(({ shape }) => shape.length === 4);
    if (kernel === undefined) continue;
    const values = (await kernel.read().data()) as Float32Array;
    return { layer: name, shape: kernel.shape as [number, number, number, number], values: values.slice() };
  }
  return undefined;
}

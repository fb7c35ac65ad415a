/**
 * Which layers of a network must have equally many channels.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { listingOrder, type Node } from '../capture/graph-order.js';
import { classOf, isRecurrent, type Layer } from '../capture/layer-parts.js';

/** Channels that are made together: as many as one layer has, or several that meet in a sum. */
class Group {
  private parent: Group | undefined;
  private held = false;

  constructor(
    /** Number of channels now. */
    readonly count: number,
  ) {}

  /** The group that stands for it and all that are tied to it. */
  root(): Group {
    return this.parent ? this.parent.root() : this;
  }

  tie(other: Group): void {
    const [a, b] = [this.root(), other.root()];
    if (a === b) return;
    b.parent = a;
    a.held ||= b.held;
  }

  /** It keeps its number of channels. */
  hold(): void {
    this.root().held = true;
  }

  get isHeld(): boolean {
    return this.root().held;
  }
}

/** The channels of a tensor: those of groups one after another, each several times (depth multipliers, flattened positions). */
type Channels = readonly { readonly group: Group; readonly times: number }[];

/** The option of a layer's configuration that says how many channels it makes. */
const WIDTHS: Readonly<Record<string, string>> = {
  Conv1D: 'filters',
  Conv2D: 'filters',
  Conv3D: 'filters',
  Conv2DTranspose: 'filters',
  Conv3DTranspose: 'filters',
  SeparableConv2D: 'filters',
  ConvLSTM2D: 'filters',
  Dense: 'units',
  SimpleRNN: 'units',
  GRU: 'units',
  LSTM: 'units',
  Embedding: 'outputDim',
};

/** Layers whose channels are those of their input. */
const PASSING = new Set([
  ...[
    'Activation',
    'ReLU',
    'LeakyReLU',
    'PReLU',
    'ELU',
    'ThresholdedReLU',
    'Softmax',
    'Rescaling',
    'Masking',
  ],
  ...['BatchNormalization', 'LayerNormalization', 'Dropout', 'SpatialDropout1D', 'GaussianNoise'],
  ...['GaussianDropout', 'AlphaDropout', 'MaxPooling1D', 'MaxPooling2D', 'MaxPooling3D', 'AveragePooling1D'],
  ...['AveragePooling2D', 'AveragePooling3D', 'GlobalMaxPooling1D', 'GlobalMaxPooling2D', 'RepeatVector'],
  ...[
    'GlobalAveragePooling1D',
    'GlobalAveragePooling2D',
    'ZeroPadding2D',
    'Cropping2D',
    'UpSampling2D',
    'Resizing',
  ],
]);

/** Layers whose inputs have equally many channels, or one that is spread. */
const MERGING = new Set(['Add', 'Multiply', 'Average', 'Maximum', 'Minimum']);

/**
 * Numbers of channels after a redesign: of each layer that makes channels of its own, beside those in `kept`, whose number can
 * change without the network falling apart. Layers whose outputs meet in a sum keep equal numbers. What the model gives stays as it is,
 * and so does what is added to it, or meets in a sum with what comes from the kept layers, or goes into a layer whose weights or
 * shapes are not known here (a custom layer, a nested model, a reshape).
 *
 * @param resize - the new number for a number of now.
 * @returns by the layer's name: the option of its configuration, and its new value.
 */
export function resizedChannels(
  model: tf.LayersModel,
  kept: ReadonlySet<string>,
  resize: (count: number) => number,
): Map<string, { readonly option: string; readonly value: number }> {
  const made = new Map<Layer, Group>();
  const known = new Map<number, Channels>();
  const first = new Map<Layer, readonly Channels[]>();
  const channelsFirst = model.layers.some(
    (layer) => (layer.getConfig() as { dataFormat?: unknown }).dataFormat === 'channelsFirst',
  );
  for (const node of listingOrder(model)) {
    const layer = node.outboundLayer;
    // The node of an input layer has its own output as input.
    const inputs = node.inboundLayers.length === 0 ? [] : node.inputTensors.map(({ id }) => known.get(id)!);
    // One kernel serves every use of a layer.
    if (layer.weights.length > 0)
      first.get(layer)?.forEach((channels, i) => {
        tie(channels, inputs[i]);
      });
    first.set(layer, inputs);
    const channels = channelsOf(node, inputs, made, channelsFirst);
    if (kept.has(layer.name)) holdAll(channels);
    for (const tensor of node.outputTensors) known.set(tensor.id, channels);
  }
  for (const { id } of model.outputs) holdAll(known.get(id)!);

  const resized = new Map<string, { option: string; value: number }>();
  for (const [layer, group] of made) {
    const value = resize(group.count);
    if (group.isHeld || value === group.count) continue;
    resized.set(layer.name, { option: WIDTHS[classOf(layer)], value });
  }
  return resized;
}

function channelsOf(
  node: Node,
  inputs: readonly Channels[],
  made: Map<Layer, Group>,
  channelsFirst: boolean,
): Channels {
  const layer = node.outboundLayer;
  const kind = classOf(layer);
  const plain = inputs.length === 1 && node.outputTensors.length === 1;
  if (kind in WIDTHS && plain) {
    const group = made.get(layer) ?? new Group(widthOf(layer, kind));
    made.set(layer, group);
    return [{ group, times: 1 }];
  }
  if (plain && PASSING.has(kind)) return inputs[0];
  if (plain && kind === 'DepthwiseConv2D') {
    return spread(inputs[0], (layer as unknown as { depthMultiplier: number }).depthMultiplier);
  }
  if (plain && kind === 'Flatten') {
    const { shape } = node.inputTensors[0];
    const own = channelsFirst ? undefined : positions(shape);
    if (own !== undefined) return spread(inputs[0], own);
  }
  if (MERGING.has(kind)) return merged(inputs);
  if (kind === 'Concatenate' && !channelsFirst) {
    const { axis } = layer as unknown as { axis: number };
    const { length } = node.inputTensors[0].shape;
    if (axis === -1 || axis === length - 1) return inputs.flat();
    inputs.slice(1).forEach((other) => {
      tie(inputs[0], other);
    });
    return inputs[0];
  }
  inputs.forEach(holdAll);
  const count = node.outputTensors[0].shape.at(-1) ?? 0;
  const fixed = new Group(count);
  fixed.hold();
  return [{ group: fixed, times: 1 }];
}

function widthOf(layer: Layer, kind: string): number {
  const { [WIDTHS[kind]]: width } = layer as unknown as Record<string, unknown>;
  const { units } = ((layer as { cell?: unknown }).cell ?? {}) as { units?: number };
  return isRecurrent(layer) ? (units ?? (layer.outputShape.at(-1) as number)) : (width as number);
}

/** Product of the axes between samples and channels, where it is known. */
function positions(shape: tf.Shape): number | undefined {
  const inner = shape.slice(1, -1);
  return inner.every((axis) => axis !== null)
    ? inner.reduce<number>((size, axis) => size * axis, 1)
    : undefined;
}

function spread(channels: Channels, by: number): Channels {
  return channels.map(({ group, times }) => ({ group, times: times * by }));
}

/** What a sum gives: an input of one channel is spread over those of the others. */
function merged(inputs: readonly Channels[]): Channels {
  const single = (channels: Channels) =>
    channels.reduce((sum, { group, times }) => sum + group.count * times, 0) === 1;
  const [one, ...others] = inputs.filter((channels) => !single(channels));
  // All have one channel, which no factor changes.
  if (one === undefined) return inputs[0];
  for (const other of others) tie(one, other);
  return one;
}

/** From now on both have equally many channels: made alike, their groups are tied; made otherwise, they stay as they are. */
function tie(a: Channels, b: Channels): void {
  const alike =
    a.length === b.length &&
    a.every(({ group, times }, i) => group.count === b[i].group.count && times === b[i].times);
  if (alike) {
    a.forEach(({ group }, i) => {
      group.tie(b[i].group);
    });
  } else {
    holdAll(a);
    holdAll(b);
  }
}

function holdAll(channels: Channels): void {
  for (const { group } of channels) group.hold();
}

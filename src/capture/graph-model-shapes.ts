/**
 * Shapes of what a GraphModel's nodes give: as the file states them, else by running the model once on zeros.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import type { Executor, GraphNode, GraphNodes, RawShape } from './graph-model-nodes.js';
import { listOf, requestOf } from './graph-model-nodes.js';
import type { Tap } from './graph-model-taps.js';
import type { InputInfo } from './probe.js';

/** What is known of a tap before it is captured. */
export interface Inferred {
  /** With the first axis; `null` stands for any length. */
  readonly shape: readonly (number | null)[];
  /** Whether its first axis is samples. */
  readonly samples: boolean;
  /** Where the model was run. */
  readonly dtype?: string;
}

/** Samples in a run on zeros, where the model leaves them open. One would not be told from an axis of length 1. */
const BATCH = 2;

/** Values in the zeros of an input, at most: a larger one says too little of what it really is. */
const MOST_ZEROS = 1 << 25;

/** Values in the zeros of all inputs from which on not all nodes are held at once, and how many are then. */
const [LARGE, AT_ONCE] = [1 << 20, 16];

/**
 * Lengths that open axes are given, in the order they are tried; an axis of the output that is not the same with both is open.
 * Small images vanish in deep networks, short sequences do not.
 */
const LENGTHS = {
  image: [[96, 128], [224, 256], [320, 352]],
  other: [[16, 24], [64, 80], [128, 160]],
} as const; // prettier-ignore

/** What the model takes, in the order of its signature. An input of which the shape is not known has `[]`. */
export function inputsOf(model: tf.GraphModel, inputs: readonly GraphNode[]): InputInfo[] {
  const signature = model.modelSignature as
    { readonly inputs?: Readonly<Record<string, { readonly tensorShape?: RawShape }>> } | undefined;
  return inputs.map((node) => {
    const key = node.signatureKey;
    const stated = node.attrParams['shape']?.value;
    const shape = Array.isArray(stated)
      ? (stated as number[]).map((axis) => (axis < 0 ? null : axis))
      : (readShape(key === undefined ? undefined : signature?.inputs?.[key]?.tensorShape) ?? []);
    const dtype = node.attrParams['dtype']?.value;
    return {
      name: (key ?? node.name).replace(/:0$/, ''),
      shape,
      dtype: typeof dtype === 'string' ? dtype : 'float32',
    };
  });
}

/**
 * Infers the shapes of all taps that can be run. A tap that the node turns out not to have is left out; so are those of which
 * nothing can be said, for example because the model does not run on zeros.
 */
export function inferShapes(
  model: tf.GraphModel,
  { executor, inputs: nodes, obstacles }: GraphNodes,
  taps: readonly Tap[],
): Map<Tap, Inferred | 'absent'> {
  const inputs = inputsOf(model, nodes);
  const found = new Map<Tap, Inferred | 'absent'>();
  const unknown: Tap[] = [];
  for (const tap of taps) {
    const stated = readShape(listOf(tap.node.rawAttrs?.['_output_shapes']?.list?.shape)[tap.output]);
    if (stated !== undefined) found.set(tap, { shape: stated, samples: isBatch(stated[0], inputs) });
    else if (!obstacles.has(tap.node)) unknown.push(tap);
  }
  if (unknown.length === 0 || inputs.length === 0) return found;
  const run: DryRun = (sized, count) => dryRun(model, executor, nodes, sized, unknown.slice(0, count));
  runOnZeros(inputs, unknown.length, run).forEach((inferred, i) => found.set(unknown[i], inferred));
  return found;
}

/** The samples that the model is bound to take at a time; `undefined` where it takes any number. */
export function fixedBatch(inputs: readonly InputInfo[]): number | undefined {
  return inputs.map(({ shape }) => shape[0]).find((axis) => typeof axis === 'number');
}

function isBatch(axis: number | null | undefined, inputs: readonly InputInfo[]): boolean {
  return axis === null || (axis !== undefined && axis === fixedBatch(inputs));
}

/** Runs the model on inputs of these shapes, and tells what it gives for the first `count` taps. */
type DryRun = (sized: readonly InputInfo[], count: number) => readonly (Seen | undefined)[];

/** What running on zeros tells of `count` taps, or of the first of them, up to the one that does not run. */
function runOnZeros(inputs: readonly InputInfo[], count: number, run: DryRun): (Inferred | 'absent')[] {
  if (inputs.some(({ shape }) => shape.length === 0)) return [];
  const open = inputs.some(({ shape }) => shape.slice(1).includes(null));
  const batch = fixedBatch(inputs) ?? BATCH;
  const attempt = (lengths: number, most: number): (Inferred | 'absent')[] | undefined => {
    try {
      const first = run(sized(inputs, batch, lengths, 0), most);
      const second = open ? run(sized(inputs, batch, lengths, 1), most) : first;
      return first.map((one, i) => merge(one, second[i], batch));
    } catch {
      // Too small for the network, or it does not run here: what that really is shows when it is captured.
      return undefined;
    }
  };
  const last = open ? LENGTHS.image.length - 1 : 0;
  for (let lengths = 0; lengths <= last; lengths++) {
    const all = attempt(lengths, count);
    if (all !== undefined) return all;
  }
  let [best, bad]: [(Inferred | 'absent')[], number] = [[], count];
  while (bad - best.length > 1) {
    const middle = (best.length + bad) >> 1;
    const some = attempt(last, middle);
    if (some === undefined) bad = middle;
    else best = some;
  }
  return best;
}

interface Seen {
  readonly shape: readonly number[];
  readonly dtype: string;
}

function merge(a: Seen | undefined, b: Seen | undefined, batch: number): Inferred | 'absent' {
  if (a === undefined || b === undefined) return 'absent';
  const samples = a.shape[0] === batch && b.shape[0] === batch;
  if (a.shape.length !== b.shape.length) return { shape: [null], samples, dtype: a.dtype };
  return { shape: a.shape.map((axis, i) => (axis === b.shape[i] ? axis : null)), samples, dtype: a.dtype };
}

/** Inputs with every open axis given a length. */
function sized(inputs: readonly InputInfo[], batch: number, attempt: number, size: number): InputInfo[] {
  return inputs.map((input) => {
    const length = LENGTHS[input.shape.length >= 4 ? 'image' : 'other'][attempt][size];
    return { ...input, shape: input.shape.map((axis, i) => axis ?? (i === 0 ? batch : length)) };
  });
}

function dryRun(
  model: tf.GraphModel,
  executor: Executor,
  nodes: readonly GraphNode[],
  inputs: readonly InputInfo[],
  taps: readonly Tap[],
): (Seen | undefined)[] {
  const sizes = inputs.map(({ shape }) => shape.reduce<number>((product, axis) => product * axis!, 1));
  if (sizes.some((size) => !(size <= MOST_ZEROS)))
    throw new ShapeError('the inputs are too large for a trial');
  const bytes = sizes.map((size, i) => size * (inputs[i].dtype === 'complex64' ? 8 : 4));
  // The model's own tf: listing is not async, so ours cannot be loaded here.
  const { io } = model as unknown as { readonly io: typeof tf.io };
  const zeros: tf.Tensor[] = [];
  const step = sizes.some((size) => size > LARGE) ? AT_ONCE : taps.length;
  const seen: (Seen | undefined)[] = [];
  try {
    inputs.forEach(({ dtype, shape }, i) => {
      const spec = { name: 'zeros', shape: [...shape] as number[], dtype: dtype as 'float32' };
      const size = dtype === 'bool' ? sizes[i] : bytes[i];
      zeros.push(io.decodeWeights(new ArrayBuffer(size), [spec])['zeros']);
    });
    const feeds = Object.fromEntries(nodes.map((node, i) => [requestOf(node), zeros[i]]));
    const kept = new Set([...Object.values(executor.weightMap).flat(), ...zeros]);
    for (let from = 0; from < taps.length; from += step) {
      const requests = taps.slice(from, from + step).map(({ request }) => request);
      const outputs: (tf.Tensor | undefined)[] = executor.execute(feeds, requests);
      seen.push(...outputs.map((tensor) => tensor && { shape: tensor.shape, dtype: tensor.dtype }));
      for (const tensor of new Set(outputs)) if (tensor && !kept.has(tensor)) tensor.dispose();
    }
    return seen;
  } finally {
    for (const tensor of zeros) tensor.dispose();
  }
}

function readShape(raw: RawShape | null | undefined): (number | null)[] | undefined {
  if (raw === undefined || raw === null || raw.unknownRank === true) return undefined;
  return listOf(raw.dim).map((axis) => {
    const length = Number(axis?.size ?? 0);
    return length >= 0 ? length : null;
  });
}

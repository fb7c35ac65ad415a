/**
 * The layers of a `model.json`, checked before TensorFlow.js builds them.
 *
 * @module
 */
import { FormatError } from '../errors.js';
import { isRecord } from './models-json.js';

type Fields = Readonly<Record<string, unknown>>;

/** A stateful layer makes its state, one for each sample of a batch, when it is built. */
const LARGEST_STATE = 1 << 16;

/**
 * Checks that every layer of a functional model, and of models within it, is called on layers that there are. TensorFlow.js waits
 * forever for one that never comes.
 *
 * @param topology - of a `LayersModel`.
 * @throws FormatError naming the layer.
 */
export function checkLayers(topology: object, label: string): void {
  const all: unknown[] = [(topology as Fields)['model_config'] ?? topology];
  let [stateful, batch] = [false, 0];
  for (const layer of all) {
    const config = configOf(layer);
    all.push(...layersOf(layer));
    // What a wrapper wraps: TimeDistributed, Bidirectional.
    if (config['layer'] !== undefined) all.push(config['layer']);
    if (isFunctional(layer)) checkCalls(layer, label);
    stateful ||= config['stateful'] === true;
    const shape: unknown = config['batch_input_shape'] ?? config['batchInputShape'];
    if (Array.isArray(shape) && typeof shape[0] === 'number') batch = Math.max(batch, shape[0]);
  }
  if (stateful && batch > LARGEST_STATE) {
    throw new FormatError(`${label} has a layer that keeps a state for batches of ${batch} samples`);
  }
}

function field(value: unknown, snake: string, camel: string): unknown {
  return isRecord(value) ? (value[snake] ?? value[camel]) : undefined;
}

function configOf(value: unknown): Fields {
  const config = field(value, 'config', 'config');
  return isRecord(config) ? config : {};
}

function layersOf(model: unknown): readonly unknown[] {
  const config: unknown = field(model, 'config', 'config');
  const layers: unknown = Array.isArray(config) ? config : configOf(model)['layers'];
  return Array.isArray(layers) ? layers : [];
}

function classOf(value: unknown): unknown {
  return field(value, 'class_name', 'className');
}

function isFunctional(model: unknown): boolean {
  return classOf(model) !== 'Sequential' && layersOf(model).length > 0;
}

/** Calls that a layer has before it is called by its model: an input, and a model, are called once when they are made. */
function callsAtFirst(layer: unknown): number {
  if (classOf(layer) === 'InputLayer' || isFunctional(layer)) return 1;
  if (classOf(layer) !== 'Sequential') return 0;
  const [first] = layersOf(layer);
  const config = configOf(first);
  const shape =
    config['batch_input_shape'] ?? config['batchInputShape'] ?? config['input_shape'] ?? config['inputShape'];
  return shape !== undefined || callsAtFirst(first) === 1 ? 1 : 0;
}

/** Follows TensorFlow.js in calling layers as soon as what they are called on is there. */
function checkCalls(model: unknown, label: string): void {
  const calls = new Map<string, number>();
  const waiting: { readonly name: string; readonly on: readonly unknown[] }[] = [];
  for (const layer of layersOf(model)) {
    const name = field(layer, 'name', 'name');
    if (typeof name !== 'string') throw new FormatError(`${label} has a layer without a name`);
    if (calls.has(name)) throw new FormatError(`${label} has two layers that are both called '${name}'`);
    const own = configOf(layer)['name'];
    if (own !== undefined && own !== name) {
      throw new FormatError(`${label} has a layer that is called both '${name}' and ${JSON.stringify(own)}`);
    }
    calls.set(name, callsAtFirst(layer));
    const nodes: unknown = field(layer, 'inbound_nodes', 'inboundNodes');
    for (const on of Array.isArray(nodes) ? (nodes as unknown[]) : []) {
      if (Array.isArray(on)) waiting.push({ name, on });
    }
  }
  const isReady = (on: readonly unknown[]): boolean => on.every((call) => isCalled(calls, call));
  for (let left = waiting; left.length > 0;) {
    const before = left.length;
    left = left.filter(({ name, on }) => {
      if (!isReady(on)) return true;
      if (on.length > 0) calls.set(name, calls.get(name)! + 1);
      return false;
    });
    if (left.length < before) continue;
    const [{ name, on }] = left as [(typeof left)[number]];
    const missing = on.find((call) => !isCalled(calls, call));
    const source = String((Object(missing) as readonly unknown[])[0]);
    const why = calls.has(source) ? 'that comes in a circle' : 'there is no such layer';
    throw new FormatError(`${label}: layer '${name}' is called on '${source}', and ${why}`);
  }
}

/** Whether what a call is on is there, as TensorFlow.js asks it. */
function isCalled(calls: ReadonlyMap<string, number>, call: unknown): boolean {
  // It throws at these instead of waiting.
  if (call === undefined || call === null) return true;
  const [name, index] = [0, 1].map((at) => (Object(call) as readonly unknown[])[at]);
  const count = calls.get(String(name));
  return count !== undefined && !(count <= (index as number));
}

/**
 * Layers that a layer holds: as properties, in arrays, maps and records of them, or as the layers of a model.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { isLayersModel } from './recognise.js';

/** A layer of any copy of TensorFlow.js. */
export type Layer = tf.layers.Layer;

/** Layers of TensorFlow.js that call what they hold once a step: what they hold is not told apart. */
const WRAPPERS = ['TimeDistributed', 'Bidirectional'];

/** Whether `value` is built like a `tf.layers.Layer`. */
export function isLayer(value: unknown): value is Layer {
  if (typeof value !== 'object' || value === null) return false;
  const { call, apply, getClassName, inboundNodes } = value as Record<string, unknown>;
  return [call, apply, getClassName].every((f) => typeof f === 'function') && Array.isArray(inboundNodes);
}

/** Whether a layer is recurrent, of TensorFlow.js or a class derived from there. */
export function isRecurrent(layer: Layer): boolean {
  return isLayer((layer as { cell?: unknown }).cell) && 'returnSequences' in layer;
}

/** Name of a layer's class; a custom one need not have registered any. */
export function classOf(layer: Layer): string {
  return layer.getClassName() ?? layer.constructor.name;
}

/** A layer that another holds, and under which property. */
interface Part {
  readonly key: string;
  readonly layer: Layer;
}

/** The layers that a layer holds itself. */
function partsOf(layer: Layer): Part[] {
  if (isLayersModel(layer)) return layer.layers.map((part) => ({ key: part.name, layer: part }));
  const seen = new Set<object>();
  return Object.entries(layer).flatMap(([key, value]) =>
    // Nodes lead to the neighbours in a graph, which are no parts.
    key === 'inboundNodes' || key === 'outboundNodes' ? [] : layersIn(value, key, seen),
  );
}

/** @param seen - arrays, maps and records that were looked through: they may hold one another. */
function layersIn(value: unknown, key: string, seen: Set<object>): Part[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  if (isLayer(value)) return [{ key, layer: value }];
  const record = Object.getPrototypeOf(value) === Object.prototype;
  if (!Array.isArray(value) && !(value instanceof Map) && !record) return [];
  seen.add(value);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return entries.flatMap(([name, item]) => layersIn(item, `${key}.${String(name)}`, seen));
}

/** A layer and all that it holds, at any depth. */
export function withParts(layer: Layer, found = new Set<Layer>()): Set<Layer> {
  if (found.has(layer)) return found;
  found.add(layer);
  for (const part of partsOf(layer)) withParts(part.layer, found);
  return found;
}

/**
 * The layers inside a custom layer by path, in the order of its properties; of one that is no custom layer, or holds none,
 * nothing. A path is made of names of layers (`inner/conv`), or of a property where two names are the same.
 */
export function layersInside(layer: Layer): Map<string, Layer> {
  const inside = new Map<string, Layer>();
  if (!isLayersModel(layer)) addInside(layer, '', inside, new Set([layer]));
  return inside;
}

function addInside(layer: Layer, prefix: string, inside: Map<string, Layer>, seen: Set<Layer>): void {
  if (isRecurrent(layer) || WRAPPERS.includes(classOf(layer))) return;
  for (const { key, layer: part } of partsOf(layer)) {
    if (seen.has(part) || classOf(part) === 'InputLayer') continue;
    seen.add(part);
    const path =
      [prefix + part.name, prefix + key].find((name) => !inside.has(name)) ?? `${prefix}${key}.${part.name}`;
    addInside(part, `${path}/`, inside, seen);
    inside.set(path, part);
  }
}

/**
 * `model.json`: its bytes as a description of a model that can be trusted, before anything is allocated for it.
 *
 * @module
 */
import type { io } from '@tensorflow/tfjs';
import { FormatError } from '../errors.js';
import { checkSpecs } from './models-weights.js';

/** A `model.json` whose parts are checked. */
export type ModelJson = io.ModelJSON & { readonly weightsManifest: io.WeightsManifestConfig };

/** TensorFlow.js reads topologies recursively; a model within a model takes four levels. */
const DEEPEST = 500;

/**
 * Reads `model.json`.
 *
 * @param label - how messages call it.
 * @throws FormatError with the byte where it is not JSON, and for what no model has.
 */
export function readModelJson(bytes: Uint8Array, label: string): ModelJson {
  const fail = (what: string) => new FormatError(`${label} ${what}`);
  const json = parse(bytes, label) as Partial<io.ModelJSON> | null;
  checkTree(json, label);
  if (!isRecord(json?.modelTopology)) {
    throw fail(
      'is not a TensorFlow.js model: it has no modelTopology; save one with model.save() or tensorflowjs_converter',
    );
  }
  const manifest: unknown = json.weightsManifest;
  // Without weights, tfjs would fill the model with random numbers and say nothing.
  if (!Array.isArray(manifest)) throw fail('has no weightsManifest: it is a topology without weights');
  const paths: string[] = [];
  for (const [i, group] of (manifest as Partial<io.WeightsManifestConfig[number]>[]).entries()) {
    const named: unknown = group?.paths;
    if (!Array.isArray(named) || !named.every((path) => typeof path === 'string')) {
      throw fail(`names no files in paths of group ${i} of its weightsManifest`);
    }
    paths.push(...named);
    if (!Array.isArray(group.weights)) {
      throw fail(`lists no weights with shapes in group ${i} of its weightsManifest`);
    }
  }
  const repeated = paths.find((path, i) => paths.indexOf(path) !== i);
  if (repeated !== undefined) throw fail(`names the weights file '${repeated}' twice`);
  checkSpecs((manifest as io.WeightsManifestConfig).flatMap(({ weights }) => weights), label); // prettier-ignore
  return json as ModelJson;
}

/** Refuses nesting that would overflow the stack, and keys that would change prototypes. @throws FormatError */
export function checkTree(value: unknown, label: string): void {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw new FormatError(`${label} is nested more than ${DEEPEST} levels deep`);
    const next: unknown[] = [];
    for (const one of level) {
      if (typeof one !== 'object' || one === null || ArrayBuffer.isView(one)) continue;
      if (Object.hasOwn(one, '__proto__')) throw new FormatError(`${label} has a key '__proto__': refused`);
      for (const inner of Object.values(one)) if (typeof inner === 'object') next.push(inner);
    }
    level = next;
  }
}

/** Whether a value is an object with keys. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(bytes: Uint8Array, label: string): unknown {
  let text = '';
  try {
    text = new TextDecoder().decode(bytes);
    return JSON.parse(text) as unknown;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const offset = faultOf(text, message);
    throw new FormatError(`${label} is not JSON: ${message}`, {
      cause: error,
      ...(offset !== undefined && { offset: Math.min(offset, bytes.length) }),
    });
  }
}

/** Longer texts are not searched for the place of a fault. */
const SEARCHED = 1 << 22;

/** The byte at which a text stops being JSON: V8 says it for some faults only. */
function faultOf(text: string, message: string): number | undefined {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return Buffer.byteLength(text.slice(0, Number(position)));
  if (isCut(message)) return Buffer.byteLength(text);
  if (text.length > SEARCHED) return undefined;
  // What is good up to its end, and no longer with one character more.
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isGood(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return Buffer.byteLength(text.slice(0, good));
}

function isGood(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    return isCut((error as Error).message);
  }
}

/** Whether a text only lacks its end. */
function isCut(message: string): boolean {
  return /end of JSON|Unterminated|No number after|Exponent part/.test(message);
}

/**
 * Layers chosen by name, glob, RegExp or predicate.
 *
 * @module
 */
import picomatch from 'picomatch';
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import type { LayerInfo } from './activations.js';

/**
 * Which layers to take: a name or glob (several separated by commas), a RegExp, a list of these, or a predicate.
 *
 * A glob must match the whole name, and its `*` also crosses `/`: `'conv*'` takes `conv1` and `conv1/relu` but not
 * `backbone/conv1`; `'backbone/*'` takes everything in the nested model, at any depth; `'*conv*'` takes all of them.
 * `?`, `[12]`, `{a,b}` and a leading `!` (all names that do not match) work as in a shell.
 */
export type LayerSelection = string | RegExp | readonly (string | RegExp)[] | ((layer: LayerInfo) => boolean);

/** Classes of models that appear as a layer of another model; what they give out is their last layer's activation. */
const nestedKinds = new Set(['Model', 'Functional', 'Sequential']);

/**
 * Chooses among `layers`, always in their own order, which is that of execution.
 *
 * @param select - what to take. Default: every layer except inputs, and except a nested model as a whole where its
 * own layers are listed (its activation is that of its last layer, and would be compared twice).
 * @param what - how messages call the option.
 * @throws OptionError when a name or pattern matches nothing (it lists the closest names), or when nothing is left.
 */
export function selectLayers(
  layers: readonly LayerInfo[],
  select?: LayerSelection,
  what = 'layers',
): LayerInfo[] {
  const chosen = select === undefined ? byDefault(layers) : bySelection(layers, select, what);
  if (chosen.length === 0) {
    throw new OptionError(`${what}: the selection leaves no layer; ${known(layers)}`);
  }
  return chosen;
}

function byDefault(layers: readonly LayerInfo[]): LayerInfo[] {
  return layers.filter(({ name, kind, leftOut }) => {
    if (kind === 'InputLayer' || leftOut !== undefined) return false;
    return !nestedKinds.has(kind) || !layers.some((other) => other.name.startsWith(`${name}/`));
  });
}

function bySelection(layers: readonly LayerInfo[], select: LayerSelection, what: string): LayerInfo[] {
  if (typeof select === 'function') return layers.filter((layer) => select(layer));
  const patterns = (Array.isArray(select) ? select : [select]) as readonly (string | RegExp)[];
  const taken = new Set(patterns.flatMap((pattern) => matches(layers, pattern, what)));
  return layers.filter((layer) => taken.has(layer));
}

function matches(layers: readonly LayerInfo[], pattern: string | RegExp, what: string): LayerInfo[] {
  if (pattern instanceof RegExp) {
    // search() starts anew each time, where test() of a global RegExp would go on from its last match.
    const found = layers.filter((layer) => layer.name.search(pattern) >= 0);
    if (found.length === 0)
      throw new OptionError(`${what}: no layer matches ${String(pattern)}; ${known(layers)}`);
    return found;
  }
  if (typeof pattern !== 'string') {
    throw new OptionError(
      `${what} is ${show(pattern)}: give a name, a glob, a RegExp, a list of these, or a function of a layer`,
    );
  }
  const exact = layers.filter((layer) => layer.name === pattern);
  if (exact.length > 0) return exact;
  const parts = splitList(pattern);
  if (parts.length > 1) return parts.flatMap((part) => matches(layers, part, what));
  const [glob = ''] = parts;
  // `bash` lets one star cross '/': names of layers are paths of models, not of files.
  const isMatch = glob === '' ? () => false : picomatch(glob, { bash: true, dot: true, windows: false });
  const found = layers.filter((layer) => layer.name === glob || isMatch(layer.name));
  if (found.length === 0)
    throw new OptionError(`${what}: no layer matches '${glob}'; ${closest(layers, glob)}`);
  return found;
}

/** Splits at commas that are not inside `{}`, `[]` or `()`. */
function splitList(list: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const char of list) {
    if ('{[('.includes(char)) depth++;
    if ('}])'.includes(char)) depth--;
    if (char === ',' && depth <= 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts.map((part) => part.trim());
}

function known(layers: readonly LayerInfo[]): string {
  if (layers.length === 0) return 'there are none';
  const names = layers.slice(0, 20).map((layer) => layer.name);
  return `there are ${names.join(', ')}${layers.length > 20 ? ', …' : ''}`;
}

function closest(layers: readonly LayerInfo[], wanted: string): string {
  if (layers.length === 0) return 'there are none';
  const ranked = layers
    .map(({ name }) => ({ name, distance: nameDistance(wanted, name) }))
    .sort((a, b) => a.distance - b.distance);
  return `did you mean ${ranked
    .slice(0, 3)
    .map(({ name }) => `'${name}'`)
    .join(', ')}?`;
}

/** Edit distance to the name, or to its last part where that is closer: people leave the path of a nested model out. */
function nameDistance(wanted: string, name: string): number {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return Math.min(editDistance(wanted, name), editDistance(wanted, last) + 0.5);
}

/** Least number of insertions, deletions and substitutions, upper and lower case alike (Levenshtein). */
function editDistance(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: right.length + 1 }, (_, j) => j);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = row[j - 1] + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[right.length];
}

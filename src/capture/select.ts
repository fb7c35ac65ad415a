/**
 * Layers chosen by name, glob, op, RegExp or predicate.
 *
 * @module
 */
import picomatch from 'picomatch';
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import type { LayerInfo } from './activations.js';

/**
 * Which layers to take: a name, glob or op (several separated by commas), a RegExp, a list of these, or a predicate.
 *
 * A glob must match the whole name, and its `*` also crosses `/`: `'conv*'` takes `conv1` and `conv1/relu` but not
 * `backbone/conv1`; `'backbone/*'` takes everything in the nested model, at any depth; `'*conv*'` takes all of them.
 * `?`, `[12]`, `{a,b}` and a leading `!` (all names that do not match) work as in a shell.
 *
 * `'op:Relu'` takes the layers of that class, or of that op in a graph, and a glob follows `op:` just so: `'op:*Conv2D*'`. A fused
 * op such as `_FusedConv2D+BiasAdd+Relu` is found by each of its parts. The two mix: `'op:Relu,conv*'`.
 */
export type LayerSelection = string | RegExp | readonly (string | RegExp)[] | ((layer: LayerInfo) => boolean);

/** Classes of models that appear as a layer of another model; what they give out is their last layer's activation. */
const nestedKinds = new Set(['Model', 'Functional', 'Sequential']);

/**
 * Chooses among `layers`, always in their own order, which is that of execution.
 *
 * @param select - what to take. Default: every layer except inputs, and except a nested model as a whole where its
 * own layers are listed (its activation is that of its last layer, and would be compared twice). Of a graph, nodes that only
 * hand their input on, whose first axis is not samples, whose values are not float32 or that cannot be run are left out too;
 * {@link LayerInfo.leftOut} says which.
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
    throw new OptionError(
      `${what}: the selection leaves no layer; ${select === undefined ? whyNone(layers) : known(layers)}`,
    );
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
  return glob.startsWith('op:') ? ofKind(layers, glob.slice(3), what) : named(layers, glob, what);
}

function named(layers: readonly LayerInfo[], glob: string, what: string): LayerInfo[] {
  const isMatch = matcher(glob);
  const found = layers.filter((layer) => layer.name === glob || isMatch(layer.name));
  if (found.length > 0) return found;
  const names = layers.map(({ name }) => name);
  throw new OptionError(`${what}: no layer matches '${glob}'; ${closest(names, glob)}`);
}

/** A fused op is found by its whole kind and by each op in it. */
function ofKind(layers: readonly LayerInfo[], glob: string, what: string): LayerInfo[] {
  const isMatch = matcher(glob);
  const kindsOf = ({ kind }: LayerInfo): string[] => [kind, ...kind.split('+')];
  const found = layers.filter((layer) => kindsOf(layer).some((kind) => kind === glob || isMatch(kind)));
  if (found.length > 0) return found;
  const kinds = [...new Set(layers.flatMap(kindsOf))].map((kind) => `op:${kind}`);
  throw new OptionError(`${what}: no layer matches 'op:${glob}'; ${closest(kinds, `op:${glob}`)}`);
}

function matcher(glob: string): (name: string) => boolean {
  // `bash` lets one star cross '/': names of layers are paths of models, not of files.
  return glob === '' ? () => false : picomatch(glob, { bash: true, dot: true, windows: false });
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

/** Where a listing says why it leaves everything out, for example because a graph begins with control flow. */
function whyNone(layers: readonly LayerInfo[]): string {
  const out = layers.find(({ leftOut }) => leftOut !== undefined && leftOut !== 'an input');
  return out === undefined ? known(layers) : `'${out.name}' is left out: ${out.leftOut}`;
}

function known(layers: readonly LayerInfo[]): string {
  if (layers.length === 0) return 'there are none';
  const names = layers.slice(0, 20).map((layer) => layer.name);
  return `there are ${names.join(', ')}${layers.length > 20 ? ', …' : ''}`;
}

function closest(names: readonly string[], wanted: string): string {
  if (names.length === 0) return 'there are none';
  const ranked = names
    .map((name) => ({ name, distance: nameDistance(wanted, name) }))
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

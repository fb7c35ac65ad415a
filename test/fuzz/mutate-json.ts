/** Seeded damage to what JSON says, in JSON that still is JSON; text that is not is made by damage to bytes. */
import type { Random } from '../../src/random.js';
import { NUMBERS, pick } from './mutate.js';

type Node = any;

/** Values that a reader may not expect, as JSON. */
const VALUES = [
  ...NUMBERS,
  '"__proto__"',
  '"../../../etc/passwd"',
  '[[[[[[[[[[]]]]]]]]]]',
  '[1e9,1e9]',
  '[-1]',
  '"null"',
];

/** A place in a tree: `parent[key]`. */
interface Place {
  readonly parent: Node;
  readonly key: string | number;
}

function places(node: Node): Place[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.keys(node as object).flatMap((key) => [{ parent: node, key }, ...places(node[key])]);
}

/** Numbers, which say how much there is, are changed as often as all else together. */
function choose(root: Node, random: Random): Place | undefined {
  const all = places(root);
  const numbers = all.filter(({ parent, key }) => typeof parent[key] === 'number');
  const from = numbers.length > 0 && random.integer(2) === 0 ? numbers : all;
  return from.length === 0 ? undefined : pick(from, random);
}

/** Mark of a value that {@link mutateJson} writes as it stands, since JSON.stringify would not. */
const RAW = ' raw ';

type Change = (place: Place, root: Node, random: Random) => void;

const changes: readonly Change[] = [
  ({ parent, key }, _, random) => (parent[key] = `${RAW}${pick(VALUES, random)}${RAW}`),
  ({ parent, key }, _, random) => {
    if (typeof parent[key] !== 'number') parent[key] = `${RAW}${pick(VALUES, random)}${RAW}`;
    else
      parent[key] = pick(
        [parent[key] + 1, parent[key] - 1, parent[key] * 2, parent[key] * 1000, -parent[key]],
        random,
      );
  },
  ({ parent, key }) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else Reflect.deleteProperty(parent as object, key);
  },
  ({ parent, key }) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 0, structuredClone(parent[Number(key)]));
    else parent[`${key}2`] = structuredClone(parent[key]);
  },
  ({ parent, key }, root, random) => {
    const other = choose(root, random)!;
    const [a, b] = [structuredClone(parent[key]), structuredClone(other.parent[other.key])];
    parent[key] = b;
    other.parent[other.key] = a;
  },
  ({ parent, key }, _, random) => {
    const depth = pick([5, 100, 3000], random);
    parent[key] = `${RAW}${'['.repeat(depth)}${JSON.stringify(parent[key])}${']'.repeat(depth)}${RAW}`;
  },
  // A key that is there twice: what counts, the first or the last?
  ({ parent, key }, root, random) => {
    if (Array.isArray(parent)) return;
    const other = choose(root, random)!;
    parent[key] =
      `${RAW}${JSON.stringify(parent[key])},${JSON.stringify(key)}:${JSON.stringify(other.parent[other.key])}${RAW}`;
  },
];

/** The text of `value` with one or two changes. */
export function mutateJson(value: object, random: Random): string {
  const root: Node = structuredClone(value);
  for (let times = pick([1, 1, 2], random); times > 0; times--) {
    const place = choose(root, random);
    if (place !== undefined) pick(changes, random)(place, root, random);
  }
  const quoted = new RegExp(`"${RAW}((?:[^"\\\\]|\\\\.)*)${RAW}"`, 'g');
  return JSON.stringify(root).replaceAll(quoted, (_, raw: string) => JSON.parse(`"${raw}"`) as string);
}

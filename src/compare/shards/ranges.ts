/**
 * Which samples a part holds, and whether those of several make up the whole.
 *
 * @module
 */
import { DataError, OptionError } from '../../errors.js';
import { knownKeys, show, wholeNumber } from '../../options.js';
import type { PartInfo } from './part-info.js';

/**
 * The samples of one worker: shard `index`, from 0, `of` as many of nearly equal size, or samples `from … to − 1`. Shards may
 * be of any size, as long as all together hold each sample once.
 */
export type Shard =
  { readonly index: number; readonly of: number } | { readonly from?: number; readonly to?: number };

/** The range of a shard. @throws OptionError */
export function rangeOf(shard: Shard, total: number): readonly [from: number, to: number] {
  if (typeof shard !== 'object' || shard === null) {
    throw new OptionError(`shard is ${show(shard)}: give { index: 0, of: 4 } or { from: 0, to: 1000 }`);
  }
  if ('of' in shard || 'index' in shard) {
    knownKeys('shard', shard, ['index', 'of']);
    const given: { readonly index?: unknown; readonly of?: unknown } = shard;
    const of = wholeNumber('shard.of', given.of);
    const index = wholeNumber('shard.index', given.index, 0);
    if (index >= of) {
      throw new OptionError(
        `shard.index is ${index} of ${of}: shards count from 0, so the last is ${of - 1}`,
      );
    }
    return [Math.floor((index * total) / of), Math.floor(((index + 1) * total) / of)];
  }
  knownKeys('shard', shard, ['from', 'to']);
  const from = wholeNumber('shard.from', shard.from ?? 0, 0);
  const to = wholeNumber('shard.to', shard.to ?? total, 0);
  if (from >= to || to > total) {
    throw new OptionError(
      `shard is samples ${from}:${to} of ${total}: give from below to, and to at most ${total}`,
    );
  }
  return [from, to];
}

/** A part for the checks here. */
interface Named {
  readonly name: string;
  readonly info: PartInfo;
}

/**
 * The ranges of parts together, neighbours joined.
 *
 * @throws DataError where two parts hold the same samples, naming both
 */
export function joinRanges(parts: readonly Named[]): [from: number, to: number][] {
  const all = parts
    .flatMap(({ name, info }) => info.ranges.map(([from, to]) => ({ from, to, name })))
    .sort((a, b) => a.from - b.from || a.to - b.to);
  const joined: [number, number][] = [];
  for (const [i, { from, to, name }] of all.entries()) {
    const before = all[i - 1];
    if (before !== undefined && from < before.to) {
      const shared = `samples ${from}:${Math.min(to, before.to)}`;
      throw new DataError(
        before.name === name
          ? `${name} was given twice (${shared}): give each part once`
          : `${before.name} and ${name} both hold ${shared}: leave one of them out`,
      );
    }
    const last = joined.at(-1);
    if (last?.[1] === from) last[1] = to;
    else joined.push([from, to]);
  }
  return joined;
}

/** @throws DataError where samples are in no part, naming them and, where the parts are equal shards, the shards */
export function checkComplete(parts: readonly Named[], ranges: readonly (readonly [number, number])[]): void {
  const { total } = parts[0].info;
  const missing: [number, number][] = [];
  let at = 0;
  for (const [from, to] of [...ranges, [total, total] as const]) {
    if (from > at) missing.push([at, from]);
    at = to;
  }
  if (missing.length === 0) return;
  const listed = missing.map(([from, to]) => `${from}:${to}`).join(', ');
  const names = parts.map(({ name }) => name).join(', ');
  throw new DataError(
    `samples ${listed} of ${total} are in none of the ${parts.length} parts (${names})${missingShards(parts, missing)}`,
  );
}

function missingShards(parts: readonly Named[], missing: readonly (readonly [number, number])[]): string {
  const counts = new Set(parts.map(({ info }) => info.shard?.of));
  const [of] = counts;
  if (counts.size !== 1 || of === undefined) return ': compute parts of them, and merge all';
  const { total } = parts[0].info;
  const lost = Array.from({ length: of }, (_, index) => index).filter((index) => {
    const [from, to] = rangeOf({ index, of }, total);
    return from < to && missing.some(([low, high]) => from < high && low < to);
  });
  return `: compute shard ${lost.map((index) => `${index}/${of}`).join(', ')}, and merge all`;
}

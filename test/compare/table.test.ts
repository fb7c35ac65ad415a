import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { alignedTable, shortNames } from '../../src/compare/table.js';

describe('names in a table', () => {
  const path = 'StatefulPartitionedCall/sequential/keras_layer/predict/MobilenetV2';

  it('of long paths are cut to what tells them apart, and others are left', () => {
    const names = ['add', 'backbone/conv1', 'add', 'block_1/add', 'block_2/add'].map((name, i) =>
      i < 2 ? name : `${path}/${name}`,
    );
    expect(shortNames(names)).toEqual([
      ...['add', 'backbone/conv1', '…/MobilenetV2/add', '…/block_1/add', '…/block_2/add'],
    ]);
    const deep = [`${path}/x/y/z`, `${path}/w/y/z`, `a/${path}/w/y/z`];
    expect(shortNames(deep)).toEqual(['…/x/y/z', deep[1], deep[2]]);
    const word = 'a'.repeat(50);
    expect(shortNames([word, `b/${word}`])).toEqual([word, `b/${word}`]);
  });

  it('are short in rows and columns alike', () => {
    expect(alignedTable([`${path}/a/b`], [`${path}/c/d`, 'e'], Float64Array.of(0.5, 1))).toBe(
      ['       …/c/d      e', '…/a/b  0.500  1.000'].join('\n'),
    );
  });

  const part = fc.constantFrom('a', 'b', 'conv', 'StatefulPartitionedCall', 'expanded_conv');
  const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
  test.prop([fc.uniqueArray(name, { minLength: 1, maxLength: 12 })])(
    'differ as the whole ones do, are no longer, and are their ends',
    (names) => {
      const short = shortNames(names);
      expect(new Set(short).size).toBe(names.length);
      short.forEach((text, i) => {
        expect(text.length).toBeLessThanOrEqual(names[i].length);
        const ends = names.filter((other) => `/${other}`.endsWith(text.replace(/^…/, '')));
        if (text !== names[i]) expect(ends).toEqual([names[i]]);
      });
    },
  );
});

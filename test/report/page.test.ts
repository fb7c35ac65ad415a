import { describe, expect, it } from 'vitest';
import { report } from '../../src/report/index.js';
import { elide, score, textWidth } from '../../src/report/text.js';
import { notes } from '../../src/report/warnings.js';
import { awkward, cell, decaying, layers, similarity } from './fixtures.js';

const plain = (html: string): string =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<title>.*?<\/title>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe('report', () => {
  const five = similarity(layers(5), layers(5));

  it('says in words what was compared, what came out and how', () => {
    const text = plain(report(five));
    expect(text).toContain('SVCCA of 5 layers of scratch with 5 of pretrained, over 1,000 samples.');
    expect(text).toContain(
      'score 0.780 on average: they are most similar at conv1 (0.990) and least similar at conv5 (0.570).',
    );
    expect(text).toContain('The best match of every layer is its corresponding layer.');
    expect(text).toContain(
      'Engine ml-matrix · method direct · keep.variance 0.99, crossing kept, summary mean, divisor kept',
    );
  });

  it('counts the best matches that are not the corresponding layer, and calls the smallest distance most similar', () => {
    const shifted = similarity(layers(3), layers(3), (r, c) => (r === 0 && c === 1 ? 0.1 : 0.3 + 0.2 * r), {
      measure: 'procrustes',
      options: { output: 'distance' },
    });
    const text = plain(report(shifted));
    expect(text).toContain('Procrustes distance');
    expect(text).toContain('most similar at conv1 (0.300) and least similar at conv3 (0.700)');
    expect(text).toContain('The best match is the corresponding layer for 0 of 3 layers.');
    expect(plain(report(similarity(['x'], ['y'])))).toContain(
      'The one pair of corresponding layers, x × y, scores 0.990.',
    );
    expect(plain(report(similarity(layers(2), layers(2), () => 0.5)))).toContain(
      'All 2 pairs of corresponding layers score 0.500.',
    );
  });

  it('has the diagnostics of corresponding layers', () => {
    const html = report(five);
    expect(plain(html)).toContain('conv2 0.885 64 0 64 31 64 2 62 28 conv2 0.885 1,000 direct –');
    expect(html.match(/<th scope="row">/g)).toHaveLength(5);
  });

  it('shows beside a score what chance gives, where that is known, and no rank where nothing was factored', () => {
    expect(plain(report(five))).not.toContain('hance');
    const cells = [0.7, 0.4].map((score, i) =>
      cell(score, i === 0 ? { chance: 0.61, adjusted: 0.231 } : { x: { neurons: 5, dead: 0 } }),
    );
    const known = similarity(['conv'], ['conv'], undefined, { cells: cells.slice(0, 1) });
    expect(plain(report(known))).toMatch(/SVCCA Chance .* conv 0\.700 0\.610 64/);
    expect(report(known)).toContain('0.61 by chance');
    const pairwise = similarity(['conv'], ['conv'], undefined, { cells: cells.slice(1) });
    expect(plain(report(pairwise))).toMatch(/Neurons Dead Neurons Dead conv 0\.400 5 0 64 2 conv/);
    expect(report(pairwise)).not.toContain('kept undefined');
  });

  it('shows several comparisons, with one colour scale and one chart where they can share them', () => {
    const angle = { measure: 'procrustes', options: { output: 'angle' } };
    const html = report([
      five,
      similarity(layers(5), layers(5), undefined, { measure: 'cka' }),
      similarity(layers(2), layers(2), () => 1.2, angle),
    ]);
    expect(html.match(/aria-label="Heat map of [^"]*"><svg/g)).toHaveLength(3);
    expect(html.match(/aria-label="Similarity of corresponding layers"/g)).toHaveLength(2);
    expect(plain(html)).toContain('Procrustes angle 1.200 conv1 1.200 conv2 1.200');
  });

  it('takes a title and a description', () => {
    const html = report(five, { title: 'Before & after', description: 'One <b>paragraph</b>.' });
    expect(html).toContain('<title>Before &amp; after</title>');
    expect(html).toContain('<h1>Before &amp; after</h1>');
    expect(html).toContain('<p class="lead">One &lt;b&gt;paragraph&lt;/b&gt;.</p>');
  });

  it('lets no name become markup, in any place', () => {
    const evil = '<img src=x onerror=alert(1)>"\'&';
    const html = report(
      similarity([...awkward, evil], [...awkward, evil], undefined, {
        names: { a: evil, b: evil },
        measure: evil,
        engine: evil,
        options: { [evil]: evil },
        warnings: [evil],
        cells: Array.from({ length: 49 }, () => cell(0.5, { warnings: [`${evil}!`] })),
      }),
      { title: evil, description: evil },
    );
    expect(html).not.toMatch(/<img|<script/);
    expect(html).not.toMatch(/&(?!(amp|lt|gt|quot|#39);)/);
  });

  it('refers to nothing outside itself and runs no script', () => {
    const html = report(five).replaceAll('xmlns="http://www.w3.org/2000/svg"', '');
    expect(html).not.toMatch(/https?:|\/\/|<script|url\(|@import|\son\w+=/);
  });

  it('refuses nothing to report and wrong options', () => {
    expect(() => report([])).toThrow('there is nothing to report: give at least one similarity');
    expect(() => report(five, { titel: '' } as object)).toThrow("report has no option 'titel'");
    expect(() => report(five, { title: 5 } as unknown as object)).toThrow('title is 5: give a text');
    expect(() => report(similarity(layers(2), []))).toThrow('a similarity of 2 × 0 layers');
  });
});

describe('warnings', () => {
  const warned = (has: (row: number, col: number) => boolean, more = {}) =>
    similarity(layers(3), layers(4), undefined, {
      cells: [0, 1, 2].flatMap((r) =>
        [0, 1, 2, 3].map((c) => cell(decaying(r, c, 3), { warnings: has(r, c) ? ['Few.', 'Few.'] : [] })),
      ),
      ...more,
    });
  const concerns = (has: (row: number, col: number) => boolean) =>
    notes(warned(has)).map((note) => note.concerns);

  it('are named once with the layers they concern', () => {
    expect(concerns(() => true)).toEqual(['all pairs']);
    expect(concerns((r) => r === 1)).toEqual(['conv2 of scratch with every layer']);
    expect(concerns((_, c) => c === 3)).toEqual(['every layer with conv4 of pretrained']);
    expect(concerns((r, c) => r === 1 || (r === 0 && c === 2))).toEqual([
      'conv2 of scratch with every layer, conv1 × conv3',
    ]);
    expect(concerns((r, c) => r + c !== 0 && r !== 2 - c)).toEqual([
      'every layer with conv4 of pretrained, conv1 × conv2, conv2 × conv1, conv2 × conv3, conv3 × conv2, conv3 × conv3',
    ]);
    expect(concerns(() => false)).toEqual([]);
  });

  it('that differ in numbers alone are one, with the first as the example', () => {
    const html = report(
      similarity(layers(2), layers(2), undefined, {
        cells: [0, 1, 2, 3].map((at) =>
          cell(0.5, { warnings: [`score 0.${at} by chance`, ...(at === 3 ? ['Another.'] : [])] }),
        ),
      }),
    );
    expect(html).toContain(
      '<li id="note-1-1">score 0.0 by chance (3 more differ from this in numbers.) <span class="muted">all pairs</span></li>',
    );
    expect(html).toContain('<li id="note-1-2">Another. ');
    expect(html.match(/<a href="#note-1-1">1<\/a>/g)).toHaveLength(2);
    expect(html).toContain('<a href="#note-1-1">1</a>, <a href="#note-1-2">2</a>');
  });

  it('are listed, and referred to by the lines of the table', () => {
    const html = report(warned((r, c) => r === 1 && c === 1, { warnings: ['Two images were left out.'] }));
    expect(html).toContain('<li id="note-1-1">Two images were left out.</li>');
    expect(html).toContain('<li id="note-1-2">Few. <span class="muted">conv2 × conv2</span></li>');
    expect(html.match(/<a href="#note-1-2">2<\/a>/g)).toHaveLength(1);
  });
});

describe('text', () => {
  it('is elided in its middle, by whole characters, to a width', () => {
    expect(elide('conv1', 100, 12)).toBe('conv1');
    const short = elide(awkward.at(-1)!, 150, 12);
    expect(short).toMatch(/^back.*….*_conv$/);
    expect(textWidth(short, 12)).toBeLessThanOrEqual(150);
    expect(elide('👩‍🔬'.repeat(9), 60, 12)).toMatch(/^(👩‍🔬)+…(👩‍🔬)+$/u);
  });

  it.each([
    [0.98765, '0.988'],
    [0, '0.000'],
    [1, '1.000'],
    [-0.25, '−0.250'],
    [1.5e-7, '1.5e−7'],
    [123.456, '123.5'],
    [54321.9, '54,322'],
    [1.234e9, '1.2e9'],
    [Number.NaN, '–'],
  ])('has %d as %s', (value, text) => expect(score(value)).toBe(text));
});

import { describe, expect, it } from 'vitest';
import { diagonalCurve } from '../../src/report/index.js';
import { curveStyle } from '../../src/report/curve-marks.js';
import { luminance } from '../../src/report/colour.js';
import { awkward, layers, similarity } from './fixtures.js';
import { all, parseXml, visible } from './well-formed.js';

const hovers = (svg: string): string[] => all(parseXml(svg), 'title').map(({ text }) => text);
const curves = (svg: string): string[] =>
  all(parseXml(svg), 'polyline')
    .map(({ attributes }) => attributes.points)
    .filter((points) => !points.startsWith('0.0,'));

describe('diagonalCurve', () => {
  it('draws a point per pair of corresponding layers, with the pair and its score on hover', () => {
    const svg = diagonalCurve([similarity(layers(5), layers(5), (r) => 0.9 - r * 0.1)]);
    expect(hovers(svg)).toHaveLength(5);
    expect(hovers(svg)[1]).toBe('conv2 (scratch) × conv2 (pretrained)\nSVCCA 0.8');
    expect(curves(svg)[0].split(' ')).toHaveLength(5);
    for (const text of ['SVCCA', 'scratch × pretrained', 'conv5', '0.0', '1.0'])
      expect(visible(parseXml(svg))).toContain(text);
  });

  it('tells curves apart by colour, dash and marker, and by name', () => {
    const of = (b: string, measure = 'svcca') =>
      similarity(layers(3), layers(3), undefined, { names: { a: 'a', b }, measure });
    const svg = parseXml(diagonalCurve([of('b'), of('c'), of('c', 'cka'), of('c', 'cka')]));
    expect(visible(svg)).toContain('a × b, SVCCA');
    expect(visible(svg)).toContain('a × c, CKA (2)');
    const styles = Array.from({ length: 36 }, (_, at) => curveStyle(at));
    expect(new Set(styles.map((style) => JSON.stringify(style))).size).toBe(36);
    for (const { colour } of styles) {
      expect(1.05 / (luminance(colour) + 0.05)).toBeGreaterThan(3);
      expect((luminance(colour) + 0.05) / (luminance('#14161a') + 0.05)).toBeGreaterThan(3);
    }
  });

  it('puts layers that only some comparisons have where those have them', () => {
    const svg = diagonalCurve([
      similarity(['a', 'c'], ['a', 'c']),
      similarity(['a', 'b', 'c'], ['a', 'b', 'c']),
      similarity(['z'], ['z']),
    ]);
    const labels = visible(parseXml(svg)).split('\n');
    expect(labels.filter((text) => /^[abcz]$/.test(text))).toEqual(['a', 'b', 'c', 'z']);
    const [first, second] = curves(svg).map((points) =>
      points.split(' ').map((point) => point.split(',')[0]),
    );
    expect(first).toEqual([second[0], second[2]]);
  });

  it.each([
    ['one layer', ['x']],
    ['40 layers', layers(40)],
    ['awkward names', awkward],
  ])('takes %s', (_, names) => {
    const svg = diagonalCurve([similarity(names, names)]);
    expect(hovers(svg).filter((text) => text.includes('SVCCA'))).toHaveLength(names.length);
    expect(hovers(svg).join('\n')).toContain(names.at(-1));
  });

  it('takes an axis that fits scores outside [0, 1], or the one asked for', () => {
    const sums = similarity(layers(3), layers(3), (r) => 10 + 4 * r);
    expect(visible(parseXml(diagonalCurve([sums]))).split('\n')).toEqual(
      expect.arrayContaining(['10', '18']),
    );
    expect(visible(parseXml(diagonalCurve([sums], { domain: [0, 20] }))).split('\n')).toEqual(
      expect.arrayContaining(['0', '20']),
    );
  });

  it('leaves out a pair without a score', () => {
    const svg = diagonalCurve([similarity(layers(3), layers(3), (r) => (r === 1 ? Number.NaN : 0.5))]);
    expect(hovers(svg)).toHaveLength(2);
    expect(svg).not.toContain('NaN');
  });

  it('refuses what it cannot draw', () => {
    expect(() => diagonalCurve([])).toThrow('there is no diagonal to draw: give at least one similarity');
    expect(() => diagonalCurve([similarity([], [])])).toThrow('0 × 0');
  });
});

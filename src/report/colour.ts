/**
 * Scores as colours: the domain, the scale, and the ink that can be read on it.
 *
 * @module
 */
import { scaleLinear } from 'd3-scale';
import { interpolateViridis } from 'd3-scale-chromatic';
import type { Similarity } from '../compare/similarity.js';
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import { isDistance } from './reading.js';

/** Lowest and highest value of an axis or a scale. */
export type Domain = readonly [number, number];

/** A score beyond [0, 1] by less than this is there by rounding. */
const ROUNDING = 1e-9;

/** Shown where there is no score. */
const NONE = '#9a9a9a';

/** `[0, 1]` if all scores lie inside it, else their extent. */
export function domainOf(scores: Iterable<number>): Domain {
  const finite = Array.from(scores).filter(Number.isFinite);
  const low = finite.reduce((least, value) => Math.min(least, value), Infinity);
  const high = finite.reduce((most, value) => Math.max(most, value), -Infinity);
  if (finite.length === 0 || (low >= -ROUNDING && high <= 1 + ROUNDING)) return [0, 1];
  return low < high ? [low, high] : [Math.min(0, low), Math.max(0, high)];
}

/** Returns `domain` if it can be one. @throws OptionError */
export function checkDomain(domain: unknown): Domain {
  if (
    Array.isArray(domain) &&
    domain.length === 2 &&
    domain.every(Number.isFinite) &&
    domain[0] < domain[1]
  ) {
    return [domain[0] as number, domain[1] as number];
  }
  throw new OptionError(`domain is ${show(domain)}: give two numbers, the lower first`);
}

/** How scores are coloured. */
export interface ColourScale {
  readonly domain: Domain;
  /** Colour of a score; scores outside the domain take the colour of its end. */
  colour(score: number): string;
  /** Black or white: what can be read on {@link ColourScale.colour}. */
  ink(score: number): string;
}

/**
 * Viridis over a domain: perceptually even, and safe for readers who do not tell red from green. Bright is always closer,
 * so the scale is turned round for distances.
 */
export function colourScale(
  similarity: Similarity,
  domain: Domain = domainOf(similarity.scores),
): ColourScale {
  const unit = scaleLinear(domain, isDistance(similarity) ? [1, 0] : [0, 1]).clamp(true);
  const colour = (score: number): string => (Number.isFinite(score) ? interpolateViridis(unit(score)) : NONE);
  return {
    domain,
    colour,
    ink: (score) => (luminance(colour(score)) > 0.179 ? '#000000' : '#ffffff'),
  };
}

/** Relative luminance (WCAG) of `#rrggbb`. 0.179 has the same contrast to black as to white. */
export function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

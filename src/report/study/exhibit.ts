/**
 * What the page of a study shows of each exhibit.
 *
 * @module
 */
import type { Estimate } from '../../transfer/exhibit-records.js';
import type { StudyResult } from '../../transfer/study-result.js';
import { score } from '../text.js';

/** Exhibits that are drawn, under the names of their files. */
export type StudyFigure =
  | 'performance'
  | 'representations'
  | 'movement'
  | 'start-and-end'
  | 'filters'
  | 'convergence'
  | 'marginal-gains'
  | 'hybrid';

/** Drawings that one caption explains, one for each architecture where that is clearer. */
export interface ExhibitFigure {
  readonly name: StudyFigure;
  /** Text alternative of all together. */
  readonly label: string;
  readonly drawings: readonly string[];
  /** How to read it, plain text. */
  readonly caption: string;
}

/** One exhibit of the paper for the user's own networks. */
export interface Exhibit {
  /** `'a'` … `'g'` */
  readonly letter: string;
  readonly heading: string;
  /** What the data say, in sentences, plain text. */
  readonly findings: readonly string[];
  readonly figures: readonly ExhibitFigure[];
  /** Markup below the first figure: tables. */
  readonly tables: string;
  /** Why there is none, instead of everything above. */
  readonly absent?: string;
}

/** Reads an exhibit off a study. */
export type ExhibitOf = (result: StudyResult) => Exhibit;

/** The level at which a finding is called one. */
export const LEVEL = 0.05;

/** `0.953 (0.941 to 0.965)` */
export function interval(estimate: Estimate, digits = 3): string {
  const { value, low, high } = estimate;
  return `${score(value, digits)} (${score(low, digits)} to ${score(high, digits)})`;
}

/** A difference with its sign; `0.000` where it rounds to none. */
export function signed(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value).toFixed(digits);
  if (Number(size) === 0) return size;
  return `${value > 0 ? '+' : '−'}${size}`;
}

/** `+0.012 (−0.001 to +0.025)` */
export function signedInterval({ value, low, high }: Estimate): string {
  return `${signed(value)} (${signed(low)} to ${signed(high)})`;
}

/** A p value: `0.031`, `< 0.001`. */
export function pValue(p: number): string {
  if (!Number.isFinite(p)) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** `p = 0.031`, `p < 0.001`. */
export function pText(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${pValue(p)}`;
}

/** Mean of those that are finite; NaN of none. */
export function mean(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  return finite.reduce((sum, value) => sum + value, 0) / finite.length;
}

/** The middle of those that are finite; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

/** `a`, `a and b`, `a, b and c` */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/** Groups in order of first appearance. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): [key: string, items: T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups];
}

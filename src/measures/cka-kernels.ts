/**
 * The kernels of CKA: their options, and both sides' kernels over all samples or over a minibatch.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { OptionError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { keyword, show, wholeNumber } from '../options.js';
import { linearKernel, polynomialKernel, rbfKernel } from '../pairwise/kernels.js';
import { medianSquaredDistances } from '../pairwise/median.js';
import { allParallel } from '../pairwise/ranks-parallel.js';
import { centredRows, largestToOne, sliceRows, unitRows, withSquares } from '../pairwise/rows.js';
import { sliceValues } from '../pairwise/values.js';
import type { PairwiseValues } from '../pairwise/values.js';
import type { SampledPair } from './measure.js';

/** Kernels that CKA knows. */
export type CkaKernel = 'linear' | 'polynomial' | 'rbf' | 'cosine';

/** Bandwidth σ of `exp(−‖x − y‖²/2σ²)`. */
export type Bandwidth =
  /** `σ² = t² ·` the median of all n² squared distances of the side, the diagonal's zeros included, as Kornblith's code. */
  | { readonly medianFraction: number }
  /** σ itself, in the units of the activations. */
  | { readonly fixed: number };

/** Options of the kernels, resolved. */
export interface KernelOptions {
  readonly kernel: CkaKernel;
  readonly sigma: Bandwidth;
  readonly degree: number;
  readonly coefficient: number;
  readonly gamma: 'auto' | number;
  readonly centred: boolean;
}

/** Both sides' kernels over samples `from … to − 1`. */
export type KernelsOf = (from: number, to: number) => Promise<readonly [PairwiseValues, PairwiseValues]>;

/** What {@link prepareKernels} makes of two sides. */
export interface PreparedKernels {
  readonly kernels: KernelsOf;
  /** Whether the kernels are the inner products of their rows. */
  readonly linear: boolean;
  /** Which side has a kernel that is the same for all pairs of samples. */
  readonly constant: { readonly x: boolean; readonly y: boolean };
  /** Grows while kernels are made. */
  readonly warnings: ReadonlySet<string>;
}

/** Kernels that options belong to; the others would ignore them. */
const BELONGS = {
  sigma: 'rbf',
  degree: 'polynomial',
  coefficient: 'polynomial',
  gamma: 'polynomial',
} as const;

/** @throws OptionError naming the choices, or the kernel that an option belongs to unless it has its default */
export function checkKernel(options: KernelOptions, defaults: KernelOptions): Omit<KernelOptions, 'centred'> {
  const checked = checkValues(options);
  for (const [name, kernel] of Object.entries(BELONGS) as [keyof typeof BELONGS, CkaKernel][]) {
    if (checked.kernel === kernel || show(checked[name]) === show(defaults[name])) continue;
    throw new OptionError(
      `${name} is ${show(checked[name])}, which only the kernel '${kernel}' takes: the kernel is '${checked.kernel}'`,
    );
  }
  return checked;
}

function checkValues(options: KernelOptions): Omit<KernelOptions, 'centred'> {
  const { sigma, gamma } = options;
  return {
    kernel: keyword('kernel', options.kernel, ['linear', 'polynomial', 'rbf', 'cosine']),
    sigma: checkBandwidth(sigma),
    degree: wholeNumber('degree', options.degree),
    coefficient: atLeastZero('coefficient', options.coefficient),
    gamma: gamma === 'auto' ? gamma : positive('gamma', gamma, "'auto' or a number above 0"),
  };
}

function checkBandwidth(sigma: Bandwidth): Bandwidth {
  const form = 'give { medianFraction: t } or { fixed: σ }';
  if (typeof sigma !== 'object' || sigma === null || Object.keys(sigma).length !== 1) {
    throw new OptionError(`sigma is ${show(sigma)}: ${form}`);
  }
  const above = 'a number above 0';
  if ('medianFraction' in sigma) {
    return { medianFraction: positive('sigma.medianFraction', sigma.medianFraction, above) };
  }
  if ('fixed' in sigma) return { fixed: positive('sigma.fixed', sigma.fixed, above) };
  throw new OptionError(`sigma is ${show(sigma)}: ${form}`);
}

function positive(name: string, value: unknown, what: string): number {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  throw new OptionError(`${name} is ${show(value)}: give ${what}`);
}

function atLeastZero(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw new OptionError(`${name} is ${show(value)}: give a number of at least 0`);
}

/** Prepares both sides' rows once; the kernels of a minibatch share their storage. */
export function prepareKernels(
  engine: Engine,
  { x, y, breathe }: SampledPair,
  options: KernelOptions,
): PreparedKernels {
  const { kernel, sigma } = options;
  const warnings = new Set<string>();
  if (kernel === 'rbf') {
    const sides = [x, y].map((side) => withSquares(centredRows(side)));
    const constant = sides.map(({ squaredNorms }) => squaredNorms.every((norm) => norm === 0));
    const kernels: KernelsOf = async (from, to) => {
      const rows = sides.map((side) => sliceRows(side, from, to));
      const squares =
        'fixed' in sigma
          ? rows.map(() => sigma.fixed ** 2)
          : (await medianSquaredDistances(engine, rows, breathe)).map(
              (median) => median * sigma.medianFraction ** 2,
            );
      squares.forEach((square, at) => {
        if (square === 0 && !constant[at]) warnings.add(noBandwidth(at === 0 ? 'x' : 'y'));
      });
      return [rbfKernel(rows[0], squares[0]), rbfKernel(rows[1], squares[1])];
    };
    return { kernels, warnings, linear: false, constant: { x: constant[0], y: constant[1] } };
  }
  const [a, b] = [x, y].map((side) => translationSensitive(side, options));
  const kernels: KernelsOf = (from, to) =>
    Promise.resolve([sliceValues(a, from, to), sliceValues(b, from, to)]);
  const linear = kernel !== 'polynomial';
  return { kernels, warnings, linear, constant: { x: isConstant(a, kernel), y: isConstant(b, kernel) } };
}

/** The kernels that need no bandwidth. */
function translationSensitive(x: Matrix, options: KernelOptions): PairwiseValues {
  const { kernel, degree, coefficient, centred } = options;
  if (kernel === 'polynomial') {
    const gamma = options.gamma === 'auto' ? 1 / x.cols : options.gamma;
    return polynomialKernel(x, { gamma, coefficient, degree }, centred);
  }
  if (kernel === 'cosine') {
    const rows = unitRows(centred ? centredRows(x).rows : x, 'origin');
    // The rounding of rows of length 1 stays when what they have in common is taken off.
    const longest = rows.squaredNorms.reduce((most, norm) => Math.max(most, norm), 0);
    return { ...linearKernel(rows), magnitude: Math.sqrt(longest) };
  }
  return linearKernel(largestToOne(centredRows(x)));
}

function isConstant(values: PairwiseValues, kernel: CkaKernel): boolean {
  return kernel === 'cosine' ? allParallel(values) : values.squaredNorms.every((norm) => norm === 0);
}

function noBandwidth(side: 'x' | 'y'): string {
  return (
    `At least half of the pairs of samples of ${side} are equal, so that their median distance is 0: its kernel only tells ` +
    'equal samples from different ones. Give sigma: { fixed: σ } for a graded one.'
  );
}

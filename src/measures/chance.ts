/**
 * How large canonical correlations are by chance: those of two independent sides, which n samples never show as 0.
 *
 * Of independent sides, one of them Gaussian, `C = U₁ᵀU₂` is a block of a random orthogonal matrix, and the ρ² of p and q directions
 * in N = n − 1 dimensions are the real Jacobi ensemble with weight `x^((q−p−1)/2) (1−x)^((N−p−q−1)/2)` (Fisher, Hsu, Roy 1939).
 *
 * @module
 */

/** Directions of the smaller side up to which the density is computed exactly; beyond, its expansion in 1/p errs below 3e-4. */
const EXACT_UP_TO = 32;

/** Points at which a density is taken; its sums then err by some 1e-6. */
const POINTS = 2000;

/** Parts of a spectrum: correlations with the expected number of them near each, largest correlation first. */
interface Spectrum {
  readonly rho: Float64Array;
  readonly mass: Float64Array;
}

/**
 * Expected canonical correlations of independent sides, largest first: the means over consecutive parts, one correlation each,
 * of their expected distribution. Their mean and sum err by less than 3e-4, single ones by up to 0.03 where a side has few
 * directions, 0.004 from 50 on.
 *
 * @param samples - n; centred samples span n − 1 dimensions.
 * @param directions - kept directions of each side.
 */
export function chanceCorrelations(
  samples: number,
  directions: { readonly x: number; readonly y: number },
): readonly number[] {
  const sizes = `${samples},${Math.min(directions.x, directions.y)},${Math.max(directions.x, directions.y)}`;
  const known = recent.get(sizes);
  if (known) return known;
  const found = Object.freeze(expectedCorrelations(samples, directions));
  if (recent.size >= REMEMBERED) recent.clear();
  recent.set(sizes, found);
  return found;
}

/** A matrix of layers, and a permutation test, ask for the same sizes again and again. */
const recent = new Map<string, readonly number[]>();
const REMEMBERED = 256;

function expectedCorrelations(
  samples: number,
  directions: { readonly x: number; readonly y: number },
): number[] {
  const p = Math.min(directions.x, directions.y);
  const q = Math.max(directions.x, directions.y);
  const dimensions = samples - 1;
  if (p < 1) return [];
  if (q >= dimensions) return new Array<number>(p).fill(1);
  // Subspaces that cannot but meet: the other angles are those of their complements.
  const forced = p + q - dimensions;
  if (forced <= 0) return consecutiveMeans(spectrum(p, q, dimensions), p);
  const others = expectedCorrelations(samples, { x: dimensions - q, y: dimensions - p });
  return [...new Array<number>(forced).fill(1), ...others];
}

/** Mean of {@link chanceCorrelations}: about `√(q/n)` for one direction, Wachter's law (1980) for many. 0 without directions. */
export function chanceMean(samples: number, directions: { readonly x: number; readonly y: number }): number {
  const rho = chanceCorrelations(samples, directions);
  return rho.length === 0 ? 0 : rho.reduce((sum, value) => sum + value, 0) / rho.length;
}

/** Expected mean of ρ², exactly `max(p, q)/(n − 1)` and at most 1, since `E tr(P₁P₂) = pq/(n − 1)` of two projections. */
export function chanceMeanSquared(
  samples: number,
  directions: { readonly x: number; readonly y: number },
): number {
  if (Math.min(directions.x, directions.y) < 1) return 0;
  return Math.min(1, Math.max(directions.x, directions.y) / (samples - 1));
}

/** Means of ρ over `count` consecutive parts of equal mass. */
function consecutiveMeans({ rho, mass }: Spectrum, count: number): number[] {
  const total = mass.reduce((sum, m) => sum + m, 0);
  const means = new Array<number>(count).fill(0);
  let filled = 0;
  let part = 0;
  for (let i = 0; i < rho.length; i++) {
    let left = (mass[i] / total) * count;
    // Negative parts (of the expansion, next to its edges) go where they stand.
    while (left > 0 && part < count - 1 && filled + left > 1) {
      means[part++] += (1 - filled) * rho[i];
      left -= 1 - filled;
      filled = 0;
    }
    means[part] += left * rho[i];
    filled += left;
  }
  return means;
}

function spectrum(p: number, q: number, dimensions: number): Spectrum {
  // With ρ = sin φ the law lives on [α − β, α + β], sin² α = q/N, sin² β = p/N.
  const alpha = Math.asin(Math.sqrt(q / dimensions));
  const beta = Math.asin(Math.sqrt(p / dimensions));
  return p <= EXACT_UP_TO
    ? exactSpectrum(p, q, dimensions, alpha, beta)
    : limitSpectrum(dimensions, alpha, beta);
}

/**
 * The density of finitely many ρ² (Adler, Forrester, Nagao, van Moerbeke, J. Stat. Phys. 2000): with the orthonormal polynomials `pⱼ`
 * of the weight `w = x^a (1−x)^b`, a = q − p, b = N − p − q, and `v = √(w / x(1−x))`, it is
 * `Σⱼ₌₀ᵖ⁻² w pⱼ² + v pₚ₋₁ (γ·ε(v pₚ₋₂) + c)`, `ε f(x) = ½ ∫ sgn(x − t) f(t) dt`, where c is 0 for even p and makes the mass p for odd.
 */
function exactSpectrum(p: number, q: number, dimensions: number, alpha: number, beta: number): Spectrum {
  const margin = 6 / Math.sqrt(dimensions);
  const from = Math.max(0, alpha - beta - margin);
  const step = (Math.min(Math.PI / 2, alpha + beta + margin) - from) / POINTS;
  const [a, b] = [q - p, dimensions - p - q];
  // Descending, so that the largest correlation comes first.
  const phi = Float64Array.from({ length: POINTS }, (_, i) => from + (POINTS - i - 0.5) * step);
  const rho = phi.map(Math.sin);
  const volume = phi.map((angle) => 2 * Math.sin(angle) * Math.cos(angle) * step);
  const { before, last, squares } = polynomials(p, a, b, phi, volume);
  // v·dx = 2·√w·dφ
  const sign = before.map((value) => 2 * step * value);
  const whole = sign.reduce((sum, value) => sum + value, 0);
  const gamma = p < 2 ? 0 : (p - 1 + (a + b) / 2) * (offDiagonal(p - 1, a, b) / 2);
  const edge = last.map((value) => 2 * step * value);
  let above = 0;
  const extra = edge.map((value, i) => {
    above += sign[i];
    // ½ (below − above), each point's own half counted on neither side.
    const epsilon = whole / 2 - above + sign[i] / 2;
    return value * gamma * epsilon;
  });
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const c = p % 2 === 1 ? (1 - sum(extra)) / sum(edge) : 0;
  const mass = squares.map((value, i) => value * volume[i] + extra[i] + c * edge[i]);
  return { rho, mass };
}

/** At each point `√w·pₚ₋₂`, `√w·pₚ₋₁` and `Σⱼ₌₀ᵖ⁻² w·pⱼ²`, by the three-term recurrence of the Jacobi polynomials in 2x − 1. */
function polynomials(p: number, a: number, b: number, phi: Float64Array, volume: Float64Array) {
  const logs = phi.map(
    (angle) => (a === 0 ? 0 : a * Math.log(Math.sin(angle))) + (b === 0 ? 0 : b * Math.log(Math.cos(angle))),
  );
  const highest = logs.reduce((most, value) => Math.max(most, value), -Infinity);
  const root = logs.map((value) => Math.exp(value - highest));
  const norm = Math.sqrt(root.reduce((total, value, i) => total + value * value * volume[i], 0));
  let before = new Float64Array(phi.length);
  let last = root.map((value) => value / norm);
  const squares = new Float64Array(phi.length);
  for (let j = 0; j < p - 1; j++) {
    const diagonal =
      j === 0 ? (a - b) / (a + b + 2) : ((a - b) * (a + b)) / ((2 * j + a + b) * (2 * j + a + b + 2));
    const [down, up] = [j === 0 ? 0 : offDiagonal(j, a, b), offDiagonal(j + 1, a, b)];
    const next = last.map((value, i) => {
      squares[i] += value * value;
      return ((-Math.cos(2 * phi[i]) - diagonal) * value - down * before[i]) / up;
    });
    [before, last] = [last, next];
  }
  return { before, last, squares };
}

/** Off-diagonal coefficient of the recurrence. */
function offDiagonal(j: number, a: number, b: number): number {
  const sum = 2 * j + a + b;
  // For j = 1 the factor j + a + b cancels against sum − 1, which may be 1 with both.
  const ratio = j === 1 ? 1 : (j + a + b) / (sum - 1);
  return Math.sqrt(((4 * j * (j + a) * (j + b)) / (sum * sum)) * (ratio / (sum + 1)));
}

/**
 * Wachter's law of many ρ² (1980), density `√((x₊−x)(x−x₋)) / (2π (p/N) x (1−x))`, with the next term of the expansion for real
 * matrices: a quarter of a correlation at either edge, less half of one spread by the arcsine law (Johansson, Duke Math. J. 1998).
 */
function limitSpectrum(dimensions: number, alpha: number, beta: number): Spectrum {
  const [low, high] = [Math.sin(alpha - beta) ** 2, Math.sin(alpha + beta) ** 2];
  const parts: (readonly [rho: number, mass: number])[] = [
    [Math.sqrt(high), 1 / 4],
    [Math.sqrt(low), 1 / 4],
  ];
  for (let i = 0; i < POINTS; i++) {
    const angle = ((i + 0.5) * Math.PI) / POINTS;
    const phi = alpha + beta * Math.cos(angle);
    const x = Math.sin(phi) ** 2;
    // dx / (x (1−x)) = 2 dφ / (sin φ cos φ); points at equal angles take the roots off the edges.
    const root = Math.sqrt(Math.max(0, (high - x) * (x - low)));
    const density = (root * dimensions) / (Math.PI * Math.cos(phi) * Math.sin(phi));
    parts.push([Math.sin(phi), (density * beta * Math.sin(angle) * Math.PI) / POINTS]);
    const arcsine = (high + low) / 2 + ((high - low) / 2) * Math.cos(angle);
    parts.push([Math.sqrt(arcsine), -1 / (2 * POINTS)]);
  }
  parts.sort(([r], [s]) => s - r);
  return { rho: Float64Array.from(parts, ([r]) => r), mass: Float64Array.from(parts, ([, m]) => m) };
}

/** Special functions and distributions against mpmath at 700 digits. */
import { describe, expect, it } from 'vitest';
import {
  chiSquaredTail,
  fTail,
  normalQuantile,
  normalTail,
  studentQuantile,
  studentTail,
} from '../../src/inference/distributions.js';
import { incompleteBeta, incompleteGamma } from '../../src/inference/special.js';

/** Expects a relative error of at most `tolerance`; a value of 0 stands for one below the smallest number. */
function near(actual: number, expected: number, tolerance = 1e-12): void {
  if (expected === 0) expect(actual).toBeLessThan(1e-300);
  else expect(Math.abs(actual / expected - 1)).toBeLessThanOrEqual(tolerance);
}

// mpmath 1.3, mp.dps = 700, arguments as mp.mpf of the numbers shown.
describe('incomplete gamma functions', () => {
  // a, x, gammainc(a, 0, x, regularized=True), gammainc(a, x, inf, regularized=True)
  it.each([
    [0.5, 1e-5, 0.0035682363381804505, 0.9964317636618195],
    [0.5, 2, 0.9544997361036416, 0.04550026389635842],
    [0.5, 600, 1.0, 6.0995688148084334e-263],
    [1.5, 0.1, 0.0224107022383506, 0.9775892977616494],
    [3, 3.5, 0.6791528011378659, 0.3208471988621341],
    [3, 500, 1.0, 8.941414636224381e-213],
    [7.5, 7.5, 0.5485827887742748, 0.45141721122572526],
    [10, 0.01, 2.7307942836962466e-27, 1.0],
    [50, 30, 0.0005188914625480343, 0.999481108537452],
    [50, 200, 1.0, 1.6927979958857087e-37],
    [50, 800, 1.0, 1.1458595769084505e-268],
    [500, 400, 8.109381078799159e-7, 0.9999991890618921],
    [500, 500, 0.5059471461707603, 0.49405285382923964],
    [500, 1500, 1.0, 1.6436845843569544e-198],
    [1000.5, 2000, 1.0, 9.689650603493494e-136],
    [100000.0, 105000.0, 1.0, 7.204959694834921e-55],
    [2, 690, 1.0, 1.5006711524403705e-297],
  ])('of a = %f at %f', (a, x, lower, upper) => {
    const found = incompleteGamma(a, x);
    near(found.lower, lower);
    near(found.upper, upper);
  });

  it('at the ends', () => {
    expect(incompleteGamma(3, 0)).toEqual({ lower: 0, upper: 1 });
    expect(incompleteGamma(3, Infinity)).toEqual({ lower: 1, upper: 0 });
  });
});

describe('incomplete beta functions', () => {
  // a, b, x, betainc(a, b, 0, x, regularized=True), betainc(a, b, x, 1, regularized=True)
  it.each([
    [0.5, 0.5, 0.5, 0.5, 0.5],
    [0.5, 0.5, 1e-6, 0.0006366198784709244, 0.999363380121529],
    [1, 1, 0.3, 0.3, 0.7],
    [2, 3, 0.25, 0.26171875, 0.73828125],
    [0.5, 30, 0.001, 0.19276269384046288, 0.8072373061595371],
    [0.5, 30, 0.999, 1.0, 1.0262784370022035e-91],
    [5, 5, 1e-20, 1.2599999999999997e-98, 1.0],
    [12.5, 0.5, 0.7, 0.0031034299247518107, 0.9968965700752482],
    [12.5, 3.5, 1e-24, 2.300327350842748e-298, 1.0],
    [100, 100, 0.5, 0.5, 0.5],
    [100, 100, 0.2, 1.931772380682516e-21, 1.0],
    [100, 50, 0.95, 1.0, 8.269958215323759e-28],
    [500, 500, 0.2, 2.58148779469886e-99, 1.0],
    [1000, 20, 0.6, 3.9792837733147045e-190, 1.0],
    [1000, 20, 0.9995, 1.0, 2.942551670227769e-25],
    [3, 2000, 0.3, 1.0, 2.838027176853603e-305],
    [3.25, 41.75, 0.9999, 1.0, 1.893179841936987e-164],
    [7500, 2500, 0.7, 5.804804927247078e-29, 1.0],
    [0.5, 4999.5, 0.1, 1.0, 4.334978121869561e-231],
  ])('of a = %f, b = %f at %f', (a, b, x, lower, upper) => {
    const found = incompleteBeta(a, b, x);
    near(found.lower, lower);
    near(found.upper, upper);
    const turned = incompleteBeta(b, a, 1 - x, x);
    near(turned.upper, lower);
    near(turned.lower, upper);
  });

  it('at the ends', () => {
    expect(incompleteBeta(3, 2, 0)).toEqual({ lower: 0, upper: 1 });
    expect(incompleteBeta(3, 2, 1)).toEqual({ lower: 1, upper: 0 });
  });
});

describe('tails', () => {
  // f, df1, df2, betainc(df2/2, df1/2, 0, df2/(df2 + df1*f), regularized=True)
  it.each([
    [1, 1, 1, 0.5],
    [2.0482, 9, 34.22, 0.06353809540119881],
    [11.715733, 15, 1634.652, 7.4976120588976595e-28],
    [0.01, 5, 7, 0.9999545568150169],
    [50, 3, 400, 1.836371334383465e-27],
    [400, 3, 400, 5.366301098692953e-120],
    [10000.0, 2, 30, 4.281585109762646e-43],
    [1000000000000.0, 3, 12, 1.201199999969112e-68],
    [3.5, 100, 1000, 5.53322780701252e-24],
    [4, 300, 5000, 8.26019141522603e-93],
    [2.5, 0.7, 3.3, 0.19189780279780402],
  ])('of F beyond %f with %f and %f degrees of freedom', (f, df1, df2, expected) => {
    near(fTail(f, df1, df2), expected);
  });

  // x, df, gammainc(df/2, x/2, inf, regularized=True)
  it.each([
    [0.5, 1, 0.4795001221869535],
    [16.255, 9, 0.06174373237235518],
    [166.5, 15, 1.2308042871757765e-27],
    [1400, 3, 2.945619361016309e-303],
    [1300, 10, 3.825653538395919e-273],
    [3000, 1000, 1.6436845843569544e-198],
    [90, 100, 0.7531979655998298],
  ])('of χ² beyond %f with %i degrees of freedom', (x, df, expected) => {
    near(chiSquaredTail(x, df), expected);
  });

  it('are 1 at 0 and 0 at infinity, and sum to 1 on either side of a symmetric law', () => {
    expect([fTail(0, 3, 4), chiSquaredTail(0, 3)]).toEqual([1, 1]);
    expect([fTail(Infinity, 3, 4), chiSquaredTail(Infinity, 3)]).toEqual([0, 0]);
    for (const t of [0, 0.3, 2, 8]) {
      expect(studentTail(t, 5) + studentTail(-t, 5)).toBeCloseTo(1, 15);
      expect(normalTail(t) + normalTail(-t)).toBeCloseTo(1, 15);
    }
  });
});

describe('quantiles', () => {
  // p, df, the root of P(T ≤ t) = p by findroot
  it.each([
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 19, 2.093024054408309],
    [0.995, 19, 2.860934606464979],
    [0.9, 7.5, 1.405211846415953],
    [0.025, 30, -2.042272456301238],
    [0.75, 1000, 0.6747351646070094],
    [0.9999, 4, 13.033671720896821],
  ])('%f of t with %f degrees of freedom', (p, df, expected) => {
    near(studentQuantile(p, df), expected);
  });

  // p, the root of erfc(z/sqrt(2))/2 = 1 - p
  it.each([
    [0.975, 1.9599639845400538],
    [0.5, 0],
    [0.6, 0.2533471031357997],
    [0.999, 3.090232306167813],
    [1e-10, -6.361340902404057],
    [1e-300, -37.0470962993612],
  ])('%f of the normal', (p, expected) => {
    if (expected === 0) expect(normalQuantile(p)).toBe(0);
    else near(normalQuantile(p), expected);
  });
});

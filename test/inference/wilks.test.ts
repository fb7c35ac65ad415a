/** Wilks' lambda against textbook data sets and high precision. */
import { describe, expect, it } from 'vitest';
import { DataError, OptionError } from '../../src/errors.js';
import { wilks } from '../../src/inference/wilks.js';
import { cca, cka, pwcca, svcca } from '../../src/measures/functions.js';
import { ccaMeasure } from '../../src/measures/cca.js';
import { partial } from '../../src/measures/partial.js';
import type { WhitenedPair } from '../../src/measures/measure.js';
import { pairInMemory } from '../../src/measures/pair.js';
import { openEngine } from '../../src/engines/select.js';
import { gaussian } from '../support.js';
import { body, exercise } from './linnerud.js';

function near(actual: number, expected: number, tolerance = 1e-10): void {
  expect(Math.abs(actual / expected - 1)).toBeLessThanOrEqual(tolerance);
}

// ρ, Λ, Bartlett's χ², its df and p, Rao's F, df2 and p; mpmath at 50 digits from numpy's correlations (QR of both sides).
const mmreg = [
  [
    0.4640860789200628, 0.7543611298146068, 167.58008177084844, 15, 7.476092494776331e-28, 11.715733144264181,
    1634.6527198892857, 7.497593652068607e-28,
  ],
  [
    0.16750915491655613, 0.961429962321927, 23.3838006502991, 8, 0.002904902815092749, 2.9444591484667413,
    1186.0, 0.002905056553848855,
  ],
  [
    0.10399114674475457, 0.9891858413987109, 6.464032161174541, 3, 0.0910918305387158, 2.1646118590087897,
    594.0, 0.09109218035573688,
  ],
];
const linnerud = [
  [
    0.7956081544199916, 0.3503905333535294, 16.25495752303486, 9, 0.06174455765531756, 2.04823353346056,
    34.22292712355751, 0.06353093815231639,
  ],
  [
    0.20055604110712336, 0.9547226587649822, 0.7181830504038699, 4, 0.9490677947435318, 0.17578229308335436,
    30.0, 0.9491202526181772,
  ],
  [
    0.07257028621036704, 0.9947335535593455, 0.08184562730507018, 1, 0.7748116812362523, 0.0847092598303977,
    16.0, 0.7747532687791543,
  ],
];
const far = [
  [
    0.9, 0.14107499999999998, 966.5017940651417, 15, 2.0307682354567837e-196, 93.35940055693791,
    1355.8361938862279, 2.3272600699807827e-196,
  ],
  [
    0.5, 0.7425, 146.93094349865686, 8, 8.556607161779107e-28, 19.743677883672227, 984.0,
    8.580933760826959e-28,
  ],
  [0.1, 0.99, 4.959840743702962, 3, 0.17476153217937093, 1.65993265993266, 493.0, 0.1747621610518276],
];

describe("Wilks' lambda", () => {
  it.each([
    ['mmreg', mmreg, { samples: 600, x: 3, y: 5 }],
    ['Linnerud', linnerud, { samples: 20, x: 3, y: 3 }],
  ])('of %s is that of high precision', (_, expected, sizes) => {
    const tests = wilks(
      expected.map(([rho]) => rho),
      sizes,
    );
    tests.forEach((test, i) => {
      const { from, correlation, lambda, bartlett, rao } = test;
      const row = [
        correlation,
        lambda,
        bartlett.statistic,
        bartlett.df,
        bartlett.p,
        rao.statistic,
        rao.df2,
        rao.p,
      ];
      row.forEach((value, j) => near(value, expected[i][j]));
      expect([from, rao.df1]).toEqual([i + 1, bartlett.df]);
    });
  });

  it('prints what the UCLA page and SAS print', () => {
    const ucla = wilks(
      mmreg.map(([rho]) => rho),
      { samples: 600, x: 3, y: 5 },
    );
    expect(ucla.map(({ lambda }) => lambda.toFixed(7))).toEqual(['0.7543611', '0.9614300', '0.9891858']);
    expect(ucla.map(({ rao }) => rao.statistic.toFixed(6))).toEqual(['11.715733', '2.944459', '2.164612']);
    const sas = wilks(
      linnerud.map(([rho]) => rho),
      { samples: 20, x: 3, y: 3 },
    );
    expect(sas[0].lambda.toFixed(8)).toBe('0.35039053');
    expect(sas.map(({ rao }) => rao.statistic.toFixed(2))).toEqual(['2.05', '0.18', '0.08']);
    expect(sas.map(({ rao }) => rao.p.toFixed(4))).toEqual(['0.0635', '0.9491', '0.7748']);
  });

  it('keeps its digits far in the tail, and says 0 only where nothing else can be said', () => {
    const [all, ...tests] = wilks([0.99, 0.9, 0.5, 0.1], { samples: 500, x: 4, y: 6 });
    tests.forEach(({ lambda, bartlett, rao }, i) => {
      const row = [lambda, bartlett.statistic, bartlett.df, bartlett.p, rao.statistic, rao.df2, rao.p];
      row.forEach((value, j) => near(value, far[i][j + 1]));
    });
    near(all.lambda, 0.002807392500000002);
    expect([all.bartlett.p, all.rao.p]).toEqual([0, 0]);
    const [certain] = wilks([1], { samples: 30, x: 1, y: 2 });
    expect(certain).toMatchObject({ lambda: 0, rao: { statistic: Infinity, p: 0 } });
    const [nothing] = wilks([0], { samples: 30, x: 1, y: 2 });
    expect(nothing).toMatchObject({ lambda: 1, bartlett: { p: 1 }, rao: { p: 1 } });
  });

  it('takes a result of the CCA family with its sizes', async () => {
    const result = await cca(exercise, body);
    wilks(result).forEach((test, i) => {
      near(test.correlation, linnerud[i][0]);
      near(test.rao.p, linnerud[i][7]);
    });
    expect(wilks(await pwcca(exercise, body))[0].rao.p).toBeCloseTo(linnerud[0][7], 10);
    const kept = await svcca(exercise, body, { keep: { dims: 2 } });
    expect(wilks(kept)).toHaveLength(2);
    expect(wilks(kept)[0].bartlett.df).toBe(4);
  });

  it('of residuals counts the samples that they are worth', async () => {
    const rest = await partial(gaussian(60, 3, 1), gaussian(60, 2, 2), gaussian(60, 8, 3));
    expect(wilks(rest)).toEqual(wilks(rest.correlations!, { samples: 52, x: 3, y: 2 }));
  });

  it('refuses what it cannot test', async () => {
    const refuses = (work: () => unknown, message: string | RegExp) => {
      expect(work).toThrow(OptionError);
      expect(work).toThrow(message);
    };
    const other = await cka(exercise, body);
    refuses(() => wilks(other), 'wilks of a result of cka: give one of cca, svcca or pwcca');
    const raw = await cca(exercise, body, { centred: false });
    refuses(() => wilks(raw), 'uncentred correlations');
    refuses(
      () => wilks([0.5], { samples: 20, x: 2, y: 2 }),
      '1 correlations of 2 and 2 directions: there are 2',
    );
    refuses(() => wilks([0.4, 0.5], { samples: 20, x: 2, y: 2 }), 'give them largest first');
    refuses(() => wilks([1.5], { samples: 20, x: 1, y: 2 }), 'between 0 and 1');
    refuses(() => wilks([0.5], { samples: 20, x: 0, y: 2 }), 'x is 0');
    refuses(() => wilks([0.5], undefined as never), 'samples is undefined');
    const few = () => wilks([0.9, 0.5, 0.2], { samples: 8, x: 3, y: 5 });
    expect(few).toThrow(DataError);
    expect(few).toThrow('8 samples for 3 and 5 directions: 1 of the correlations is 1 whatever the data');
  });

  it('rejects at 5 % what is true on 3.5 to 6.5 % of 1,000 unrelated pairs', async () => {
    const engine = await openEngine('ml-matrix');
    const options = ccaMeasure.resolve({});
    let [byRao, byBartlett] = [0, 0];
    for (let i = 0; i < 1000; i++) {
      const [x, y] = [gaussian(40, 3, 2 * i + 1), gaussian(40, 4, 2 * i + 2)];
      const pair = await pairInMemory(engine, x, y, 'moments', { keep: 'all', anyBasis: true });
      const { correlations } = await ccaMeasure.evaluateWhitened!(pair as WhitenedPair, options, engine);
      const [{ rao, bartlett }] = wilks(correlations!, { samples: 40, x: 3, y: 4 });
      if (rao.p <= 0.05) byRao++;
      if (bartlett.p <= 0.05) byBartlett++;
    }
    for (const rejected of [byRao, byBartlett]) {
      expect(rejected).toBeGreaterThanOrEqual(35);
      expect(rejected).toBeLessThanOrEqual(65);
    }
  });
});

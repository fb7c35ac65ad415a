/**
 * From what all samples left to the named matrices of every measure.
 *
 * @module
 */
import { DataError } from '../../errors.js';
import type { Engine } from '../../engines/engine.js';
import { inGroups, together } from '../../engines/scope.js';
import {
  crossJoint,
  factorJoint,
  productsJoint,
  productsOfJoint,
  rowNormsOfJoint,
} from '../../factor/joint-factor.js';
import type { Joint } from '../../factor/joint-data.js';
import type { Needs, SimilarityResult } from '../../measures/measure.js';
import { combineNeeds, evaluate } from '../../measures/pair.js';
import type { AnyPair } from '../../measures/pair.js';
import { pause } from '../../options.js';
import type { RunOptions } from '../../options.js';
import type { Asked } from '../asked.js';
import { Similarity } from '../similarity.js';
import type { SimilarityData } from '../similarity.js';
import { similarityData } from '../similarity-data.js';
import type { PartInfo } from './part-info.js';

/** Evaluates all measures on every pair of layers. @throws DataError for fewer than two samples, or what a measure refuses */
export async function similarityOf(
  engine: Engine,
  info: PartInfo,
  joint: Joint,
  asked: readonly Asked[],
  { signal, onProgress }: RunOptions,
): Promise<Similarity> {
  if (info.total < 2) {
    throw new DataError(`${info.total} samples: at least 2 are needed to compare anything`, {
      code: 'TOO_FEW_SAMPLES',
    });
  }
  const pairs = await jointPairs(engine, info, joint, combineNeeds(asked.map(({ needs }) => needs)));
  await pause(signal);
  const { names, layers, reading, preprocess, fingerprints, total } = info;
  const common = {
    names,
    engine: engine.name,
    rows: layers.a,
    cols: layers.b,
    samples: total,
    fingerprints,
    reading: { ...reading, ...(preprocess && { preprocess }) },
  };
  const matrices: SimilarityData[] = [];
  for (const one of asked) {
    const { measure, label, options } = one;
    const work = async (pair: AnyPair, c: number): Promise<SimilarityResult> => {
      try {
        return await evaluate(measure, pair, options, engine);
      } catch (error) {
        throw named(error, info, c);
      }
    };
    const between = async (done: number): Promise<void> => {
      onProgress?.({ stage: label, done, total: pairs.length });
      await pause(signal);
    };
    matrices.push(similarityData(one, await inGroups(pairs, work, between), common));
  }
  const [first, ...others] = matrices;
  return new Similarity({ ...first, ...(others.length > 0 && { others }) });
}

/** The pair of every cell: by inner products alone where nothing else is needed, as in a comparison in one piece. */
export async function jointPairs(
  engine: Engine,
  { cells, method }: Pick<PartInfo, 'cells' | 'method'>,
  { layers, pairs }: Joint,
  needs: Needs,
): Promise<AnyPair[]> {
  if (needs.products && method !== 'direct') {
    const sides = await together(layers, (layer) => productsJoint(engine, layer));
    return together(cells, async ({ a, b }, c) => ({
      x: sides[a],
      y: sides[b],
      products: await productsOfJoint(
        engine,
        [layers[a], layers[b]],
        [sides[a], sides[b]],
        needs.rowNorms ? pairs[c] : { inner: pairs[c].inner },
      ),
    }));
  }
  const factors = await together(layers, (layer) => factorJoint(engine, layer, method === 'moments'));
  return together(cells, async ({ a, b }, c) => {
    const rowNorms = needs.rowNorms ? rowNormsOfJoint(layers[a], layers[b], pairs[c]) : undefined;
    return {
      x: factors[a].factor,
      y: factors[b].factor,
      cross: await crossJoint(engine, pairs[c], factors[a], factors[b], needs.keep ?? 'all'),
      ...(rowNorms && { rowNorms }),
    };
  });
}

function named(error: unknown, { cells, views }: PartInfo, c: number): unknown {
  if (!(error instanceof DataError)) return error;
  const code = error.code === 'TOO_FEW_SAMPLES' ? error.code : 'DATA';
  const [x, y] = [views[cells[c].a].layer, views[cells[c].b].layer];
  return new DataError(`${x} (x) against ${y} (y): ${error.message}`, { cause: error, code });
}

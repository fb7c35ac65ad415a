/**
 * Models as points: classical scaling and hierarchical order of a matrix of distances.
 *
 * @module
 */
import { DataError, ShapeError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { checkFinite, zeros } from '../matrix.js';
import { openEngine } from '../engines/select.js';
import { withScope } from '../engines/scope.js';
import { orient } from '../factor/factor.js';
import { leadingBlock, scaleColumns } from '../factor/small.js';
import { wholeNumber } from '../options.js';
import type { HostMatrix } from '../engines/engine.js';

/** Points whose distances come as close as they can. */
export interface Scaling {
  /** `[models, dims]`, centred, axes by decreasing variance; in each the coordinate of largest magnitude is positive. */
  readonly coordinates: HostMatrix;
  /** Share of the positive eigenvalues that each axis has. */
  readonly explained: readonly number[];
}

/**
 * Classical multidimensional scaling (Torgerson 1952): the leading eigenvectors of `−½·J·D²·J`.
 *
 * @param distances - symmetric `[k, k]`, zeros on the diagonal.
 * @param dims - number of axes, at most those with a positive eigenvalue. @defaultValue `2`
 * @throws ShapeError if it is not square; DataError if it is not symmetric, or a distance is negative or not finite
 */
export async function classicalScaling(distances: Matrix, dims = 2): Promise<Scaling> {
  checkDistances(distances);
  wholeNumber('dims', dims);
  const k = distances.rows;
  const squares = zeros(k, k);
  squares.data.set(distances.data.map((value) => -0.5 * value * value));
  doubleCentre(squares);
  const opened = await openEngine('ml-matrix');
  return withScope(opened, async (engine) => {
    const { values, vectors } = await engine.eigSymmetric(await engine.upload(squares));
    const lengths = values.map((value) => Math.sqrt(Math.max(0, value)));
    // One sample more than points: the constant direction is cut by its eigenvalue, not by their number.
    const { v, s } = orient(await engine.download(vectors), lengths, 1e-7, k + 1);
    const kept = Math.min(dims, s.length);
    const total = s.reduce((sum, value) => sum + value * value, 0);
    return {
      coordinates: scaleColumns(leadingBlock(v, k, kept), s.subarray(0, kept)),
      explained: Array.from(s.subarray(0, kept), (value) => (value * value) / total),
    };
  });
}

/** One merge of a {@link Tree}: two clusters, each a model or an earlier merge. */
export interface Merge {
  /** Models of the two clusters, by place. */
  readonly left: readonly number[];
  readonly right: readonly number[];
  /** Mean distance between them. */
  readonly height: number;
}

/** A hierarchy of models. */
export interface Tree {
  /** Places of the models in an order in which a dendrogram has no crossing. */
  readonly order: readonly number[];
  /** From the closest pair to the whole, in order of height. */
  readonly merges: readonly Merge[];
}

/**
 * Hierarchical clustering by average linkage (UPGMA; Sokal and Michener 1958).
 *
 * @param distances - symmetric `[k, k]`, zeros on the diagonal.
 * @throws as {@link classicalScaling}
 */
export async function averageLinkage(distances: Matrix): Promise<Tree> {
  checkDistances(distances);
  const { rows: k, data } = distances;
  if (k === 1) return { order: [0], merges: [] };
  const { agnes } = await import('ml-hclust');
  const rows = Array.from({ length: k }, (_, i) => Array.from(data.subarray(i * k, (i + 1) * k)));
  const root = agnes(rows, { method: 'average', isDistanceMatrix: true });
  const merges: Merge[] = [];
  root.traverse(({ isLeaf, children, height }) => {
    if (!isLeaf) merges.push({ left: children[0].indices(), right: children[1].indices(), height });
  });
  return { order: root.indices(), merges: merges.sort((a, b) => a.height - b.height) };
}

function checkDistances(distances: Matrix): void {
  const { rows: k, cols, data } = distances;
  if (k !== cols || k === 0) throw new ShapeError(`distances are ${k} × ${cols}: a square matrix is needed`);
  checkFinite(distances, 'distances');
  let largest = 0;
  for (const value of data) largest = Math.max(largest, Math.abs(value));
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      const [there, back] = [data[i * k + j], data[j * k + i]];
      const fault =
        there < 0
          ? 'is negative'
          : i === j && there > 1e-6 * largest
            ? 'is not 0'
            : Math.abs(there - back) > 1e-9 * largest
              ? `is not ${back}, the distance back`
              : undefined;
      if (fault !== undefined) throw new DataError(`the distance of ${i} and ${j} is ${there}: it ${fault}`);
    }
  }
}

/** Takes the mean of every row and column away. */
function doubleCentre({ rows: k, data }: HostMatrix): void {
  const means = Float64Array.from({ length: k }, (_, i) =>
    data.subarray(i * k, (i + 1) * k).reduce((sum, value) => sum + value / k, 0),
  );
  const mean = means.reduce((sum, value) => sum + value / k, 0);
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) data[i * k + j] += mean - means[i] - means[j];
}

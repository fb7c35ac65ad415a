/**
 * The named model × model matrices, one a layer, and their readers.
 *
 * @module
 */
import { DataError, FormatError, OptionError } from '../errors.js';
import { groupTest } from '../inference/group-test.js';
import type { GroupTest, GroupTestOptions } from '../inference/group-test.js';
import { zeros } from '../matrix.js';
import { keyword } from '../options.js';
import type { HostMatrix } from '../engines/engine.js';
import { byLabel, indexOf, parsed } from './reading.js';
import { averageLinkage, classicalScaling } from './scaling.js';
import type { Scaling, Tree } from './scaling.js';
import { isDistance } from './similarity.js';
import type { Cell } from './similarity.js';
import { alignedTable } from './table.js';

/** Identifies the JSON form of a {@link ModelSimilarity}. */
export const MODELS_FORMAT = 'svcca/models@1';

/** What a {@link ModelSimilarity} is made of; also, with `format`, its JSON form. */
export interface ModelSimilarityData {
  readonly models: readonly string[];
  /** Layers that every model has, in order of execution; where the names differ, those of the first model. */
  readonly layers: readonly string[];
  /** Name of the convention, where it was given one. @defaultValue the name of the measure */
  readonly label?: string;
  readonly measure: string;
  /** Every option as it was used, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly engine: string;
  /** Number of samples (images, not positions). */
  readonly samples: number;
  /** Hashes of what was compared, where they were given. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** What concerns the whole comparison. */
  readonly warnings: readonly string[];
  /** Layer by layer, each model by model, row by row: `layers.length × models.length × models.length`. */
  readonly cells: readonly Cell[];
  /** The same models by the other measures that were asked for. */
  readonly others?: readonly ModelSimilarityData[];
}

/** How a similarity s becomes a distance: `√(2 − 2s)`, `arccos s` or `1 − s`. */
export type DistanceKind = 'chord' | 'angle' | 'complement';

/** Which matrix a reader takes. */
export interface MatrixChoice {
  /** One layer. @defaultValue the mean over all layers */
  readonly layer?: string;
  /** How similarities become distances; distances and angles are taken as they are. @defaultValue `'chord'` */
  readonly distance?: DistanceKind;
}

const conversions: Record<DistanceKind, (s: number) => number> = {
  chord: (s) => Math.sqrt(2 - 2 * s),
  angle: (s) => Math.acos(Math.max(-1, s)),
  complement: (s) => 1 - s,
};

/** Similarity of many models to one another. */
export class ModelSimilarity implements ModelSimilarityData {
  readonly models;
  readonly layers;
  readonly label: string;
  readonly measure;
  readonly options;
  readonly engine;
  readonly samples;
  readonly fingerprints;
  readonly warnings;
  readonly cells;
  readonly others: readonly ModelSimilarity[];

  constructor(data: ModelSimilarityData) {
    this.models = data.models;
    this.layers = data.layers;
    this.label = data.label ?? data.measure;
    this.measure = data.measure;
    this.options = data.options;
    this.engine = data.engine;
    this.samples = data.samples;
    this.fingerprints = data.fingerprints;
    this.warnings = data.warnings;
    this.cells = data.cells;
    this.others = (data.others ?? []).map((other) => new ModelSimilarity(other));
  }

  /** The matrices of another measure of the same comparison, by name or label. @throws OptionError listing those there are */
  by(measure: string): ModelSimilarity {
    return byLabel<ModelSimilarity>([this, ...this.others], measure);
  }

  /** Score of two models at a layer, or averaged over the layers. @throws OptionError for an unknown model or layer */
  at(a: string, b: string, layer?: string): number {
    const k = this.models.length;
    return this.matrix(layer).data[indexOf(this.models, a, 'model') * k + indexOf(this.models, b, 'model')];
  }

  /** Score and diagnostics of two models at a layer. @throws OptionError for an unknown model or layer */
  cell(a: string, b: string, layer: string): Cell {
    const k = this.models.length;
    const place = indexOf(this.layers, layer, 'layer') * k + indexOf(this.models, a, 'model');
    return this.cells[place * k + indexOf(this.models, b, 'model')];
  }

  /** Scores model × model at a layer, or their mean over the layers. @throws OptionError for an unknown layer */
  matrix(layer?: string): HostMatrix {
    const [k, count] = [this.models.length, this.layers.length];
    const layers =
      layer === undefined ? this.layers.map((_, l) => l) : [indexOf(this.layers, layer, 'layer')];
    const scores = zeros(k, k);
    for (const l of layers) {
      for (let at = 0; at < k * k; at++) {
        scores.data[at] += this.cells[l * k * k + at].score / (layer === undefined ? count : 1);
      }
    }
    return scores;
  }

  /**
   * Distances model × model, symmetric with a diagonal of 0: those of the measure where it is a distance or an angle, else
   * made of its scores. The two orders of an asymmetric measure are averaged.
   *
   * @throws DataError for scores that are no similarity of at most 1 with 1 for equal sides, such as sums or covariances
   */
  distances({ layer, distance = 'chord' }: MatrixChoice = {}): HostMatrix {
    keyword('distance', distance, Object.keys(conversions) as DistanceKind[]);
    const { rows: k, data } = this.matrix(layer);
    if (!isDistance(this)) this.#checkSimilarities(data);
    const convert = isDistance(this) ? (value: number) => value : conversions[distance];
    const out = zeros(k, k);
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < i; j++) {
        const value = convert(
          Math.min((data[i * k + j] + data[j * k + i]) / 2, isDistance(this) ? Infinity : 1),
        );
        out.data[i * k + j] = out.data[j * k + i] = value;
      }
    }
    return out;
  }

  #checkSimilarities(scores: Float64Array): void {
    const k = this.models.length;
    const odd = this.models.findIndex((_, i) => Math.abs(scores[i * k + i] - 1) > 1e-6);
    if (odd < 0 && scores.every((score) => score <= 1 + 1e-6)) return;
    const [what, value] =
      odd < 0 ? ['a score', Math.max(...scores)] : [`${this.models[odd]} with itself`, scores[odd * k + odd]];
    throw new DataError(
      `${what} has ${this.label} ${value}: distances are made of similarities that are 1 of equal sides and at most 1`,
    );
  }

  /** The models as points: classical scaling of {@link ModelSimilarity.distances}. @defaultValue 2 axes */
  scaling({ dims = 2, ...choice }: MatrixChoice & { readonly dims?: number } = {}): Promise<Scaling> {
    return classicalScaling(this.distances(choice), dims);
  }

  /** The models as a hierarchy: average linkage of {@link ModelSimilarity.distances}. */
  tree(choice: MatrixChoice = {}): Promise<Tree> {
    return averageLinkage(this.distances(choice));
  }

  /**
   * Tests whether models of one group are closer than models of different groups, by permuting the labels.
   *
   * @param groups - models of each group by name; models in none are left out.
   * @throws OptionError for an unknown model, a model in two groups, and as `groupTest`
   */
  groupTest(
    groups: Readonly<Record<string, readonly string[]>>,
    { layer, ...options }: Omit<GroupTestOptions, 'distances'> & { readonly layer?: string } = {},
  ): GroupTest {
    const labelled = Object.entries(groups).flatMap(([label, members]) =>
      members.map((name) => ({ label, at: indexOf(this.models, name, 'model') })),
    );
    const twice = labelled.find(({ at }, i) => labelled.findIndex((other) => other.at === at) !== i);
    if (twice !== undefined) throw new OptionError(`model '${this.models[twice.at]}' is in two groups`);
    const { rows: k, data } = this.matrix(layer);
    const matrix = zeros(labelled.length, labelled.length);
    matrix.data.set(labelled.flatMap(({ at: i }) => labelled.map(({ at: j }) => data[i * k + j])));
    return groupTest(
      matrix,
      labelled.map(({ label }) => label),
      { ...options, distances: isDistance(this) },
    );
  }

  /** A matrix as an aligned table of text: that of a layer, or the mean over the layers. */
  toString(layer?: string): string {
    const { data } = this.matrix(layer);
    return alignedTable(this.models, this.models, data);
  }

  /** Prints the mean over the layers with a title. @param write - takes each text; `console.log` by default. */
  // eslint-disable-next-line no-console -- printing is what was asked for
  print(write: (text: string) => void = console.log): void {
    const layers =
      this.layers.length === 1 ? `layer ${this.layers[0]}` : `mean of ${this.layers.length} layers`;
    write(
      `${this.label}: ${this.models.length} models, ${layers}, ${this.samples} samples\n${this.toString()}`,
    );
    for (const other of this.others) other.print(write);
  }

  /** The JSON form, read back by {@link ModelSimilarity.fromJSON}. */
  toJSON(): ModelSimilarityData & { readonly format: string } {
    const { label, others, ...data } = this;
    return {
      format: MODELS_FORMAT,
      ...data,
      ...(label !== this.measure && { label }),
      ...(others.length > 0 && { others: others.map((other) => other.toJSON()) }),
    };
  }

  /** Reads what {@link ModelSimilarity.toJSON} wrote, parsed or as text. @throws FormatError naming the member at fault */
  static fromJSON(json: string | object): ModelSimilarity {
    const data = parsed<ModelSimilarityData>(json, 'model similarity', MODELS_FORMAT);
    const { models, layers, cells, others = [] } = data;
    if (![models, layers, cells, others].every(Array.isArray)) {
      throw new FormatError('a model similarity needs the arrays models, layers and cells');
    }
    const expected = layers!.length * models!.length ** 2;
    if (cells!.length !== expected) {
      throw new FormatError(
        `a similarity of ${models!.length} models at ${layers!.length} layers has ${cells!.length} cells, not ${expected}`,
      );
    }
    const bad = cells!.findIndex((cell) => typeof (cell as Cell | null)?.score !== 'number');
    if (bad >= 0) throw new FormatError(`cell ${bad} of a model similarity has no score`);
    return new ModelSimilarity({
      ...(data as ModelSimilarityData),
      others: others.map((other: object) => ModelSimilarity.fromJSON(other)),
    });
  }
}

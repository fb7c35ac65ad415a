/**
 * The named matrix of similarities, layer × layer, and its readers.
 *
 * @module
 */
import { FormatError } from '../errors.js';
import type { SimilarityResult } from '../measures/measure.js';
import { byLabel, indexOf, parsed } from './reading.js';
import { alignedTable } from './table.js';

/** Identifies the JSON form of a {@link Similarity}. */
export const SIMILARITY_FORMAT = 'svcca/similarity@1';

/** One comparison of two layers: everything of a result that is not the same for the whole matrix. */
export interface Cell extends Omit<SimilarityResult, 'measure' | 'options' | 'engine'> {
  /**
   * How far the score is from that of all positions, as the root of the expected square; 0 where all were taken. Of corresponding
   * layers, where `positionsError` was asked for.
   */
  readonly positionsError?: number;
}

/** What a {@link Similarity} is made of; also, with `format` and `version`, its JSON form. */
export interface SimilarityData {
  /** Names of the two sides, for titles. */
  readonly names: { readonly a: string; readonly b: string };
  /** Name of the convention, where it was given one. @defaultValue the name of the measure */
  readonly label?: string;
  readonly measure: string;
  /** Every option as it was used, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly engine: string;
  /** Layers of the first side, in order of execution. */
  readonly rows: readonly string[];
  /** Layers of the second side, in order of execution. */
  readonly cols: readonly string[];
  /** Row by row, `rows.length × cols.length`. */
  readonly cells: readonly Cell[];
  /** Number of samples (images, not positions). */
  readonly samples: number;
  /** Hashes of what was compared, where they could be taken. */
  readonly fingerprints: { readonly a?: string; readonly b?: string; readonly data?: string };
  /** What concerns the whole comparison. */
  readonly warnings: readonly string[];
  /** The same layers by the other measures that were asked for. */
  readonly others?: readonly SimilarityData[];
}

/** A layer and the score it reached. */
export interface LayerScore {
  readonly layer: string;
  readonly score: number;
}

/** Similarity of every layer of one network to every layer of another. Reading it never computes. */
export class Similarity implements SimilarityData {
  readonly names;
  readonly label: string;
  readonly measure;
  readonly options;
  readonly engine;
  readonly rows;
  readonly cols;
  readonly cells;
  readonly samples;
  readonly fingerprints;
  readonly warnings;
  readonly others: readonly Similarity[];
  /** Scores row by row, `rows.length × cols.length`. */
  readonly scores: Float64Array;

  constructor(data: SimilarityData) {
    this.names = data.names;
    this.label = data.label ?? data.measure;
    this.measure = data.measure;
    this.options = data.options;
    this.engine = data.engine;
    this.rows = data.rows;
    this.cols = data.cols;
    this.cells = data.cells;
    this.samples = data.samples;
    this.fingerprints = data.fingerprints;
    this.warnings = data.warnings;
    this.others = (data.others ?? []).map((other) => new Similarity(other));
    this.scores = Float64Array.from(data.cells, (cell) => cell.score);
  }

  /** The matrix of another measure of the same comparison, by its name or label. @throws OptionError listing those there are */
  by(measure: string): Similarity {
    return byLabel<Similarity>([this, ...this.others], measure);
  }

  /** Score of a layer of the first side against a layer of the second. @throws OptionError for an unknown layer. */
  at(row: string, col: string): number {
    return this.cell(row, col).score;
  }

  /** Score and diagnostics of one pair. @throws OptionError for an unknown layer. */
  cell(row: string, col: string): Cell {
    return this.cells[indexOf(this.rows, row, 'row') * this.cols.length + indexOf(this.cols, col, 'column')];
  }

  /**
   * Corresponding layers: those of the same name in order of rows, or, where no name is shared, the layers at the same
   * place.
   */
  diagonal(): (LayerScore & { readonly row: string; readonly col: string })[] {
    const pairs = correspondingLayers(this.rows, this.cols);
    return pairs.map(([row, col]) => ({ layer: row, row, col, score: this.at(row, col) }));
  }

  /** The layer of the second side that is closest to layer `row` of the first: by a distance or angle, the smallest. */
  best(row: string): LayerScore {
    const start = indexOf(this.rows, row, 'row') * this.cols.length;
    const sign = isDistance(this) ? -1 : 1;
    const scores = this.scores.subarray(start, start + this.cols.length);
    const at = scores.reduce((best, score, i) => (sign * score > sign * scores[best] ? i : best), 0);
    return { layer: this.cols[at], score: scores[at] };
  }

  /** The matrix as an aligned table of text; long paths of layers are cut to what tells them apart, `…/block_2/add`. */
  toString(): string {
    return alignedTable(this.rows, this.cols, this.scores);
  }

  /** Prints {@link Similarity.toString} with a title. @param write - takes each text; `console.log` by default. */
  // eslint-disable-next-line no-console -- printing is what was asked for
  print(write: (text: string) => void = console.log): void {
    const title = `${this.label}: ${this.names.a} (rows) × ${this.names.b} (columns), ${this.samples} samples`;
    write(`${title}\n${this.toString()}`);
    for (const other of this.others) other.print(write);
  }

  /** The JSON form, read back by {@link Similarity.fromJSON}. */
  toJSON(): SimilarityData & { readonly format: string; readonly scores: number[][] } {
    const { names, label, measure, options, engine, samples, rows, cols, cells, fingerprints, warnings } =
      this;
    const scores = rows.map((_, r) =>
      Array.from(this.scores.subarray(r * cols.length, (r + 1) * cols.length)),
    );
    return {
      format: SIMILARITY_FORMAT,
      names,
      ...(label !== measure && { label }),
      measure,
      options,
      engine,
      samples,
      fingerprints,
      rows,
      cols,
      scores,
      warnings,
      cells,
      ...(this.others.length > 0 && { others: this.others.map((other) => other.toJSON()) }),
    };
  }

  /** Reads what {@link Similarity.toJSON} wrote, parsed or as text. @throws FormatError naming the member at fault. */
  static fromJSON(json: string | object): Similarity {
    const data = parsed<SimilarityData>(json, 'similarity', SIMILARITY_FORMAT);
    const { rows, cols, cells } = data;
    if (!Array.isArray(rows) || !Array.isArray(cols) || !Array.isArray(cells)) {
      throw new FormatError('a similarity needs the arrays rows, cols and cells');
    }
    if (cells.length !== rows.length * cols.length) {
      throw new FormatError(
        `a similarity of ${rows.length} × ${cols.length} layers has ${cells.length} cells`,
      );
    }
    const bad = cells.findIndex((cell) => typeof (cell as Cell | null)?.score !== 'number');
    if (bad >= 0) throw new FormatError(`cell ${bad} of a similarity has no score`);
    const { others = [] } = data;
    if (!Array.isArray(others)) throw new FormatError('others of a similarity is not a list');
    return new Similarity({
      ...(data as SimilarityData),
      others: others.map((other: object) => Similarity.fromJSON(other)),
    });
  }
}

/** Layers of two networks that correspond, as {@link Similarity.diagonal} has them. */
export function correspondingLayers(
  rows: readonly string[],
  cols: readonly string[],
): (readonly [row: string, col: string])[] {
  const shared = rows.filter((name) => cols.includes(name));
  if (shared.length > 0) return shared.map((name) => [name, name]);
  return rows.slice(0, cols.length).map((name, i) => [name, cols[i]]);
}

/** Whether small scores mean close: distances and angles. */
export function isDistance({ measure, options }: Pick<SimilarityData, 'measure' | 'options'>): boolean {
  const output = options['output'];
  return /(distance|angle|dissimilarity)$/i.test(typeof output === 'string' ? output : measure);
}

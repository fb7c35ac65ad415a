/**
 * Where everything of a heat map stands, in pixels.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';
import { elide, score, textWidth } from './text.js';

/** Beyond this number of columns the values no longer fit: they are shown on hover only. */
const MOST_COLUMNS_WITH_VALUES = 24;
const LONGEST_LABEL = 150;
const SLANT = Math.SQRT1_2;

/** A heat map's geometry. */
export interface HeatmapLayout {
  readonly width: number;
  /** Of the matrix, without the legend. */
  readonly bottom: number;
  readonly left: number;
  readonly top: number;
  readonly cell: {
    readonly width: number;
    readonly height: number;
    readonly gap: number;
    readonly radius: number;
  };
  /** Values in the cells; undefined where there is no room for them. */
  readonly value: { readonly size: number; readonly texts: readonly string[] } | undefined;
  readonly labels: {
    readonly size: number;
    readonly rows: readonly string[];
    readonly cols: readonly string[];
    readonly slanted: boolean;
  };
  readonly titles: { readonly size: number; readonly rows: string; readonly cols: string };
}

/** Lays a heat map out so that nothing overlaps; long names are elided. @param least - width that the legend needs */
export function layOut(similarity: Similarity, least: number): HeatmapLayout {
  const { rows, cols, names } = similarity;
  const side = cellSide(Math.max(rows.length, cols.length));
  const value = cols.length <= MOST_COLUMNS_WITH_VALUES ? values(similarity, side) : undefined;
  const cell = {
    width: Math.max(side, value?.needs ?? 0),
    height: side,
    gap: side >= 30 ? 2 : side >= 18 ? 1 : 0,
    radius: side >= 30 ? 3 : side >= 18 ? 1 : 0,
  };
  const matrix = { width: cell.width * cols.length, height: cell.height * rows.length };

  const size = side > 18 ? 12 : side === 18 ? 11 : 9;
  const fit = (name: string): string => elide(name, LONGEST_LABEL, size);
  const labels = { size, rows: rows.map(fit), cols: cols.map(fit) };
  const widths = labels.cols.map((label) => textWidth(label, size));
  const slanted = widths.some((width) => width > cell.width - 6);

  const titleSize = 12;
  const left = titleSize + 12 + Math.max(...labels.rows.map((label) => textWidth(label, size))) + 8;
  const top = titleSize + 12 + (slanted ? Math.max(...widths) * SLANT + size : size + 4) + 4;
  // A slanted label leans out to the right, the last ones beyond the matrix.
  const lean = slanted ? widths.map((width, c) => (c + 0.5) * cell.width + width * SLANT + size) : [];
  const width = left + Math.max(matrix.width, least, ...lean) + 4;
  return {
    width,
    bottom: top + matrix.height,
    left,
    top,
    cell,
    value,
    labels: { ...labels, slanted },
    titles: {
      size: titleSize,
      // The column beside the legend is free, so the title may go on below the matrix.
      rows: elide(names.a, matrix.height + 60, titleSize),
      cols: elide(names.b, width - left, titleSize),
    },
  };
}

function cellSide(layers: number): number {
  if (layers <= 2) return 84;
  if (layers <= 7) return 56;
  if (layers <= 12) return 46;
  if (layers <= MOST_COLUMNS_WITH_VALUES) return 36;
  return layers <= 48 ? 18 : 14;
}

/** The texts of the cells in the largest type that fits, and the width of cell that they need at the smallest. */
function values({ scores }: Similarity, side: number): { size: number; texts: string[]; needs: number } {
  const texts = Array.from(scores, (value) => score(value, side >= 52 ? 3 : 2));
  const widest = Math.max(...texts.map((text) => textWidth(text, 1)));
  const room = side - 8;
  const size = Math.max(9, Math.min(side >= 52 ? 13 : side >= 44 ? 12 : 11, room / widest));
  return { size, texts, needs: widest * size + 8 };
}

/**
 * The sample × sample matrices of one or more sides, a tile at a time: they are never held whole.
 *
 * @module
 */
import type { Engine, Handle } from '../engines/engine.js';
import { together } from '../engines/scope.js';
import type { PairwiseValues, TileRange } from './values.js';
import type { Breathe } from '../options.js';

/** Rows and columns of a tile: large enough that a product runs at full speed, and 2 MB a side. */
const EDGE = 512;
/** Tiles computed together, so that an engine with threads has work for each. */
const GROUP = 4;

/** Multiplications after which the event loop may run, where every pair of a tile is computed from differences. */
const STEPS = 2 ** 25;

/** A tile that is being visited. */
export interface Tile extends TileRange {
  /** Whether it lies on the diagonal, so that it holds both triangles of its pairs and each sample with itself. */
  readonly diagonal: boolean;
}

/** How the tiles are visited. */
export interface TileOptions {
  /** Every tile of every row block, row block by row block, instead of the upper triangle. @defaultValue `false` */
  readonly whole?: boolean;
  /** Rows and columns of a tile. @defaultValue 512 */
  readonly edge?: number;
}

/**
 * Visits the tiles of all sides together: the upper triangle, row block by row block, with the tiles on the diagonal whole.
 * Takes the memory of a few tiles beside the sides' rows.
 *
 * @param sides - of the same samples in the same order.
 * @param breathe - called between tiles, with how many are done.
 * @param visit - the values of each side, row-major `[tile.rows, tile.cols]`; the arrays are the visitor's to change. A visitor
 * that takes long may breathe, too.
 */
export async function eachTile(
  engine: Engine,
  sides: readonly PairwiseValues[],
  breathe: Breathe,
  visit: (tile: Tile, values: readonly Float64Array[]) => void | Promise<void>,
  { whole = false, edge = EDGE }: TileOptions = {},
): Promise<void> {
  const samples = sides[0].rows.rows;
  const count = Math.ceil(samples / edge);
  const total = whole ? count * count : (count * (count + 1)) / 2;
  let done = 0;
  const blocks: Handle[][] = [];
  try {
    for (const { rows } of sides) {
      const handles: Handle[] = [];
      blocks.push(handles);
      for (let b = 0; b < count; b++) {
        const size = Math.min(edge, samples - b * edge);
        const data = rows.data.subarray(b * edge * rows.cols, (b * edge + size) * rows.cols);
        handles.push(await engine.upload({ rows: size, cols: rows.cols, data }));
      }
    }
    for (let row = 0; row < count; row++) {
      for (let from = whole ? 0 : row; from < count; from += GROUP) {
        const columns = Array.from({ length: Math.min(GROUP, count - from) }, (_, at) => from + at);
        const pairs = columns.flatMap((col) =>
          blocks.map((handles) => [handles[row], handles[col]] as const),
        );
        const products = await together(pairs, ([a, b]) => innerProducts(engine, a, b));
        for (const [at, col] of columns.entries()) {
          const values = products.slice(at * sides.length, (at + 1) * sides.length);
          const tile = {
            rowStart: row * edge,
            colStart: col * edge,
            rows: blocks[0][row].rows,
            cols: blocks[0][col].rows,
            diagonal: row === col,
          };
          for (const [s, side] of sides.entries()) await applyInStrips(side, values[s], tile, breathe);
          await visit(tile, values);
          await breathe(++done, total);
        }
      }
    }
  } finally {
    engine.dispose(...blocks.flat());
  }
}

/** Applies the values to some rows of a tile at a time. */
async function applyInStrips(
  side: PairwiseValues,
  products: Float64Array,
  { rowStart, colStart, rows, cols }: TileRange,
  breathe: Breathe,
): Promise<void> {
  const height = Math.max(1, Math.floor(STEPS / cols / side.rows.cols));
  for (let from = 0; from < rows; from += height) {
    const strip = { rowStart: rowStart + from, colStart, rows: Math.min(height, rows - from), cols };
    side.apply(products.subarray(from * cols, (from + strip.rows) * cols), strip);
    if (from + height < rows) await breathe();
  }
}

async function innerProducts(engine: Engine, a: Handle, b: Handle): Promise<Float64Array> {
  const product = await engine.multiply(a, b, { b: true });
  try {
    return (await engine.download(product)).data;
  } finally {
    engine.dispose(product);
  }
}

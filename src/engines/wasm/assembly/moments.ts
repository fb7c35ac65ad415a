/**
 * Sums over samples: column means, and products of the columns of one or two batches (Gram and cross matrices).
 *
 * Samples come in chunks. The columns of a chunk are packed once, in blocks of `DEPTH` rows, and then read by every thread
 * that computes tiles of the product.
 */
import { DEPTH } from './gemm';
import { TILE, multiplyPanels } from './kernel';
import { centrePanel, packPanel } from './pack';

/** Rows packed before the next panel: the cache lines of a row serve four panels of float32, so they should be there still. */
const STRIP: i32 = 64;

/** Bytes of one packed column panel for each row. */
// @ts-ignore: decorator
@inline
function packedRow(cols: i32): usize {
  return <usize>((cols + TILE - 1) / TILE) << 5;
}

/**
 * Packs columns `from … to − 1` (`from` is a multiple of 4) of `rows` rows of `cols` columns, less `mean` where that is not 0.
 * The whole chunk takes `rows · ⌈cols / 4⌉ · 32` bytes from `packed` on.
 */
export function packColumns(
  rows: i32,
  cols: i32,
  from: i32,
  to: i32,
  x: usize,
  single: i32,
  mean: usize,
  packed: usize,
): void {
  const size: usize = single ? 4 : 8;
  const along = <usize>cols * size;
  for (let row = 0; row < rows; row += DEPTH) {
    const depth = min(DEPTH, rows - row);
    const block = packed + <usize>row * packedRow(cols);
    for (let strip = 0; strip < depth; strip += STRIP) {
      const k = min(STRIP, depth - strip);
      const first = x + <usize>(row + strip) * along;
      for (let j = from; j < to; j += TILE) {
        const count = min(TILE, to - j);
        const panel = block + (<usize>(j / TILE) * <usize>depth << 5) + (<usize>strip << 5);
        const source = first + <usize>j * size;
        if (single) packPanel<f32>(count, k, source, 4, along, panel);
        else packPanel<f64>(count, k, source, 8, along, panel);
        if (mean) centrePanel(count, k, mean + (<usize>j << 3), panel);
      }
    }
  }
}

/**
 * Adds to rows `i0 … i1 − 1`, columns `j0 … j1 − 1` of `c` (`colsB` columns, contiguous) the product of packed columns; the
 * four bounds are multiples of 4 but for the last of a matrix. With `upper`, tiles below the diagonal are left out.
 */
export function addColumnProducts(
  rows: i32,
  i0: i32,
  i1: i32,
  j0: i32,
  j1: i32,
  upper: i32,
  a: usize,
  colsA: i32,
  b: usize,
  colsB: i32,
  c: usize,
  work: usize,
): void {
  const ldc = <usize>colsB << 3;
  for (let row = 0; row < rows; row += DEPTH) {
    const depth = min(DEPTH, rows - row);
    const left = a + <usize>row * packedRow(colsA) + (<usize>(i0 / TILE) * <usize>depth << 5);
    const right = b + <usize>row * packedRow(colsB);
    for (let j = j0; j < j1; j += TILE) {
      const end = upper ? min(i1, j + TILE) : i1;
      if (end <= i0) continue;
      multiplyPanels(
        end - i0,
        min(TILE, j1 - j),
        depth,
        left,
        right + (<usize>(j / TILE) * <usize>depth << 5),
        c + <usize>i0 * ldc + (<usize>j << 3),
        ldc,
        work,
      );
    }
  }
}

/** Copies rows `from … to − 1` of the upper triangle to the lower: the matrix then is symmetric to the last bit. */
export function mirror(n: i32, from: i32, to: i32, c: usize): void {
  const ld = <usize>n << 3;
  // Blocks, so that the columns read stay in the cache until their neighbours are read.
  for (let i0 = from; i0 < to; i0 += 32) {
    const i1 = min(i0 + 32, to);
    for (let j0 = 0; j0 < i1; j0 += 32) {
      for (let i = i0; i < i1; i++) {
        const row = c + <usize>i * ld;
        for (let j = j0; j < min(j0 + 32, i); j++) {
          store<f64>(row + (<usize>j << 3), load<f64>(c + <usize>j * ld + (<usize>i << 3)));
        }
      }
    }
  }
}

/** `sums += Σ (row − first)` over columns `from … to − 1`: exact for constant columns whatever their value. */
export function addDeviations(
  rows: i32,
  cols: i32,
  from: i32,
  to: i32,
  x: usize,
  single: i32,
  first: usize,
  sums: usize,
): void {
  if (single) addDeviationsOf<f32>(rows, cols, from, to, x, first, sums);
  else addDeviationsOf<f64>(rows, cols, from, to, x, first, sums);
}

function addDeviationsOf<T>(rows: i32, cols: i32, from: i32, to: i32, x: usize, first: usize, sums: usize): void {
  const along = <usize>cols * sizeof<T>();
  for (let i = 0; i < rows; i++) {
    const row = x + <usize>i * along;
    let j = from;
    for (; j + 4 <= to; j += 4) {
      const at = <usize>j << 3;
      let low: v128;
      let high: v128;
      if (sizeof<T>() === 4) {
        const four = v128.load(row + (<usize>j << 2));
        low = f64x2.promote_low_f32x4(four);
        high = f64x2.promote_low_f32x4(v128.shuffle<i32>(four, four, 2, 3, 0, 1));
      } else {
        low = v128.load(row + at);
        high = v128.load(row + at, 16);
      }
      v128.store(sums + at, f64x2.add(v128.load(sums + at), f64x2.sub(low, v128.load(first + at))));
      v128.store(sums + at, f64x2.add(v128.load(sums + at, 16), f64x2.sub(high, v128.load(first + at, 16))), 16);
    }
    for (; j < to; j++) {
      const at = <usize>j << 3;
      const value = <f64>load<T>(row + <usize>j * sizeof<T>());
      store<f64>(sums + at, load<f64>(sums + at) + (value - load<f64>(first + at)));
    }
  }
}

/**
 * Putting matrices together, and taking columns out of them.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { HostMatrix } from '../engines/engine.js';

/** Both blocks, and a 1, on the diagonal of a matrix. */
export function diagonalBlocks(
  blocks: readonly [HostMatrix, HostMatrix],
  rows: readonly [number, number],
  cols: readonly [number, number],
): HostMatrix {
  const out = zeros(rows[0] + rows[1] + 1, cols[0] + cols[1] + 1);
  const put = ({ rows: height, cols: width, data }: HostMatrix, top: number, left: number): void => {
    for (let i = 0; i < height; i++) {
      out.data.set(data.subarray(i * width, (i + 1) * width), (top + i) * out.cols + left);
    }
  };
  put(blocks[0], 0, 0);
  put(blocks[1], rows[0], cols[0]);
  out.data[out.data.length - 1] = 1;
  return out;
}

/** Two roots above each other, and a row. */
export function stack(a: HostMatrix, b: HostMatrix, last: Float64Array): HostMatrix {
  const out = zeros(a.rows + b.rows + 1, last.length);
  out.data.set(a.data);
  out.data.set(b.data, a.data.length);
  out.data.set(last, a.data.length + b.data.length);
  return out;
}

/** Columns that are not all zeros. */
export function liveColumns({ cols, data }: HostMatrix): number[] {
  const live = new Uint8Array(cols);
  for (let at = 0; at < data.length; at += cols) {
    for (let j = 0; j < cols; j++) if (data[at + j] !== 0) live[j] = 1;
  }
  return Array.from(live.keys()).filter((j) => live[j] === 1);
}

/** Some of the columns. */
export function pickColumns({ rows, cols, data }: HostMatrix, which: readonly number[]): HostMatrix {
  const out = zeros(rows, which.length);
  for (let i = 0, to = 0; i < rows; i++) for (const j of which) out.data[to++] = data[i * cols + j];
  return out;
}

/** Columns put back among others, which are zeros. */
export function spreadColumns(
  { rows, data }: HostMatrix,
  which: readonly number[],
  cols: number,
): HostMatrix {
  const out = zeros(rows, cols);
  for (let i = 0, from = 0; i < rows; i++) for (const j of which) out.data[i * cols + j] = data[from++];
  return out;
}

/** Rows `from … from + rows − 1` of the identity of that size. */
export function rowsOfIdentity(size: number, from: number, rows: number): HostMatrix {
  const out = zeros(rows, size);
  for (let i = 0; i < rows; i++) out.data[i * size + from + i] = 1;
  return out;
}

/**
 * Whole products on the device, tile by tile: what comes back is added in float64 in host memory.
 *
 * @module
 */
import type { Rank, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { zeros } from '../../matrix.js';
import type { HostMatrix } from '../engine.js';
import { stillActive } from './backend.js';
import type { Backend, Tfjs } from './backend.js';
import { CHUNK, MOST_CHUNKS, addTerms, mergeTerms, multiplySlices, slice } from './slices.js';
import type { Term } from './slices.js';
import type { Source } from './source.js';

/** Largest tile of a product, by side and by area. */
const SIDE = 1024;
const AREA = 2 ** 20;

/** Entries of the products of all chunks, and of their operands, that are on the device together. */
const TOGETHER = 2 ** 22;

/** `leftᵀ·right`; without `right` the Gram matrix of `left`, symmetric to the last bit. */
export async function product(backend: Backend, left: Source, right?: Source): Promise<HostMatrix> {
  const out = zeros(left.outer, (right ?? left).outer);
  const wide = Math.min(SIDE, out.cols);
  const tall = right ? Math.max(SIDE, Math.floor(AREA / wide)) : SIDE;
  for (let top = 0; top < out.rows; top += tall) {
    // Of a Gram matrix the upper half is enough.
    for (let from = right ? 0 : top; from < out.cols; from += wide) {
      const rows: Span = [top, Math.min(out.rows, top + tall)];
      const cols: Span = [from, Math.min(out.cols, from + wide)];
      const onDiagonal = right === undefined && from === top;
      for (let start = 0; start < left.inner; start += CHUNK * MOST_CHUNKS) {
        const inner: Span = [start, Math.min(left.inner, start + CHUNK * MOST_CHUNKS)];
        const values = await tile(backend, left, onDiagonal ? undefined : (right ?? left), inner, rows, cols);
        addTile(out, values, left.scale, (right ?? left).scale, rows, cols, onDiagonal);
      }
    }
  }
  if (right === undefined) mirror(out);
  return out;
}

/** From, to. */
type Span = readonly [number, number];

/** One tile over one span of `inner`: its high parts, then its low parts. */
async function tile(
  backend: Backend,
  left: Source,
  right: Source | undefined,
  inner: Span,
  rows: Span,
  cols: Span,
): Promise<Float32Array> {
  stillActive(backend);
  const { tf } = backend;
  const depth = inner[1] - inner[0];
  const chunk = Math.min(CHUNK, depth);
  const [m, n] = [rows[1] - rows[0], cols[1] - cols[0]];
  // The wasm backend of tfjs multiplies many chunks at once ten times slower than one after another.
  const together = backend.name === 'wasm' ? 1 : Math.floor(TOGETHER / Math.max(m * n, chunk * (m + n)));
  const group = Math.max(1, together);
  const pair = tf.tidy(() => {
    let terms: Term[] | undefined;
    for (let from = inner[0]; from < inner[1]; from += group * chunk) {
      const span: Span = [from, Math.min(inner[1], from + group * chunk)];
      const more = inTidy(tf, () => {
        const a = chunks(tf, left, span, rows, chunk);
        const b = right && chunks(tf, right, span, cols, chunk);
        return multiplySlices(tf, a, b, depth > chunk);
      });
      terms = addTerms(tf, terms, more);
    }
    const { hi, lo } = mergeTerms(tf, terms!);
    return tf.stack([hi, lo]);
  });
  try {
    return (await pair.data()) as Float32Array;
  } finally {
    pair.dispose();
  }
}

/** `tf.tidy` for terms, whose tensors it finds and whose type it does not know. */
function inTidy(tf: Tfjs, work: () => Term[]): Term[] {
  return tf.tidy(work as () => never);
}

/** Slices of an operand in chunks `[chunks, rows, columns]`. */
function chunks(tf: Tfjs, source: Source, inner: Span, outer: Span, rows: number): Tensor3D[] {
  const count = Math.ceil((inner[1] - inner[0]) / rows);
  return tf.tidy(() =>
    slice(tf, source.take(...inner, ...outer, count * rows)).map((one: Tensor2D) =>
      tf.reshape<Rank.R3>(one, [count, rows, outer[1] - outer[0]]),
    ),
  );
}

function addTile(
  out: HostMatrix,
  values: Float32Array,
  left: Float64Array,
  right: Float64Array,
  rows: Span,
  cols: Span,
  symmetric: boolean,
): void {
  const width = cols[1] - cols[0];
  const area = values.length / 2;
  for (let i = rows[0]; i < rows[1]; i++) {
    for (let j = symmetric ? i : cols[0]; j < cols[1]; j++) {
      const at = (i - rows[0]) * width + j - cols[0];
      let value = values[at] + values[area + at];
      if (symmetric) {
        const mirrored = (j - cols[0]) * width + i - rows[0];
        value = (value + values[mirrored] + values[area + mirrored]) / 2;
      }
      out.data[i * out.cols + j] += value * left[i] * right[j];
    }
  }
}

function mirror({ rows, data }: HostMatrix): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) data[i * rows + j] = data[j * rows + i];
}

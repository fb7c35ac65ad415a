/**
 * Which arrays a part has in its file, and where.
 *
 * @module
 */
import { FLOAT32_TOLERANCE, FLOAT64_TOLERANCE } from '../../factor/factor.js';
import type { Joint, JointLayer, JointPair } from '../../factor/joint-data.js';
import { PART_FORMAT } from './part-info.js';
import type { PartInfo } from './part-info.js';

/** An array of the file. */
interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
}

/** All arrays, in their order. */
function entriesOf({ views, cells, rowNorms }: PartInfo): Entry[] {
  return [
    ...views.flatMap(({ neurons, rows }, v): Entry[] => [
      { name: `view.${v}.mean.high`, shape: [neurons] },
      { name: `view.${v}.mean.low`, shape: [neurons] },
      { name: `view.${v}.triangle`, shape: [rows, neurons] },
      ...(rowNorms
        ? [
            { name: `view.${v}.norms.squares`, shape: [1] },
            { name: `view.${v}.norms.along`, shape: [neurons] },
          ]
        : []),
    ]),
    ...cells.flatMap(({ a, b }, c): Entry[] => [
      { name: `pair.${c}.inner`, shape: [views[a].rows, views[b].rows] },
      ...(rowNorms
        ? [
            { name: `pair.${c}.norms.products`, shape: [1] },
            { name: `pair.${c}.norms.alongX`, shape: [views[a].neurons] },
            { name: `pair.${c}.norms.alongY`, shape: [views[b].neurons] },
          ]
        : []),
    ]),
  ];
}

/** The arrays of a part, in the same order. */
export function arraysOf({ layers, pairs }: Joint): Float64Array[] {
  return [
    ...layers.flatMap(({ mean, root, norms }) => [
      mean.high,
      mean.low,
      root.data,
      ...(norms ? [Float64Array.of(norms.squares), norms.along] : []),
    ]),
    ...pairs.flatMap(({ inner, norms }) => [
      inner.data,
      ...(norms ? [Float64Array.of(norms.products), norms.alongX, norms.alongY] : []),
    ]),
  ];
}

const sizeOf = ({ shape }: Entry): number => shape.reduce((product, axis) => product * axis, 1);

/** The header as text, and the number of values after it. */
export function headerOf(info: PartInfo, part: string, checksum: string): { text: string; values: number } {
  let values = 0;
  const tensors = entriesOf(info).map((entry) => {
    const begin = 8 * values;
    values += sizeOf(entry);
    return [entry.name, { dtype: 'F64', shape: entry.shape, data_offsets: [begin, 8 * values] }] as const;
  });
  const metadata = { format: PART_FORMAT, part, checksum };
  return { text: JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(tensors) }), values };
}

/** The numbers of a part, as views of the values of its file. */
export function jointOfValues({ views, cells, rowNorms }: PartInfo, values: Float64Array): Joint {
  let at = 0;
  const take = (length: number): Float64Array => values.subarray(at, (at += length));
  const layers = views.map(({ neurons, rows, datapoints, storage }): JointLayer => {
    const mean = { high: take(neurons), low: take(neurons) };
    const root = { rows, cols: neurons, data: take(rows * neurons) };
    const precision = storage === 'float32' ? FLOAT32_TOLERANCE : FLOAT64_TOLERANCE;
    const norms = rowNorms && { norms: { squares: take(1)[0], along: take(neurons) } };
    return { samples: datapoints, mean, root, precision, ...norms };
  });
  const pairs = cells.map(({ a, b }): JointPair => {
    const [x, y] = [views[a], views[b]];
    const inner = { rows: x.rows, cols: y.rows, data: take(x.rows * y.rows) };
    const norms = rowNorms && {
      norms: { products: take(1)[0], alongX: take(x.neurons), alongY: take(y.neurons) },
    };
    return { inner, ...norms };
  });
  return { layers, pairs };
}

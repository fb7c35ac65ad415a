/** Graph models made by hand, as the converter would write them. */
import * as tf from '@tensorflow/tfjs';
import { Random } from '../../src/random.js';

/** A node of a frozen graph. */
export interface NodeDef {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, unknown>;
}

export const FLOAT = { type: 'DT_FLOAT' };
export const INT = { type: 'DT_INT32' };
/** Attributes as the file spells them. */
export const ints = (...values: number[]) => ({ list: { i: values.map(String) } });
export const text = (value: string) => ({ s: btoa(value) });
export const texts = (...values: string[]) => ({ list: { s: values.map((value) => btoa(value)) } });
export const shapeOf = (...size: number[]) => ({ dim: size.map((axis) => ({ size: String(axis) })) });

export const placeholder = (name: string, shape: number[], dtype = FLOAT): NodeDef => ({
  name,
  op: 'Placeholder',
  attr: { dtype, shape: { shape: shapeOf(...shape) } },
});

export const node = (
  name: string,
  op: string,
  input: string[] = [],
  attr: Record<string, unknown> = {},
): NodeDef => ({
  name,
  op,
  input,
  attr: { T: FLOAT, ...attr },
});

/** A constant and its values; without values they are random. */
export interface Constant {
  shape: number[];
  values?: number[];
  dtype?: 'float32' | 'int32' | 'bool';
}

interface GraphOptions {
  signature?: object;
  library?: object;
}

/** Artifacts of a graph of `nodes` and the constants in `weights`. */
export function graphArtifacts(
  nodes: NodeDef[],
  weights: Record<string, Constant> = {},
  { signature, library }: GraphOptions = {},
): tf.io.ModelArtifacts {
  const specs: tf.io.WeightsManifestEntry[] = [];
  const bytes: number[] = [];
  const constants = Object.entries(weights).map(
    ([name, { shape, values, dtype = 'float32' }], i): NodeDef => {
      const size = shape.reduce((product, axis) => product * axis, 1);
      const data = values ?? Array.from(new Random(100 + i).normals(size));
      const kinds = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
      bytes.push(...new Uint8Array(kinds[dtype].from(data).buffer));
      specs.push({ name, shape, dtype });
      const type = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' }[dtype];
      return {
        name,
        op: 'Const',
        attr: { dtype: { type }, value: { tensor: { dtype: type, tensorShape: shapeOf(...shape) } } },
      };
    },
  );
  return {
    format: 'graph-model',
    modelTopology: { node: [...constants, ...nodes], versions: {}, ...(library && { library }) },
    weightSpecs: specs,
    weightData: Uint8Array.from(bytes).buffer,
    ...(signature && { userDefinedMetadata: { signature } }),
  };
}

/** The model itself. */
export function graph(...parts: Parameters<typeof graphArtifacts>): Promise<tf.GraphModel> {
  return tf.loadGraphModel(tf.io.fromMemory(graphArtifacts(...parts)));
}

const conv = { strides: ints(1, 1, 1, 1), padding: text('VALID'), dilations: ints(1, 1, 1, 1) };
export const NHWC = { ...conv, data_format: text('NHWC') };
export const NCHW = { ...conv, data_format: text('NCHW') };

/** conv → bias → relu → shape arithmetic → flatten → dense → softmax → identity, 6 × 6 images of 2 channels. */
export function plain(): Promise<tf.GraphModel> {
  return graph(
    [
      placeholder('x', [-1, 6, 6, 2]),
      node('kernel/read', 'Identity', ['kernel', '^x']),
      node('conv', 'Conv2D', ['x', 'kernel/read'], NHWC),
      node('bias', 'BiasAdd', ['conv', 'b'], { data_format: text('NHWC') }),
      node('relu', 'Relu', ['bias']),
      node('shape', 'Shape', ['relu'], { out_type: INT }),
      node('batch', 'StridedSlice', ['shape', 'zero', 'one', 'one'], { shrink_axis_mask: { i: '1' } }),
      node('sizes', 'Pack', ['batch', 'width'], { axis: { i: '0' }, N: { i: '2' } }),
      node('flat', 'Reshape', ['relu', 'sizes']),
      node('dense', 'MatMul', ['flat', 'w'], { transpose_a: { b: false }, transpose_b: { b: false } }),
      node('probs', 'Softmax', ['dense']),
      node('winner', 'ArgMax', ['probs', 'width/axis'], { output_type: { type: 'DT_INT64' } }),
      node('Identity', 'Identity', ['probs']),
    ],
    {
      kernel: { shape: [3, 3, 2, 3] },
      b: { shape: [3] },
      zero: { shape: [1], values: [0], dtype: 'int32' },
      one: { shape: [1], values: [1], dtype: 'int32' },
      width: { shape: [], values: [48], dtype: 'int32' },
      'width/axis': { shape: [], values: [1], dtype: 'int32' },
      w: { shape: [48, 4] },
    },
  );
}

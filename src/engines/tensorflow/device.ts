/**
 * The one place that touches the binding of tfjs-node: float64 tensors, which tfjs itself does not have.
 *
 * tfjs knows no float64, and its `executeSingleOutput` runs an operation that gives one, then throws and leaks it. The
 * binding below it runs any operation of TensorFlow on raw tensor numbers, of any type; here those are wrapped, so that
 * each is freed exactly once. Values enter and leave as pairs of float32 that `Bitcast` relabels: no bit changes.
 *
 * @module
 */
import { NumericalError, UnsupportedError } from '../../errors.js';
import type { FloatArray } from '../../matrix.js';
import type { Handle } from '../engine.js';

/** TensorFlow's own numbers of element types (`types.proto`); the binding lists no double, but takes it. */
export const DataType = { float: 1, double: 2, int32: 3 } as const;

/** Attributes of an operation: element types as numbers, flags as booleans. */
export type Attributes = Readonly<Record<string, number | boolean>>;

/** What tfjs-node's addon offers, as far as it is used here. */
interface Binding {
  readonly TF_Version: string;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  isUsingGpuDevice(): boolean;
  createTensor(shape: number[], dtype: number, data: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array<ArrayBuffer>;
  executeOp(
    name: string,
    attributes: readonly { name: string; type: number; value: number | boolean }[],
    inputs: readonly number[],
    outputs: number,
  ): { readonly id: number; readonly shape: number[] }[];
}

/** The `tensorflow` backend of tfjs. */
interface Backend {
  readonly binding?: Binding;
  readonly tensorMap: { has(dataId: object): boolean; get(dataId: object): { readonly dtype: number } };
  /** Numbers of tensors of tfjs; creates those on the device whose values still wait in JavaScript. */
  getInputTensorIds(tensors: readonly object[]): number[];
}

/** The engine of tfjs, which every copy of it in a process shares. */
interface TfjsEngine {
  readonly backendName?: string | null;
  findBackend(name: string): unknown;
}

/** A float64 matrix on the device (or, for TensorFlow's own arguments, integers); a vector is one row. */
export class DeviceTensor implements Handle {
  readonly #binding: Binding;
  #id: number | undefined;

  constructor(
    binding: Binding,
    id: number,
    readonly rows: number,
    readonly cols: number,
  ) {
    this.#binding = binding;
    this.#id = id;
  }

  /** TensorFlow's number of it. */
  get id(): number {
    if (this.#id === undefined) {
      throw new Error(
        `a ${this.rows} × ${this.cols} matrix of the tensorflow engine was used after it was disposed`,
      );
    }
    return this.#id;
  }

  /** Takes the values of `other`, of the same shape, which is disposed by that. */
  become(other: DeviceTensor): void {
    const { id } = other;
    other.#id = undefined;
    this.dispose();
    this.#id = id;
  }

  /** Frees it; again does nothing. */
  dispose(): void {
    if (this.#id === undefined) return;
    const id = this.#id;
    this.#id = undefined;
    this.#binding.deleteTensor(id);
  }
}

/** TensorFlow as tfjs-node has loaded it. */
export class Device {
  readonly #backend: Backend;
  readonly #binding: Binding;

  private constructor(backend: Backend, binding: Binding) {
    this.#backend = backend;
    this.#binding = binding;
  }

  /**
   * The device of the tfjs that this process has loaded; whichever backend is active stays so.
   *
   * Every copy of tfjs keeps its one engine in a global of this name. Reading that costs nothing where tfjs is not
   * loaded (then there is no backend either), while importing tfjs to ask it takes a second of the first call.
   *
   * @throws UnsupportedError where TensorFlow is not among its backends.
   */
  static find(): Device {
    const tfjs = (globalThis as { _tfengine?: TfjsEngine })._tfengine;
    const backend = tfjs?.findBackend('tensorflow') as Backend | null | undefined;
    if (backend?.binding) return new Device(backend, backend.binding);
    const state =
      tfjs === undefined
        ? 'TensorFlow.js is not loaded here'
        : typeof tfjs.backendName === 'string'
          ? `TensorFlow.js runs on its backend '${tfjs.backendName}' here`
          : 'TensorFlow.js is loaded here, but without it';
    throw new UnsupportedError(
      `the tensorflow engine needs the backend 'tensorflow' of TensorFlow.js, and ${state}: install ` +
        '@tensorflow/tfjs-node (or -node-gpu, or name an installed one in SVCCA_TFJS_NODE), and import it or call ' +
        'chooseBackend() of svcca/node before this',
    );
  }

  get gpu(): boolean {
    return this.#binding.isUsingGpuDevice();
  }

  get version(): string {
    return this.#binding.TF_Version;
  }

  /** Brings a float64 matrix in, or a float32 one, which becomes float64 on the device. */
  upload(data: FloatArray, rows: number, cols: number): DeviceTensor {
    if (data instanceof Float32Array) {
      const single = this.#create([rows, cols], DataType.float, data, rows, cols);
      return this.#convert('Cast', { SrcT: DataType.float, DstT: DataType.double, Truncate: false }, single);
    }
    // TensorFlow goes on using the buffer it is given, and so does the relabelled tensor: it gets one of its own.
    const { buffer } = data.slice();
    const pairs = this.#create(
      [rows, cols, 2],
      DataType.float,
      new Float32Array(buffer, 0, 2 * rows * cols),
      rows,
      cols,
    );
    return this.#convert('Bitcast', { T: DataType.float, type: DataType.double }, pairs);
  }

  /** Indices and sizes that operations take as int32. */
  integers(values: readonly number[]): DeviceTensor {
    return this.#create([values.length], DataType.int32, Int32Array.from(values), 1, values.length);
  }

  /** Brings the values out, row by row; the copy is the caller's. */
  download(tensor: DeviceTensor): Float64Array {
    const { id, rows, cols } = tensor;
    if (rows * cols === 0) return new Float64Array(0);
    const [pairs] = this.#execute('Bitcast', { T: DataType.double, type: DataType.float }, [id], 1);
    try {
      return new Float64Array(this.#binding.tensorDataSync(pairs.id).buffer);
    } finally {
      this.#binding.deleteTensor(pairs.id);
    }
  }

  /** A float64 copy of a tfjs tensor of rank 2 that lives on this device; nothing where it lives elsewhere. */
  adopt(tensor: { readonly shape: readonly number[]; readonly dtype: string }): DeviceTensor | undefined {
    const { dataId } = tensor as { dataId?: object };
    const { shape, dtype } = tensor;
    if (shape.length !== 2 || dtype === 'string' || dtype === 'complex64') return undefined;
    // Asking for one that lives elsewhere would move it here: only has() does not.
    if (dataId === undefined || !this.#backend.tensorMap.has(dataId)) return undefined;
    const ids = this.#backend.getInputTensorIds([tensor]);
    // Not the type by its tfjs name: there uint8 and int64 are called int32.
    const SrcT = this.#backend.tensorMap.get(dataId).dtype;
    const [made] = this.#execute('Cast', { SrcT, DstT: DataType.double, Truncate: false }, ids, 1);
    return new DeviceTensor(this.#binding, made.id, shape[0], shape[1]);
  }

  /** Runs an operation of TensorFlow; outputs of rank 1 become rows. */
  run(
    name: string,
    attributes: Attributes,
    inputs: readonly DeviceTensor[],
    outputs: number,
  ): DeviceTensor[] {
    const ids = inputs.map(({ id }) => id);
    return this.#execute(name, attributes, ids, outputs).map(({ id, shape }) => {
      const [rows, cols] = shape.length === 2 ? shape : [1, shape[0] ?? 1];
      return new DeviceTensor(this.#binding, id, rows, cols);
    });
  }

  #create(
    shape: number[],
    dtype: number,
    data: Float32Array | Int32Array,
    rows: number,
    cols: number,
  ): DeviceTensor {
    return new DeviceTensor(this.#binding, this.#binding.createTensor(shape, dtype, data), rows, cols);
  }

  /** The same matrix as another type; the source is disposed. */
  #convert(name: string, attributes: Attributes, source: DeviceTensor): DeviceTensor {
    try {
      const [made] = this.#execute(name, attributes, [source.id], 1);
      return new DeviceTensor(this.#binding, made.id, source.rows, source.cols);
    } finally {
      source.dispose();
    }
  }

  #execute(name: string, attributes: Attributes, inputs: readonly number[], outputs: number) {
    const { TF_ATTR_BOOL, TF_ATTR_TYPE } = this.#binding;
    const list = Object.entries(attributes).map(([key, value]) => ({
      name: key,
      type: typeof value === 'boolean' ? TF_ATTR_BOOL : TF_ATTR_TYPE,
      value,
    }));
    try {
      return this.#binding.executeOp(name, list, inputs, outputs);
    } catch (cause) {
      throw explained(name, cause);
    }
  }
}

/** The binding says `Invalid TF_Status: 3\nMessage: what TensorFlow said`. */
function explained(operation: string, cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  const [, status, message] = /TF_Status: (\d+)\s+Message: (.*)/.exec(text) ?? ['', '', text];
  const what = `TensorFlow could not run ${operation}: ${message.trim()}`;
  const [INVALID_ARGUMENT, RESOURCE_EXHAUSTED] = ['3', '8'];
  if (status === INVALID_ARGUMENT) return new NumericalError(what, { cause });
  const way =
    status === RESOURCE_EXHAUSTED
      ? 'its memory is full; give smaller batches'
      : "take another engine, for example 'wasm'";
  return new UnsupportedError(`${what}; ${way}`, { cause });
}

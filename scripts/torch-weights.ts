/**
 * Weights from a file that `torch.save` wrote before PyTorch 1.6: pickles one after the other, then the storages. Nothing of
 * Python runs; the only names that such a file may use are those of tensors, their storages and ordered dictionaries.
 */
import { BufferReader, Parser } from 'pickleparser';

/** A tensor in C order. */
export interface TorchTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The pickle of the magic number 0x1950a86a20f9469cfc6c, whole: the parser holds no whole numbers of 80 bits. */
const MAGIC = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const PROTOCOL = 1001;
/** Bytes of an element, of the storages that are read; whole numbers are passed over. */
const BYTES: Readonly<Record<string, number>> = { FloatStorage: 4, LongStorage: 8 };

/** What stands for the elements of a tensor until they are read. */
interface Storage {
  readonly kind: string;
  readonly key: string;
  readonly count: number;
}

/** A tensor before its elements are read. */
interface View {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The float32 tensors of a state dictionary by name. @throws Error where the file is anything else */
export function readTorchWeights(bytes: Uint8Array): Map<string, TorchTensor> {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw new Error('the file does not begin as torch.save of PyTorch before 1.6 writes it');
  }
  const reader = new BufferReader(bytes.subarray(MAGIC.length));
  const parser = new Parser({
    unpicklingTypeOfDictionary: 'Map',
    nameResolver: { resolve: named },
    persistentResolver: { resolve: storageOf },
  });
  const protocol = parser.read<unknown>(reader);
  const system = parser.read<Map<string, unknown>>(reader);
  if (protocol !== PROTOCOL || system.get('little_endian') !== true) {
    throw new Error(`the file has protocol ${String(protocol)}, not ${PROTOCOL}, or is not little-endian`);
  }
  const views = parser.read<Map<string, View>>(reader);
  const keys = parser.read<string[]>(reader);
  const storages = readStorages(reader, keys, new Map(Array.from(views.values(), kindOf)));
  if (reader.hasNext()) throw new Error('the file goes on after the last storage');
  const found = new Map<string, TorchTensor>();
  for (const [name, view] of views) {
    const storage = storages.get(view.storage.key);
    if (storage !== undefined) found.set(name, { shape: view.shape, data: inOrder(view, storage) });
  }
  return found;
}

function kindOf({ storage }: View): [string, Storage] {
  return [storage.key, storage];
}

/** What a global name of the pickle makes. */
function named(module: string, name: string): (...args: never[]) => unknown {
  const path = `${module}.${name}`;
  if (path === 'collections.OrderedDict') return () => new Map<string, unknown>();
  if (path === 'torch._utils._rebuild_tensor_v2') {
    return (storage: Storage, offset: number, shape: number[], strides: number[]): View => ({
      storage,
      offset,
      shape,
      strides,
    });
  }
  // Never called: it is the second part of a storage's name.
  if (module === 'torch' && name in BYTES) return Object.assign(() => undefined, { kind: name });
  throw new Error(`the file names ${path}, which is no part of weights`);
}

/** What a persistent name of the pickle stands for: `('storage', kind, key, place, count, view)`. */
function storageOf(id: unknown): Storage {
  const [what, { kind }, key, , count, view] = id as [string, { kind: string }, string, string, number, null];
  if (what !== 'storage' || view !== null) throw new Error(`the file has a persistent id of '${what}'`);
  return { kind, key, count };
}

function readStorages(
  reader: BufferReader,
  keys: readonly string[],
  storages: ReadonlyMap<string, Storage>,
): Map<string, Float32Array> {
  const read = new Map<string, Float32Array>();
  for (const key of keys) {
    const storage = storages.get(key);
    const count = reader.uint64();
    if (storage?.count !== count) throw new Error(`storage ${key} has ${count} elements, or no tensor`);
    const bytes = reader.bytes(count * BYTES[storage.kind]);
    if (storage.kind === 'FloatStorage') read.set(key, new Float32Array(Uint8Array.from(bytes).buffer));
  }
  return read;
}

/** The elements of a view one after the other, the last axis fastest. */
function inOrder({ offset, shape, strides }: View, storage: Float32Array): Float32Array {
  const data = new Float32Array(shape.reduce((product, axis) => product * axis, 1));
  const at = shape.map(() => 0);
  for (let i = 0, from = offset; i < data.length; i++) {
    if (from >= storage.length) throw new Error('a tensor reaches beyond its storage');
    data[i] = storage[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++at[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      at[axis] = 0;
    }
  }
  return data;
}

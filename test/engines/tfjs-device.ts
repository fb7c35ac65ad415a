/** What tests of the tfjs engine do with a device, here or in a page. */
import type { Engine } from '../../src/engines/engine.js';
import type { Matrix, TensorLike } from '../../src/matrix.js';

export interface Device {
  readonly engine: Engine;
  /** Tensors that live in tfjs. */
  tensors(): Promise<number>;
  /** Makes a tensor on the active backend, float32 unless told otherwise. */
  place(matrix: Matrix, dtype?: 'float32' | 'int32'): Promise<TensorLike>;
  remove(tensor: TensorLike): Promise<void>;
  /** `(a − mean)ᵀ(b − mean)` as anyone would write it in tfjs. */
  plainCross(a: Matrix, b: Matrix): Promise<Matrix>;
}

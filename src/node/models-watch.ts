/**
 * What TensorFlow.js makes while it builds layers, weight by weight.
 *
 * @module
 */
import type { io } from '@tensorflow/tfjs';
import type { Tfjs } from '../capture/tfjs.js';
import { FormatError } from '../errors.js';
import { sizeOf } from './models-weights.js';

/** A weight as `addWeight` of a layer gives it. */
interface Variable {
  readonly originalName: string;
  readonly shape: readonly number[];
  dispose(): void;
}

/** `addWeight` of tfjs's `Layer`. */
type AddWeight = (
  this: { readonly name: string },
  name: string,
  shape: number[],
  dtype: unknown,
  initializer: unknown,
  regularizer: unknown,
  trainable: unknown,
  constraint: unknown,
  quickInitializer?: () => unknown,
) => Variable;

/** Sees every weight that is made while one model is built. */
export class Watch {
  /** The one that is building; building is never interrupted, so there is at most one. */
  static #active: Watch | undefined;
  readonly #tf: Tfjs;
  readonly #specs: readonly io.WeightsManifestEntry[];
  readonly #label: string;
  readonly #made: Variable[] = [];
  #room: number;
  #restore: (() => void) | undefined;
  #scoped = false;

  constructor(tf: Tfjs, specs: readonly io.WeightsManifestEntry[], label: string) {
    this.#tf = tf;
    this.#label = label;
    // Weights of the optimizer belong to no layer.
    this.#specs = specs.filter(({ group }) => group !== 'optimizer');
    this.#room = this.#specs.reduce((sum, spec) => sum + sizeOf(spec), 0);
  }

  begin(): void {
    if (this.#restore !== undefined) return;
    Watch.#active?.close();
    Watch.#active = this;
    const prototype = this.#tf.layers.Layer.prototype as unknown as { addWeight: AddWeight };
    const original = prototype.addWeight;
    this.#restore = () => {
      prototype.addWeight = original;
    };
    const zeros = this.#tf.initializers.zeros();
    const make = (
      layer: { readonly name: string },
      shape: readonly number[],
      add: () => Variable,
    ): Variable => {
      this.#take(layer.name, shape);
      // tfjs makes the first value before it looks at the name, and forgets it where that will not do.
      const engine = this.#tf.engine();
      engine.startScope('svcca/weight');
      try {
        const variable = add();
        this.#made.push(variable);
        return variable;
      } finally {
        engine.endScope();
      }
    };
    // Zeros, since the file's weights replace them: tfjs itself does so, but not within nested models, where orthogonal matrices
    // can take minutes and a damaged initializer may never end.
    prototype.addWeight = function (name, shape, dtype, _initializer, ...rest) {
      const [regularizer, trainable, constraint] = rest;
      return make(this, shape, () =>
        original.call(this, name, shape, dtype, zeros, regularizer, trainable, constraint, () => zeros),
      );
    };
  }

  /** All is built: the weights in the file are those of the layers, or it is refused before their tensors are made. */
  end(): void {
    if (this.#restore === undefined) return;
    this.close();
    if (this.#isKeras3()) {
      // tfjs matches these by number; if it cannot, what it made of the bytes goes with the scope.
      this.#scoped = true;
      this.#tf.engine().startScope('svcca/models');
    } else this.#match();
  }

  /** Stops watching. */
  close(): void {
    this.#restore?.();
    this.#restore = undefined;
    if (Watch.#active === this) Watch.#active = undefined;
    if (this.#scoped) this.#tf.engine().endScope();
    this.#scoped = false;
  }

  /** Frees the weights that were made. */
  undo(): void {
    for (const variable of this.#made) variable.dispose();
  }

  /** Before a weight is made: no layer may take more than the file holds. */
  #take(layer: string, shape: readonly number[]): void {
    this.#room -= shape.reduce((product, axis) => product * axis, 1);
    if (this.#room >= 0) return;
    throw new FormatError(
      `${this.#label}: layer '${layer}' wants a weight of shape [${shape.join(', ')}], and there are fewer values in the ` +
        'files of weights',
    );
  }

  #isKeras3(): boolean {
    return /\/\d[^/]*$/.test(this.#specs[0]?.name ?? '');
  }

  #match(): void {
    const fail = (what: string) => new FormatError(`${this.#label}: ${what}`);
    const wanted = new Map<string, Variable>();
    for (const variable of this.#made) {
      const { originalName } = variable;
      if (wanted.has(originalName)) throw fail(`two layers have a weight called '${originalName}'`);
      wanted.set(originalName, variable);
    }
    for (const { name, shape } of this.#specs) {
      // TensorFlow 2.2 and later put the cell of a recurrent layer into the name.
      const parts = name.split('/');
      const short = [...parts.slice(0, -2), ...parts.slice(-1)].join('/');
      const variable = wanted.get(name) ?? wanted.get(short);
      if (variable === undefined) throw fail(`no layer has a weight '${name}'`);
      if (variable.shape.join() !== shape.join()) {
        const shapes = `[${shape.join(', ')}], its layer wants [${variable.shape.join(', ')}]`;
        throw fail(`weight '${name}' has shape ${shapes}`);
      }
      wanted.delete(variable.originalName);
    }
    const [missing] = wanted.keys();
    if (missing !== undefined) throw fail(`the files of weights do not hold '${missing}'`);
  }
}

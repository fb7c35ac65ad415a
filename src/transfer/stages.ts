/**
 * The stages of a network: the groups of layers that are reused, redesigned and compared together.
 *
 * @module
 */

/** Consecutive layers of a model under one name, in order of execution. */
export interface Stage {
  /** `'block1'`, `'stem'`, … ; the classifier is `'head'`. */
  readonly name: string;
  /** Names of its layers; the last one's output is the stage's. */
  readonly layers: readonly string[];
}

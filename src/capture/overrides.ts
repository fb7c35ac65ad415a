/**
 * Properties that are other than they are for the time of a run.
 *
 * @module
 */

/** Sets properties and puts them back as they were, whether they were an object's own or came from its prototype. */
export class Overrides {
  private readonly undo: (() => void)[] = [];

  set(object: object, key: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(object, key);
    Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
    this.undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(object, key);
      else Object.defineProperty(object, key, before);
    });
  }

  /** Puts everything back, the latest first. */
  restore(): void {
    for (const step of this.undo.splice(0).reverse()) step();
  }
}

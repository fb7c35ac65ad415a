/**
 * Counts what is allocated: the constructors of buffers, typed arrays and arrays, and Node's own `Buffer`, are replaced
 * by ones that count. Whatever takes hold of them must be imported after this.
 */
import { Buffer } from 'node:buffer';

/** Above this the machine need not suffer: the request is counted and refused, as a smaller machine would. */
const REFUSED = 1 << 29;

let largest = 0;
let total = 0;

/** Since {@link resetAllocations}, in bytes. */
export const allocations = () => ({ largest, total });

export function resetAllocations(): void {
  largest = 0;
  total = 0;
}

function count(bytes: number): void {
  if (!(bytes >= 0)) return;
  largest = Math.max(largest, bytes);
  total += bytes;
  if (bytes > REFUSED) throw new RangeError(`Array buffer allocation failed: ${bytes} bytes`);
}

type Constructor = new (...args: any[]) => object;

/** Bytes that `new constructor(first)` takes: a number is a length, a buffer is only looked at, anything else is copied. */
function bytesFor(first: unknown, size: number): number {
  if (typeof first === 'number') return first * size;
  if (first instanceof RealBuffer || typeof first !== 'object' || first === null) return 0;
  return ((first as ArrayLike<unknown>).length ?? 0) * size;
}

const RealBuffer = ArrayBuffer;
const scope = globalThis as unknown as Record<string, Constructor>;

for (const [name, size] of [
  ['ArrayBuffer', 1],
  ['SharedArrayBuffer', 1],
  ['Int8Array', 1],
  ['Uint8Array', 1],
  ['Uint8ClampedArray', 1],
  ['Int16Array', 2],
  ['Uint16Array', 2],
  ['Int32Array', 4],
  ['Uint32Array', 4],
  ['Float32Array', 4],
  ['Float64Array', 8],
  ['BigInt64Array', 8],
  ['BigUint64Array', 8],
] as const) {
  scope[name] = new Proxy(scope[name], {
    construct(target, args: unknown[], newTarget: Constructor) {
      count(bytesFor(args[0], size));
      return Reflect.construct(target, args, newTarget);
    },
  });
}

scope['Array'] = new Proxy(scope['Array'], {
  construct(target, args: unknown[], newTarget: Constructor) {
    if (args.length === 1 && typeof args[0] === 'number') count(args[0] * 8);
    return Reflect.construct(target, args, newTarget);
  },
  apply(target, self, args: unknown[]) {
    if (args.length === 1 && typeof args[0] === 'number') count(args[0] * 8);
    return Reflect.apply(target as unknown as () => unknown, self, args);
  },
});

for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
  const real = Buffer[name];
  Buffer[name] = (size: number, ...rest: []) => {
    count(size);
    return real(size, ...rest);
  };
}

// Decoders that are compiled to WebAssembly have a heap of their own, in pages of 64 KiB.
const { grow } = WebAssembly.Memory.prototype;
WebAssembly.Memory.prototype.grow = function (this: WebAssembly.Memory, pages: number) {
  count(pages * 65536);
  return grow.call(this, pages);
};

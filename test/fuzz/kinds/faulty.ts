/** A reader with every fault that the harness is to find; without it nobody would know that it finds any. */
import { FormatError } from '../../../src/errors.js';
import { WrongRead } from '../kind.js';
import type { Kind } from '../kind.js';

const faults: readonly (() => unknown)[] = [
  () => undefined,
  () => {
    throw new FormatError('refused as it should be', { offset: 3 });
  },
  () => {
    throw new TypeError('x is undefined');
  },
  () => {
    throw new FormatError('somewhere');
  },
  () => {
    throw new FormatError('beyond the end', { offset: 11 });
  },
  () => {
    throw new WrongRead('5 instead of 4');
  },
  () => new Float32Array(11),
  () => new Uint8Array(2 ** 31),
  () => {
    for (let i = 0; i < 200; i++) Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  },
  () => {
    for (const end = performance.now() + 2100; performance.now() < end;);
  },
  () => {
    for (;;);
  },
  () => {
    const strings: string[] = [];
    for (;;) strings.push(`${strings.length} is more and more ${'.'.repeat(1000)}`);
  },
];

export const faulty: Kind = {
  make: (number) => ({ seed: `fault ${number}`, files: { x: new Uint8Array(10) } }),
  read: ({ seed }) => {
    faults[Number(seed.slice(6))]();
  },
  needsOffset: () => true,
  most: () => 40,
};

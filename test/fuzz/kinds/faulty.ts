/** A reader with every fault that the harness is to find; without it nobody would know that it finds any. */
import process from 'node:process';
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
    const begun = process.cpuUsage();
    for (let spent = 0; spent < 2_100_000;) {
      const { user, system } = process.cpuUsage(begun);
      spent = user + system;
    }
  },
  () => {
    for (;;);
  },
  () => {
    const text = `[${'1,'.repeat(1e5)}1]`;
    for (const kept: unknown[] = []; ;) kept.push(JSON.parse(text));
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

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, Scratch } from '../../src/engines/wasm/arena.js';
import { UnsupportedError } from '../../src/errors.js';

const arenaOf = (pages: number, maximum: number, from = 100) =>
  new Arena(new WebAssembly.Memory({ initial: pages, maximum }), from);

describe('Arena', () => {
  it('never hands out a byte twice, and has everything back in one piece', () => {
    const step = fc.record({ bytes: fc.integer({ min: 0, max: 100_000 }), which: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(), (steps, seed) => {
        const arena = arenaOf(1, 4096);
        const taken: { at: number; size: number }[] = [];
        const remove = (which: number) => {
          const [{ at }] = taken.splice(which % taken.length, 1);
          arena.free(at);
        };
        for (const { bytes, which } of steps) {
          if (which % 3 === 0 && taken.length > 0) remove(which);
          const range = { at: arena.take(bytes), size: bytes };
          expect(range.at % 64).toBe(0);
          expect(range.at).toBeGreaterThanOrEqual(100);
          expect(range.at + range.size).toBeLessThanOrEqual(arena.memory.buffer.byteLength);
          for (const { at, size } of taken) {
            expect(range.at + Math.max(1, range.size) <= at || at + Math.max(1, size) <= range.at).toBe(true);
          }
          taken.push(range);
        }
        while (taken.length > 0) remove(seed);
        expect(arena.used).toBe(0);
        // One range again: all of it fits without growing.
        const { size } = arena;
        arena.take(size - 128);
        expect(arena.size).toBe(size);
      }),
    );
  });

  it('grows, and says how much did not fit where it cannot', () => {
    const arena = arenaOf(1, 10);
    arena.take(5 * 65_536);
    expect(() => arena.take(8 * 65_536)).toThrow(UnsupportedError);
    expect(() => arena.take(8 * 65_536)).toThrow(/1 MB more do not fit .* 1 MB are in use: .* 'lapack'/);
    // What is there can still be had.
    arena.take(4 * 65_536 - 128);
  });

  it('refuses to free what was not taken', () => {
    const arena = arenaOf(1, 10);
    const at = arena.take(10);
    arena.free(at);
    expect(() => arena.free(at)).toThrow('was not taken');
  });

  it('frees the ranges of a computation together', () => {
    const arena = arenaOf(1, 10);
    const scratch = new Scratch(arena);
    const at = scratch.put(Float64Array.of(1, 2, 3));
    scratch.take(1000);
    expect([...arena.f64(at, 3)]).toEqual([1, 2, 3]);
    scratch.free();
    expect(arena.used).toBe(0);
  });
});

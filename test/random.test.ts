import { describe, expect, it } from 'vitest';
import { Random } from '../src/random.js';

describe('Random', () => {
  it('repeats for a seed and differs between seeds and streams', () => {
    const draw = (seed: number, stream?: number) => Array.from(new Random(seed, stream).normals(5));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(7, 1)).not.toEqual(draw(7, 2));
  });

  it('draws normals of mean 0 and variance 1 within four standard errors', () => {
    const x = new Random(3).normals(100_000);
    const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
    const variance = x.reduce((sum, v) => sum + v * v, 0) / x.length;
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(x.length));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / x.length));
  });

  it('draws each subset equally often, ascending', () => {
    const counts = new Map<string, number>();
    for (let stream = 0; stream < 6000; stream++) {
      const key = new Random(1, stream).subsample(4, 2).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // 1000 each, standard deviation 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it('permutes every element once', () => {
    expect([...new Random(5).permutation(100)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });
});

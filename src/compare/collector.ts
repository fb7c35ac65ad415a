/**
 * What is gathered of one view while its batches pass, and what is made of it then.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { factorDirect } from '../factor/direct.js';
import { keptDirections } from '../factor/keep.js';
import type { MethodChoice } from '../factor/in-memory.js';
import { Moments, factorMoments } from '../factor/moments.js';
import type { MomentsData } from '../factor/moments.js';
import { sideOfMoments, sideOfSamples } from '../factor/products.js';
import { leadingBlock } from '../factor/small.js';
import { factorRows } from '../factor/wide.js';
import type { Matrix } from '../matrix.js';
import type { Needs } from '../measures/measure.js';
import type { View } from './plan.js';
import type { Batches } from './stream.js';
import type { FactoredView, ReadView } from './view-store.js';
import { handleOf, matrixOf, precisionIn } from './views.js';
import type { Draw } from './views.js';
import type { Way } from './ways.js';

/** A {@link Collector} in host memory. */
export interface Collected {
  readonly moments?: MomentsData;
  readonly parts?: readonly Matrix[];
}

/** What is known of a view before it is read. */
export interface ViewToRead {
  readonly view: View;
  readonly way: Way;
  readonly neurons: number;
  readonly needs: Needs;
}

/** The moments of a view, its datapoints, or both. */
export class Collector {
  /** Bytes of the datapoints. */
  bytes = 0;

  private constructor(
    private readonly engine: Engine,
    private readonly about: ViewToRead,
    private readonly moments: Moments | undefined,
    private readonly parts: Matrix[] | undefined,
  ) {}

  /** @param saved - what to go on from. */
  static async open(engine: Engine, about: ViewToRead, saved?: Collected): Promise<Collector> {
    const { way, needs, neurons } = about;
    const byMoments = way === 'factor by moments' || way === 'products by neurons';
    const moments = saved?.moments
      ? await Moments.resume(engine, saved.moments)
      : byMoments
        ? new Moments(engine, neurons)
        : undefined;
    const parts = !byMoments || needs.samples ? [...(saved?.parts ?? [])] : undefined;
    const collector = new Collector(engine, about, moments, parts);
    for (const { data } of parts ?? []) collector.bytes += data.byteLength;
    return collector;
  }

  /** Adds a batch, which stays the caller's. */
  async add(batches: Batches, draw: Draw): Promise<void> {
    const { engine, moments, parts } = this;
    const { view } = this.about;
    if (parts) {
      const part = await matrixOf(view, batches, draw);
      parts.push(part);
      this.bytes += part.data.byteLength;
    }
    if (moments) {
      const batch = await handleOf(engine, view, batches, draw);
      await moments.add(batch, precisionIn(view, batches));
      engine.dispose(batch);
    }
  }

  /** All of it, in host memory. */
  async state(): Promise<Collected> {
    const { moments, parts } = this;
    // Of batches that are padding throughout there is nothing to go on from.
    const sums = moments && moments.samples > 0 && { moments: await moments.data() };
    return { ...sums, ...(parts && { parts }) };
  }

  /** What the view is from now on; ends the collector. */
  async finish(method: MethodChoice): Promise<ReadView> {
    const { engine, moments, parts } = this;
    const { way, needs } = this.about;
    const whole = parts && stack(parts.splice(0));
    const held = whole && needs.samples ? { samples: whole } : {};
    if (moments) {
      const data = await moments.data();
      moments.dispose();
      if (way === 'products by neurons') return { ...held, products: sideOfMoments(data) };
      return {
        ...held,
        factored: { factor: kept({ factor: await factorMoments(engine, data) }, needs).factor },
      };
    }
    if (way === 'samples' || !whole) return held;
    if (way === 'products by samples') return { ...held, products: await sideOfSamples(engine, whole) };
    return { ...held, factored: kept(await factorHeld(engine, whole, method), needs) };
  }
}

/** Factors a view whose datapoints are all in memory, and keeps its basis there. */
async function factorHeld(engine: Engine, x: Matrix, method: MethodChoice): Promise<FactoredView> {
  const rowwise = method !== 'direct' && x.rows < x.cols && x.data instanceof Float32Array;
  const { factor, basis } = await (rowwise ? factorRows(engine, x) : factorDirect(engine, x));
  if (basis === undefined) return { factor };
  const held = await engine.download(basis);
  engine.dispose(basis);
  return { factor, basis: held };
}

/** A factor with the leading directions that the measures ask for, and all singular values. */
function kept({ factor, basis }: FactoredView, { keep = 'all' }: Needs): FactoredView {
  const count = keptDirections(factor.s, keep);
  return {
    factor: { ...factor, v: leadingBlock(factor.v, factor.neurons, count) },
    ...(basis && { basis: leadingBlock(basis, basis.rows, count) }),
  };
}

function stack(parts: readonly Matrix[]): Matrix {
  if (parts.length === 1) return parts[0];
  const { cols, data } = parts[0];
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const all = data instanceof Float32Array ? new Float32Array(rows * cols) : new Float64Array(rows * cols);
  let at = 0;
  for (const part of parts) {
    all.set(part.data, at);
    at += part.data.length;
  }
  return { rows, cols, data: all };
}

/**
 * What was found of every view: in memory as far as it may be, else in a spool.
 *
 * @module
 */
import type { OpenSpool, Spool } from '../capture/spool.js';
import { OptionError } from '../errors.js';
import type { HostMatrix } from '../engines/engine.js';
import type { Factor } from '../factor/factor.js';
import type { ProductSide } from '../factor/products.js';
import type { Matrix } from '../matrix.js';
import { megabytes } from './budget.js';
import { readNumbers, writeNumbers } from './spooled.js';
import type { Place } from './spooled.js';

/** What the first pass found of a view. */
export interface ReadView {
  /** Where a measure needs factors. */
  readonly factored?: FactoredView;
  /** Where inner products are enough, and cheaper. */
  readonly products?: ProductSide;
  /** Where a measure needs the samples. */
  readonly samples?: Matrix;
}

/** A factored view; a basis in host memory where the direct route made one. */
export interface FactoredView {
  readonly factor: Factor;
  readonly basis?: HostMatrix;
}

/** A view whose large matrices are elsewhere. */
interface Stored {
  readonly view: ReadView;
  readonly places?: { readonly v: Place; readonly basis?: Place };
}

/** All views, by their number in the plan. */
export class ViewStore {
  private readonly stored: Stored[] = [];
  private spool: Spool | undefined;
  /** Bytes in memory. */
  bytes = 0;
  /** Bytes of samples, which are always there. */
  samples = 0;

  /**
   * @param limit - bytes of factors that may be in memory.
   * @param enough - the `memory` in which all of them would be, for messages.
   */
  constructor(
    private readonly limit: number,
    private readonly openSpool: OpenSpool | undefined,
    private readonly enough: number,
  ) {}

  /**
   * @param reserve - bytes of the limit that other work needs, where there is no spool.
   * @throws OptionError where it does not fit the memory and there is no spool
   */
  async put(at: number, view: ReadView, reserve = 0): Promise<void> {
    const { factored } = view;
    const inMemory = bytesOf(view);
    this.samples += view.samples?.data.byteLength ?? 0;
    const movable = factored ? bytesOf({ factored }) : 0;
    if (movable === 0 || this.bytes + inMemory + (this.openSpool ? 0 : reserve) <= this.limit) {
      this.bytes += inMemory;
      this.stored[at] = { view };
      return;
    }
    if (this.openSpool === undefined) throw this.full(movable);
    this.spool ??= await this.openSpool();
    this.bytes += inMemory - movable;
    this.stored[at] = await stow(this.spool, view);
  }

  /** What is known of a view without its matrices. */
  facts(at: number): ReadView {
    return this.stored[at].view;
  }

  /** Whether the matrices of a view are brought into memory when they are asked for. */
  isSpooled(at: number): boolean {
    return this.stored[at].places !== undefined;
  }

  /** A view with its matrices. */
  async get(at: number): Promise<ReadView> {
    const { view, places } = this.stored[at];
    if (places === undefined || this.spool === undefined) return view;
    const { factor, basis } = view.factored!;
    const data = async (place: Place) => (await readNumbers(this.spool!, place)) as Float64Array<ArrayBuffer>;
    return {
      ...view,
      factored: {
        factor: { ...factor, v: { ...factor.v, data: await data(places.v) } },
        ...(basis && { basis: { ...basis, data: await data(places.basis!) } }),
      },
    };
  }

  async close(): Promise<void> {
    await this.spool?.close();
    this.spool = undefined;
  }

  private full(more: number): OptionError {
    return new OptionError(
      `the factors of the layers take more than ${megabytes(this.bytes + more)}, which leaves too little of the memory: give a ` +
        `'spool', raise 'memory' (${megabytes(this.enough)} is enough), choose fewer 'layers', or keep fewer directions`,
    );
  }
}

function bytesOf({ factored, products, samples }: ReadView): number {
  return (
    (factored ? factored.factor.v.data.byteLength + (factored.basis?.data.byteLength ?? 0) : 0) +
    (products?.kernel?.data.byteLength ?? 0) +
    (samples?.data.byteLength ?? 0)
  );
}

const NOTHING = new Float64Array(0);

async function stow(spool: Spool, view: ReadView): Promise<Stored> {
  const { factor, basis } = view.factored!;
  const v = await writeNumbers(spool, factor.v.data);
  const place = basis && (await writeNumbers(spool, basis.data));
  return {
    view: {
      ...view,
      factored: {
        factor: { ...factor, v: { ...factor.v, data: NOTHING } },
        ...(basis && { basis: { ...basis, data: NOTHING } }),
      },
    },
    places: { v, ...(place && { basis: place }) },
  };
}

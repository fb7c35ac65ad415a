/**
 * The contract between the algorithms (`factor/`, `measures/`) and the place where matrices are multiplied and factored.
 *
 * An engine owns its matrices: the caller holds opaque handles, disposes each it was given exactly once, and never
 * uses one after that. Operations may be started together (an engine with threads then runs them side by side), but a
 * handle is complete for every later call that takes it. All values are float64 in effect: float32 input is read as it is
 * and accumulated in float64.
 *
 * @module
 */
import type { Matrix, TensorLike } from '../matrix.js';

/** Engines that come with the library. */
export type EngineName = 'tensorflow' | 'lapack' | 'wasm' | 'tfjs' | 'ml-matrix';

/** A float64 matrix in host memory, as engines give it back. */
export type HostMatrix = Matrix & { readonly data: Float64Array };

/** A matrix that lives inside an engine. */
export interface Handle {
  readonly rows: number;
  readonly cols: number;
}

/** Where the linear algebra runs. Every method but `dispose` is asynchronous; none changes its arguments unless it says so. */
export interface Engine {
  /** Its name in options and results. */
  readonly name: string;

  /** Where it computes, for people: threads, device, library and version. */
  readonly description?: string;

  /** Whether it computes on a GPU. */
  readonly gpu?: boolean;

  /** Whether the vectors of `svd` have the signs that LAPACK's `dgesdd` gives numpy, on which some published scores depend. */
  readonly lapackSigns?: boolean;

  /** Brings a matrix in. The engine may keep using the caller's storage: do not change it before disposing the handle. */
  upload(matrix: Matrix): Promise<Handle>;

  /**
   * Takes a tensor of rank 2 that already lives where the engine computes, without a copy through host memory; nothing
   * where it lives elsewhere. The tensor stays the caller's, who may dispose it while the handle lives on.
   */
  adopt?(tensor: TensorLike): Promise<Handle | undefined>;

  /** Brings a matrix out as float64; the copy is the caller's. */
  download(handle: Handle): Promise<HostMatrix>;

  /** Column means of `batch` `[n, d]`, exact for constant columns whatever their value. */
  columnMeans(batch: Handle): Promise<Float64Array>;

  /** `into + (batch − mean)ᵀ(batch − mean)`, `[d, d]`. Updates and returns `into` where given, else a new handle. */
  accumulateGram(batch: Handle, mean: Float64Array, into?: Handle): Promise<Handle>;

  /**
   * `into + (a − means.a)ᵀ(b − means.b)`, `[ra, rb]`, both sides centred before they are multiplied; without means `into + aᵀb`.
   * Updates and returns `into` where given, else a new handle.
   */
  accumulateCross(
    a: Handle,
    b: Handle,
    into?: Handle,
    means?: { readonly a: Float64Array; readonly b: Float64Array },
  ): Promise<Handle>;

  /** `(batch − mean) · weights`, `[n, k]`. */
  project(batch: Handle, mean: Float64Array, weights: Handle): Promise<Handle>;

  /** `a · b`, with either operand transposed on request. */
  multiply(a: Handle, b: Handle, transpose?: { a?: boolean; b?: boolean }): Promise<Handle>;

  /**
   * All eigenvalues of a symmetric matrix, largest first, with unit eigenvectors in columns, of the `leading` values alone
   * where that is given.
   */
  eigSymmetric(a: Handle, leading?: number): Promise<{ values: Float64Array; vectors: Handle }>;

  /** All eigenvalues of a symmetric matrix, largest first. */
  eigenvalues(a: Handle): Promise<Float64Array>;

  /**
   * Lower triangular `L` with `a = L·Lᵀ`, zeros above the diagonal; nothing where a pivot is not positive, so that `a` is
   * not numerically positive definite.
   */
  cholesky(a: Handle): Promise<Handle | undefined>;

  /** `L⁻¹·b` (side `left`), `b·L⁻¹` (side `right`), or the same with `Lᵀ` for `L`; `l` is lower triangular, `[d, d]`. */
  solveTriangular(
    l: Handle,
    b: Handle,
    options: { readonly side: 'left' | 'right'; readonly transpose?: boolean },
  ): Promise<Handle>;

  /** Thin singular value decomposition `a = u · diag(s) · vᵀ`, `s` largest first; any shape. */
  svd(a: Handle): Promise<{ u: Handle; s: Float64Array; v: Handle }>;

  /** The `min(rows, cols)` singular values, largest first. */
  singularValues(a: Handle): Promise<Float64Array>;

  /** Thin QR of a matrix with at least as many rows as columns: orthonormal `q` `[n, d]`, upper triangular `r` `[d, d]`. */
  qr(a: Handle): Promise<{ q: Handle; r: Handle }>;

  /** Frees handles. */
  dispose(...handles: readonly Handle[]): void;

  /** Ends threads and frees everything; the engine cannot be used afterwards. */
  close?(): Promise<void>;
}

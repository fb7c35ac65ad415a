/** What the module exports: every function takes addresses and counts, and works in place or in a workspace it is given. */
export { eigenvalues, eigenvaluesWork, eigh, eighWork } from './eigh';
export { cholesky, choleskyDiagonal, choleskyRows, choleskyWork } from './cholesky';
export { gemm, gemmWork, product } from './gemm';
export { addColumnProducts, addDeviations, mirror, packColumns } from './moments';
export { qr, qrWork } from './qr';
export { singularValues, singularValuesWork, svd, svdWork } from './svd';
export { solveLeft, solveRight, solveWork } from './triangular';

/** Where the memory that nothing static occupies begins. */
export function heapBase(): usize {
  return __heap_base;
}

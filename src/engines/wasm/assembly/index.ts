/** What the module exports: every function takes addresses and counts, and works in place or in a workspace it is given. */
export { eigenvalues, eigenvaluesWork, eigh, eighWork } from './eigh';
export { gemm, gemmWork } from './gemm';

/** Where the memory that nothing static occupies begins. */
export function heapBase(): usize {
  return __heap_base;
}

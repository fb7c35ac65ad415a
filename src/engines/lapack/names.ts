/**
 * Where a BLAS with LAPACK may be.
 *
 * @module
 */

/** Names that the loader of the system resolves, threaded builds before others. */
const linux = [
  // Fedora's libopenblas.so.0 is its build without threads.
  ...[
    'libopenblasp.so.0',
    'libopenblas.so.0',
    'libopenblas64_.so.0',
    'libopenblasp64_.so.0',
    'libopenblas.so',
  ],
  ...['libmkl_rt.so.2', 'libmkl_rt.so.1', 'libmkl_rt.so', 'libflexiblas.so.3'],
  // Through it its libblas.so.3 is found too.
  ...['liblapack.so.3', 'liblapack.so'],
];

const names: Readonly<Record<string, readonly string[]>> = {
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
    'libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'mkl_rt.dll'],
};

/** What to try on a platform of Node, in order. */
export function libraryNames(platform: string): readonly string[] {
  return names[platform] ?? linux;
}

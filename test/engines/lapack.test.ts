/** A system BLAS with LAPACK, called through koffi. */
import { openEngine } from '../../src/engines/select.js';
import { UnsupportedError } from '../../src/errors.js';
import { conformance } from './conformance.js';

const skipped = await openEngine('lapack').then(
  () => undefined,
  (error: unknown) => {
    if (error instanceof UnsupportedError) return error.message.split('\n', 1)[0];
    throw error;
  },
);

conformance('lapack', () => openEngine('lapack'), skipped);

/**
 * A library with 64-bit integers, as the OpenBLAS that numpy's wheels carry:
 * `SVCCA_TEST_ILP64=…/site-packages/numpy.libs/libscipy_openblas64_-….so`
 */
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import { conformance } from './conformance.js';
import { whyNot } from './lapack-support.js';

const path = process.env['SVCCA_TEST_ILP64'];
if (path) process.env['SVCCA_LAPACK'] = path;
const skipped = path ? await whyNot() : 'needs SVCCA_TEST_ILP64';

conformance('lapack', () => openEngine('lapack'), skipped);

describe.skipIf(skipped)(`64-bit integers${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  it('are recognised', async () => {
    expect((await openEngine('lapack')).description).toContain('64-bit integers');
  });
});

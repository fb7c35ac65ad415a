/** Whether the tests of damaged files would notice: a reader with every fault that they look for. */
import { describe, expect, it } from 'vitest';
import { fuzz } from './run.js';

describe('damaged files', { timeout: 300_000 }, () => {
  it('a reader that throws, misreads, allocates, hangs or dies is found out', async () => {
    const { read, refused, failures } = await fuzz('faulty', 12, 10_000);
    expect({
      read,
      refused,
      found: failures.map(({ problem }) => problem.replace(/took \d+/, 'took …').slice(0, 22)),
    }).toMatchInlineSnapshot(`
      {
        "found": [
          "threw TypeError: x is ",
          "names the byte undefin",
          "names the byte 11: bey",
          "read wrongly: 5 instea",
          "allocated 44 bytes at ",
          "threw RangeError: Arra",
          "allocated 1800 bytes t",
          "took … ms",
          "hung for 10000 ms",
          "ended the process (SIG",
        ],
        "read": 1,
        "refused": 1,
      }
    `);
  });
});

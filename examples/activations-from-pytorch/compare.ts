/** Compares the two files that `capture.py` wrote, every layer with every layer, and writes a page to read beside them. */
import { join } from 'node:path';
import { compare } from 'svcca';
import { openActivations, writeAtomic } from 'svcca/node';
import { report } from 'svcca/report';

const folder = process.argv[2] ?? 'demo/activations-from-pytorch';
// PyTorch has channels first.
const open = (name: string) => openActivations(join(folder, `${name}.npz`), { layout: 'NCHW' });

const [a, b] = await Promise.all([open('seed-1'), open('seed-2')]);
try {
  const similarity = await compare(a.set, b.set, undefined, {
    measure: 'svcca',
    layers: /^(conv|relu|dense|logits)/,
    names: { a: 'seed-1', b: 'seed-2' },
    fingerprints: { a: a.fingerprint, b: b.fingerprint },
  });
  similarity.print();
  for (const warning of similarity.warnings) console.log(warning);
  await writeAtomic(
    join(folder, 'report.html'),
    report(similarity, { title: 'Two seeds of one PyTorch network' }),
  );
  console.log(`\nWrote ${join(folder, 'report.html')}`);
} finally {
  await a.close();
  await b.close();
}

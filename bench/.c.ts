import { openEngine, compare, cca, svcca } from '../src/index.ts';
import { Random } from '../src/random.ts';
(async () => {
  const name = process.argv[2] as any;
  const measure = process.argv[3];
  const L = +(process.argv[4] ?? 12);
  const e = await openEngine(name, { threads: 2 });
  const n = 5000,
    d = 256;
  const mk = (s: number) => {
    const r = new Random(s);
    const base = r.normals(n * d);
    const x = new Float32Array(n * d);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < d; j++)
        x[i * d + j] = base[i * d + j] / (1 + j * 0.05) + (j ? 0.3 * x[i * d + j - 1] : 0);
    return { rows: n, cols: d, data: x };
  };
  const a: any = {},
    b: any = {};
  for (let i = 0; i < L; i++) {
    a['l' + i] = mk(i);
    b['l' + i] = mk(100 + i);
  }
  for (let r = 0; r < 2; r++) {
    const t = performance.now();
    let last = t,
      st = '';
    const marks: any = {};
    const s = await compare(a, b, undefined, {
      measure,
      engine: e,
      onProgress: (p) => {
        const now = performance.now();
        marks[p.stage] = (marks[p.stage] ?? 0) + now - last;
        last = now;
      },
    } as any);
    console.log(
      name,
      measure,
      (performance.now() - t).toFixed(0),
      'ms',
      s.scores[0].toFixed(4),
      JSON.stringify(s.cells?.[0]?.x),
      Object.entries(marks)
        .map(([k, v]: any) => k + ':' + v.toFixed(0))
        .join(' '),
    );
  }
  await e.close?.();
})();

import { openEngine, compare, cca, svcca, pwcca } from '../src/index.ts';
import { Random } from '../src/random.ts';
(async () => {
  const name = process.argv[2] as any;
  const what = process.argv[3];
  const th = +(process.argv[4] ?? 1);
  const e = await openEngine(name, { threads: th });
  const mk = (s: number, n: number, d: number) => {
    const r = new Random(s);
    const base = r.normals(n * d);
    const x = new Float32Array(n * d);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < d; j++)
        x[i * d + j] = base[i * d + j] / (1 + j * 0.05) + (j ? 0.3 * x[i * d + j - 1] : 0);
    return { rows: n, cols: d, data: x };
  };
  const go = async (l: string, f: () => Promise<any>, r = 3) => {
    let bc = 1e9,
      bw = 1e9;
    for (let i = 0; i < r; i++) {
      const c0 = process.cpuUsage(),
        t = performance.now();
      await f();
      const c = process.cpuUsage(c0);
      bw = Math.min(bw, performance.now() - t);
      bc = Math.min(bc, (c.user + c.system) / 1000);
    }
    console.log(name, th, l, 'cpu', bc.toFixed(0), 'wall', bw.toFixed(0));
  };
  if (what === 'pair') {
    const x = mk(1, 10000, 512),
      y = mk(2, 10000, 512);
    for (const [l, f] of Object.entries({ cca, svcca, pwcca }))
      await go(l, () => (f as any)(x, y, { engine: e }));
    const X = { ...x, data: Float64Array.from(x.data) },
      Y = { ...y, data: Float64Array.from(y.data) };
    for (const [l, f] of Object.entries({ cca, svcca }))
      await go(l + ' f64', () => (f as any)(X, Y, { engine: e }));
  } else {
    const a: any = {},
      b: any = {};
    for (let i = 0; i < 12; i++) {
      a['l' + i] = mk(i, 5000, 256);
      b['l' + i] = mk(100 + i, 5000, 256);
    }
    for (const m of ['svcca', 'cca', 'cka']) {
      await go(m, () => compare(a, b, undefined, { measure: m, engine: e } as any), 2);
    }
  }
  await e.close?.();
})();

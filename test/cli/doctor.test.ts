/** `svcca doctor`: what it finds on this machine, and how it prints what it may find on another. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { doctorCommand, format } from '../../src/cli/doctor.js';
import type { Findings } from '../../src/cli/doctor.js';
import { engineNames, selectEngine } from '../../src/engines/select.js';

async function run(values: Record<string, boolean>, signal = new AbortController().signal): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await doctorCommand.run(values, signal, []);
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
}

describe('doctor on this machine', () => {
  let found: Findings;
  beforeAll(async () => {
    found = JSON.parse(await run({ json: true }));
  }, 120_000);

  it('checks every engine: it has figures, or a reason', () => {
    expect(found.node).toBe(process.version);
    expect(found.engines.map(({ engine }) => engine)).toEqual(engineNames);
    for (const { works, description, gramMs, gramGflops, eighMs, reason } of found.engines) {
      if (works) {
        expect(gramMs).toBeGreaterThan(0);
        expect(gramGflops).toBeCloseTo((4000 * 256 * 257) / gramMs! / 1e6, 6);
        expect(eighMs).toBeGreaterThan(0);
        expect(reason).toBeUndefined();
      } else {
        expect(reason).toMatch(/\S/);
        expect([description, gramMs, eighMs]).toEqual([undefined, undefined, undefined]);
      }
    }
  });

  it('finds the engines that need nothing, and takes what auto takes', async () => {
    const working = found.engines.filter(({ works }) => works).map(({ engine }) => engine);
    expect(working).toEqual(expect.arrayContaining(['wasm', 'ml-matrix']));
    const { engine, refused } = await selectEngine();
    expect(found.auto).toEqual({ engine: engine.name, refused });
    await engine.close?.();
  });

  it('has chosen the backend before the engines that compute on it', () => {
    expect(found.backend.name).toMatch(/^(tensorflow|wasm|cpu)$/);
    expect(found.engines.find(({ engine }) => engine === 'tfjs')?.works).toBe(true);
  });
});

describe('what doctor prints', () => {
  const found: Findings = {
    node: 'v22.1.0',
    platform: 'linux x64',
    sizes: { rows: 4000, cols: 256 },
    engines: [
      {
        engine: 'tensorflow',
        works: true,
        description: 'TensorFlow 2.12, CPU',
        gramMs: 21.34,
        gramGflops: 12.33,
        eighMs: 30,
      },
      { engine: 'lapack', works: false, reason: 'koffi is not installed: npm install koffi' },
      { engine: 'wasm', works: true, description: '2 threads', gramMs: 9.96, gramGflops: 26.4, eighMs: 12.2 },
    ],
    auto: {
      engine: 'wasm',
      refused: [
        { engine: 'tensorflow', reason: 'TensorFlow has no GPU here' },
        { engine: 'lapack', reason: 'koffi is not installed: npm install koffi' },
      ],
    },
    backend: { name: 'cpu', warning: 'It is slow.' },
  };

  it('is a table, each reason once, and the choice', () => {
    expect(format(found).split('\n')).toEqual([
      'Node v22.1.0 on linux x64',
      '',
      'engine             Gram 4000×256, ms  GFLOP/s  eigh 256, ms  computes on',
      'tensorflow  works                 21       12            30  TensorFlow 2.12, CPU',
      'lapack      no',
      'wasm        works               10.0       26            12  2 threads',
      '',
      'What does not work, and why:',
      '  lapack: koffi is not installed: npm install koffi',
      '',
      '--engine auto takes wasm, the first that works of tensorflow, lapack, wasm, tfjs, ml-matrix.',
      '  not tensorflow: TensorFlow has no GPU here',
      "Models run on the tfjs backend 'cpu'. It is slow.",
      '',
    ]);
  });

  it('stops when interrupted', async () => {
    await expect(run({}, AbortSignal.abort())).rejects.toThrow('aborted');
  });
});

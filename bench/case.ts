/**
 * What a case is: the same data and the same question, for each engine of the library and for its peers.
 */
import type { Engine } from 'svcca';
import type { Layers } from './data.js';
import { alternate, timed } from './harness.js';
import type { Absence, Budget, Participant, Timing, Value } from './harness.js';
import type { Library } from './library.js';
import { Peer, SharedArrays } from './python.js';
import type { Environment, PeerModule } from './python.js';

/** What an engine is to do, ready to be timed. */
export interface Trial<T = unknown> {
  /** The part that is timed. */
  run(): Promise<T>;
  /** What it found, and the end of its handles. */
  finish(result: T): Promise<Value> | Value;
  /** The end of what the preparation made. */
  close?(): void;
}

/** A function of a peer. */
export interface PeerSpec {
  readonly name: string;
  readonly module: PeerModule;
  readonly run: string;
  readonly options?: object;
  /** @defaultValue 1e-6 */
  readonly tolerance?: number;
  /** It gives the score alone, not the correlations behind it. */
  readonly scoreOnly?: boolean;
  /** What the figure leaves out, or how its number differs. */
  readonly note?: string;
}

/** One question, answered by everybody. */
export interface Case {
  /** Unique; `--only` selects by it. */
  readonly name: string;
  readonly title: string;
  readonly size: Readonly<Record<string, number>>;
  /** Billions of floating-point operations, roughly: engines in plain JavaScript sit out above 3. */
  readonly work: number;
  data(): Layers;
  prepare(engine: Engine, data: Layers, library: Library): Promise<Trial> | Trial;
  readonly peers: readonly PeerSpec[];
}

/** How everybody fared. */
export interface CaseResult {
  readonly name: string;
  readonly group: string;
  readonly title: string;
  readonly size: Readonly<Record<string, number>>;
  readonly timings: readonly Timing[];
  readonly absent: readonly Absence[];
}

/** What a run of the bench has at hand. */
export interface Bench {
  readonly library: Library;
  /** Nothing where Python sits out. */
  readonly environment: Environment | undefined;
  readonly threads: number;
  readonly quick: boolean;
  readonly budget: Budget;
  readonly log: (line: string) => void;
  /** Versions of Python packages and threads of their libraries, as the peers told them. */
  readonly told: { versions: Record<string, string>; blas: Record<string, object[]> };
}

/** Above this much work the plain JavaScript engine sits out: it would need minutes. */
const PLAIN_LIMIT = 3;

/** Runs a case: engines and peers in turns, on the same arrays. */
export async function runCase(bench: Bench, group: string, spec: Case): Promise<CaseResult> {
  const { library, environment } = bench;
  const data = spec.data();
  const absent: Absence[] = [];
  const participants: Participant[] = [];
  const trials: Trial[] = [];
  for (const engine of library.engines) {
    if (engine.name === 'ml-matrix' && spec.work > PLAIN_LIMIT) {
      absent.push({ name: engine.name, reason: 'plain JavaScript would need too long' });
      continue;
    }
    const trial = await spec.prepare(engine, data, library);
    trials.push(trial);
    participants.push({ name: engine.name, kind: 'svcca', tolerance: 1e-6, run: () => once(trial) });
  }
  const { arrays, processes } = await openPeers(bench, spec, data, participants, absent);
  try {
    const { timings, absent: failed } = await alternate(participants, bench.budget);
    return {
      name: spec.name,
      group,
      title: spec.title,
      size: spec.size,
      timings,
      absent: [...absent, ...failed],
    };
  } finally {
    for (const trial of trials) trial.close?.();
    for (const process of processes) process.close();
    arrays?.remove();
    if (environment === undefined) absent.push({ name: 'peers', reason: 'without Python' });
  }
}

async function once(trial: Trial): Promise<{ ms: number; value: Value }> {
  const { ms, result } = await timed(() => trial.run());
  return { ms, value: await trial.finish(result) };
}

async function openPeers(
  { library, environment, told }: Bench,
  spec: Case,
  data: Layers,
  participants: Participant[],
  absent: Absence[],
): Promise<{ arrays: SharedArrays | undefined; processes: Peer[] }> {
  if (environment === undefined || spec.peers.length === 0) return { arrays: undefined, processes: [] };
  const arrays = new SharedArrays(data, library.svcca.writeNpy);
  const processes = new Map<PeerModule, Peer>();
  for (const { name, module, run, options, tolerance = 1e-6, scoreOnly, note } of spec.peers) {
    if (!environment.modules.has(module)) continue;
    try {
      let peer = processes.get(module);
      if (peer === undefined) {
        peer = new Peer(environment, module);
        processes.set(module, peer);
        const { versions, blas } = await peer.load(arrays.paths);
        Object.assign(told.versions, versions);
        told.blas[module] = blas;
      }
      const running = peer;
      participants.push({
        name,
        kind: 'peer',
        tolerance,
        ...(scoreOnly !== undefined && { scoreOnly }),
        ...(note !== undefined && { note }),
        run: () => running.run(run, options),
      });
    } catch (error) {
      absent.push({ name, reason: (error as Error).message });
    }
  }
  return { arrays, processes: [...processes.values()] };
}

/** Runs the peers' scripts in the virtual environment that `npm run peers` makes: one process for each peer. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNpy } from '../../src/io/npy.js';
import { root } from '../support.js';
import type { Agreement, Value } from './agreement.js';
import type { PairName } from './data.js';
import { missingData, sides } from './data.js';

/** Scripts of this folder, and the group of packages that each needs. */
const PEERS = {
  'scikit-learn': ['sklearn_peer.py', 'wheels'],
  scipy: ['scipy_peer.py', 'wheels'],
  statsmodels: ['statsmodels_peer.py', 'wheels'],
  rsatoolbox: ['rsatoolbox_peer.py', 'wheels'],
  'cca-zoo': ['cca_zoo_peer.py', 'wheels'],
  hoggorm: ['hoggorm_peer.py', 'wheels'],
  dcor: ['dcor_peer.py', 'wheels'],
  MLstatkit: ['mlstatkit_peer.py', 'wheels'],
  repsim: ['repsim_peer.py', 'source'],
  torch_cka: ['torch_cka_peer.py', 'torch'],
  ckatorch: ['ckatorch_peer.py', 'torch'],
  'pytorch-cka': ['pytorch_cka_peer.py', 'torch'],
} as const;

export type PeerName = keyof typeof PEERS;

const home = join(root, '.venv', 'peers');
const python = join(home, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));

type Stamp = Record<string, { readonly fingerprint?: string; readonly reason?: string }>;

/** Why a peer cannot run here; nothing where it can. */
export function missingPeer(peer: PeerName): string | undefined {
  const stamp = join(home, 'ready.json');
  if (!existsSync(stamp) || !existsSync(python)) return 'no .venv/peers: npm run peers';
  const [, group] = PEERS[peer];
  const { fingerprint, reason } = (JSON.parse(readFileSync(stamp, 'utf8')) as Stamp)[group] ?? {};
  if (fingerprint !== undefined) return undefined;
  return reason ?? 'PyTorch is not installed: npm run peers -- --torch';
}

export interface Answers {
  readonly versions: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, { readonly value?: Value; readonly error?: string }>>;
}

/** Name of a case in questions and answers. */
export function caseId(agreement: Agreement, pair: PairName): string {
  return `${agreement.call} ${JSON.stringify(agreement.options ?? {})} ${pair}`;
}

/** Asks a peer for all its cases at once. @throws Error where the process fails as a whole */
export async function ask(peer: PeerName, agreements: readonly Agreement[]): Promise<Answers> {
  const folder = mkdtempSync(join(tmpdir(), 'svcca-peers-'));
  try {
    const wanted = agreements.flatMap((agreement) => agreement.pairs.map((pair) => ({ agreement, pair })));
    const available = wanted.filter(({ pair }) => missingData(pair) === undefined);
    const cases = available.map(({ agreement, pair }) => ({
      id: caseId(agreement, pair),
      call: agreement.call,
      options: agreement.options,
      ...written(folder, pair),
    }));
    const script = fileURLToPath(new URL(PEERS[peer][0], import.meta.url));
    return JSON.parse(await run(script, JSON.stringify({ cases }))) as Answers;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Paths of the arrays of a pair, written where they are not yet. */
function written(folder: string, pair: PairName): Record<string, string> {
  const paths = Object.entries(sides(pair)).map(([side, value]) => {
    const path = join(folder, `${pair}-${side}.npy`);
    if (!existsSync(path)) writeFileSync(path, writeNpy(value));
    return [side, path];
  });
  return Object.fromEntries(paths) as Record<string, string>;
}

function run(script: string, input: string): Promise<string> {
  const child = spawn(python, [script], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '2', OPENBLAS_NUM_THREADS: '2' },
  });
  return new Promise((resolve, reject) => {
    let [printed, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-2000)));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(printed) : reject(new Error(`${script} ended with ${code}: ${errors}`)),
    );
    child.stdin.end(input);
  });
}

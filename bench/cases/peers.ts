/**
 * Peers that several groups of cases ask.
 */
import type { PeerSpec } from '../case.js';

export const numpy = (name: string, run: string): PeerSpec => ({
  name: `numpy: ${name}`,
  module: 'numpy_expert',
  run,
});

export const torch = (name: string, run: string): PeerSpec => ({
  name: `torch: ${name}`,
  module: 'torch_peer',
  run,
});

export const google = (run: string, note?: string): PeerSpec => ({
  name: "google's procedure",
  module: 'google_procedure',
  run,
  ...(note !== undefined && { note }),
});

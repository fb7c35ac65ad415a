/** Loads the tfjs-node that `npm run native` assembles, or the one that SVCCA_TFJS_NODE names. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';

const ASSEMBLED = fileURLToPath(new URL('../../.native/node_modules/@tensorflow/tfjs-node', import.meta.url));

/** Registers the `tensorflow` backend with the project's own tfjs and returns tfjs-node's versions. */
export function loadNative(): { tfjsNode: string; tensorflow: string } {
  const named = process.env['SVCCA_TFJS_NODE'];
  const path = named ? resolve(named) : ASSEMBLED;
  if (!existsSync(path)) throw new Error('No tfjs-node here: run `npm run native` first.');
  // Node 23 removed both; tfjs-node still calls them.
  const old = util as unknown as Record<string, unknown>;
  old['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  old['isArray'] ??= Array.isArray;
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const node = createRequire(import.meta.url)(path) as {
    version: Record<string, string>;
    backend: () => { binding: { TF_Version: string } };
  };
  return { tfjsNode: node.version['tfjs-node'], tensorflow: node.backend().binding.TF_Version };
}

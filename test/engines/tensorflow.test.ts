/** TensorFlow in float64: the conformance suite, the traps of tfjs-node, and what must not leak. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type * as Tfjs from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { chooseBackend } from '../../src/node/backend.js';
import { gaussian, root } from '../support.js';
import { conformance } from './conformance.js';

process.env['SVCCA_TFJS_NODE'] ||= join(root, '.native/node_modules/@tensorflow/tfjs-node');
const skipped = existsSync(join(process.env['SVCCA_TFJS_NODE'], 'lib/napi-v8/tfjs_binding.node'))
  ? undefined
  : 'needs SVCCA_TFJS_NODE or npm run native';

async function open(): Promise<Engine> {
  await chooseBackend({ prefer: 'tensorflow' });
  return openEngine('tensorflow');
}

conformance('tensorflow', open, skipped);

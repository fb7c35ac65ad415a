/** The import rules refuse what they are there to refuse: each wrong import breaks its rule, and nothing else does. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, root, temporary } from './install.js';

/** A small house: every file with what it imports, and the rule that the import breaks. */
const files: Record<string, [statement: string, rule?: string][]> = {
  'src/errors.ts': [["import './factor/factor.js';", 'ground-stands-alone']],
  'src/options.ts': [["import type { Engine } from './engines/engine.js';"]],
  'src/random.ts': [["import './options.js';"], ["import 'node:crypto';", 'no-node-built-ins']],
  'src/matrix.ts': [["import { Engine } from './engines/engine.js';", 'contracts-as-types']],
  'src/engines/engine.ts': [["import type { Matrix } from '../matrix.js';"]],
  'src/engines/select.ts': [
    ["export const late = async () => import('./js/index.js');"],
    ["import './wasm/index.js';", 'engines-late'],
  ],
  'src/engines/js/index.ts': [["import '../../options.js';"], ["import './kernels.js';"]],
  'src/engines/js/kernels.ts': [],
  'src/engines/wasm/index.ts': [["import '../js/kernels.js';", 'engines-apart']],
  'src/factor/factor.ts': [
    ["import '../engines/select.js';"],
    ["import type { Measure } from '../measures/measure.js';", 'factor-looks-left'],
    ["import '../engines/js/index.js';", 'engines-by-select'],
  ],
  'src/measures/measure.ts': [],
  'src/measures/cca.ts': [
    ["import './measure.js';"],
    ["import './pwcca.js';", 'measures-apart'],
    ["import './pwcca-part.js';", 'measures-apart'],
  ],
  'src/measures/pwcca.ts': [["import './pwcca-part.js';"]],
  'src/measures/pwcca-part.ts': [],
  'src/io/npy.ts': [["import '../compare/compare.js';", 'io-looks-left']],
  'src/io/zip.ts': [["import './zip-part.js';"]],
  'src/io/zip-part.ts': [["import './zip.js';", 'no-cycles']],
  'src/capture/capture.ts': [
    ["import type * as types from '@tensorflow/tfjs';"],
    ["export const load = async () => import('@tensorflow/tfjs');"],
    ["import '@tensorflow/tfjs-backend-wasm';", 'tensorflow-late'],
    ["import '../engines/select.js';", 'capture-looks-left'],
  ],
  'src/compare/compare.ts': [
    ["import '../capture/capture.js';"],
    ["import 'vitest';", 'declared-packages-only'],
    ["import '../../test/support.js';", 'src-stands-alone'],
    ["import './missing.js';", 'no-missing-file'],
  ],
  'src/report/index.ts': [
    ["import '../compare/compare.js';"],
    ["import '../node/index.js';", 'report-looks-left'],
  ],
  'src/node/index.ts': [["import 'node:fs';"], ["import '../cli/main.js';", 'node-below-cli']],
  'src/cli/main.ts': [["import '../compare/compare.js';"]],
  'src/index.ts': [["import './compare/compare.js';"], ["import './report/index.js';", 'neutral-entry']],
  'test/support.ts': [],
};

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

let violations: Violation[];
let remove: () => Promise<void>;

beforeAll(async () => {
  const made = await temporary();
  remove = made.remove;
  for (const [file, imports] of Object.entries(files)) {
    await mkdir(dirname(join(made.folder, file)), { recursive: true });
    await writeFile(
      join(made.folder, file),
      ['export {};', ...imports.map(([statement]) => statement), ''].join('\n'),
    );
  }
  const manifest = {
    type: 'module',
    dependencies: { '@tensorflow/tfjs-backend-wasm': '*' },
    peerDependencies: { '@tensorflow/tfjs': '*' },
    devDependencies: { '@tensorflow/tfjs': '*', vitest: '*' },
  };
  await writeFile(join(made.folder, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(made.folder, 'tsconfig.json'), '{ "compilerOptions": { "module": "esnext" } }');
  await symlink(join(root, 'node_modules'), join(made.folder, 'node_modules'), 'junction');
  const { stdout, stderr } = await execute(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      ...['--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src', 'test'],
    ],
    made.folder,
  );
  expect(stderr).toBe('');
  violations = (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
});

afterAll(() => remove());

describe('the import rules', () => {
  const broken = (file: string): Set<string> =>
    new Set(violations.filter(({ from }) => from === file).map(({ rule }) => rule.name));

  const wrong = Object.entries(files).flatMap(([file, imports]) =>
    imports.flatMap(([statement, rule]) => (rule === undefined ? [] : [[rule, file, statement] as const])),
  );

  it.each(wrong)('%s: %s may not %s', (rule, file) => {
    expect(broken(file)).toContain(rule);
  });

  it('accept the others', () => {
    for (const [file, imports] of Object.entries(files)) {
      expect(broken(file), file).toEqual(new Set(imports.flatMap(([, rule]) => rule ?? [])));
    }
  });
});

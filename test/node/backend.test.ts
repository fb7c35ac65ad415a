/** Each choice in a process of its own: a backend is chosen once for a whole process. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { restoreUtil } from '../../src/node/backend.js';
import { root } from '../support.js';

const module = pathToFileURL(join(root, 'src/node/backend.ts')).href;
const entry = pathToFileURL(join(root, 'src/node/index.ts')).href;
const loader = pathToFileURL(join(root, 'src/capture/tfjs.ts')).href;
const native = join(root, '.native/node_modules/@tensorflow/tfjs-node');
const hasNative = existsSync(join(native, 'lib/napi-v8/tfjs_binding.node'));

/** Runs `code`, which has `chooseBackend`, `tf` and `print`; what it printed, and what else was printed. */
function run(code: string, env: Record<string, string> = {}): { lines: any[]; noise: string } {
  const script = `
    import { chooseBackend } from ${JSON.stringify(module)};
    import { loadTfjs } from ${JSON.stringify(loader)};
    const tf = await loadTfjs();
    const print = (value) => process.stdout.write('> ' + JSON.stringify(value) + '\\n');
    ${code}`;
  const { SVCCA_TFJS_NODE: _, ...outer } = process.env;
  const result = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: root,
    env: { ...outer, ...env },
    encoding: 'utf8',
  });
  const [own, other] = [true, false].map((is) =>
    result.stdout.split('\n').filter((line) => line !== '' && line.startsWith('> ') === is),
  );
  if (result.status !== 0) throw new Error(result.stderr);
  return { lines: own.map((line) => JSON.parse(line.slice(2))), noise: other.join('\n') + result.stderr };
}

const product = `print(Array.from(await tf.matMul(tf.ones([1, 3]), tf.ones([3, 1])).data()));`;

describe('chooseBackend', () => {
  it.skipIf(existsSync(join(root, 'node_modules/@tensorflow/tfjs-node')))(
    'wasm where no tfjs-node is installed, silently (needs a tree without it)',
    () => {
      const { lines, noise } = run(`print(await chooseBackend()); print(tf.getBackend()); ${product}
        print(process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection'));
        print(await chooseBackend({ prefer: 'tensorflow' }));
        print(await chooseBackend({ prefer: 'cpu' })); print(await chooseBackend()); ${product}`);
      const slow = expect.stringMatching(
        /'cpu', some 25 times slower than 'wasm'.*npm install @tensorflow\/tfjs-node/,
      );
      expect(lines).toEqual([
        { name: 'wasm' },
        'wasm',
        [3],
        0,
        { name: 'wasm', warning: "'tensorflow' does not work here: it is not installed: npm install @tensorflow/tfjs-node." },
        { name: 'cpu', warning: slow },
        { name: 'wasm' },
        [3],
      ]); // prettier-ignore
      expect(noise).toBe('');
    },
  );

  it('cpu prints no banner, and says how slow it is', () => {
    const { lines, noise } = run(
      `print(await chooseBackend({ prefer: 'cpu' })); ${product} print(tf.env().getBool('PROD'));`,
    );
    expect(lines).toEqual([
      { name: 'cpu', warning: expect.stringContaining('70 times slower than TensorFlow') },
      [3],
      false,
    ]);
    expect(noise).toBe('');
  });

  it('leaves a backend that the program has chosen', () => {
    const { lines } = run(`await tf.setBackend('cpu'); print(await chooseBackend());
      print(await chooseBackend({ prefer: 'cpu' })); print(await chooseBackend({ prefer: 'wasm' })); print(tf.getBackend());`);
    const warning = "models run on 'cpu', which this program has chosen, not on 'wasm'";
    expect(lines).toEqual([{ name: 'cpu' }, { name: 'cpu' }, { name: 'cpu', warning }, 'cpu']);
  });

  it('says that SVCCA_TFJS_NODE is wrong, and goes on', () => {
    const { lines } = run(`print(await chooseBackend({ prefer: 'tensorflow' }));`, {
      SVCCA_TFJS_NODE: 'nowhere',
    });
    expect(lines[0].warning).toContain(
      "'tensorflow' does not work here: SVCCA_TFJS_NODE=nowhere is no installed package",
    );
  });

  it('says why an installed tfjs-node does not load', () => {
    const code = `print(await chooseBackend());`;
    const { lines } = run(code, { SVCCA_TFJS_NODE: join(root, 'test/node/broken-tfjs-node.cjs') });
    expect(lines[0].warning).toContain(
      'broken-tfjs-node.cjs: libcudart.so.11.0: cannot open shared object file',
    );
  });

  it('refuses other names and options', () => {
    const { lines } = run(`for (const options of [{ prefer: 'webgl' }, { backend: 'cpu' }])
      await chooseBackend(options).catch((error) => print(error.message));`);
    expect(lines).toEqual([
      "prefer is 'webgl': choose one of 'tensorflow', 'wasm', 'cpu'",
      "chooseBackend has no option 'backend': it takes prefer",
    ]);
  });

  describe.skipIf(!hasNative)('with a real tfjs-node (needs npm run native)', () => {
    it('takes TensorFlow, and may change what it chose', () => {
      const { lines } = run(
        `print(await chooseBackend()); print(tf.getBackend()); ${product}
         print(await chooseBackend({ prefer: 'wasm' })); print(await chooseBackend()); print(process.env.TF_CPP_MIN_LOG_LEVEL);`,
        { SVCCA_TFJS_NODE: native },
      );
      expect(lines).toEqual([
        { name: 'tensorflow' },
        'tensorflow',
        [3],
        { name: 'wasm' },
        { name: 'tensorflow' },
        '2',
      ]);
    });
  });
});

describe('restoreUtil', () => {
  it('puts back what Node 23 removed, and touches nothing before Node 22', () => {
    const old = {};
    restoreUtil(old, '20.20.2');
    expect(old).toEqual({});
    const target: { isArray?: (value: unknown) => boolean; isNullOrUndefined?: (value: unknown) => boolean } =
      {};
    restoreUtil(target, '23.1.0');
    expect([[], {}].map((value) => target.isArray!(value))).toEqual([true, false]);
    expect([null, undefined, 0, ''].map((value) => target.isNullOrUndefined!(value))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.skipIf(!hasNative)(
    'lets a tfjs-node that a program loaded itself work without them (needs npm run native)',
    () => {
      const { lines } = run(`
      import { createRequire } from 'node:module';
      import util from 'node:util';
      import { restoreUtil } from ${JSON.stringify(entry)};
      // As Node 23 has it.
      delete util.isArray;
      delete util.isNullOrUndefined;
      const node = createRequire(import.meta.url)(${JSON.stringify(native)});
      const product = () => Array.from(node.matMul(node.ones([1, 3]), node.ones([3, 1])).dataSync());
      try { product(); } catch (error) { print(error.message); }
      restoreUtil(undefined, '24.1.0');
      print(product());`);
      expect(lines).toEqual([expect.stringContaining('isNullOrUndefined'), [3]]);
    },
  );
});

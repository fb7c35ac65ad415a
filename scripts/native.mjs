/**
 * Assembles a real `@tensorflow/tfjs-node` in the ignored folder `.native/`, for machines where the package's own
 * installer cannot fetch its prebuilt library (and, with `--gpu`, for a CUDA newer than the 11.2 it was built for).
 * The addon is compiled from the package's own source against TensorFlow from the Python wheel.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import util, { parseArgs } from 'node:util';

const TFJS_NODE = '4.22.0';
const TENSORFLOW = '2.21.0';
const NODE_API_HEADERS = '1.9.0';
const HELP = `Usage: npm run native [-- --gpu] [-- --force]

Assembles @tensorflow/tfjs-node ${TFJS_NODE} with TensorFlow ${TENSORFLOW} in .native/ (Linux on x86-64).
Needs npm, python3 with pip (any version), g++ and strip; downloads about 280 MB, keeps about 650 MB.
A second run finds it ready and does nothing.

  --gpu     the CUDA 12 build of TensorFlow with NVIDIA's libraries (several GB). Not tested on a GPU by the authors.
  --force   assemble it again even if it is ready
  --help    print this text

Use it by setting SVCCA_TFJS_NODE=.native/node_modules/@tensorflow/tfjs-node`;

const started = Date.now();
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = join(root, '.native');
const modules = join(home, 'node_modules');
const tfjsNode = join(modules, '@tensorflow', 'tfjs-node');
const addon = join(tfjsNode, 'lib', 'napi-v8', 'tfjs_binding.node');
const library = join(tfjsNode, 'deps', 'lib');
const build = join(home, 'build');
const stamp = join(home, 'ready.json');

/** Copies the members of a wheel that match a pattern: arguments are the wheel, then pattern, prefix to drop and folder, again and again. */
const UNPACK = `
import fnmatch, os, shutil, sys, zipfile
wheel, rules = sys.argv[1], list(zip(sys.argv[2::3], sys.argv[3::3], sys.argv[4::3]))
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        for pattern, prefix, folder in rules:
            if name.endswith('/') or not fnmatch.fnmatchcase(name, pattern):
                continue
            target = os.path.join(folder, name[len(prefix):])
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(name) as source, open(target, 'wb') as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            break
`;

class Problem extends Error {}

function step(text) {
  console.log(`native: ${text} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
}

/** Runs a program quietly; what it printed is shown only where it fails. */
function run(what, program, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (error) throw new Problem(`${what} failed: ${error.message}`);
  if (status !== 0) {
    const printed = `${stdout}${stderr}`.trim().split('\n').slice(-15).join('\n');
    throw new Problem(`${what} failed (exit status ${status}).\n${printed}`);
  }
  return stdout;
}

function works(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: 'ignore' });
  return !error && status === 0;
}

function checkMachine() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Problem(
      `this recipe is for Linux on x86-64, and this is ${process.platform} on ${process.arch}: try \`npm install @tensorflow/tfjs-node\`.`,
    );
  }
  if (!works('python3', ['--version']))
    throw new Problem('python3 is missing: install it and run this again.');
  if (!works('python3', ['-m', 'pip', '--version'])) {
    throw new Problem('pip is missing: `python3 -m pip` must work (on Debian: the package python3-pip).');
  }
  if (!works('g++', ['--version'])) {
    throw new Problem('g++ is missing: install a C++17 compiler (on Debian: the package g++).');
  }
  if (!works('strip', ['--version'])) {
    throw new Problem('strip is missing: install it (on Debian: the package binutils).');
  }
  if (!existsSync(join(root, 'node_modules', '@tensorflow', 'tfjs'))) {
    throw new Problem("the project's own @tensorflow/tfjs is missing: run `npm ci` first.");
  }
}

/** Installs the package without its installer, and leaves the project's own @tensorflow/tfjs as the only copy. */
function installPackage() {
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
  const packages = [`@tensorflow/tfjs-node@${TFJS_NODE}`, `node-api-headers@${NODE_API_HEADERS}`];
  // A parent npm hands its settings to its children as npm_config_*: --prefix keeps the install in this folder.
  run('npm install', 'npm', [
    'install',
    '--prefix',
    home,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    ...packages,
  ]);
  // tfjs-node must extend the classes and the engine that the project uses: Node then finds them one level up.
  const scope = join(modules, '@tensorflow');
  for (const name of readdirSync(scope)) {
    if (name !== 'tfjs-node') rmSync(join(scope, name), { recursive: true });
  }
}

/** Downloads one wheel for this platform, whatever Python runs pip, and returns its path. */
function download(requirement, folder) {
  mkdirSync(folder, { recursive: true });
  const platforms = ['2_28', '2_27', '2_17', '2014', '1'].flatMap((version) => [
    '--platform',
    `manylinux${version.startsWith('2_') ? '_' : ''}${version}_x86_64`,
  ]);
  const python = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312', '--abi', 'none'];
  const options = ['--no-deps', '--only-binary=:all:', '--quiet', '--progress-bar', 'off', '--dest', folder];
  const args = ['-m', 'pip', 'download', ...options, ...python, ...platforms, requirement];
  run(`pip download ${requirement}`, 'python3', args);
  const wheels = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  if (wheels.length !== 1)
    throw new Problem(`pip download ${requirement} left ${wheels.length} wheels, not 1.`);
  return join(folder, wheels[0]);
}

/** `rules` are [pattern, prefix to drop, folder]. */
function unpack(wheel, rules) {
  run(`unpacking ${relative(root, wheel)}`, 'python3', ['-c', UNPACK, wheel, ...rules.flat()]);
}

function fetchTensorflow(gpu) {
  const name = gpu ? 'tensorflow' : 'tensorflow-cpu';
  const folder = join(build, 'wheel');
  const wheel = download(`${name}==${TENSORFLOW}`, folder);
  step(`downloaded ${name} ${TENSORFLOW}`);
  const include = (pattern) => [
    `tensorflow/include/${pattern}`,
    'tensorflow/include/',
    join(build, 'include'),
  ];
  unpack(wheel, [
    ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/', library],
    ['tensorflow/libtensorflow_framework.so.2', 'tensorflow/', library],
    include('tensorflow/c/*'),
    include('tensorflow/core/platform/*'),
    include('tsl/*'),
    include('xla/tsl/*'),
    ['*.dist-info/METADATA', '', join(build, 'metadata')],
  ]);
  rmSync(folder, { recursive: true });
  step('unpacked the libraries and headers, removed the wheel');
}

/** NVIDIA's wheels as the TensorFlow wheel itself lists them, beside the libraries where TensorFlow looks for them. */
function fetchNvidia() {
  const [info] = readdirSync(join(build, 'metadata'));
  const metadata = readFileSync(join(build, 'metadata', info, 'METADATA'), 'utf8');
  const listed = /^Requires-Dist: ([^;\n]+); extra == ["']and-cuda["']/gm;
  const folder = join(build, 'nvidia');
  for (const [, requirement] of metadata.matchAll(listed)) {
    unpack(download(requirement.trim(), folder), [['nvidia/*', '', join(tfjsNode, 'deps')]]);
    rmSync(folder, { recursive: true });
    step(`unpacked ${requirement.trim()}`);
  }
}

function compile() {
  mkdirSync(dirname(addon), { recursive: true });
  run('g++', 'g++', [
    ...['-O2', '-fPIC', '-shared', '-std=c++17', '-DNAPI_VERSION=8'],
    ...['-I', join(modules, 'node-api-headers', 'include'), '-I', join(build, 'include')],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(tfjsNode, 'binding', name)),
    ...['-o', addon, '-L', library, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
  ]);
  step('compiled the addon');
  run('strip', 'strip', [
    '--strip-unneeded',
    ...readdirSync(library).map((name) => join(library, name)),
    addon,
  ]);
  step('stripped the libraries');
}

/** Loads the assembled package and multiplies two matrices with it. */
function verify() {
  // Node 23 removed both; tfjs-node still calls them.
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  const require = createRequire(import.meta.url);
  const tf = require(tfjsNode);
  if (require('@tensorflow/tfjs').engine() !== tf.engine())
    throw new Problem('two copies of tfjs are loaded.');
  const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])).dataSync();
  if (tf.getBackend() !== 'tensorflow' || product.join() !== '19,22,43,50') {
    throw new Problem(`the ${tf.getBackend()} backend multiplied wrongly: ${product.join()}.`);
  }
  return tf.version['tfjs-node'];
}

function main() {
  const { values } = parseArgs({
    options: { gpu: { type: 'boolean' }, force: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) return console.log(HELP);
  const wanted = { tfjsNode: TFJS_NODE, tensorflow: TENSORFLOW, build: values.gpu ? 'gpu' : 'cpu' };
  const text = `${JSON.stringify(wanted)}\n`;
  const path = relative(root, tfjsNode);
  const ready = existsSync(stamp) && readFileSync(stamp, 'utf8') === text && existsSync(addon);
  if (ready && !values.force) return console.log(`native: ready in ${path} (${wanted.build})`);

  checkMachine();
  for (const old of [stamp, modules, build, join(home, 'package-lock.json')]) {
    rmSync(old, { recursive: true, force: true });
  }
  mkdirSync(home, { recursive: true });
  installPackage();
  step(`installed @tensorflow/tfjs-node ${TFJS_NODE}`);
  fetchTensorflow(values.gpu);
  if (values.gpu) fetchNvidia();
  compile();
  rmSync(build, { recursive: true });
  const version = verify();
  writeFileSync(stamp, text);
  step(`loaded tfjs-node ${version} and multiplied two matrices: ready in ${path}`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof Problem) && error?.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw error;
  console.error(`native: ${error.message}`);
  process.exitCode = 1;
}

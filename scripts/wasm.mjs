/**
 * Compiles the kernels of the wasm engine (AssemblyScript) and writes them, deflated and in base64, to `src/engines/wasm/binary.ts`,
 * which is not committed. Does nothing where that file was made from the sources as they are.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import asc from 'assemblyscript/asc';

const script = fileURLToPath(import.meta.url);
const engine = join(dirname(dirname(script)), 'src', 'engines', 'wasm');
const sources = join(engine, 'assembly');
const target = join(engine, 'binary.ts');

/** The largest memory that 32-bit addresses reach, in pages of 64 KiB. */
const MAXIMUM_PAGES = 65_536;
/** Addresses below are the control block of the threads; data of the module, if any, lies above. */
const CONTROL_BYTES = 1 << 18;

const options = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--noExportMemory', '--importMemory', '--sharedMemory'],
  ...[
    '--initialMemory',
    '16',
    '--maximumMemory',
    String(MAXIMUM_PAGES),
    '--memoryBase',
    String(CONTROL_BYTES),
  ],
  ...['--enable', 'simd', '--enable', 'threads'],
];

/** The same source, with multiplication and addition fused or not. */
const variants = { separate: [], fused: ['--enable', 'relaxed-simd'] };

function fingerprint() {
  const { version } = createRequire(import.meta.url)('assemblyscript/package.json');
  const hash = createHash('sha256').update(version);
  const files = readdirSync(sources).filter((name) => name.endsWith('.ts'));
  for (const path of [script, ...files.sort().map((name) => join(sources, name))]) {
    hash.update('\0').update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

async function compile(name, flags, folder) {
  const out = join(folder, `${name}.wasm`);
  const args = [join(sources, 'index.ts'), '-o', out, ...options, ...flags];
  const { error, stderr } = await asc.main(args);
  if (error) throw new Error(`wasm: ${name}: ${error.message}\n${stderr.toString()}`);
  return readFileSync(out);
}

/**
 * Offset of the byte that says whether the imported memory is shared: 3 where it is, 1 where not. The code is the same for
 * both, so that one binary serves both.
 */
function sharedFlag(binary) {
  // The import is "env" "memory", then 2 for a memory, then the flags.
  const at = binary.indexOf('\x03env\x06memory\x02\x03', 0, 'latin1');
  if (at < 0) throw new Error('wasm: the binary does not import a shared memory');
  return at + 12;
}

async function main() {
  const stamp = `// Made from sources ${fingerprint()} by scripts/wasm.mjs; do not edit.`;
  if (existsSync(target) && readFileSync(target, 'utf8').startsWith(stamp)) return;
  const folder = mkdtempSync(join(tmpdir(), 'svcca-wasm-'));
  try {
    const entries = [];
    for (const [name, flags] of Object.entries(variants)) {
      const binary = await compile(name, flags, folder);
      // Compressed before it becomes text: that is a quarter less to download than what a server makes of the text.
      const packed = deflateRawSync(binary, { level: 9 });
      const fields = `sharedFlag: ${sharedFlag(binary)}, size: ${binary.length}`;
      entries.push(`  ${name}: { ${fields}, deflated: '${packed.toString('base64')}' },`);
      console.log(`wasm: ${name} has ${binary.length} bytes, ${packed.length} compressed`);
    }
    const text = `${stamp}\nexport const binaries = {\n${entries.join('\n')}\n};\n`;
    // Written aside and renamed, so that a build that runs at the same time never reads half of it.
    const part = `${target}.${process.pid}`;
    writeFileSync(part, text);
    renameSync(part, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();

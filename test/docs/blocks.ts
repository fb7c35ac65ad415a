/**
 * Runs the code blocks of a Markdown file, so that no document shows what does not work.
 *
 * The `ts` blocks of a file are one module, in order, in a folder of their own below the ignored `coverage/`; a `text` block
 * that follows a `ts` block is what that block prints. `<!-- not run -->` before a block leaves it out.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The folder of the project. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A fenced block. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** Line of its fence, from 1. */
  readonly line: number;
  /** The `text` block right after it: what it prints. */
  readonly output?: string;
}

/** The fenced blocks of a file, those marked as not run left out. */
export function blocksOf(file: string): Block[] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  const found: (Block & { output?: string; end: number })[] = [];
  let isSkipped = false;
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].trim() === '<!-- not run -->') isSkipped = true;
    const fence = /^```(\w*)/.exec(lines[i]);
    if (!fence) continue;
    const start = i;
    while (++i < lines.length && lines[i] !== '```');
    if (i === lines.length) throw new Error(`${file}:${start + 1}: the block is not closed`);
    const text = lines.slice(start + 1, i).join('\n');
    const last = found.at(-1);
    const follows = last !== undefined && lines.slice(last.end, start).every((line) => line.trim() === '');
    if (fence[1] === 'text' && follows) last.output = text;
    else if (!isSkipped) found.push({ language: fence[1], text, line: start + 1, end: i + 1 });
    isSkipped = false;
  }
  return found;
}

/** A folder in which blocks run; removed by {@link removeFolder}. */
export function makeFolder(): string {
  mkdirSync(join(root, 'coverage'), { recursive: true });
  return mkdtempSync(join(root, 'coverage', 'docs-'));
}

/** Removes a folder of {@link makeFolder}. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** How a program ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs TypeScript by tsx, which honours the paths of tsconfig.json, with a folder as its working directory. */
export function runTsx(folder: string, file: string, args: readonly string[] = []): Promise<Ran> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
      cwd: folder,
      // The same backend everywhere, so that the printed digits are the same.
      env: {
        ...process.env,
        NO_COLOR: '1',
        SVCCA_TFJS_NODE: '',
        TSX_TSCONFIG_PATH: join(root, 'tsconfig.json'),
      },
    });
    const [out, err]: Buffer[][] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', failed);
    child.on('close', (code) => {
      done({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

const MARK = '\u0001';

/** Writes `ts` blocks as one module into a folder. */
export function writeModule(folder: string, blocks: readonly Block[]): string {
  const path = join(folder, 'blocks.ts');
  const parts = blocks.map(({ text }) => `${text}\nconsole.log(${JSON.stringify(MARK)});`);
  writeFileSync(path, `${parts.join('\n')}\nexport {};\n`);
  return path;
}

/** Runs `ts` blocks as one module; what each block printed, trimmed at the end. @throws Error if they fail */
export async function runBlocks(folder: string, blocks: readonly Block[]): Promise<string[]> {
  const { code, stdout, stderr } = await runTsx(folder, writeModule(folder, blocks));
  const printed = stdout.split(`${MARK}\n`);
  if (code === 0) return printed.slice(0, -1).map(trimmed);
  const { line } = blocks[printed.length - 1] ?? { line: 0 };
  throw new Error(`the block at line ${line} fails:\n${stderr}`);
}

/** Types of the module of {@link writeModule}, checked as the project's own code is; the messages. */
export function checkTypes(path: string): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (name) => ts.sys.readFile(name));
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [path] }, ts.sys, root);
  const program = ts.createProgram([path], { ...options, noUnusedLocals: false });
  const source = program.getSourceFile(path);
  return ts
    .getPreEmitDiagnostics(program, source)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** Text without blanks at the ends of lines and at its own end. */
export function trimmed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
}

/** Arguments of a shell command, with quotes and continued lines understood. */
export function wordsOf(command: string): string[] {
  return [...command.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare,
  );
}

/** Commands of a shell block, without their comments. */
export function commandsOf(text: string): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

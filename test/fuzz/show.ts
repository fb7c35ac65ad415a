/** Writes a damaged file, to look at it: `npx tsx test/fuzz/show.ts kind number folder`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { kinds } from './kinds.js';

const [name, number, folder] = process.argv.slice(2);
const kind = await kinds[name]();
mkdirSync(folder, { recursive: true });
for (const [file, bytes] of Object.entries(kind.make(Number(number)).files))
  writeFileSync(join(folder, file), bytes);

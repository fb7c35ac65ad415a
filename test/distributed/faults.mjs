/**
 * Loaded before `svcca` runs: kills its process, or the one that started it, the first time that it computes a certain
 * shard. What to do comes in SVCCA_TEST_FAULTS, `{ folder, bytes, faults: { "1": "reading" } }`; runs and kills are noted there.
 */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const { folder, bytes, faults } = JSON.parse(process.env.SVCCA_TEST_FAULTS);
const at = process.argv.indexOf('--shard');
const shard = at === -1 ? undefined : process.argv[at + 1].split('/')[0];

const handle = await open(fileURLToPath(import.meta.url));
const prototype = Object.getPrototypeOf(handle);
await handle.close();
const { read } = prototype;
let bytesRead = 0;

function kill(pid) {
  writeFileSync(join(folder, `killed-${shard}`), `${pid}`);
  process.kill(pid, 'SIGKILL');
}

const deeds = {
  /** Most of the way through the data. */
  reading: () => watchReading(() => kill(process.pid)),
  /** The same, but it is the process above that dies. */
  parent: () => watchReading(() => kill(process.ppid)),
  /** When half of the part has been written. */
  writing() {
    prototype.writeFile = async function (content) {
      await this.write(content, 0, content.length >> 1);
      await this.sync();
      kill(process.pid);
    };
  },
};

function watchReading(act) {
  prototype.read = async function (...args) {
    const result = await read.apply(this, args);
    bytesRead += result.bytesRead;
    if (bytesRead > 0.8 * bytes && !existsSync(join(folder, `killed-${shard}`))) act();
    return result;
  };
}

if (shard !== undefined) {
  appendFileSync(join(folder, 'runs.log'), `${shard} ${process.pid}\n`);
  if (faults === undefined) {
    prototype.read = async function (...args) {
      const result = await read.apply(this, args);
      bytesRead += result.bytesRead;
      return result;
    };
    process.on('exit', () => writeFileSync(join(folder, 'bytes'), `${bytesRead}`));
  } else if (faults[shard] !== undefined && !existsSync(join(folder, `killed-${shard}`)))
    deeds[faults[shard]]();
}

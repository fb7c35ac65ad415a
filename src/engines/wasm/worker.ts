/**
 * What the main thread and its workers agree on: a control block at the start of the shared memory.
 *
 * It is a table of tasks (a function and its arguments) and a few counters. A task is claimed by counting `NEXT` down, so
 * that a thread which is late for one table can only claim a task of the following, once that is complete.
 *
 * @module
 */

/** Indices into the 32-bit integers at address 0. */
export const EPOCH = 0; // counts tables; sleeping workers wait for it to change
export const NEXT = 1; // tasks that nobody has claimed
export const LEFT = 2; // tasks that are not finished; the main thread waits for 0
export const FAILED = 3; // 1 after a task that trapped

/** Where the table begins, in float64. Its head: address of the workspaces, bytes of each, and whether tasks own them. */
export const TABLE = 16;
export const HEAD = 4;
/** Float64 in one task: function (afterwards its result), number of arguments, arguments. */
export const SLOT = 20;
/** Tasks in a table; it ends below the 256 KiB that the compiler leaves free. */
export const CAPACITY = 1024;

/**
 * A worker: it never returns, and sleeps between tables. Text, because it must not depend on what a bundler makes of
 * modules; its inner loop is that of `Threads.#drain`.
 */
const serve = `
const serve = ({ module, memory, thread }) => {
  const functions = Object.values(new WebAssembly.Instance(module, { env: { memory } }).exports);
  const control = new Int32Array(memory.buffer, 0, ${2 * TABLE});
  const table = new Float64Array(memory.buffer, 0, ${TABLE + HEAD + SLOT * CAPACITY});
  for (;;) {
    const epoch = Atomics.load(control, ${EPOCH});
    for (;;) {
      const index = Atomics.sub(control, ${NEXT}, 1) - 1;
      if (index < 0) break;
      const slot = ${TABLE + HEAD} + index * ${SLOT};
      const args = Array.from(table.subarray(slot + 2, slot + 2 + table[slot + 1]));
      args.push(table[${TABLE}] + table[${TABLE + 1}] * (table[${TABLE + 2}] ? index : thread));
      try {
        table[slot] = functions[table[slot]](...args);
      } catch {
        Atomics.store(control, ${FAILED}, 1);
      }
      if (Atomics.sub(control, ${LEFT}, 1) === 1) Atomics.notify(control, ${LEFT});
    }
    Atomics.wait(control, ${EPOCH}, epoch);
  }
};`;

export const nodeWorker = `${serve}
serve(process.getBuiltinModule('node:worker_threads').workerData);`;

export const pageWorker = `${serve}
onmessage = (event) => serve(event.data);`;

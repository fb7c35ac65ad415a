/**
 * `svcca measures`: what can be computed.
 *
 * @module
 */
import { measures } from '../measures/registry.js';
import type { Command } from './arguments.js';
import { table } from './output.js';

/** The command. */
export const measuresCommand: Command = {
  name: 'measures',
  description: 'List the measures: invariances, symmetry, cost, reference, options.',
  args: { json: { type: 'boolean', description: 'print JSON' } },

  async run(values) {
    const listed = Object.values(measures).map(
      ({ name, invariances, symmetric, cost, reference, defaults }) => ({
        name,
        invariances,
        symmetric,
        cost,
        reference,
        defaults,
      }),
    );
    if (values['json']) {
      process.stdout.write(`${JSON.stringify(listed, null, 2)}\n`);
      return;
    }
    const rows = listed.map(({ name, invariances, symmetric, cost }) => [
      name,
      invariances.join(', '),
      symmetric ? 'yes' : 'no',
      cost,
    ]);
    process.stdout.write(
      `${[
        table(['measure', 'invariant under', 'symmetric', 'cost (n samples, d neurons)'], rows),
        '',
        ...listed.map(({ name, reference }) => `${name}: ${reference}`),
      ].join('\n')}\n`,
    );
  },
};

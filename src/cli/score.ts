/**
 * `svcca score`: every measure of two activation matrices.
 *
 * @module
 */
import packageJson from '../../package.json';
import { score } from '../compare/score.js';
import type { Scores, SkippedConvention } from '../compare/score.js';
import { groupWarnings } from '../compare/warnings.js';
import { DataError } from '../errors.js';
import { loadArray } from '../node/activations.js';
import { writeAtomic } from '../node/files.js';
import { without } from '../options.js';
import { UsageError, runArgs, runOptionsOf } from './arguments.js';
import type { Command } from './arguments.js';
import { inferenceOf, infer, inferenceArgs, inferenceColumns } from './inference.js';
import type { Inferred } from './inference.js';
import { measureArgs, measureOf } from './measure-arguments.js';
import { backendFor } from './backend.js';
import { outputFiles, progressBar, table } from './output.js';
import { givenArgs, givenLine, loadGiven, partialScores } from './partial.js';

/** The command. */
export const scoreCommand: Command = {
  name: 'score',
  description: 'Score two activation matrices (samples × neurons) under every measure, or under one.',
  args: {
    x: { type: 'positional', description: 'activations: .npy, or .npz (file.npz:key)', required: true },
    y: { type: 'positional', description: 'the same samples in another network', required: true },
    ...measureArgs,
    ...givenArgs,
    ...inferenceArgs,
    ...runArgs,
    out: { type: 'string', description: 'write JSON to a file', valueHint: 'file.json' },
    json: { type: 'boolean', description: 'print JSON' },
  },

  async run(values, signal) {
    const files = outputFiles(values['out'], ['.json']);
    const inference = inferenceOf(values);
    const third = values['given'];
    if (third !== undefined && inference !== undefined) {
      throw new UsageError('--given cannot be combined with --permutations or --interval');
    }
    const asked =
      inference !== undefined ||
      third !== undefined ||
      Object.keys(measureArgs).some((name) => values[name] !== undefined);
    const one = asked ? measureOf(values, third === undefined ? 'svcca' : 'cca') : undefined;
    const run = runOptionsOf(values);
    const [x, y] = [await loadArray(String(values['x'])), await loadArray(String(values['y']))];
    const given = third === undefined ? undefined : await loadGiven(String(third));
    await backendFor(values, false);
    const { onProgress, stop } = progressBar();
    const compute = async () => {
      const all = { ...run, signal, onProgress };
      if (given && one) {
        const results = await partialScores(x.array, y.array, given.given, one, all);
        return { results, skipped: [], inferred: [], taken: givenLine(given.name, results) };
      }
      const found = await score(x.array, y.array, {
        ...all,
        ...(one && { ...one.options, measure: one.measure }),
      });
      const inferred = inference ? await infer(x.array, y.array, found.results, all, inference) : [];
      return { ...found, inferred, taken: undefined };
    };
    const { inferred, taken, ...scored } = await compute().finally(stop);
    if (scored.results.length === 0) {
      const [{ label, reason }] = scored.skipped;
      throw new DataError(`nothing could be computed: ${label}: ${reason}`, { code: 'TOO_FEW_SAMPLES' });
    }
    const json = `${JSON.stringify(
      {
        format: 'svcca/score@1',
        version: packageJson.version,
        names: { x: x.name, y: y.name, ...(given && { given: given.name }) },
        fingerprints: {
          x: x.fingerprint,
          y: y.fingerprint,
          ...(given && { given: given.fingerprint }),
        },
        ...scored,
        ...(inference && {
          inference: inferred.map((one, i) => ({ label: scored.results[i].label, ...withoutDraws(one) })),
        }),
      },
      null,
      2,
    )}\n`;
    for (const { path } of files) await writeAtomic(path, json);
    if (values['json']) process.stdout.write(json);
    else process.stdout.write(text(x.name, y.name, scored, inferred, taken));
  },
};

/** The JSON has no draws and no second copy of the result. */
function withoutDraws({ test, interval }: Inferred) {
  return {
    ...(test && { test: without(test, ['draws', 'result', 'measure']) }),
    ...(interval && { interval: without(interval, ['result', 'measure']) }),
  };
}

function text(
  x: string,
  y: string,
  { results, skipped }: Scores,
  inferred: readonly Inferred[],
  taken: string | undefined,
): string {
  const { head, rows } = inferenceColumns(inferred);
  const first = results[0];
  const side = (name: string, key: 'x' | 'y') => {
    const { neurons, rank, dead } = (results.find((one) => one[key].rank !== undefined) ?? first)[key];
    const known = rank === undefined ? '' : `, rank ${rank}`;
    return `${key} ${name}: ${neurons} neurons${known}${dead ? `, ${dead} dead` : ''}`;
  };
  const warnings = groupWarnings([...results, ...inferred.flatMap(({ interval }) => interval ?? [])]);
  return [
    ...(first
      ? [
          side(x, 'x'),
          side(y, 'y'),
          `${first.samples} samples, engine ${first.engine}, method ${first.method}`,
          ...(taken === undefined ? [] : [taken]),
          '',
        ]
      : []),
    table(
      ['measure', 'score', 'chance', 'kept x', 'kept y', ...head],
      results.map((r, i) => [
        r.label,
        r.score.toPrecision(8),
        r.chance?.toFixed(4) ?? '',
        String(r.x.kept ?? ''),
        String(r.y.kept ?? ''),
        ...(rows[i] ?? []),
      ]),
    ),
    ...notTaken(skipped),
    ...warnings.map((warning) => `warning: ${warning.text}`),
    '',
  ].join('\n');
}

/** One line for each reason. */
function notTaken(skipped: readonly SkippedConvention[]): string[] {
  const reasons = [...new Set(skipped.map(({ reason }) => reason))];
  return reasons.map((reason) => {
    const those = skipped.filter((one) => one.reason === reason).map(({ label }) => label);
    return `not taken: ${those.join('; ')}: ${reason}`;
  });
}

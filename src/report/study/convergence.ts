/**
 * Exhibit (f): how fast each start converges, and what each reused block adds.
 *
 * @module
 */
import type { ConvergenceExhibit } from '../../transfer/exhibit-records.js';
import type { StudyResult } from '../../transfer/study-result.js';
import { extentOf, linearAxis } from '../chart/axis.js';
import { numericChart } from '../chart/numeric.js';
import type { NumericPoint } from '../chart/numeric.js';
import { rowsChart } from '../chart/rows.js';
import type { CurveStyle } from '../curve-marks.js';
import { count, plural, precise, score } from '../text.js';
import { conditionStyles } from './conditions.js';
import { groupBy, listed, mean, signed } from './exhibit.js';
import type { Exhibit, ExhibitFigure } from './exhibit.js';
import { simpleTable } from './simple-table.js';

type Style = (condition: string) => CurveStyle;

/** Reads exhibit (f) off a study. */
export function convergenceExhibit(result: StudyResult): Exhibit {
  const { convergence } = result;
  const shared = { letter: 'f', heading: 'How fast does each start converge?' };
  if (convergence.length === 0) {
    return { ...shared, findings: [], figures: [], tables: '', absent: 'no run has been finished.' };
  }
  const style = conditionStyles(result);
  const models = groupBy(convergence, ({ model }) => model);
  return {
    ...shared,
    findings: models.flatMap(([model, rows]) => findings(model, rows)),
    figures: [curves(models, style), ...marginalGains(models, style, result.models)],
    tables: table(convergence),
  };
}

function findings(model: string, rows: readonly ConvergenceExhibit[]): string[] {
  const target = rows.find((row) => row.target !== undefined)?.target;
  const marginal = rows.flatMap((row) => (row.marginal ? [{ ...row, marginal: row.marginal }] : []));
  const best = [...marginal].sort((a, b) => b.marginal.auc - a.marginal.auc).at(0);
  return [
    ...(target === undefined ? [] : [speed(model, rows, target)]),
    ...(best && marginal.length > 1
      ? [
          `${model}: of the reused parts, ${best.condition} adds most to the test AUC against reusing less ` +
            `(${signed(best.marginal.auc)} against ${best.marginal.than}, mean over ${plural(best.marginal.seeds.length, 'seed')}; no interval is told for single steps).`,
        ]
      : []),
  ];
}

function speed(model: string, rows: readonly ConvergenceExhibit[], target: number): string {
  const reached = rows.filter(({ medianSteps }) => medianSteps !== null);
  const slow = rows.filter(({ medianSteps }) => medianSteps === null).map(({ condition }) => condition);
  const goal = `a validation AUC of ${precise(target)}`;
  const every = rows[0]?.curves[0]?.history.at(1)?.step;
  const resolution = every === undefined ? '' : `, which was looked at every ${plural(every, 'step')}`;
  if (reached.length === 0)
    return `${model}: no start brought half of its runs to ${goal} within ${count(longest(rows))} steps.`;
  const sorted = [...reached].sort((a, b) => (a.medianSteps ?? 0) - (b.medianSteps ?? 0));
  const each = sorted.map(({ condition, medianSteps }) => `${condition} ${count(medianSteps ?? 0)}`);
  const rest = slow.length === 0 ? '' : ` Half or more of the runs from ${listed(slow)} did not reach it.`;
  return `${model}: median steps to ${goal}${resolution}: ${each.join(', ')}.${rest}`;
}

function longest(rows: readonly ConvergenceExhibit[]): number {
  return Math.max(...rows.flatMap(({ steps }) => steps));
}

function curves(
  models: readonly (readonly [string, readonly ConvergenceExhibit[]])[],
  style: Style,
): ExhibitFigure {
  const target = models.some(([, rows]) => rows.some((row) => row.target !== undefined));
  return {
    name: 'convergence',
    label: 'Validation AUC over the steps of training',
    drawings: models.map(([model, rows]) => chart(model, rows, style)),
    caption:
      'Validation AUC at each evaluation' +
      (models.some(([, rows]) => rows.some((row) => row.curves.length > 1))
        ? ': thin lines are single seeds, the thick line is their mean where all of them have an evaluation. '
        : '. ') +
      (target ? 'The dashed line is the target of the plan. ' : '') +
      'The axes need not begin at zero.',
  };
}

/** Mean over seeds at the steps that every curve has. */
export function meanCurve({ curves: all }: ConvergenceExhibit): { step: number; auc: number; of: number }[] {
  const byStep = all.map(({ history }) => new Map(history.map(({ step, auc }) => [step, auc] as const)));
  return [...(byStep[0]?.keys() ?? [])]
    .filter((step) => byStep.every((curve) => curve.has(step)))
    .map((step) => ({
      step,
      auc: mean(byStep.map((curve) => curve.get(step) ?? NaN)),
      of: byStep.length,
    }));
}

function chart(model: string, rows: readonly ConvergenceExhibit[], style: Style): string {
  const series = rows.map((row) => ({
    name: row.condition,
    style: style(row.condition),
    joined: true,
    points: meanCurve(row).map(({ step, auc, of }): NumericPoint => ({
      x: step,
      y: auc,
      lines: [row.condition, `step ${count(step)}`, `AUC ${precise(auc)}, mean of ${plural(of, 'seed')}`],
    })),
    thin:
      row.curves.length < 2
        ? []
        : row.curves.map(({ history }) => history.map(({ step, auc }) => ({ x: step, y: auc, lines: [] }))),
  }));
  const target = rows.find((row) => row.target !== undefined)?.target;
  const evaluations = rows.flatMap((row) => row.curves.flatMap(({ history }) => history));
  const [low, high] = extentOf([
    ...evaluations.map(({ auc }) => auc),
    ...(target === undefined ? [] : [target]),
  ]);
  const steps = linearAxis([0, Math.max(1, ...evaluations.map(({ step }) => step))], { nice: false });
  const ends = series.map(({ name, points }) => {
    const last = points.at(-1);
    return `${name} ${last ? score(last.y) : '–'}`;
  });
  return numericChart({
    label: `Convergence of ${model}: validation AUC at the last common evaluation: ${ends.join(', ')}`,
    heading: model,
    x: { title: 'steps', axis: steps },
    y: {
      title: `validation AUC${target === undefined ? '' : ` (dashed: target ${precise(target)})`}`,
      axis: linearAxis([Math.max(0, low), Math.min(1, high)]),
    },
    series,
    references: target === undefined ? [] : [{ from: [0, target], to: [steps.domain[1], target] }],
    width: 440,
  });
}

function marginalGains(
  models: readonly (readonly [string, readonly ConvergenceExhibit[]])[],
  style: Style,
  networks: StudyResult['models'],
): ExhibitFigure[] {
  const groups = models.flatMap(([name, all]) => {
    const stages = networks.find((one) => one.name === name)?.stages.map((stage) => stage.name) ?? [];
    // From reusing little to reusing all.
    const reuse = (condition: string): number => {
      const at = stages.indexOf(condition.slice(condition.indexOf(':') + 1));
      return at < 0 ? stages.length : at;
    };
    const rows = all
      .flatMap(({ condition, marginal }) => (marginal ? [{ condition, marginal }] : []))
      .sort((a, b) => reuse(a.condition) - reuse(b.condition));
    return rows.length === 0 ? [] : [{ name, rows }];
  });
  if (groups.length === 0) return [];
  const marginals = groups.flatMap(({ rows }) => rows.map(({ marginal }) => marginal));
  const withSteps = marginals.some(({ steps }) => steps !== null && steps !== 0);
  const columns = [
    {
      title: 'gain of test AUC',
      axis: linearAxis(extentOf([0, ...marginals.map(({ auc }) => auc)])),
      kind: 'bar' as const,
    },
    ...(withSteps
      ? [
          {
            title: 'steps to the target saved',
            axis: linearAxis(extentOf([0, ...marginals.map(({ steps }) => steps ?? NaN)])),
            kind: 'bar' as const,
          },
        ]
      : []),
  ];
  const drawn = groups.map(({ name, rows }) => ({
    name,
    rows: rows.map(({ condition, marginal: { than, auc, steps, seeds } }) => {
      const head = `${condition} against ${than}`;
      const over = `over ${plural(seeds.length, 'seed')}`;
      const gain = { value: auc, lines: [head, `AUC ${signed(auc, 4)}`, over] };
      const saved = {
        value: steps ?? NaN,
        lines: [head, `${signed(steps ?? NaN, 0)} steps`, over],
        text: 'target not reached by half',
      };
      return {
        name: `${condition} over ${than}`,
        style: style(condition),
        cells: [gain, ...(withSteps ? [saved] : [])],
      };
    }),
  }));
  return [
    {
      name: 'marginal-gains',
      label: 'What each reused stage adds to the one before',
      drawings: [
        rowsChart({
          label: `Marginal gain of test AUC: ${drawn.flatMap(({ name, rows }) => rows.map((row) => `${name} ${row.name} ${signed(row.cells[0].value)}`)).join('; ')}`,
          columns,
          groups: drawn,
          width: 260,
        }),
      ],
      caption:
        'Each start against the one that reuses the next fewer stages (random reuses none), over the seeds that both have. Bars to the right: reusing more helped. These are differences of means without intervals; exhibit (a) tells how far such means can be trusted.',
    },
  ];
}

function table(convergence: readonly ConvergenceExhibit[]): string {
  const targets = [...new Set(convergence.flatMap(({ target }) => (target === undefined ? [] : [target])))];
  const columns = [
    { name: 'Architecture' },
    { name: 'Start' },
    { name: 'Each seed' },
    { name: 'Median', number: true, strong: true },
    { name: 'Against' },
    { name: 'AUC gained', number: true },
    { name: 'Steps saved', number: true },
  ];
  const rows = convergence.map((row) => [
    row.model,
    row.condition,
    row.stepsToTarget.length === 0 ? '–' : row.stepsToTarget.map((_, at) => reached(row, at)).join(', '),
    row.medianSteps === null ? '–' : count(row.medianSteps),
    row.marginal?.than ?? '–',
    row.marginal ? signed(row.marginal.auc) : '–',
    row.marginal && row.marginal.steps !== null ? signedCount(row.marginal.steps) : '–',
  ]);
  const short = convergence.find(({ stepsToTarget }) => stepsToTarget.includes(null));
  const missed = short === undefined ? '' : `; “> ${count(longest([short]))}”: not within so many`;
  const caption =
    targets.length === 0
      ? 'The plan has no target AUC, so no steps to it are told'
      : `Steps to a validation AUC of ${targets.map(precise).join(' or ')}; a median is told where more than half of the runs reached it${missed}`;
  return simpleTable(caption, columns, rows);
}

function reached({ stepsToTarget, steps }: ConvergenceExhibit, at: number): string {
  const step = stepsToTarget[at];
  return step === null ? `> ${count(steps[at])}` : count(step);
}

function signedCount(value: number): string {
  if (value === 0) return '0';
  return `${value > 0 ? '+' : '−'}${count(Math.abs(value))}`;
}

/**
 * The conditions of a study: in which order they stand, how they are drawn, what they mean.
 *
 * @module
 */
import type { StudyResult } from '../../transfer/study-result.js';
import { curveStyle } from '../curve-marks.js';
import type { CurveStyle } from '../curve-marks.js';

/** Every condition of a study once: those of the plan, then those of single architectures. */
export function conditionsOf({ plan, performance, runs }: StudyResult): string[] {
  const own = Object.values(plan.models).flatMap(({ conditions = [] }) => conditions);
  const found = [...performance, ...runs].map(({ condition }) => condition);
  const used = new Set<string>(found);
  return [...new Set<string>([...plan.conditions, ...own, ...found])].filter((name) => used.has(name));
}

/** The same colour, dash and marker for a condition in every drawing of a study. */
export function conditionStyles(result: StudyResult): (condition: string) => CurveStyle {
  const order = conditionsOf(result);
  return (condition) => curveStyle(Math.max(0, order.indexOf(condition)));
}

/** What a condition is, in a sentence without its name. */
export function meaning(condition: string): string {
  const [kind, stage, factor] = condition.split(':');
  switch (kind) {
    case 'random':
      return 'every weight fresh, drawn by its layer’s own initialiser';
    case 'pretrained':
      return 'every weight but the classifier’s from the pretrained network (full transfer)';
    case 'meanVar':
      return 'every weight tensor but the classifier’s drawn at random with the mean and variance of the pretrained one: its scale without its features';
    case 'gabor':
      return 'the first convolution of synthetic Gabor filters, the rest fresh';
    case 'transfuse':
      return `pretrained up to and with ${stage}, the rest fresh`;
    case 'hybrid':
      return `pretrained up to and with ${stage}, the rest fresh with ${factor} of the channels`;
    default:
      return 'as the plan says';
  }
}

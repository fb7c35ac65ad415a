/**
 * How a network starts: the conditions that a study compares.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { show } from '../options.js';

/**
 * - `random`: every weight fresh.
 * - `pretrained`: every weight but the classifier's from the pretrained network (full transfer).
 * - `meanVar`: every weight tensor but the classifier's drawn with the mean and variance of the pretrained one.
 * - `gabor`: conv1 of synthetic Gabor filters, the rest fresh.
 * - `transfuse:STAGE`: pretrained up to and with that stage, the rest fresh.
 * - `hybrid:STAGE:FACTOR`: as `transfuse`, and the stages after it have FACTOR of the channels.
 */
export type Condition =
  'random' | 'pretrained' | 'meanVar' | 'gabor' | `transfuse:${string}` | `hybrid:${string}:${number}`;

/** A {@link Condition} taken apart. */
export type ParsedCondition =
  | { readonly kind: 'random' | 'pretrained' | 'meanVar' | 'gabor' }
  | { readonly kind: 'transfuse'; readonly stage: string }
  | { readonly kind: 'hybrid'; readonly stage: string; readonly factor: number };

const PLAIN = ['random', 'pretrained', 'meanVar', 'gabor'] as const;

/** What a message says can be written. */
const POSSIBLE = `${PLAIN.join(', ')}, transfuse:STAGE or hybrid:STAGE:FACTOR`;

/**
 * Takes a condition apart.
 *
 * @param stages - names of the network's stages, where they are known: another one is an error then.
 * @throws OptionError for anything that is no condition; the message lists those that are.
 */
export function parseCondition(text: string, stages?: readonly string[]): ParsedCondition {
  const plain = PLAIN.find((kind) => kind === text);
  if (plain !== undefined) return { kind: plain };
  const parts = typeof text === 'string' ? text.split(':') : [];
  const [kind, stage] = parts;
  const hybrid = kind === 'hybrid' && parts.length === 3;
  if (!(hybrid || (kind === 'transfuse' && parts.length === 2)) || !stage) {
    throw new OptionError(`condition ${show(text)} is none that a network can start from: give ${POSSIBLE}`);
  }
  if (stages && !stages.includes(stage)) {
    const way = `the stages are ${stages.join(', ')}`;
    throw new OptionError(
      `condition '${text}' names a stage '${stage}' that the network does not have: ${way}`,
    );
  }
  if (!hybrid) return { kind: 'transfuse', stage };
  return { kind: 'hybrid', stage, factor: checkFactor(`FACTOR of condition '${text}'`, parts[2]) };
}

/** Whether a condition uses a pretrained network. */
export function needsPretrained(condition: Condition): boolean {
  const { kind } = parseCondition(condition);
  return kind !== 'random' && kind !== 'gabor';
}

function checkFactor(name: string, text: string): number {
  const factor = text.trim() === '' ? NaN : Number(text);
  if (factor > 0 && factor <= 1) return factor;
  throw new OptionError(
    `${name} is ${show(text)}: give a share of the channels above 0 and at most 1, such as 0.5`,
  );
}

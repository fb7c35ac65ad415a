/**
 * Steps of preprocessing as they are written on the command line.
 *
 * @module
 */
import type { ImageSize, PreprocessSteps, Resize } from '../capture/preprocess.js';
import { UsageError } from './arguments.js';

const EXAMPLE =
  "give steps such as 'resize=256;crop=224;normalise=torch' or 'channels=1;resize=28x28;scale=1/255'";

/** How the value of each step is read, by its name in the API; `method` and `antialias` say how `resize` works. */
const STEPS: Readonly<Record<string, (name: string, text: string) => unknown>> = {
  channels: (name, text) => factorOf(name, text),
  resize: sizeOf,
  method: (_, text) => text,
  antialias: (name, text) => {
    if (text === 'true' || text === 'false') return text === 'true';
    throw new UsageError(`--${name} is '${text}': give true or false`);
  },
  crop: sizeOf,
  order: (_, text) => text,
  scale: listOf,
  mean: listOf,
  std: listOf,
  normalise: (_, text) => text,
  layout: (_, text) => text,
};

/** `resize=256;crop=224;normalise=torch` as the API's steps. @throws UsageError */
export function stepsOf(flag: string, given: string | boolean | undefined): PreprocessSteps | undefined {
  if (given === undefined) return undefined;
  const steps: Record<string, unknown> = {};
  for (const step of String(given).split(';')) {
    const [name, value, more] = step.split('=', 3).map((part) => part.trim()) as [string, string?, string?];
    const read = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
    if (read === undefined || !value || more !== undefined || name in steps) {
      throw new UsageError(`--${flag} is '${given}', and '${step.trim()}' is no step of it: ${EXAMPLE}`);
    }
    steps[name] = read(`${flag} ${name}`, value);
  }
  const { resize, method, antialias, ...others } = steps;
  if (method === undefined && antialias === undefined) return steps;
  if (resize === undefined) throw new UsageError(`--${flag} says how to resize, and not to what: ${EXAMPLE}`);
  const how = { ...(method !== undefined && { method }), ...(antialias !== undefined && { antialias }) };
  return { ...others, resize: { size: resize as ImageSize, ...how } as Resize };
}

/** A number, or a quotient such as 1/255. @throws UsageError */
export function factorOf(name: string, text: string): number {
  const [top, bottom = '1', more] = text.split('/');
  const value = Number(top) / Number(bottom);
  if (more === undefined && top.trim() !== '' && bottom.trim() !== '' && Number.isFinite(value)) return value;
  throw new UsageError(`--${name} is '${text}': give a number such as 0.0039 or 1/255`);
}

function listOf(name: string, text: string): number | number[] {
  const list = text.split(',').map((part) => factorOf(name, part));
  return list.length === 1 ? list[0] : list;
}

function sizeOf(name: string, text: string): ImageSize {
  if (text === 'input') return text;
  const sides = text.split('x').map((side) => (/^\d+$/.test(side) ? Number(side) : NaN));
  if (sides.length <= 2 && !sides.some(Number.isNaN)) {
    return sides.length === 1 ? sides[0] : [sides[0], sides[1]];
  }
  throw new UsageError(`--${name} is '${text}': give height x width such as 224x224, a number, or input`);
}

/**
 * The exhibits that compare networks, (b) to (e): each network is loaded once, one at a time.
 *
 * @module
 */
import type { CaptureData } from '../../capture/capture.js';
import { openEngine } from '../../engines/select.js';
import { filters } from './filters.js';
import type { RunGroup } from './groups.js';
import type { Exhibits, ExhibitsInput } from './input.js';
import { compareNets, measureOf } from './layer-scores.js';
import type { Comparing } from './layer-scores.js';
import { movement } from './movement.js';
import type { MovedNet } from './movement.js';
import { readNet, unmatched } from './networks.js';
import type { Net } from './networks.js';
import { pairsWithin, representations } from './representations.js';
import { startAndEnd } from './start-and-end.js';
import { reachWarnings } from './warnings.js';

/** What {@link similarities} makes of one architecture or of all. */
type Compared = Pick<Exhibits, 'representations' | 'movement' | 'startAndEnd' | 'filters' | 'warnings'>;

type Reading = Pick<ExhibitsInput, 'models' | 'plan' | 'load' | 'images'> & {
  /** Called after each network. */
  readonly onNet: () => void;
};

/** The networks of one run. */
interface Both {
  readonly initial: Net;
  readonly final: Net;
}

/** Exhibits (b) to (e) of all architectures. */
export async function similarities(groups: readonly RunGroup[], input: ExhibitsInput): Promise<Compared> {
  const { models, plan, signal, onProgress, threads } = input;
  const asked = measureOf(plan);
  const total = 2 * groups.reduce((sum, { runs }) => sum + runs.length, 0);
  let done = 0;
  const onNet = () => onProgress?.({ stage: 'exhibits', done: ++done, total });
  const engine = await openEngine(input.engine, { ...(threads !== undefined && { threads }) });
  try {
    const found: Compared[] = [];
    for (const { name } of models) {
      const own = groups.filter(({ model }) => model === name);
      if (own.length === 0) continue;
      found.push(await ofModel(name, own, { ...input, onNet }, { asked, engine, signal }));
    }
    return {
      representations: found.flatMap((one) => one.representations),
      movement: found.flatMap((one) => one.movement),
      startAndEnd: found.flatMap((one) => one.startAndEnd),
      filters: found.flatMap((one) => one.filters),
      warnings: found.flatMap((one) => one.warnings),
    };
  } finally {
    if (engine !== input.engine) await engine.close?.();
  }
}

/**
 * One architecture. The `random` and `pretrained` networks are held and compared together, each factored once; those of other
 * conditions meet their own beginning only, and are given up run by run.
 */
async function ofModel(
  model: string,
  groups: readonly RunGroup[],
  reading: Reading,
  comparing: Comparing,
): Promise<Compared> {
  const images = await reading.images(model);
  const warnings: string[] = [];
  const warn = (text: string) => {
    if (!warnings.includes(text)) warnings.push(text);
  };
  const crossed = groups.filter(({ condition }) => condition === 'random' || condition === 'pretrained');
  const held = await crossedRuns(crossed, images, reading, comparing, warn);
  const scratch = held.filter(({ final }) => final.run.condition === 'random');
  const pretrained = held.filter(({ final }) => final.run.condition === 'pretrained');
  const moved: Compared['movement'][number][] = [];
  const shown: Compared['filters'][number][] = [];
  for (const group of groups) {
    const own = held.filter(({ final }) => final.run.condition === group.condition);
    const runs = own.length > 0 ? own : await singleRuns(group, images, reading, comparing, warn);
    moved.push(movement(group, runs));
    const kernel = filters(runs[0].initial, runs[0].final);
    if (kernel) shown.push(kernel);
  }
  const [one] = held;
  const crossable = scratch.length >= 2 && pretrained.length >= 1;
  if (!crossable) {
    warn(
      `${model}: scratch–scratch and scratch–pretrained are not compared, which takes two random runs and a pretrained one; there ` +
        `are ${scratch.length} and ${pretrained.length}.`,
    );
  }
  const comparable = crossable && one.layers.length > 0;
  const parameters = reading.models.find(({ name }) => name === model)!.parameters;
  const exhibit =
    comparable &&
    representations(
      { model, parameters },
      scratch.map(({ final }) => final),
      pretrained.map(({ final }) => final),
      one.layers,
    );
  const pairs = [...pairsWithin(scratch), ...scratch.flatMap((a) => pretrained.map((b) => [a, b] as const))];
  const start = pairs.length > 0 && one.layers.length > 0 && startAndEnd(model, pairs);
  return {
    representations: exhibit ? [exhibit] : [],
    movement: moved,
    startAndEnd: start ? [start] : [],
    filters: shown,
    warnings: [...warnings, ...reachWarnings(model, exhibit || undefined, moved)],
  };
}

/** Both networks of each run, compared in every way that the exhibits ask. */
async function crossedRuns(
  groups: readonly RunGroup[],
  images: CaptureData,
  reading: Reading,
  comparing: Comparing,
  warn: (text: string) => void,
): Promise<MovedNet[]> {
  const runs = [];
  for (const run of groups.flatMap((group) => group.runs))
    runs.push(await bothNets(run, images, reading, comparing));
  if (runs.length === 0) return [];
  const scratch = runs.filter(({ final }) => final.run.condition === 'random');
  const pretrained = runs.filter(({ final }) => final.run.condition === 'pretrained');
  const across = scratch.flatMap((a) => pretrained.map((b) => [a, b] as const));
  // For (b) alone.
  const seed = reading.plan.similarity?.seed ?? 0;
  const others = pretrained.length > 0 ? scratch.slice(1).map(({ final }) => unmatched(final, seed)) : [];
  const pairs = [
    ...runs.map(({ initial, final }) => [initial, final] as const),
    ...[...pairsWithin(scratch), ...across].flatMap(([a, b]) => [
      [a.initial, b.initial] as const,
      [a.final, b.final] as const,
    ]),
    ...pairsWithin(pretrained).map(([a, b]) => [a.final, b.final] as const),
    ...scratch.flatMap((a, i) => others.slice(i).map((b) => [a.final, b] as const)),
  ];
  const nets = [...runs.flatMap(({ initial, final }) => [initial, final]), ...others];
  const layers = await compareNets(groups[0].model, nets, pairs, comparing, warn);
  return runs.map((run) => withoutActivations(run, layers));
}

/** Both networks of each run, compared with one another. */
async function singleRuns(
  group: RunGroup,
  images: CaptureData,
  reading: Reading,
  comparing: Comparing,
  warn: (text: string) => void,
): Promise<MovedNet[]> {
  const found: MovedNet[] = [];
  for (const run of group.runs) {
    const { initial, final } = await bothNets(run, images, reading, comparing);
    const title = `${group.model} ${group.condition}`;
    const layers = await compareNets(title, [initial, final], [[initial, final]], comparing, warn);
    found.push(withoutActivations({ initial, final }, layers));
  }
  return found;
}

function withoutActivations({ initial, final }: Both, layers: MovedNet['layers']): MovedNet {
  const { activations: _, ...before } = initial;
  const { activations: __, ...after } = final;
  return { initial: before, final: after, layers };
}

async function bothNets(
  run: RunGroup['runs'][number],
  images: CaptureData,
  { load, plan, onNet }: Reading,
  { signal }: Comparing,
): Promise<Both> {
  const how = { load, plan, ...(signal && { signal }) };
  const initial = await readNet(run, 'initial', images, how);
  onNet();
  const final = await readNet(run, 'final', images, how);
  onNet();
  return { initial, final };
}

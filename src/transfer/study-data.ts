/**
 * The images of a study as each of its networks takes them.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { labelWarnings } from './auc-classes.js';
import { labelledFingerprint } from './labelled-fingerprint.js';
import { classCounts } from './labelled-images.js';
import type { LabelledImages, Splits } from './labelled-images.js';
import { resizeImages, toChannels } from './labelled-resize.js';
import type { DataSummary } from './study-result.js';

/** `[height, width, channels]` */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** Images of one kind: of the target or of the source task. */
export interface StudyData {
  readonly summary: DataSummary;
  /** Classes and labels whose AUC is missing, or says little. */
  readonly warnings: readonly string[];
  /** Height, width and channels as they came. */
  readonly shape: ImageShape;
  /** All parts in the size and channels of a network; what one network had is kept for the next. */
  as(shape: ImageShape): Splits;
}

/**
 * @param from - as the plan names it.
 * @param place - of these data in the plan.
 * @param tested - the parts that are evaluated.
 * @throws OptionError where the parts do not belong together, or one that is evaluated can have no AUC
 */
export async function studyData(
  splits: Splits,
  from: string,
  place: string,
  tested: readonly ('validation' | 'test')[],
): Promise<StudyData> {
  const { train, validation, test } = splits;
  const shape: ImageShape = [train.shape[1], train.shape[2], train.shape[3]];
  for (const [name, part] of Object.entries({ validation, test })) {
    if (part.task === train.task && part.classes.join('\n') === train.classes.join('\n')) continue;
    throw new OptionError(
      `the ${name} images of '${from}' have the ${part.task} ${part.classes.join(', ')}, the training images the ` +
        `${train.task} ${train.classes.join(', ')}: all parts need the same`,
    );
  }
  const warnings = tested.flatMap((part) => {
    const name = `${place}, ${part} images`;
    try {
      const found = labelWarnings(splits[part], { intervals: part === 'test' });
      return found.map((warning) => `${name}: ${warning}`);
    } catch (cause) {
      throw new OptionError(`${name}: ${(cause as Error).message}`, { cause });
    }
  });
  const prepared = new Map<string, Splits>();
  return {
    shape,
    warnings,
    summary: {
      from,
      fingerprint: await labelledFingerprint(train, validation, test),
      shape,
      classes: train.classes,
      counts: {
        train: classCounts(train),
        validation: classCounts(validation),
        test: classCounts(test),
      },
    },
    as(wanted) {
      const name = wanted.join('×');
      const ready = prepared.get(name) ?? {
        train: fitted(train, wanted),
        validation: fitted(validation, wanted),
        test: fitted(test, wanted),
      };
      prepared.set(name, ready);
      return ready;
    },
  };
}

function fitted(images: LabelledImages, [height, width, channels]: ImageShape): LabelledImages {
  const sized = resizeImages(images, [height, width]);
  // Images of any number of channels go to networks that take as many.
  return sized.shape[3] === channels ? sized : toChannels(sized, channels as 1 | 3);
}

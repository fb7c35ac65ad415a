/**
 * The seven exhibits in the order of the page.
 *
 * @module
 */
import type { StudyResult } from '../../transfer/study-result.js';
import { STUDY_FORMAT } from '../../transfer/study-result.js';
import { FormatError } from '../../errors.js';
import { show } from '../../options.js';
import { convergenceExhibit } from './convergence.js';
import type { Exhibit } from './exhibit.js';
import { filtersExhibit } from './filters.js';
import { hybridExhibit } from './hybrid.js';
import { movementExhibit } from './movement.js';
import { performanceExhibit } from './performance.js';
import { representationsExhibit } from './representations.js';
import { startAndEndExhibit } from './start-and-end.js';

/** Reads every exhibit off a study. @throws FormatError for anything but the result of a study */
export function exhibitsOf(result: StudyResult): Exhibit[] {
  const format: unknown = (result as Partial<StudyResult> | undefined)?.format;
  if (format !== STUDY_FORMAT) {
    throw new FormatError(
      `this is no result of a study: its format is ${show(format)}, not '${STUDY_FORMAT}'; give what runStudy returned, or the JSON that \`svcca transfer\` wrote`,
    );
  }
  return [
    performanceExhibit,
    representationsExhibit,
    movementExhibit,
    startAndEndExhibit,
    filtersExhibit,
    convergenceExhibit,
    hybridExhibit,
  ].map((exhibit) => exhibit(result));
}

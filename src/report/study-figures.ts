/**
 * The drawings of a transfer study as files of their own.
 *
 * @module
 */
import type { StudyResult } from '../transfer/study-result.js';
import { together } from './chart/drawing.js';
import type { StudyFigure } from './study/exhibit.js';
import { exhibitsOf } from './study/exhibits.js';
import { standalone } from './svg-file.js';

export type { StudyFigure };

/**
 * The drawings of {@link studyReport}, each as the text of an `.svg` file with margins, background and colours of its own for
 * light and dark; architectures stand beside or below each other. Exhibits that the study does not have are absent.
 *
 * @param result - what `runStudy` returned, or its JSON parsed
 * @throws FormatError for anything but the result of a study
 */
export function studyFigures(result: StudyResult): Partial<Record<StudyFigure, string>> {
  const figures = exhibitsOf(result).flatMap((exhibit) => exhibit.figures);
  return Object.fromEntries(
    figures.map(({ name, drawings, label }) => [name, standalone(together(drawings, label))]),
  );
}

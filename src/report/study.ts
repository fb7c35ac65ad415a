/**
 * The report of a transfer study: one HTML page with its seven exhibits.
 *
 * @module
 */
import type { StudyResult } from '../transfer/study-result.js';
import { OptionError } from '../errors.js';
import { knownKeys, show } from '../options.js';
import { escape } from './markup.js';
import { captioned, folded, htmlPage, json } from './shell.js';
import { exhibitsOf } from './study/exhibits.js';
import type { Exhibit } from './study/exhibit.js';
import { found, lead, studied } from './study/front.js';

/** Options of {@link studyReport}. */
export interface StudyReportOptions {
  /** Heading of the page and name of its tab. @defaultValue the plan's title */
  readonly title?: string;
}

/**
 * Writes a transfer study as one HTML page: what was studied, what was found in words, the seven exhibits of *Transfusion*
 * (Raghu, Zhang, Kleinberg, Bengio: NeurIPS 2019, arXiv 1902.07208) as drawings and tables, the warnings and the plan. An exhibit
 * that the study does not have is left out with the reason. The page requests nothing and runs no script.
 *
 * The words follow from the numbers alone: a gain is called one where its interval lies on one side of zero, a difference of
 * representations where its permutation test reaches 0.05.
 *
 * @param result - what `runStudy` returned, or its JSON parsed
 * @param options - see {@link StudyReportOptions}
 * @returns the text of an HTML file
 * @throws FormatError for anything but the result of a study; OptionError for a bad option
 *
 * @example
 * ```ts
 * const study = JSON.parse(await readFile('study/study.json', 'utf8'));
 * await writeFile('study.html', studyReport(study, { title: 'Does ImageNet help on chest X-rays?' }));
 * ```
 */
export function studyReport(result: StudyResult, options: StudyReportOptions = {}): string {
  knownKeys('studyReport', options, ['title']);
  const exhibits = exhibitsOf(result);
  const { title = result.plan.title ?? 'Transfer study' } = options;
  if (typeof title !== 'string') throw new OptionError(`title is ${show(title)}: give a text`);
  const body = [found(exhibits), studied(result), ...exhibits.map(section), provenance(result)].join('\n');
  return htmlPage(title, lead(result), body);
}

function section({ letter, heading, figures, tables, absent }: Exhibit): string {
  const head = `<h2 id="exhibit-${letter}">(${letter}) ${escape(heading)}</h2>`;
  if (absent !== undefined) return `<section>\n${head}\n<p>Left out: ${escape(absent)}</p>\n</section>`;
  const drawings = figures.map(({ drawings: all, label, caption }) => captioned(all, label, escape(caption)));
  return `<section>
${[head, ...drawings, tables].join('\n')}
</section>`;
}

/** Warnings, and all that is needed to run the study again. */
function provenance({ version, backend, plan, data, warnings, runs }: StudyResult): string {
  const training = runs.flatMap(({ model, condition, seed, training: { warnings: own } }) =>
    own.map((text) => `${model}, ${condition}, seed ${seed}: ${text}`),
  );
  const all = [...warnings, ...training];
  const notes =
    all.length === 0
      ? '<p>None.</p>'
      : `<ol class="notes">\n${all.map((text) => `<li>${escape(text)}</li>`).join('\n')}\n</ol>`;
  const facts = {
    target: data.target.fingerprint,
    ...(data.source && { source: data.source.fingerprint }),
  };
  return `<section>
<h2>Warnings</h2>
${notes}
</section>
<section>
<h2>Provenance</h2>
<p class="fine">svcca ${escape(version)} · networks trained on the tfjs backend ${escape(backend)} · the same plan and data give the same numbers on the same backend</p>
${folded('Fingerprints of the data', json(facts))}
${folded('Plan', json(plan))}
</section>`;
}

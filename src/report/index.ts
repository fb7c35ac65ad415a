/**
 * Reports: similarities as drawings, tables and one self-contained page. Data in, text out, in Node and in browsers.
 *
 * @module
 */
export { report } from './page.js';
export type { ReportOptions } from './page.js';
export { studyReport } from './study.js';
export type { StudyReportOptions } from './study.js';
export { studyFigures } from './study-figures.js';
export type { StudyFigure } from './study/exhibit.js';
export { heatmap } from './heatmap.js';
export type { HeatmapOptions } from './heatmap.js';
export { diagonalCurve } from './curve.js';
export type { DiagonalCurveOptions } from './curve.js';
export { svgFile } from './svg-file.js';
export { toCsv } from './csv.js';
export type { Domain } from './colour.js';

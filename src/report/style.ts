/**
 * How the page looks. Light by default, dark where the reader's system is, light again on paper.
 *
 * @module
 */
import { FONT } from './text.js';

/** The page's only style sheet. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1e24; --muted: #616975; --line: #e2e5ea; --tint: #f6f7f9; --link: #1f62a6; --alert: #9a5b00;
}
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #14161a; --ink: #e7e9ed; --muted: #9aa2ae; --line: #2c3038; --tint: #1b1e24; --link: #7db7f0; --alert: #e0a84e; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 ${FONT}; font-variant-numeric: tabular-nums;
}
main { max-width: 71rem; margin: 0 auto; padding: 3.5rem 1.5rem 4rem; }
h1 { margin: 0; font-size: 1.85rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; text-wrap: balance; }
h2 { margin: 0 0 .6rem; font-size: 1.25rem; line-height: 1.3; font-weight: 650; letter-spacing: -0.005em; }
h1, h2, p, li, dt, dd, figcaption { overflow-wrap: anywhere; }
h2 small { margin-left: .5rem; font-size: .8125rem; font-weight: 500; color: var(--muted); letter-spacing: .01em; }
h3 { margin: 2rem 0 .4rem; font-size: .875rem; font-weight: 650; }
p { margin: 0; max-width: 46rem; text-wrap: pretty; }
a { color: var(--link); text-underline-offset: .15em; }
.lead { margin-top: .8rem; font-size: 1.0625rem; color: var(--muted); white-space: pre-line; }
.muted { color: var(--muted); font-weight: 400; }
.fine { margin-top: .6rem; font-size: .8125rem; color: var(--muted); }
section { margin-top: 2.5rem; padding-top: 2rem; border-top: 1px solid var(--line); }
.beside { display: flex; flex-wrap: wrap; gap: 1.75rem 3rem; align-items: flex-start; margin-top: 1.5rem; }
.beside > * { min-width: 0; max-width: 100%; }
.beside > .table, .beside > .words { flex: 1 1 22rem; }
/* The words come first where all is in one column, and stand to the right of the drawing where there is room. */
.reversed { flex-direction: row-reverse; justify-content: flex-end; margin-top: .9rem; }
figure { margin: 0; }
figcaption { margin-top: .9rem; max-width: 46rem; font-size: .8125rem; color: var(--muted); text-wrap: pretty; }
.scroll { overflow-x: auto; max-width: 100%; }
.scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 4px; }
svg { display: block; max-width: 100%; height: auto; }
.cell:hover > rect, .point:hover > path { stroke: currentColor; stroke-width: 2; }
.table { margin-top: 2rem; }
.beside > .table { margin-top: 0; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; line-height: 1.35; }
caption { padding-bottom: .6rem; text-align: left; font-weight: 650; }
th, td { padding: .45rem .55rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; white-space: nowrap; }
thead th { font-size: .75rem; font-weight: 500; color: var(--muted); vertical-align: bottom; }
tbody th { font-weight: 500; max-width: 18rem; }
tbody th, .name { min-width: 7.5rem; white-space: normal; overflow-wrap: anywhere; }
.words { min-width: 7.5rem; white-space: normal; }
.name .muted { white-space: nowrap; }
.name.apart { min-width: 8.5rem; }
th:first-child { padding-left: 0; }
tbody th.short { white-space: nowrap; }
thead tr + tr th:first-child { padding-left: 1.5rem; }
.number { text-align: right; }
.side { max-width: 14rem; padding-left: 1.5rem; overflow: hidden; text-overflow: ellipsis; color: var(--ink); border-bottom: 0; padding-bottom: 0; }
.apart { padding-left: 1.5rem; }
.strong { font-weight: 650; }
tbody tr:hover { background: var(--tint); }
.notes { margin: .4rem 0 0; padding-left: 1.3rem; max-width: 46rem; font-size: .875rem; }
.notes li { margin-top: .3rem; }
.notes li:target { background: var(--tint); }
.notes li::marker { color: var(--alert); font-weight: 650; }
.found { margin: 0; max-width: 46rem; }
.found dt { margin-top: 1.1rem; font-weight: 650; }
.found dd { margin: .25rem 0 0; }
details .table, details > figure { margin-top: 1rem; }
details { margin-top: 1.75rem; font-size: .875rem; }
summary { cursor: pointer; width: fit-content; color: var(--muted); }
summary:hover { color: var(--ink); }
pre { margin: .75rem 0 0; padding: 1rem; overflow-x: auto; border-radius: 6px; background: var(--tint); font: .8125rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
@media (max-width: 40rem) {
  main { padding: 2rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  h2 small { display: block; margin: .15rem 0 0; }
}
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  figure, tr, .notes li { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  .scroll { overflow: visible; }
  .scroll > svg { min-width: 0 !important; }
  svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  th, td { padding: .25rem .4rem; }
}
`;

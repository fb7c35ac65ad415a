/**
 * What every page has: head, style, and boxes for drawings and tables.
 *
 * @module
 */
import { escape } from './markup.js';
import { STYLE } from './style.js';

/** One HTML page that requests nothing and runs no script. @param body - markup below the heading */
export function htmlPage(title: string, lead: string | undefined, body: string): string {
  const description = lead === undefined ? '' : `\n<p class="lead">${escape(lead)}</p>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escape(title)}</h1>${description}
</header>
${body}
</main>
</body>
</html>
`;
}

/** A drawing in a box of its own: on a narrow screen it shrinks while it stays legible, then scrolls. */
export function figure(svg: string, name: string): string {
  return `<figure class="scroll" tabindex="0" aria-label="${escape(name)}">${shrinking(svg)}</figure>`;
}

/** Drawings that one caption explains. @param caption - markup */
export function captioned(drawings: readonly string[], name: string, caption: string): string {
  const boxes = drawings.map((svg) => `<div class="scroll" tabindex="0">${shrinking(svg)}</div>`);
  return `<figure class="captioned" aria-label="${escape(name)}">
<div class="beside">
${boxes.join('\n')}
</div>
<figcaption>${caption}</figcaption>
</figure>`;
}

function shrinking(svg: string): string {
  const width = Number(/ width="(\d+)"/.exec(svg)?.[1]);
  return svg.replace(' style="', ` style="min-width:${Math.round(width * 0.75)}px;`);
}

/** A table that scrolls on a narrow screen. */
export function tableBox(table: string): string {
  return `<div class="table scroll" tabindex="0">\n${table}\n</div>`;
}

/** What a reader may open. @param content - markup */
export function folded(summary: string, content: string): string {
  return `<details>\n<summary>${escape(summary)}</summary>\n${content}\n</details>`;
}

/** Data as they are. */
export function json(data: object): string {
  return `<pre>${escape(JSON.stringify(data, null, 2))}</pre>`;
}

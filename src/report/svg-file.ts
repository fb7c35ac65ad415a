/**
 * A heat map as a file of its own.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';
import { heatmap } from './heatmap.js';
import type { HeatmapOptions } from './heatmap.js';

const MARGIN = 16;

/** A viewer of files has no page whose colours the drawing could take. */
const STYLE =
  'svg{background:#fff;color:#1b1e24}' +
  '@media (prefers-color-scheme:dark){svg{background:#14161a;color:#e7e9ed}}';

/**
 * The heat map of {@link heatmap} with margins, background and colours of its own, for an `.svg` file.
 *
 * @param similarity - what to draw
 * @param options - as of {@link heatmap}
 * @returns the text of the file
 */
export function svgFile(similarity: Similarity, options: HeatmapOptions = {}): string {
  return standalone(heatmap(similarity, options));
}

/** A drawing with margins, background and colours of its own. */
export function standalone(drawing: string): string {
  const framed = drawing.replace(
    / width="(\d+)" height="(\d+)" viewBox="[^"]*"([^>]*)>/,
    (_, width: string, height: string, rest: string) => {
      const [w, h] = [Number(width) + 2 * MARGIN, Number(height) + 2 * MARGIN];
      const box = `width="${w}" height="${h}" viewBox="${-MARGIN} ${-MARGIN} ${w} ${h}"`;
      return ` ${box}${rest}><style>${STYLE}</style>`;
    },
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${framed}\n`;
}

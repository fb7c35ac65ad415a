/**
 * `S₁·C·S₂`: the cross-product `XᵀY` in the singular directions of both sides.
 *
 * @module
 */
import type { HostMatrix } from '../engines/engine.js';
import { scaleColumns, scaleRows } from '../factor/small.js';
import type { Pair } from './measure.js';

/** `S₁·C·S₂` `[rank x, rank y]`; its singular values are those of the centred `XᵀY`. */
export function scaledCross({ x, y, cross }: Pair): HostMatrix {
  return scaleColumns(scaleRows(cross, x.s), y.s);
}

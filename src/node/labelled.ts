/**
 * Opening the data of a study: images with labels, from where a plan says.
 *
 * @module
 */
import { UnsupportedError } from '../errors.js';
import type { Progress } from '../options.js';
import type { Splits } from '../transfer/labelled-images.js';
import type { DataSpec } from '../transfer/plan.js';

/** Options of {@link openLabelled}. */
export interface LabelledOptions {
  /** Folder from which relative paths are taken. @defaultValue the working directory */
  readonly base?: string;
  /** Folder where downloads are kept. @defaultValue `SVCCA_CACHE`, else `svcca` in the user's folder of caches */
  readonly cache?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** What {@link openLabelled} finds. */
export interface OpenedLabelled extends Splits {
  /** 16 hexadecimal digits of the SHA-256 of all images, labels and names that are used. */
  readonly fingerprint: string;
  readonly warnings: readonly string[];
}

export function openLabelled(spec: DataSpec, options: LabelledOptions = {}): Promise<OpenedLabelled> {
  return Promise.reject(new UnsupportedError(`${spec.from} of ${options.base} cannot be opened yet`));
}

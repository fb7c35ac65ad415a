/**
 * Decoded images, which may differ in size until they are prepared for a model.
 *
 * @module
 */

/** One image: rows of pixels from the top, channels last, values 0 to 255. */
export interface DecodedImage {
  readonly height: number;
  readonly width: number;
  /** Grey, or red, green and blue. */
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
  /** How messages call it, for example its path. */
  readonly name?: string;
}

/** Decodes an image when it is needed; it is called once in a pass. */
export type ImageReader = () => Promise<DecodedImage>;

/**
 * Images as one batch of samples. Each is decoded and prepared for the model by itself, so their sizes may differ and only one
 * is held at a time.
 */
export interface ImageBatch {
  readonly images: readonly (DecodedImage | ImageReader)[];
}

/** Whether `value` is an {@link ImageBatch}. */
export function isImageBatch(value: unknown): value is ImageBatch {
  const { images } = (value ?? {}) as { images?: unknown };
  return Array.isArray(images) && images.length > 0 && images.every(isImage);
}

function isImage(value: unknown): boolean {
  if (typeof value === 'function') return true;
  const { height, width, data } = (value ?? {}) as Partial<DecodedImage>;
  return Number.isInteger(height) && Number.isInteger(width) && data instanceof Uint8Array;
}

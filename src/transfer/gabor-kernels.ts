/**
 * Gabor filters as numbers.
 *
 * @module
 */

/** One filter. */
export interface GaborFilter {
  /** Direction in which the wave runs: radians from the axis of columns towards that of rows. */
  readonly orientation: number;
  /** Cycles per pixel. */
  readonly frequency: number;
}

/** Every frequency in every orientation, orientations spread evenly over half a turn; the first frequency's come first. */
export function gaborFilters(orientations: number, frequencies: readonly number[]): GaborFilter[] {
  return frequencies.flatMap((frequency) =>
    Array.from({ length: orientations }, (_, i) => ({
      orientation: (i * Math.PI) / orientations,
      frequency,
    })),
  );
}

/**
 * A Gabor filter sampled at the pixels of `height × width`, its centre in the middle, row by row:
 *
 *     g(x, y) = exp(−(x² + y²) / 2σ²) / 2πσ² · cos(2πf (x cos θ + y sin θ))
 *
 * which is the real part of `skimage.filters.gabor_kernel(f, θ, sigma_x=σ, sigma_y=σ)`, cut to the window where that is smaller.
 * For an even number of pixels the centre lies between two of them.
 */
export function gaborKernel(
  { orientation, frequency }: GaborFilter,
  sigma: number,
  height: number,
  width: number,
): Float64Array {
  const kernel = new Float64Array(height * width);
  const [cos, sin] = [Math.cos(orientation), Math.sin(orientation)];
  for (let row = 0; row < height; row++) {
    for (let col = 0; col < width; col++) {
      const [x, y] = [col - (width - 1) / 2, row - (height - 1) / 2];
      const envelope = Math.exp(-(x * x + y * y) / (2 * sigma * sigma)) / (2 * Math.PI * sigma * sigma);
      kernel[row * width + col] = envelope * Math.cos(2 * Math.PI * frequency * (x * cos + y * sin));
    }
  }
  return kernel;
}

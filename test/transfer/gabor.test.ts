/** `gabor`: scikit-image's filters in any first convolution. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { OptionError, UnsupportedError } from '../../src/errors.js';
import { cbr } from '../../src/transfer/cbr.js';
import { gaborFilters, gaborKernel } from '../../src/transfer/gabor-kernels.js';
import { gabor, type GaborOptions } from '../../src/transfer/gabor.js';
import { initialise } from '../../src/transfer/initialise.js';
import { withoutLeak } from '../capture/models.js';
import { copied, weightsOf, worn } from './start-models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A convolution of the given kernel. */
function model(size: number, filters: number, channels = 1): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'conv1',
        inputShape: [12, 12, channels],
        filters,
        kernelSize: size,
        kernelInitializer: 'heNormal',
      }),
      tf.layers.conv2d({ name: 'conv2', filters: 3, kernelSize: 3 }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ name: 'out', units: 2 }),
    ],
  });
}

/** Filter `o` in input channel `c` of an array of kernels. */
function filterOf(
  values: Float32Array,
  [h, w, channels, count]: readonly number[],
  c: number,
  o: number,
): number[] {
  return Array.from({ length: h * w }, (_, i) => values[(i * channels + c) * count + o]);
}

const rms = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length);

/** |cos| of the angle between two filters: 1 where they are the same but for their size. */
function alike(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const product = Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
  return product / (a.length * rms(a) * rms(b));
}

describe('gaborKernel', () => {
  // scikit-image 0.26.0: g = np.real(gabor_kernel(f, theta=i * np.pi / 16, sigma_x=2, sigma_y=2)), the k × k values in the middle
  // of it, ravelled, up to the centre; the rest mirrors them.
  it.each([
    {
      f: 0.16,
      i: 3,
      k: 7,
      half: [
        -0.0021170715691859, -0.0076696354131525, -0.0092102485437603, -0.0013508162745819,
        0.0076116022993343, 0.0078348103004371, 0.0028237446624588, -0.0069382347038337, -0.0137360040905111,
        -0.0079417089673369, 0.010578609417528, 0.0204611422424617, 0.0124424746512773, 0.0014040856265104,
        -0.0113672580079027, -0.0130492419216582, 0.0054376396966855, 0.0297776080538323, 0.0298031714920774,
        0.0094081005270458, -0.0042107556640036, -0.0104076437022531, -0.0024326402006562, 0.023544324350701,
        0.0397887357729738,
      ],
    },
    {
      f: 0.25,
      i: 8,
      k: 5,
      half: [
        -1.4637457881079794e-2, -2.1297375548806625e-2, -2.4133088157513478e-2, -2.1297375548806625e-2,
        -1.4637457881079794e-2, -8.1538465395453215e-18, 1.8974370473206145e-18, 2.1500778549630409e-18,
        8.7780439265573077e-18, 6.033055479479047e-18, 2.4133088157513478e-2, 3.5113436077406301e-2,
        3.9788735772973836e-2,
      ],
    },
    {
      f: 0.08,
      i: 13,
      k: 3,
      half: [
        0.0306899886143539, 0.0337531297074686, 0.0237563035892657, 0.0320910853761302, 0.0397887357729738,
      ],
    },
  ])("is scikit-image's: frequency $f, orientation $i/16, $k × $k", ({ f, i, k, half }) => {
    const filter = gaborFilters(16, [f])[i];
    expect(filter.orientation).toBeCloseTo((i * Math.PI) / 16, 15);
    const kernel = gaborKernel(filter, 2, k, k);
    const expected = [...half, ...half.slice(0, -1).reverse()];
    expect(kernel).toHaveLength(expected.length);
    expected.forEach((value, at) => {
      expect(Math.abs(kernel[at] - value), `value ${at}`).toBeLessThan(1e-15);
    });
  });
});

describe('gabor', () => {
  it.each([
    [7, 64, 1],
    [7, 80, 3],
    [5, 16, 1],
    [3, 32, 3],
    [4, 70, 2],
  ])('fills kernels of %i pixels a side: %i filters over %i channels', async (size, count, channels) => {
    const net = model(size, count, channels);
    await initialise(net, { seed: 5 });
    const before = weightsOf(net);
    const { layer, filters } = await withoutLeak(() => gabor(net, { seed: 5 }));
    expect(layer).toBe('conv1');
    expect(filters).toHaveLength(Math.min(count, 64));
    const keys = filters.map(({ orientation, frequency }) => `${orientation} ${frequency}`);
    expect(new Set(keys).size).toBe(filters.length);

    const after = weightsOf(net);
    const [values, drawn] = [after['conv1/kernel'], before['conv1/kernel']];
    const shape = [size, size, channels, count];
    filters.forEach((filter, o) => {
      const law = gaborKernel(filter, 2, size, size);
      for (let c = 0; c < channels; c++) {
        const own = filterOf(values, shape, c, o);
        expect(alike(own, law)).toBeGreaterThan(1 - 1e-6);
        // The size of a fresh draw; two runs of float32.
        expect(Math.abs(rms(own) / rms(drawn) - 1)).toBeLessThan(1e-5);
      }
    });
    // He: the deviation of the draw is √(2 / fan-in), cut at two deviations.
    expect(Math.abs(rms(values) / Math.sqrt((2 / (size * size * channels)) * 0.774) - 1)).toBeLessThan(
      5 / Math.sqrt(2 * values.length),
    );
    for (let o = filters.length; o < count; o++) {
      expect(filterOf(values, shape, 0, o)).toEqual(filterOf(drawn, shape, 0, o));
    }
    for (const name of Object.keys(after))
      if (name !== 'conv1/kernel') expect(after[name]).toEqual(before[name]);
    net.dispose();
  });

  it('takes a choice by the seed where there are fewer filters than are made', async () => {
    const net = model(7, 8);
    const taken = async (options: GaborOptions) => (await gabor(net, options)).filters;
    const first = await taken({ seed: 1 });
    const kept = copied(net);
    expect(await taken({ seed: 2 })).not.toEqual(first);
    expect(await taken({ seed: 1 })).toEqual(first);
    expect(copied(net)).toEqual(kept);
    expect(new Set(first.map(({ frequency }) => frequency)).size).toBeGreaterThan(1);
    const few = await taken({ orientations: 4, frequencies: [0.1, 0.2], sigma: 1.5 });
    expect(few).toEqual(
      [0.1, 0.2].flatMap((frequency) =>
        [0, 1, 2, 3].map((i) => ({ orientation: (i * Math.PI) / 4, frequency })),
      ),
    );
    net.dispose();
  });

  it('leaves everything else of a network as it was, and can fill another convolution', async () => {
    const net = worn(await cbr('Tiny', { inputShape: [12, 12, 1], classes: 2, width: 0.25 }));
    const before = weightsOf(net);
    expect((await gabor(net)).layer).toBe('block1_conv');
    expect((await gabor(net, { layer: 'block3_conv' })).layer).toBe('block3_conv');
    const after = weightsOf(net);
    for (const name of Object.keys(after)) {
      if (/^block[13]_conv/.test(name)) expect(after[name], name).not.toEqual(before[name]);
      else expect(after[name], name).toEqual(before[name]);
    }
    net.dispose();
  });

  it('says what it cannot do', async () => {
    const net = model(7, 8);
    const point = model(1, 8);
    const dense = tf.sequential({ layers: [tf.layers.dense({ name: 'only', units: 2, inputShape: [3] })] });
    const before = copied(net);
    await withoutLeak(async () => {
      await expect(gabor(dense)).rejects.toThrow(UnsupportedError);
      await expect(gabor(dense)).rejects.toThrow('the model has no Conv2D layer');
      await expect(gabor(dense, { layer: 'only' })).rejects.toThrow("layer 'only' is a Dense");
      await expect(gabor(point)).rejects.toThrow('a kernel of 1 × 1: a Gabor filter needs at least 3 × 3');
      await expect(gabor(net, { layer: 'conv9' })).rejects.toThrow(/conv9.*convolutions are conv1, conv2/);
      await expect(gabor(net, { frequencies: [0.7] })).rejects.toThrow(/frequencies is \[0.7\]/);
      await expect(gabor(net, { frequencies: [0.1, 0.5] })).rejects.toThrow(/each above 0 and below 0.5/);
      await expect(gabor(net, { frequencies: [] })).rejects.toThrow(OptionError);
      await expect(gabor(net, { orientations: 0 })).rejects.toThrow('orientations is 0');
      await expect(gabor(net, { sigma: -1 })).rejects.toThrow('sigma is -1');
      await expect(gabor(net, { phases: 2 } as object)).rejects.toThrow("gabor has no option 'phases'");
    });
    expect(copied(net)).toEqual(before);
    for (const one of [net, point, dense]) one.dispose();
  });
});

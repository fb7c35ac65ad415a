import { mkdir, mkdtemp, open, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { DataError, FormatError, OptionError, SvccaError, UnsupportedError } from '../../src/errors.js';
import { crc32 } from '../../src/io/crc32.js';
import { loadNpz } from '../../src/node/files.js';
import { decodeImage, imageFolder } from '../../src/node/images.js';
import { withoutLeak } from '../capture/models.js';

/** Made by make.py, with what Pillow reads of each file. */
const made = fileURLToPath(new URL('images', import.meta.url));
const files = (await readdir(made)).filter((name) => /\.(png|jpg)$/.test(name) && name !== 'cmyk.jpg');
let pixels: Awaited<ReturnType<typeof loadNpz>>;
let folder: string;

beforeAll(async () => {
  pixels = await loadNpz(join(made, 'pixels.npz'));
  folder = await mkdtemp(join(tmpdir(), 'svcca-images-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bytesOf = (name: string) => readFile(join(made, name));

describe('pixels are those of Pillow', () => {
  it.each(files)('%s', async (name) => {
    const { height, width, channels, data } = await decodeImage(await bytesOf(name), name);
    const expected = pixels[name];
    const wanted = expected.shape[2] ?? 1;
    // Pillow spreads one grey bit as RGB and keeps 16 grey bits; of 16-bit colours it drops the lower byte, where we round.
    expect([height, width]).toEqual(expected.shape.slice(0, 2));
    const deep = name.includes('16');
    const unit = deep && wanted === 1 ? 257 : 1;
    const off = Array.from({ length: height * width * channels }, (_, i) => {
      const [pixel, channel] = [Math.floor(i / channels), i % channels];
      return Math.abs(data[i] - expected.data[pixel * wanted + (wanted === 1 ? 0 : channel)] / unit);
    });
    expect(Math.max(...off)).toBeLessThanOrEqual(deep ? 1 : 0);
  });

  it('turns a JPEG as its EXIF orientation says, when asked', async () => {
    const upright = pixels['turned.jpg upright'];
    const { height, width, data } = await decodeImage(await bytesOf('turned.jpg'), 'x', { orient: true });
    expect([height, width]).toEqual([61, 45]);
    expect(Array.from(data)).toEqual(Array.from(upright.data));
  });

  it('tells formats by content and knows which are grey', async () => {
    expect((await decodeImage(await bytesOf('grey8.png'))).channels).toBe(1);
    expect((await decodeImage(await bytesOf('grey-alpha8.png'))).channels).toBe(1);
    expect((await decodeImage(await bytesOf('grey.jpg'))).channels).toBe(1);
    expect((await decodeImage(await bytesOf('palette1.png'))).channels).toBe(3);
  });
});

/** A PNG of chunks; the checksums are right. */
function png(chunks: readonly (readonly [type: string, content: Uint8Array])[]): Uint8Array {
  const parts = chunks.map(([type, content]) => {
    const out = Buffer.alloc(12 + content.length);
    out.writeUInt32BE(content.length);
    out.write(type, 4, 'latin1');
    out.set(content, 8);
    out.writeUInt32BE(crc32(out.subarray(4, 8 + content.length)), 8 + content.length);
    return out;
  });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

function header(width: number, height: number, depth = 8, colour = 0, rest = [0, 0, 0]): Uint8Array {
  const out = Buffer.alloc(13);
  out.writeUInt32BE(width);
  out.writeUInt32BE(height, 4);
  out.set([depth, colour, ...rest], 8);
  return out;
}

const end = ['IEND', new Uint8Array()] as const;
const idat = (...bytes: number[]) => ['IDAT', deflateSync(Uint8Array.from(bytes))] as const;
const small = idat(0, 1, 2, 0, 3, 4);

describe('damaged PNG files', () => {
  it('reads one that is made here', async () => {
    const { data } = await decodeImage(png([['IHDR', header(2, 2)], small, end]));
    expect(Array.from(data)).toEqual([1, 2, 3, 4]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /is empty \(at byte 0\)/],
    ['text', Buffer.from('<html>'), /neither a PNG nor a JPEG file \(at byte 0\)/],
    ['no header', png([small, end]), /no header at its start \(at byte 8\)/],
    [
      'two headers',
      png([
        ['IHDR', header(2, 2)],
        ['IHDR', header(2, 2)],
      ]),
      /second header \(at byte 33\)/,
    ],
    ['no image data', png([['IHDR', header(2, 2)], end]), /no image data/],
    ['no end', png([['IHDR', header(2, 2)], small]), /cut off/],
    ['no pixels', png([['IHDR', header(0, 2)], small, end]), /declares 0 × 2 pixels \(at byte 16\)/],
    ['a depth', png([['IHDR', header(2, 2, 3)], small, end]), /3 bits of the colour type 0.*\(at byte 24\)/],
    ['a method', png([['IHDR', header(2, 2, 8, 0, [0, 0, 2])], small, end]), /interlace method/],
    ['no palette', png([['IHDR', header(2, 2, 8, 3)], small, end]), /without a palette \(at byte 33\)/],
    [
      'a palette too short for a pixel',
      png([['IHDR', header(2, 2, 8, 3)], ['PLTE', new Uint8Array(3)], small, end]),
      /index 1 not in palette/,
    ],
    [
      'too few pixels',
      png([['IHDR', header(2, 3)], small, end]),
      /6 bytes of image data, its size asks for 9/,
    ],
    [
      'too many',
      png([['IHDR', header(2, 1)], small, end]),
      /more image data than its size asks for \(at byte 33\)/,
    ],
    ['a filter', png([['IHDR', header(1, 1)], idat(5, 0), end]), /filter 5/],
    [
      'what is not deflated',
      png([['IHDR', header(2, 2)], ['IDAT', Uint8Array.of(1, 2)], end]),
      /cannot be inflated/,
    ],
    [
      'a critical chunk',
      png([
        ['IHDR', header(2, 2)],
        ['CgBI', new Uint8Array()],
      ]),
      /CgBI that is not known/,
    ],
    [
      'more than it can hold',
      png([['IHDR', header(30_000, 3000)], small, end]),
      /cannot hold as many \(at byte 16\)/,
    ],
    [
      'more than is allowed',
      png([['IHDR', header(65_000, 65_000)], small, end]),
      /maxPixels.*\(at byte 16\)/,
    ],
  ])('%s', async (_, bytes, message) => {
    const reading = decodeImage(bytes, 'x.png');
    await expect(reading).rejects.toThrow(FormatError);
    await expect(reading).rejects.toThrow(message);
  });

  it('stops a bomb at the size that the header declares', async () => {
    const bomb = deflateSync(new Uint8Array(200e6));
    const before = process.memoryUsage().arrayBuffers;
    await expect(decodeImage(png([['IHDR', header(100, 100)], ['IDAT', bomb], end]), 'bomb')).rejects.toThrow(
      /more image data/,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  });
});

describe('damaged JPEG files', () => {
  const changed = async (change: (bytes: Buffer) => unknown, name = '420.jpg') => {
    const bytes = await bytesOf(name);
    const result = change(bytes);
    return decodeImage(result instanceof Uint8Array ? result : bytes, 'x.jpg');
  };
  const frameAt = (bytes: Buffer) => bytes.indexOf(Buffer.from('ffc0', 'hex'));

  it.each<[string, (bytes: Buffer) => unknown, RegExp]>([
    ['cut in a segment', (b) => b.subarray(0, 100), /beyond the end of the file \(at byte \d+\)/],
    ['cut in the image', (b) => b.subarray(0, b.length - 300), /cut off: it has no end marker \(at byte/],
    ['no marker', (b) => void (b[20] = 0), /no marker where one must stand \(at byte 20\)/],
    ['no height', (b) => void b.writeUInt16BE(0, frameAt(b) + 5), /declares 61 × 0 pixels \(at byte/],
    [
      'a size that cannot be',
      (b) => void b.writeUInt32BE(0x2000_0fff, frameAt(b) + 5),
      /declares more pixels than/,
    ],
    [
      'a second header',
      (b) => Buffer.concat([b.subarray(0, frameAt(b) + 19), b.subarray(frameAt(b))]),
      /second header/,
    ],
    ['no image', (b) => Buffer.concat([b.subarray(0, 20), Buffer.from('ffd9', 'hex')]), /no image data/],
    [
      'a table that is none',
      (b) =>
        void b.fill(
          0xff,
          b.indexOf(Buffer.from('ffc4', 'hex')) + 5,
          b.indexOf(Buffer.from('ffc4', 'hex')) + 21,
        ),
      /cannot be decoded/,
    ],
  ])('%s', async (_, change, message) => {
    await expect(changed(change)).rejects.toThrow(FormatError);
    await expect(changed(change)).rejects.toThrow(message);
    // The decoder works as before.
    expect((await decodeImage(await bytesOf('420.jpg'))).width).toBe(61);
  });

  it('refuses what it cannot read, and says what to do', async () => {
    await expect(changed(() => undefined, 'cmyk.jpg')).rejects.toThrow(UnsupportedError);
    await expect(changed(() => undefined, 'cmyk.jpg')).rejects.toThrow(
      /4 components \(CMYK\).*save it as RGB/,
    );
    await expect(changed((b) => void (b[frameAt(b) + 1] = 0xc9))).rejects.toThrow(/arithmetic-coded/);
    await expect(changed((b) => void (b[frameAt(b) + 4] = 12))).rejects.toThrow(/JPEG of 12 bits/);
  });

  it('prints nothing, whatever libjpeg says', async () => {
    const written: unknown[] = [];
    const [error, log] = [console.error, console.log];
    console.error = console.log = (...text: unknown[]) => written.push(text);
    try {
      await expect(changed((b) => void b.fill(0x55, frameAt(b) + 300))).rejects.toThrow(SvccaError);
    } finally {
      [console.error, console.log] = [error, log];
    }
    expect(written).toEqual([]);
  });
});

/** Writes files, each as the image of that name beside this test, or as text. */
async function write(root: string, names: Readonly<Record<string, string>>): Promise<string> {
  const at = join(folder, root);
  for (const [name, content] of Object.entries(names)) {
    await mkdir(dirname(join(at, name)), { recursive: true });
    await writeFile(join(at, name), files.includes(content) ? await bytesOf(content) : content);
  }
  return at;
}

async function batchesOf(at: string, from: number, to: number, batchSize = 64) {
  const batches = [];
  for await (const batch of (await imageFolder(at)).read({ from, to }, batchSize)) batches.push(batch);
  return batches;
}

const openFiles = async () => (await readdir('/proc/self/fd').catch(() => [])).length;

describe('a folder as data for a model', () => {
  const model = () => tf.sequential({ layers: [tf.layers.flatten({ name: 'flat', inputShape: [4, 4, 3] })] });
  const options = { batchSize: 2, preprocess: { resize: 'input' } } as const;

  it('is read twice and by range, and leaves no tensor and no file open', async () => {
    await tf.setBackend('cpu');
    const at = await write('read', { 'a.png': 'rgb8.png', 'b.jpg': '420.jpg', 'c.png': 'grey1.png' });
    const files = await openFiles();
    await withoutLeak(async () => {
      const net = model();
      const set = await capture(net, await imageFolder(at), options);
      expect(set.samples).toBe(3);
      const { flat } = await set.matrices();
      expect([flat.rows, flat.cols]).toEqual([3, 48]);
      expect((await set.matrices()).flat).toEqual(flat);
      for await (const { start, layers } of set.batches({ from: 1, to: 2 })) {
        expect(start).toBe(1);
        expect(layers.get('flat')!.data).toEqual(flat.data.slice(48, 96));
      }
      net.dispose();
    });
    expect(await openFiles()).toBe(files);
  });

  it('leaves nothing after a damaged image in the second batch, and after an abort', async () => {
    await tf.setBackend('cpu');
    const at = await write('fails', {
      '1.png': 'rgb8.png',
      '2.jpg': '420.jpg',
      '3.png': 'x',
      '4.png': 'rgb8.png',
    });
    const files = await openFiles();
    await withoutLeak(async () => {
      const net = model();
      const folderData = await imageFolder(at);
      const damaged = await capture(net, folderData, options);
      await expect(damaged.matrices()).rejects.toThrow(/3\.png is neither/);
      const controller = new AbortController();
      const onProgress = () => {
        controller.abort(new Error('enough'));
      };
      const stopped = await capture(net, folderData, { ...options, onProgress, signal: controller.signal });
      await expect(stopped.matrices()).rejects.toThrow('enough');
      // Within a batch, too: large photos take a second each.
      const late = new AbortController();
      let decoded = 0;
      const image = () => {
        if (++decoded === 3) late.abort(new Error('in the middle'));
        return Promise.resolve({ height: 1, width: 1, channels: 1 as const, data: new Uint8Array(1) });
      };
      const data = { images: Array.from({ length: 50 }, () => image) };
      const inside = await capture(net, data, { preprocess: options.preprocess, signal: late.signal });
      await expect(inside.matrices()).rejects.toThrow('in the middle');
      expect(decoded).toBe(3);
      net.dispose();
    });
    expect(await openFiles()).toBe(files);
  });

  it('is refused where an image changes between passes', async () => {
    await tf.setBackend('cpu');
    const at = await write('changes', { '1.png': 'rgb8.png', '2.png': 'rgb8.png' });
    const net = model();
    const set = await capture(net, await imageFolder(at), options);
    await set.matrices();
    await write('changes', { '2.png': 'rgba8.png' });
    await withoutLeak(async () => {
      await expect(set.matrices()).rejects.toThrow(/other values for samples 0 to 1 than before/);
    });
    net.dispose();
  });
});

describe('imageFolder', () => {
  it('lists folder by folder, by code points, images only', async () => {
    const at = await write('order', {
      'b/10.PNG': 'grey8.png',
      'b/2.jpeg': 'grey.jpg',
      'b-c/x.jpg': 'grey.jpg',
      'a.png': 'grey8.png',
      'Z.png': 'grey8.png',
      'é.png': 'grey8.png',
      '\u{1F600}.png': 'grey8.png',
      '\uFF21.png': 'grey8.png',
      '.hidden.png': 'grey8.png',
      '.git/x.png': 'grey8.png',
      'notes.txt': 'x',
    });
    const { files: found, samples, labels } = await imageFolder(at);
    expect(found).toEqual([
      'Z.png',
      'a.png',
      'b/10.PNG',
      'b/2.jpeg',
      'b-c/x.jpg',
      'é.png',
      '\uFF21.png',
      '\u{1F600}.png',
    ]);
    expect([samples, labels]).toEqual([8, undefined]);
    const [{ images }] = await batchesOf(at, 2, 4);
    const decoded = [];
    for (const image of images) decoded.push(typeof image === 'function' ? await image() : image);
    const [first, second] = decoded;
    expect([first.height, second.height, images.length]).toEqual([11, 45, 2]);
  });

  it('takes globs, and links but no circles', async () => {
    const at = await write('globs', {
      'x/1.png': 'grey8.png',
      'x/deep/2.jpg': 'grey.jpg',
      'y/3.png': 'grey8.png',
    });
    const paths = async (glob: string) => (await imageFolder(join(at, glob))).files;
    expect(await paths('**/*.png')).toEqual(['x/1.png', 'y/3.png']);
    expect(await paths('{x,z}/**')).toEqual(['x/1.png', 'x/deep/2.jpg']);
    expect(await paths('x/[0-9].png')).toEqual(['1.png']);
    await symlink(at, join(at, 'y', 'round'));
    await symlink(join(at, 'x'), join(at, 'z'));
    expect(await paths('')).toEqual(['x/1.png', 'x/deep/2.jpg', 'y/3.png', 'z/1.png', 'z/deep/2.jpg']);
    const odd = await write('a[1]', { 'p.png': 'grey8.png' });
    expect((await imageFolder(odd)).files).toEqual(['p.png']);
  });

  it('has labels by folder', async () => {
    const at = await write('classes', {
      'cat/2.png': 'grey8.png',
      'cat/1/1.png': 'grey8.png',
      'dog/1.png': 'grey8.png',
    });
    const { labels, classes, files: found } = await imageFolder(at);
    expect(found).toEqual(['cat/1/1.png', 'cat/2.png', 'dog/1.png']);
    expect([Array.from(labels!), classes]).toEqual([
      [0, 0, 1],
      ['cat', 'dog'],
    ]);
    const digits = await write('digits', { '10/a.png': 'grey8.png', '9/a.png': 'grey8.png' });
    const numbers = await imageFolder(digits);
    expect([numbers.files, numbers.classes, Array.from(numbers.labels!)]).toEqual([
      ['10/a.png', '9/a.png'],
      ['9', '10'],
      [1, 0],
    ]);
    expect((await imageFolder(at, { labels: 'none' })).labels).toBeUndefined();
    await write('classes', { 'stray.png': 'grey8.png' });
    expect((await imageFolder(at)).labels).toBeUndefined();
    await expect(imageFolder(at, { labels: 'folders' })).rejects.toThrow(/'stray.png' is in no folder/);
  });

  it('has labels from a table beside it, in the order of the samples', async () => {
    const at = await write('table', {
      'b.png': 'grey8.png',
      'a,1.png': 'grey8.png',
      'labels.csv': '\uFEFFlabel,file,note\r\nsick,b.png,"x ""y"""\r\n"not, sick","a,1.png",\r\n',
    });
    const { labels, classes, files: found } = await imageFolder(at);
    expect(found).toEqual(['a,1.png', 'b.png']);
    expect([classes, Array.from(labels!)]).toEqual([
      ['not, sick', 'sick'],
      [0, 1],
    ]);
    const csv = async (text: string) => {
      await writeFile(join(folder, 'other.csv'), text);
      return imageFolder(at, { labels: join(folder, 'other.csv') });
    };
    await expect(csv('file,label\nb.png,1')).rejects.toThrow(/no line for 'a,1.png'/);
    await expect(csv('file,label\nb.png,1\nb.png,2')).rejects.toThrow(/two labels for 'b.png': 1 and 2/);
    await expect(csv('file,label\nb.png,')).rejects.toThrow(/no label for 'b.png'/);
    await expect(csv('name,label\nb.png,1')).rejects.toThrow(FormatError);
    await expect(csv('file,label\nb"c.png,1')).rejects.toThrow(/stray quote\? \(at byte 11\)/);
    await expect(csv('')).rejects.toThrow(/it has nothing/);
    await expect(imageFolder(at, { labels: join(folder, 'none.csv') })).rejects.toThrow(/no such file/);
  });

  it('tells versions of a folder apart', async () => {
    const at = await write('versions', { '1.png': 'grey8.png' });
    const first = (await imageFolder(at)).fingerprint;
    expect((await imageFolder(at)).fingerprint).toBe(first);
    await write('versions', { '2.png': 'grey8.png' });
    expect((await imageFolder(at)).fingerprint).not.toBe(first);
    const other = await mkdtemp(join(folder, 'elsewhere-'));
    await writeFile(join(other, '1.png'), await bytesOf('grey8.png'));
    expect((await imageFolder(other)).fingerprint).toBe(first);
    // Of the same size, whether all is hashed or, beyond 64 MiB, pieces are.
    for (const length of [100, 80 << 20]) {
      const file = await open(join(other, '1.png'), 'w');
      await file.truncate(length);
      const before = (await imageFolder(other)).fingerprint;
      await file.write(Uint8Array.of(1), 0, 1, length / 2);
      await file.close();
      expect((await imageFolder(other)).fingerprint).not.toBe(before);
    }
  });

  it('names what is wrong with a folder, an option or an image', async () => {
    await expect(imageFolder(join(folder, 'missing'))).rejects.toThrow(DataError);
    await expect(imageFolder(join(made, 'grey8.png'))).rejects.toThrow(/is a file, not a folder/);
    await expect(imageFolder(await write('none', { 'x.txt': 'x' }))).rejects.toThrow(/holds no images/);
    await expect(imageFolder(made, { orient: 1 } as never)).rejects.toThrow(OptionError);
    await expect(imageFolder(made, { maxPixels: 0 })).rejects.toThrow(OptionError);
    await expect(imageFolder(made, { label: 'x' } as never)).rejects.toThrow(/no option 'label'/);
    await expect(imageFolder(made, { labels: 3 } as never)).rejects.toThrow(OptionError);
    const at = await write('damaged', { 'x.png': 'not an image' });
    const [{ images }] = await batchesOf(at, 0, 1);
    await expect((images[0] as () => Promise<unknown>)()).rejects.toThrow(/damaged.x\.png is neither/);
  });
});

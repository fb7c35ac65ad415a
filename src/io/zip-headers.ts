/**
 * The records of a zip archive of entries that are not compressed, ZIP64 where sizes or positions need it.
 *
 * @module
 */

/** An entry to write. */
export interface StoredEntry {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  /** Where its local header begins. */
  readonly at: number;
}

const MOST = 0xffffffff;
/** Version that an archive needs to be read by: 2.0, of ZIP64 4.5. */
const version = (zip64: boolean): number => (zip64 ? 45 : 20);
/** Bit 11: names are UTF-8. */
const UTF8 = 0x800;
/** The first day that zip knows, so that equal arrays give equal files. */
const DATE = 0x21;

/** What stands before an entry's content. */
export function localHeader({ name, size, crc }: StoredEntry): Uint8Array<ArrayBuffer> {
  const zip64 = size >= MOST;
  const bytes = new TextEncoder().encode(name);
  const extra = zip64 ? extraOf([size, size]) : new Uint8Array(0);
  const out = new Uint8Array(30 + bytes.length + extra.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x04034b50, true);
  view.setUint16(4, version(zip64), true);
  common(view, 6, { size: zip64 ? MOST : size, crc, name: bytes.length, extra: extra.length });
  out.set(bytes, 30);
  out.set(extra, 30 + bytes.length);
  return out;
}

/** The entry in the directory. */
export function centralHeader({ name, size, crc, at }: StoredEntry): Uint8Array<ArrayBuffer> {
  const large = size >= MOST;
  const far = at >= MOST;
  const bytes = new TextEncoder().encode(name);
  const extra =
    large || far ? extraOf([...(large ? [size, size] : []), ...(far ? [at] : [])]) : new Uint8Array(0);
  const out = new Uint8Array(46 + bytes.length + extra.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, version(large || far), true);
  view.setUint16(6, version(large || far), true);
  common(view, 8, { size: large ? MOST : size, crc, name: bytes.length, extra: extra.length });
  view.setUint32(42, far ? MOST : at, true);
  out.set(bytes, 46);
  out.set(extra, 46 + bytes.length);
  return out;
}

/** The end of the archive, whose directory of `count` entries is `length` bytes from `start` on. */
export function endRecords(of: { count: number; start: number; length: number }): Uint8Array<ArrayBuffer> {
  const { count, start, length } = of;
  const zip64 = count >= 0xffff || start >= MOST || length >= MOST;
  const out = new Uint8Array((zip64 ? 76 : 0) + 22);
  const view = new DataView(out.buffer);
  let at = 0;
  if (zip64) {
    view.setUint32(0, 0x06064b50, true);
    view.setBigUint64(4, 44n, true);
    view.setUint16(12, version(true), true);
    view.setUint16(14, version(true), true);
    [count, count, length, start].forEach((value, i) => {
      view.setBigUint64(24 + 8 * i, BigInt(value), true);
    });
    view.setUint32(56, 0x07064b50, true);
    view.setBigUint64(64, BigInt(start + length), true);
    view.setUint32(72, 1, true);
    at = 76;
  }
  view.setUint32(at, 0x06054b50, true);
  view.setUint16(at + 8, Math.min(count, 0xffff), true);
  view.setUint16(at + 10, Math.min(count, 0xffff), true);
  view.setUint32(at + 12, Math.min(length, MOST), true);
  view.setUint32(at + 16, Math.min(start, MOST), true);
  return out;
}

/** The fields that both headers of an entry have, from its flags on. */
function common(
  view: DataView,
  at: number,
  { size, crc, name, extra }: { size: number; crc: number; name: number; extra: number },
): void {
  view.setUint16(at, UTF8, true);
  view.setUint16(at + 6, DATE, true);
  view.setUint32(at + 8, crc, true);
  view.setUint32(at + 12, size, true);
  view.setUint32(at + 16, size, true);
  view.setUint16(at + 20, name, true);
  view.setUint16(at + 22, extra, true);
}

function extraOf(values: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 + 8 * values.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, 1, true);
  view.setUint16(2, 8 * values.length, true);
  values.forEach((value, i) => {
    view.setBigUint64(4 + 8 * i, BigInt(value), true);
  });
  return out;
}

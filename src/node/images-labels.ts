/**
 * Classes of the images of a folder.
 *
 * @module
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, FormatError, OptionError } from '../errors.js';
import { show } from '../options.js';
import { readBytes } from './files.js';
import { byCodePoints } from './images-list.js';

/** Where labels are: in names of folders, in a CSV file that is named, or nowhere. */
export type LabelSource = 'folders' | 'none' | (string & {});

/** Labels in the order of the samples. */
export interface Labels {
  readonly labels: Int32Array | undefined;
  readonly classes: readonly string[] | undefined;
}

/**
 * Finds the class of each file.
 *
 * @throws DataError where a file has none, or two; FormatError for a CSV without the columns `file` and `label`
 */
export async function labelsOf(
  source: LabelSource | undefined,
  root: string,
  files: readonly string[],
): Promise<Labels> {
  if (source !== undefined && typeof source !== 'string') {
    throw new OptionError(`labels is ${show(source)}: give 'folders', 'none' or the path of a CSV file`);
  }
  const none = { labels: undefined, classes: undefined };
  if (source === 'none') return none;
  const beside = join(root, 'labels.csv');
  const inFolders = files.every((file) => file.includes('/'));
  if (source === undefined) {
    if (await exists(beside)) return numbered(await fromCsv(beside, files));
    return inFolders ? numbered(files.map(firstFolder)) : none;
  }
  if (source !== 'folders') return numbered(await fromCsv(source, files));
  const outside = files.find((file) => !file.includes('/'));
  if (outside === undefined) return numbered(files.map(firstFolder));
  throw new DataError(`labels is 'folders', and '${outside}' is in no folder below '${root}'`);
}

function firstFolder(file: string): string {
  return file.slice(0, file.indexOf('/'));
}

/** Classes in their order, and the number of each label among them. */
function numbered(names: readonly string[]): Labels {
  const distinct = [...new Set(names)];
  const numeric = distinct.every((name) => /^-?\d{1,15}$/.test(name));
  const classes = distinct.sort(numeric ? (a, b) => Number(a) - Number(b) : byCodePoints);
  const numbers = new Map(classes.map((name, i) => [name, i]));
  return { classes, labels: Int32Array.from(names, (name) => numbers.get(name)!) };
}

async function fromCsv(path: string, files: readonly string[]): Promise<string[]> {
  const text = new TextDecoder().decode(await readBytes(path)).replace(/^\uFEFF/, '');
  const rows = parseCsv(text, path);
  const head = rows.shift() ?? [];
  const [file, label] = [head.indexOf('file'), head.indexOf('label')];
  if (file === -1 || label === -1) {
    throw new FormatError(
      `${path} must begin with a line that names its columns, 'file' and 'label' among them; it has ${head.join(', ') || 'nothing'}`,
      { offset: 0 },
    );
  }
  const known = new Map<string, string>();
  for (const row of rows) {
    const name = (row[file] ?? '').replaceAll('\\', '/').replace(/^\.\//, '');
    if (row[label] === undefined || row[label] === '')
      throw new DataError(`${path} has no label for '${name}'`);
    if (known.has(name) && known.get(name) !== row[label]) {
      throw new DataError(`${path} has two labels for '${name}': ${known.get(name)} and ${row[label]}`);
    }
    known.set(name, row[label]);
  }
  return files.map((name) => {
    const found = known.get(name);
    if (found !== undefined) return found;
    throw new DataError(`${path} has no line for '${name}': list every image, as file,label`);
  });
}

/** Fields of RFC 4180: quotes around a field that holds a comma, a line break or a quote, which is doubled in it. */
function parseCsv(text: string, path: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (field.lastIndex < text.length) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (match === null) {
      throw new FormatError(`${path} cannot be read as CSV from here on: is there a stray quote?`, {
        offset: Buffer.byteLength(text.slice(0, at)),
      });
    }
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === ',') {
      // A comma at the very end leaves an empty field.
      if (field.lastIndex < text.length) continue;
      row.push('');
    }
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The real models that the package `nsfwjs` ships, laid out as files again: quantised to uint8, in shards. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './support.js';

/** MobileNetV2 and InceptionV3 as layers models, MobileNetV2 (1.4) as a graph model. */
export type NsfwModel = 'mobilenet_v2' | 'inception_v3' | 'mobilenet_v2_mid';

interface ModelJson {
  weightsManifest: { paths: string[] }[];
}

/** Writes `model.json` and its shards, which the package holds as scripts, into a folder; gives the path of `model.json`. */
export function unpackNsfw(name: NsfwModel, folder: string): string {
  const from = join(root, 'node_modules/nsfwjs/dist/models', name);
  const load = createRequire(join(from, 'model.min.js'));
  const into = join(folder, name);
  mkdirSync(into, { recursive: true });
  const model = load('./model.min.js') as ModelJson;
  for (const path of model.weightsManifest.flatMap(({ paths }) => paths)) {
    const base64 = load(`./${path.replace(/\.bin$/, '')}.min.js`) as string;
    writeFileSync(join(into, path), Buffer.from(base64, 'base64'));
  }
  writeFileSync(join(into, 'model.json'), JSON.stringify(model));
  return join(into, 'model.json');
}

/** Models from a server: shards, queries, redirects, and servers that do not give what they should. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataError, FormatError } from '../../src/errors.js';
import { loadModel } from '../../src/node/models.js';
import { images, sequential, withoutLeak } from '../capture/models.js';
import { distance } from '../support.js';

type Answer = Buffer | string | ((request: IncomingMessage, response: ServerResponse) => void);

let server: Server;
let files: Record<string, Answer>;
let asked: string[];
let reference: tf.Sequential;
let input: tf.Tensor;
let weights: Buffer;
let json: { modelTopology: unknown; weightsManifest: { paths: string[]; weights: object[] }[] };
const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

beforeAll(async () => {
  tf.env().set('PROD', true);
  await tf.setBackend('cpu');
  reference = sequential();
  input = images(3);
  let saved: tf.io.ModelArtifacts | undefined;
  await reference.save(
    tf.io.withSaveHandler((given) => {
      saved = given;
      return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(given) });
    }),
  );
  weights = Buffer.from(new tf.io.CompositeArrayBuffer(saved!.weightData).slice());
  json = {
    modelTopology: saved!.modelTopology,
    weightsManifest: [{ paths: ['a.bin', 'b.bin'], weights: saved!.weightSpecs! }],
  };
});
afterAll(() => {
  tf.dispose([input]);
  reference.dispose();
});
beforeEach(async () => {
  asked = [];
  files = {
    '/m/model.json': JSON.stringify(json),
    '/m/a.bin': weights.subarray(0, 99),
    '/m/b.bin': weights.subarray(99),
  };
  server = createServer((request, response) => {
    asked.push(request.url!);
    const answer = files[request.url!];
    if (typeof answer === 'function') answer(request, response);
    else if (answer === undefined) response.writeHead(404).end();
    else response.end(answer);
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return () => {
    server.closeAllConnections();
    server.close();
  };
});

async function loads(path: string): Promise<string> {
  return withoutLeak(async () => {
    const { model, fingerprint } = await loadModel(url(path));
    const [y, expected] = [model.predict(input) as tf.Tensor, reference.predict(input) as tf.Tensor];
    expect(distance(await y.data(), await expected.data())).toBe(0);
    tf.dispose([y, expected]);
    model.dispose();
    return fingerprint;
  });
}

async function fails(path: string, type: typeof FormatError | typeof DataError, message: string | RegExp) {
  await withoutLeak(async () => {
    await expect(loadModel(url(path))).rejects.toThrow(type);
    await expect(loadModel(url(path))).rejects.toThrow(message);
  });
}

const moved =
  (to: string): Answer =>
  (_, response) => {
    response.writeHead(302, { location: to }).end();
  };

describe('loadModel from the web', () => {
  it('shards in turn, once each', async () => {
    await loads('/m/model.json');
    expect(asked).toEqual(['/m/model.json', '/m/a.bin', '/m/b.bin']);
  });

  it('hands the query on to shards that have none', async () => {
    const [, ...rest] = Object.keys(files);
    for (const path of Object.keys(files)) files[`${path}?key=1`] = files[path];
    json.weightsManifest[0].paths = ['a.bin', 'b.bin?own=2'];
    files['/m/model.json?key=1'] = JSON.stringify(json);
    files['/m/b.bin?own=2'] = files['/m/b.bin'];
    json.weightsManifest[0].paths = ['a.bin', 'b.bin'];
    await loads('/m/model.json?key=1');
    expect(asked).toEqual(['/m/model.json?key=1', '/m/a.bin?key=1', '/m/b.bin?own=2']);
    expect(rest).toHaveLength(2);
  });

  it('shards in folders below', async () => {
    files['/m/model.json'] = JSON.stringify(json)
      .replace('"a.bin"', '"w/a.bin"')
      .replace('"b.bin"', '"./b.bin"');
    files['/m/w/a.bin'] = files['/m/a.bin'];
    delete files['/m/a.bin'];
    await loads('/m/model.json');
  });

  it('shards beside the address that was asked for, or beside the one that the server sent us on to', async () => {
    files['/latest/model.json'] = moved('/m/model.json');
    const far = await loads('/latest/model.json');
    expect(asked).toContain('/latest/a.bin');
    // Each file is sent on by itself, as release pages do: nothing lies beside model.json where it ends.
    files = {
      '/r/model.json': moved('/store/1'),
      '/r/a.bin': moved('/store/2'),
      '/r/b.bin': moved('/store/3'),
      '/store/1': JSON.stringify(json),
      '/store/2': weights.subarray(0, 99),
      '/store/3': weights.subarray(99),
    };
    expect(await loads('/r/model.json')).toBe(far);
  });

  it('the same files have the same fingerprint wherever they are', async () => {
    const first = await loads('/m/model.json');
    for (const path of Object.keys(files)) files[path.replace('/m/', '/other/')] = files[path];
    expect(await loads('/other/model.json')).toBe(first);
    files['/other/a.bin'] = Buffer.from(weights.subarray(0, 99));
    files['/other/a.bin'][4] ^= 1;
    const { model, fingerprint } = await loadModel(url('/other/model.json'));
    expect(fingerprint).not.toBe(first);
    model.dispose();
  });

  it('a shard that is not there', async () => {
    delete files['/m/b.bin'];
    await fails(
      '/m/model.json',
      FormatError,
      `weights file '${url('/m/b.bin')}' is missing (HTTP 404): '${url('/m/model.json')}' names it`,
    );
  });

  it('shards that are too short or too long, however long: it stops reading', async () => {
    files['/m/b.bin'] = weights.subarray(99, -4);
    await fails('/m/model.json', FormatError, /need \d+ bytes, there are \d+ in a\.bin \(99 bytes\), b\.bin/);
    let sent = 0;
    files['/m/a.bin'] = (_, response) => {
      const more = (): void => {
        while (sent < 1 << 26 && response.writable) {
          sent += 1 << 16;
          if (!response.write(Buffer.alloc(1 << 16))) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    };
    await withoutLeak(async () => {
      await expect(loadModel(url('/m/model.json'))).rejects.toThrow(
        /need \d+ bytes, and there are more in 'a\.bin'/,
      );
    });
    expect(sent).toBeLessThan(1 << 25);
  });

  it.each([
    '../secret.bin',
    '/m/../secret.bin',
    'http://127.0.0.1:9/a.bin',
    '//127.0.0.1/a.bin',
    '/secret.bin',
    '',
    '.',
  ])('a shard outside the folder: %j', async (path) => {
    files['/m/model.json'] = JSON.stringify(json).replace('"a.bin"', JSON.stringify(path));
    files['/secret.bin'] = weights.subarray(0, 99);
    await fails(
      '/m/model.json',
      FormatError,
      `names the weights file '${path}', which is outside its folder: refused`,
    );
    expect(asked).toEqual(['/m/model.json', '/m/model.json']);
  });

  it('errors of the server and of the network', async () => {
    files['/m/b.bin'] = (_, response) => response.writeHead(503).end();
    await fails('/m/model.json', DataError, `cannot load '${url('/m/b.bin')}': HTTP 503 Service Unavailable`);
    files['/m/b.bin'] = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half');
      response.destroy();
    };
    await fails('/m/model.json', DataError, /cannot load '.*b\.bin': /);
    files['/m/b.bin'] = (_, response) => response.destroy();
    await fails('/m/model.json', DataError, /cannot load '.*b\.bin': fetch failed: /);
    await fails('/none.json', DataError, `cannot load '${url('/none.json')}': HTTP 404 Not Found`);
    await expect(loadModel('http://')).rejects.toThrow("cannot load 'http://': it is no URL");
    const gone = url('/m/model.json');
    await new Promise((done) => {
      server.closeAllConnections();
      server.close(done);
    });
    await expect(loadModel(gone)).rejects.toThrow(DataError);
  });

  it('a page in the place of a model', async () => {
    files['/m/model.json'] = '<!doctype html>';
    await fails('/m/model.json', FormatError, / is not JSON: .*\(at byte 0\)/);
  });
});

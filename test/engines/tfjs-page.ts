/** Runs inside a page: opens the engine there, and calls it and its device as the test asks. */
import * as tf from '@tensorflow/tfjs';
import { open as openHost } from '../../src/engines/ml-matrix/index.js';
import { open } from '../../src/engines/tfjs/index.js';
import type { Device } from './tfjs-device.js';
import { localDevice } from './tfjs-local.js';
import { Kept, decode, encode } from './tfjs-wire.js';

let device: Device;
const kept = new Kept();

/** Opens the engine on a backend; everything is multiplied on the device. */
async function start(backend: string): Promise<{ description?: string; gpu?: boolean }> {
  await tf.setBackend(backend);
  await tf.ready();
  const engine = await open(await openHost(), { always: true });
  device = localDevice(engine);
  const { description, gpu } = engine;
  return { ...(description !== undefined && { description }), ...(gpu !== undefined && { gpu }) };
}

/** Tries to open the engine while WebGL says that it renders to 16 bits; the error, and how often the host was closed. */
async function startWithout32Bits(): Promise<{ error: string; closed: number }> {
  await tf.setBackend('webgl');
  let closed = 0;
  const close = async (): Promise<void> => {
    closed++;
  };
  const host = { ...(await openHost()), close };
  const before = tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED');
  tf.env().set('WEBGL_RENDER_FLOAT32_ENABLED', false);
  try {
    await open(host);
    return { error: 'none', closed };
  } catch (error) {
    return { error: String(error), closed };
  } finally {
    tf.env().set('WEBGL_RENDER_FLOAT32_ENABLED', before);
  }
}

const isTensor = (object: object): boolean => object instanceof tf.Tensor;
const isHandle = (object: object): boolean => 'owned' in object || 'tensor' in object;

async function call(target: 'engine' | 'device', method: string, text: string): Promise<string> {
  const on: any = target === 'engine' ? device.engine : device;
  const args: unknown[] = decode(text, (id) => kept.get(id));
  try {
    const result: unknown = await on[method](...args);
    return encode({ result }, (object) =>
      isTensor(object) || isHandle(object) ? kept.keep(object) : undefined,
    );
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    return encode({ message, code }, () => undefined);
  }
}

Object.assign(globalThis, { page: { start, startWithout32Bits, call } });

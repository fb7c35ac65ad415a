/**
 * Which file a path means, and files of other formats, each refused with the way out.
 *
 * @module
 */
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { DataError, UnsupportedError } from '../errors.js';
import { fileError } from './files.js';

const CONVERT = 'tensorflowjs_converter (pip install tensorflowjs)';

/**
 * The converter also reads what Keras 3 saves (`.keras`, and `.h5` of Keras 3), but TensorFlow.js cannot build the layers that it
 * writes then; a graph it can.
 */
export const FROM_KERAS_3 =
  "in Python, model.export('exported') and then tensorflowjs_converter --input_format=tf_saved_model exported folder " +
  'make a graph model of it, which can be loaded';

const CAPTURE = 'capture its activations where it runs, and compare .npz files of them';

const REFUSED: Readonly<Record<string, string>> = {
  '.h5': `if Keras 2 (tf_keras) saved it: ${CONVERT} --input_format=keras model.h5 folder; if Keras 3 did: ${FROM_KERAS_3}`,
  '.hdf5': `if Keras 2 (tf_keras) saved it: ${CONVERT} --input_format=keras model.hdf5 folder; if Keras 3 did: ${FROM_KERAS_3}`,
  '.keras': `${FROM_KERAS_3} (pip install tensorflowjs)`,
  '.pb': `convert its folder: ${CONVERT} --input_format=tf_saved_model folder output`,
  '.bin': 'that holds weights alone; name the model.json beside it',
  '.npy': 'that holds an array, not a model',
  '.npz': 'that holds arrays, not a model',
  '.onnx': CAPTURE,
  '.pt': CAPTURE,
  '.pth': CAPTURE,
  '.safetensors': CAPTURE,
  '.tflite': CAPTURE,
};

/**
 * The `model.json` that is meant by a path.
 *
 * @throws DataError where there is none; UnsupportedError for a model of another format.
 */
export async function locateModel(path: string): Promise<string> {
  const status = await stat(path).catch((error: unknown) => {
    throw fileError(error, path, 'read');
  });
  if (!status.isDirectory()) {
    const way = REFUSED[extname(path).toLowerCase()];
    if (way === undefined) return path;
    throw new UnsupportedError(`'${path}' is not a TensorFlow.js model: ${way}`);
  }
  const names = await readdir(path).catch((error: unknown) => {
    throw fileError(error, path, 'read');
  });
  if (names.includes('model.json')) return join(path, 'model.json');
  if (names.includes('saved_model.pb')) {
    throw new UnsupportedError(`'${path}' is a SavedModel, not a TensorFlow.js model: ${REFUSED['.pb']}`);
  }
  const some = names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
  throw new DataError(`'${path}' holds no model.json; it holds ${some || 'nothing'}`);
}

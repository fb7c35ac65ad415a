/**
 * Files for `svcca` in Node: arrays, models, and the tfjs backend to run them on.
 *
 * ```ts
 * import { compare } from 'svcca';
 * import { loadModel, loadNpz } from 'svcca/node';
 *
 * const a = await loadNpz('scratch.npz');
 * const b = await loadNpz('pretrained.npz');
 * const similarity = await compare(a, b);
 * ```
 *
 * @packageDocumentation
 */
export { fingerprint, loadNpy, loadNpz, saveNpy, saveNpz, writeAtomic } from './files.js';
export { loadModel } from './models.js';
export type { LoadedModel, ModelSource } from './models.js';
export { imageFolder, decodeImage } from './images.js';
export type { DecodeOptions, ImageFolder, ImageFolderOptions } from './images.js';
export type { LabelSource } from './images-labels.js';
export { dataFile } from './data.js';
export type { DataFile, DataFileOptions } from './data.js';
export { openActivations } from './array-files.js';
export type { FileOptions, OpenedActivations } from './array-files.js';
export { saveActivations } from './save-activations.js';
export type { StoredType } from './stored-batches.js';
export type { SaveOptions, SavedLayer } from './save-activations.js';
export { loadPart, openPart, savePart } from './parts.js';
export { spoolTo } from './spool.js';
export { checkpointFile } from './checkpoint.js';
export type { CheckpointFileOptions } from './checkpoint.js';
export { openLabelled } from './labelled.js';
export type { LabelledOptions, OpenedLabelled } from './labelled.js';
export { openStudy, readPlan } from './study.js';
export type { OpenStudyOptions, OpenedStudy } from './study.js';
export { folderStore, lockFolder } from './study-store.js';
export type { FolderLock } from './study-store.js';
export { chooseBackend, restoreUtil } from './backend.js';
export type { Backend, BackendName } from './backend.js';
export type { NpyArray, NpySource } from '../io/npy.js';
export type { FloatArray, Matrix } from '../matrix.js';

/**
 * What captures chosen layers of one model, batch by batch, whatever kind of model it is.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { NumberArray } from '../matrix.js';
import type { LayerInfo } from './activations.js';
import { openGraphProbe } from './graph-model-probe.js';
import { listGraphInputs, listGraphLayers } from './graph-model.js';
import { listModelInputs, listModelLayers, openModelProbe } from './layers-model.js';
import { isGraphModel } from './recognise.js';

/** A model that can be captured. */
export type CaptureModel = tf.LayersModel | tf.GraphModel;

/** What a model takes in one of its inputs; `null` stands for any length. */
export interface InputInfo {
  readonly name: string;
  /** With the batch axis first; `[]` where a graph does not say. */
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
}

/** One layer's activation as the model gives it, `shape[0]` samples. */
export interface RawActivation {
  readonly shape: readonly number[];
  readonly data: NumberArray;
  /** 1 where a position counts, 0 where the model masks it, `shape` without its last axis. Left out: all count. */
  readonly mask?: Uint8Array;
}

/** The same, left where the model ran. */
export interface RawTensor {
  readonly tensor: tf.Tensor;
  readonly mask?: Uint8Array;
}

/** How a model is run. */
export interface ProbeOptions {
  /** As in training: dropout on, batch norm by the statistics of the batch. The model itself does not change. @defaultValue `false` */
  readonly training?: boolean;
  /** Seed of what is random in training. @defaultValue `0` */
  readonly seed?: number;
}

/** Captures chosen layers of one model; the model is read, never changed. */
export interface Probe {
  /** The chosen layers, in order of execution. */
  readonly layers: readonly LayerInfo[];
  readonly inputs: readonly InputInfo[];
  /**
   * Runs one batch, by default in inference mode (dropout off, batch norm by running statistics); activations come channels
   * last, whatever the model's own layout. The inputs stay the caller's; no other tensor outlives the call, whether it succeeds
   * or not.
   *
   * @param start - global number of the first sample, on which the random numbers of training depend. @defaultValue `0`
   */
  run(inputs: readonly tf.Tensor[], start?: number): Promise<Map<string, RawActivation>>;
  /** The same, left where the model ran: the tensors are the caller's to dispose. */
  runOnDevice(inputs: readonly tf.Tensor[], start?: number): Promise<Map<string, RawTensor>>;
  /** Gives up what the probe holds. The model stays usable. */
  dispose(): void;
}

/**
 * Lists what can be captured of a model, in order of execution, inputs and nested models included: a nested model's
 * layers by path (`backbone/conv1`) and then the nested model itself; a layer used twice as `name@0` and `name@1`. Of a
 * GraphModel: the nodes whose values depend on the data, by their own names, further outputs of one as `name:1`; a fused op
 * (`_FusedConv2D+BiasAdd+Relu6`) is one node. Their shapes may take one run of the model on zeros to tell.
 *
 * @throws UnsupportedError for a model that cannot be captured; OptionError for what is not a model.
 */
export function listLayers(model: CaptureModel): LayerInfo[] {
  return isGraphModel(model) ? listGraphLayers(model) : listModelLayers(model);
}

/** Lists what a model takes, in the order in which arrays of data are given. @throws as {@link listLayers}; nothing is run */
export function listInputs(model: CaptureModel): InputInfo[] {
  return isGraphModel(model) ? listGraphInputs(model) : listModelInputs(model);
}

/**
 * Opens a probe on some of a model's layers.
 *
 * @param layers - a selection of {@link listLayers}, by name.
 * @throws OptionError for a name that the model does not have; UnsupportedError as {@link listLayers}.
 */
export async function openProbe(
  model: CaptureModel,
  layers: readonly Pick<LayerInfo, 'name'>[],
  options: ProbeOptions = {},
): Promise<Probe> {
  return isGraphModel(model)
    ? openGraphProbe(model, layers, options)
    : openModelProbe(model, layers, options);
}

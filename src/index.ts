/**
 * Representation similarity between neural networks: SVCCA, PWCCA, CKA and Procrustes, layer by layer.
 *
 * ```ts
 * import { compare, svcca } from 'svcca';
 *
 * const similarity = await compare(scratch, pretrained, images); // two tfjs models, one tensor
 * similarity.at('conv2', 'conv2');
 * similarity.diagonal();
 * const { score, correlations } = await svcca(a, b, { keep: { variance: 0.99 } }); // two matrices, samples × neurons
 * ```
 *
 * @packageDocumentation
 */

// Networks, layer by layer.
export { compare } from './compare/compare.js';
export type { CompareOptions } from './compare/compare.js';
export type { ReadingOptions } from './compare/run.js';
export type { Comparable } from './compare/sources.js';
export { SIMILARITY_FORMAT, Similarity } from './compare/similarity.js';
export type { Cell, LayerScore, SimilarityData } from './compare/similarity.js';

// Many networks with one another.
export { compareMany } from './compare/many.js';
export type { ManyOptions } from './compare/many.js';
export { MODELS_FORMAT, ModelSimilarity } from './compare/model-similarity.js';
export type { DistanceKind, MatrixChoice, ModelSimilarityData } from './compare/model-similarity.js';
export { averageLinkage, classicalScaling } from './compare/scaling.js';
export type { Merge, Scaling, Tree } from './compare/scaling.js';

// Two matrices, samples × neurons.
export {
  cca,
  cka,
  distanceCorrelation,
  mutualKnn,
  pls,
  procrustes,
  pwcca,
  regression,
  rsa,
  rvCoefficient,
  svcca,
} from './measures/functions.js';
export type { PairOptions } from './measures/run-pair.js';
export { conventions, score } from './compare/score.js';
export type { LabelledResult, ScoreOptions, Scores, SkippedConvention } from './compare/score.js';
export type { Convention, MeasureChoice, MeasureChoices } from './compare/asked.js';
export { partial } from './measures/partial.js';
export type { Given, MeasureOptions, PartialOptions, PartialResult } from './measures/partial.js';
export { dftCca } from './measures/dft-cca.js';
export type { DftCcaOptions, DftCcaResult, DftSide } from './measures/dft-cca.js';
export { canonicalVariates, ccaDirections, svccaDirections } from './measures/directions.js';
export type {
  Directions,
  DirectionsOptions,
  SideDirections,
  SvccaDirectionsOptions,
} from './measures/directions.js';
export { presets } from './measures/presets.js';
export type { PresetName } from './measures/presets.js';
export { measures } from './measures/registry.js';
export type { MeasureName } from './measures/registry.js';
export type {
  Invariance,
  Measure,
  Needs,
  Outcome,
  Pair,
  ProductFacts,
  ProductPair,
  SampledPair,
  SideSummary,
  SimilarityResult,
  WhitenedPair,
} from './measures/measure.js';
export type { CcaOptions } from './measures/cca.js';
export type { SvccaOptions } from './measures/svcca.js';
export type { PwccaOptions } from './measures/pwcca.js';
export type { CkaOptions } from './measures/cka.js';
export type { Bandwidth, CkaKernel } from './measures/cka-kernels.js';
export type { MinibatchWeights } from './measures/cka-samples.js';
export type { ProcrustesOptions } from './measures/procrustes.js';
export type { PlsOptions } from './measures/pls.js';
export type { RegressionOptions } from './measures/regression.js';
export type { RvCoefficientOptions } from './measures/rv-coefficient.js';
export type { RsaOptions } from './measures/rsa.js';
export type { Dissimilarity } from './measures/rsa-dissimilarity.js';
export type { DistanceCorrelationOptions } from './measures/distance-correlation.js';
export type { MutualKnnOptions } from './measures/mutual-knn.js';
export type { Divisor, Summary } from './measures/correlations.js';
export type { Crossing, Keep } from './factor/keep.js';
export type { Factor, Method, Side } from './factor/factor.js';
export type { InnerProducts, RowNorms } from './factor/products.js';
export type { Rounding } from './factor/rounding.js';
export type { MethodChoice } from './factor/in-memory.js';

// Is it more than chance, and how sure?
export { permutationTest } from './inference/permutation.js';
export type { PermutationOptions, PermutationTest } from './inference/permutation.js';
export { interval } from './inference/interval.js';
export type { Interval, IntervalOptions } from './inference/interval.js';
export type { Block } from './inference/blocks.js';
export { wilks } from './inference/wilks.js';
export type { WilksSizes, WilksTest } from './inference/wilks.js';
export { chanceLevel, samplesNeeded } from './inference/samples-needed.js';
export type { ChanceMeasure, Sizes } from './inference/samples-needed.js';
export { groupTest } from './inference/group-test.js';
export type { GroupTest, GroupTestOptions } from './inference/group-test.js';

// One comparison on many machines.
export { shardMoments } from './compare/shards/moments.js';
export type { ShardOptions } from './compare/shards/moments.js';
export { combineParts, mergeParts } from './compare/shards/merge.js';
export type { MergeOptions } from './compare/shards/merge.js';
export { Part } from './compare/shards/part.js';
export type { PartSource } from './compare/shards/part.js';
export { PART_FORMAT } from './compare/shards/part-info.js';
export type { PartInfo, PartMeasure, PartView } from './compare/shards/part-info.js';
export type { Joint, JointLayer, JointPair, LayerNorms, PairNorms } from './factor/joint-data.js';
export type { SplitMean } from './factor/split-mean.js';
export type { Shard } from './compare/shards/ranges.js';

// Activations.
export { capture } from './capture/capture.js';
export type {
  CaptureModel,
  CaptureOptions,
  CapturedActivations,
  TogetherOptions,
} from './capture/capture.js';
export type { BatchStream, CaptureData, LazySamples, StreamElement } from './capture/source.js';
export type { DecodedImage, ImageBatch, ImageReader } from './capture/images.js';
export type { ResizeMethod } from './capture/resample.js';
export type { ImageSize, Normalisation, Preprocess, PreprocessSteps, Resize } from './capture/preprocess.js';
export { activationStream } from './capture/stream-set.js';
export type { ActivationBatches, ActivationStreamOptions } from './capture/stream-set.js';
export type { InputArray, NestedArray, ShapedArray } from './capture/input-array.js';
export { fromArrays } from './capture/arrays.js';
export type { ArrayOptions, ArrayRecord } from './capture/arrays.js';
export { listInputs, listLayers } from './capture/probe.js';
export type { InputInfo } from './capture/probe.js';
export type { Layout } from './capture/layout.js';
export type { LayerSelection } from './capture/select.js';
export type { PositionOptions, Positions } from './capture/spatial.js';
export type {
  ActivationBatch,
  ActivationBlock,
  ActivationSet,
  LayerInfo,
  SampleRange,
  Spatial,
} from './capture/activations.js';

// Matrices and files in memory.
export { toMatrix } from './matrix.js';
export type { FloatArray, Matrix, MatrixLike, NumberArray, TensorLike } from './matrix.js';
export { readNpy, writeNpy } from './io/npy.js';
export type { NpyArray, NpySource } from './io/npy.js';
export { openNpz, readNpz, writeNpz } from './io/npz.js';
export type { NpzArchive, NpzOptions } from './io/npz.js';
export { openSafetensors, readSafetensors, writeSafetensors } from './io/safetensors.js';
export type { SafetensorsFile, SafetensorsOptions } from './io/safetensors.js';

// More than fits in memory, and more than one sitting.
export type { OpenSpool, Spool } from './capture/spool.js';
export type { Checkpoint } from './compare/checkpoint.js';

// Where it runs.
export { engineNames, openEngine, selectEngine } from './engines/select.js';
export type { EngineOptions, Refusal, Selection } from './engines/select.js';
export type { Engine, EngineName, Handle, HostMatrix } from './engines/engine.js';
export type { Breathe, Progress, RunOptions } from './options.js';

// What can go wrong.
export {
  DataError,
  FormatError,
  NumericalError,
  OptionError,
  ShapeError,
  SvccaError,
  UnsupportedError,
} from './errors.js';
export type { ErrorCode } from './errors.js';

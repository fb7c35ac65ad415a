/**
 * The errors of the library. Each names what was wrong (argument, shape, position or byte offset) and the way out.
 *
 * @module
 */

/** Stable machine-readable identifiers carried by {@link SvccaError.code}. */
export type ErrorCode =
  'SHAPE' | 'DATA' | 'TOO_FEW_SAMPLES' | 'OPTION' | 'NUMERICAL' | 'UNSUPPORTED' | 'FORMAT';

/** Base class of every error that the library throws on purpose; catch it to tell them from bugs. */
export class SvccaError extends Error {
  override readonly name: string = 'SvccaError';
  /** Stable identifier of the kind of error, for programs. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Two shapes do not fit together, or an array has the wrong rank. */
export class ShapeError extends SvccaError {
  override readonly name = 'ShapeError';

  constructor(message: string, options?: ErrorOptions) {
    super('SHAPE', message, options);
  }
}

/** The values themselves cannot be used: NaN or infinity, no samples, too few samples for the question asked. */
export class DataError extends SvccaError {
  override readonly name = 'DataError';

  constructor(message: string, options?: ErrorOptions & { code?: 'DATA' | 'TOO_FEW_SAMPLES' }) {
    super(options?.code ?? 'DATA', message, options);
  }
}

/** An option or argument has a value that is not allowed; the message lists those that are. */
export class OptionError extends SvccaError {
  override readonly name = 'OptionError';

  constructor(message: string, options?: ErrorOptions) {
    super('OPTION', message, options);
  }
}

/** An algorithm did not reach an answer that can be trusted. */
export class NumericalError extends SvccaError {
  override readonly name = 'NumericalError';

  constructor(message: string, options?: ErrorOptions) {
    super('NUMERICAL', message, options);
  }
}

/** This engine, backend or model cannot do what was asked; another may. */
export class UnsupportedError extends SvccaError {
  override readonly name = 'UnsupportedError';

  constructor(message: string, options?: ErrorOptions) {
    super('UNSUPPORTED', message, options);
  }
}

/** A file or byte stream is not what its format says; `offset` is the byte where reading failed. */
export class FormatError extends SvccaError {
  override readonly name = 'FormatError';
  /** Byte offset of the fault inside the file (or archive entry), where one can be named. */
  readonly offset: number | undefined;

  constructor(message: string, options?: ErrorOptions & { offset?: number }) {
    super(
      'FORMAT',
      options?.offset === undefined ? message : `${message} (at byte ${options.offset})`,
      options,
    );
    this.offset = options?.offset;
  }
}

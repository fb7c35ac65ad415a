import { UnsupportedError } from '../../errors.js';
import type { Engine } from '../engine.js';
import type { EngineOptions } from '../select.js';

export function open(_options?: EngineOptions): Promise<Engine> {
  return Promise.reject(new UnsupportedError('tensorflow: being built'));
}

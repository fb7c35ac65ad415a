import { UnsupportedError } from '../../errors.js';
import type { Engine } from '../engine.js';

export function open(_options?: unknown): Promise<Engine> {
  return Promise.reject(new UnsupportedError('tfjs: being built'));
}

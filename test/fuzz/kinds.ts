/** The kinds of files by name; each is loaded in the process that needs it. */
import type { Kind } from './kind.js';

export const kinds: Readonly<Record<string, () => Promise<Kind>>> = {
  npy: async () => (await import('./kinds/npy.js')).npy,
  npz: async () => (await import('./kinds/npy.js')).npz,
  safetensors: async () => (await import('./kinds/safetensors.js')).safetensors,
  model: async () => (await import('./kinds/model.js')).model,
  png: async () => (await import('./kinds/images.js')).png,
  jpeg: async () => (await import('./kinds/images.js')).jpeg,
  files: async () => (await import('./kinds/files.js')).files,
  bombs: async () => (await import('./kinds/bombs.js')).bombs,
  part: async () => (await import('./kinds/part.js')).part,
  faulty: async () => (await import('./kinds/faulty.js')).faulty,
};

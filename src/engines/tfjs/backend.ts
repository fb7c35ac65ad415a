/**
 * The user's TensorFlow.js and the backend that is active in it, which this engine uses and never changes.
 *
 * @module
 */
import { UnsupportedError } from '../../errors.js';

/** The namespace of `@tensorflow/tfjs`. */
export type Tfjs = typeof import('@tensorflow/tfjs');

/** An active backend and what is known of it. */
export interface Backend {
  readonly tf: Tfjs;
  readonly name: string;
  /** For people: version, backend and, where it can be asked, the graphics card. */
  readonly description: string;
  /** Whether it computes on a graphics card; unknown for TensorFlow itself. */
  readonly gpu: boolean | undefined;
}

const FLOAT32 = 'WEBGL_RENDER_FLOAT32_ENABLED';

/**
 * Loads TensorFlow.js and looks at its active backend; the one that tfjs itself would start where none was started yet.
 *
 * @throws UnsupportedError when it is not installed, or keeps its numbers in 16 bits.
 */
export async function activeBackend(): Promise<Backend> {
  const tf = await load();
  await tf.ready();
  const name = tf.getBackend();
  if (name === 'webgl' && (tf.env().getBool('WEBGL_FORCE_F16_TEXTURES') || !tf.env().getBool(FLOAT32))) {
    throw new UnsupportedError(
      'the WebGL of this device renders to 16-bit numbers only, which cannot hold exact products: use another engine',
    );
  }
  const device = name === 'webgl' || name === 'webgpu' ? card(tf) : undefined;
  return {
    tf,
    name,
    description: `tfjs ${tf.version_core}, backend '${name}'${device === undefined ? '' : ` on ${device}`}`,
    gpu: GPU[name] === undefined ? undefined : GPU[name] && !SOFTWARE.test(device ?? ''),
  };
}

/** Whether a backend is for graphics cards; TensorFlow itself may have one or not, and others are not known. */
const GPU: Partial<Record<string, boolean>> = { webgl: true, webgpu: true, wasm: false, cpu: false };
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

/** Throws where another backend is active now than the one whose exactness was verified. */
export function stillActive({ tf, name }: Backend): void {
  const now = tf.getBackend();
  if (now === name) return;
  throw new UnsupportedError(
    `the tfjs engine was opened on the backend '${name}', and '${now}' is active now: open it again after tf.setBackend()`,
  );
}

async function load(): Promise<Tfjs> {
  let module: Tfjs & { readonly default?: Tfjs };
  try {
    module = await import('@tensorflow/tfjs');
  } catch (cause) {
    throw new UnsupportedError(
      '@tensorflow/tfjs could not be loaded; install it with: npm install @tensorflow/tfjs',
      {
        cause,
      },
    );
  }
  // Node resolves the package to CommonJS, whose names may all sit under `default`; bundlers give a namespace.
  return typeof module.tidy === 'function' ? module : (module.default ?? module);
}

/** What WebGL or WebGPU says it computes with, where the browser tells. */
function card(tf: Tfjs): string | undefined {
  const { gpgpu, adapterInfo } = tf.backend() as {
    gpgpu?: { gl?: WebGLRenderingContext };
    adapterInfo?: { vendor?: string; architecture?: string };
  };
  const extension = gpgpu?.gl?.getExtension('WEBGL_debug_renderer_info');
  const name: unknown = extension
    ? gpgpu!.gl!.getParameter(extension.UNMASKED_RENDERER_WEBGL)
    : [adapterInfo?.vendor, adapterInfo?.architecture].filter((part) => part).join(' ');
  return typeof name === 'string' && name !== '' ? name : undefined;
}

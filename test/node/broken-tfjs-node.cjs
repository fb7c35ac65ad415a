/* A tfjs-node whose library does not load, as where CUDA is missing. */
throw new Error(
  'libcudart.so.11.0: cannot open shared object file: No such file or directory\nRequire stack: …',
);

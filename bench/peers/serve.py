"""Runs one module of peers on request, so that a bench can alternate them with the library: one process, loaded once.

Usage: serve.py MODULE. Reads requests, one JSON object a line, and answers each with one line:
  {"load": {"x0": "/tmp/x0.npy", ...}}            arrays into memory, as they are on disk (float32 or float64)
  {"run": "name", "options": {...}}               calls the function `name(data, **options)` and times that call alone

A function `before_NAME(data, **options)` prepares outside the clock what the call is to be given instead of the arrays, and
`after_NAME(result)` turns its result into the numbers that are compared.
"""
import importlib
import json
import platform
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version

import numpy as np

PACKAGES = ["numpy", "scipy", "scikit-learn", "cca-zoo", "torch", "torch_cka", "pytorch-cka"]


def peak_memory():
    """Kilobytes held at most: VmHWM is this process's own, ru_maxrss starts from its parent's."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss



def versions():
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            pass
    return found


def blas():
    """Every threaded library of this process with its threads: what the peers really ran on."""
    from threadpoolctl import threadpool_info

    return [
        {key: pool.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
        for pool in threadpool_info()
    ]


def numbers(value):
    return np.asarray(value, dtype=np.float64).ravel().tolist()


def run(module, data, name, options):
    before = getattr(module, f"before_{name}", None)
    after = getattr(module, f"after_{name}", numbers)
    function = getattr(module, name)
    given = data if before is None else before(data, **options)
    start = time.perf_counter()
    result = function(given, **options)
    seconds = time.perf_counter() - start
    return {"ms": seconds * 1000, "value": numbers(after(result))}


def main():
    out = sys.stdout
    sys.stdout = sys.stderr  # Progress bars and remarks of a peer must not be taken for an answer.
    module = importlib.import_module(sys.argv[1])
    idle = peak_memory()
    data = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "load" in request:
                data = {name: np.load(path) for name, path in request["load"].items()}
                answer = {"versions": versions(), "blas": blas()}
            else:
                answer = run(module, data, request["run"], request.get("options", {}))
                peak = peak_memory()
                answer["memory"] = max(0, peak - idle) * 1024
        except Exception as error:  # A peer that fails is one line of the table, not the end of the bench.
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    main()

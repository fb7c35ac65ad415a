"""Writes the fixtures beside this file with numpy: python test/io/make-fixtures.py

expected.json holds every array's shape, numpy's name of its dtype, and its values in C order as float64.
"""

import json
import zipfile
from pathlib import Path

import numpy as np

folder = Path(__file__).parent / "fixtures"
folder.mkdir(exist_ok=True)
expected = {}


def note(name, array):
    expected[name] = {
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        # JSON has no NaN and no infinities.
        "data": [v if np.isfinite(v) else str(v) for v in array.astype("float64").ravel(order="C").tolist()],
    }


def save(name, array):
    np.save(folder / name, array)
    note(name, array)


x = np.array([[0.0, -0.5, 1.25], [3.0e-5, -65504.0, 1e-7]])
save("float16.npy", np.concatenate([x, [[np.nan, np.inf, -np.inf]]]).astype("float16"))
save("float32.npy", (x / 3).astype("<f4"))
save("float64.npy", x / 3)
save("big-endian-float32.npy", (x / 3).astype(">f4"))
save("big-endian-float16.npy", x.astype(">f2"))
save("big-endian-int64.npy", np.array([-1, 2**53 - 1, -(2**40)], dtype=">i8"))
save("fortran.npy", np.asfortranarray(np.arange(24, dtype="float64").reshape(2, 3, 4)))
save("fortran-big-endian-int16.npy", np.asfortranarray(np.arange(-6, 6, dtype=">i2").reshape(3, 4)))
save("bool.npy", np.array([[True, False], [False, True]]))
save("scalar.npy", np.float64(2.5))
save("empty.npy", np.zeros((0, 5), dtype="float32"))
for bits in (8, 16, 32, 64):
    limit = min(bits, 54)
    save(f"int{bits}.npy", np.array([-(2 ** (limit - 1)) + (bits == 64), -1, 0, 2 ** (limit - 1) - 1], dtype=f"int{bits}"))
    save(f"uint{bits}.npy", np.array([0, 1, 2 ** min(bits, 53) - 1], dtype=f"uint{bits}"))

# Versions 2 and 3, which numpy writes by itself only for long or non-latin field names.
for version in (2, 3):
    with open(folder / f"version{version}.npy", "wb") as file:
        np.lib.format.write_array(file, (x / 3).astype("float32"), version=(version, 0))
    note(f"version{version}.npy", (x / 3).astype("float32"))

# What must be refused.
np.save(folder / "unsafe-int64.npy", np.array([1, 2**53], dtype="int64"))
np.save(folder / "complex.npy", np.array([1 + 2j]))
np.save(folder / "text.npy", np.array(["conv1"]))
np.save(folder / "object.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
np.save(folder / "structured.npy", np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]))
np.save(folder / "date.npy", np.array(["2020-01-01"], dtype="datetime64[D]"))

layers = {
    "conv1/relu:0": np.arange(24, dtype="float32").reshape(2, 2, 2, 3),
    "10": (x / 3).astype("float16"),
    "çà-層": np.zeros((60, 4), dtype="float32"),
    "labels": np.array([3, 1, 2], dtype="uint8"),
}
np.savez(folder / "stored.npz", **layers)
np.savez_compressed(folder / "deflated.npz", **layers)
for key, array in layers.items():
    note(f"npz:{key}", array)

# Sizes and positions in ZIP64 fields, as archives above 4 GiB have them; zipfile is talked into it.
limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 10
count, zipfile.ZIP_FILECOUNT_LIMIT = zipfile.ZIP_FILECOUNT_LIMIT, 1
np.savez(folder / "zip64.npz", **layers)
zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limit, count


class Pipe:
    """A file that cannot seek: zipfile then writes sizes after the data."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


with open(folder / "streamed.npz", "wb") as file, zipfile.ZipFile(Pipe(file), "w", zipfile.ZIP_DEFLATED) as archive:
    for key, array in layers.items():
        with archive.open(f"{key}.npy", "w") as entry:
            np.lib.format.write_array(entry, array)

(folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")

"""Writes the .safetensors fixtures beside this file with PyTorch and the safetensors package:

    .venv/peers/bin/python test/io/make-safetensors.py

expected-safetensors.json holds every tensor's shape, dtype and values, as PyTorch says they are in float64.
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import load_file, save_file

folder = Path(__file__).parent / "fixtures"
expected = {}


def note(file, tensors):
    for name, tensor in tensors.items():
        values = tensor.to(torch.float64).reshape(-1).tolist()
        expected[f"{file}:{name}"] = {
            "shape": list(tensor.shape),
            "dtype": str(tensor.dtype).removeprefix("torch."),
            # JSON has no NaN and no infinities.
            "data": [v if np.isfinite(v) else str(v) for v in values],
        }


def save(file, tensors, metadata=None):
    save_file(tensors, folder / file, metadata)
    note(file, load_file(folder / file))


x = torch.tensor([[0.0, -0.5, 1.25], [3.0e-5, -448.0, 1e-7], [float("nan"), float("inf"), -float("inf")]], dtype=torch.float64)
whole = {
    f"{name}-{bits}": torch.tensor(values, dtype=getattr(torch, f"{name}{bits}"))
    for bits in (8, 16, 32, 64)
    for name, values in {
        "int": [-(2 ** (min(bits, 54) - 1)) + (bits == 64), -1, 0, 2 ** (min(bits, 54) - 1) - 1],
        "uint": [0, 1, 2 ** min(bits, 53) - 1],
    }.items()
}
save(
    "types.safetensors",
    {
        "half": x.half(),
        "brain": x.bfloat16(),
        "single": (x / 3).float(),
        "double": x / 3,
        "truth": torch.tensor([[True, False], [False, True]]),
        # Every value of a byte.
        "e4m3": torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn),
        "e5m2": torch.arange(256, dtype=torch.uint8).view(torch.float8_e5m2),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 5),
        **whole,
    },
    {"format": "pt", "made by": "çà-層"},
)

# Names that need escapes, a header that ends at an odd byte as older writers left it, order by type and name.
save("names.safetensors", {'conv "1"\\relu': torch.arange(6.0).reshape(2, 3), "çà-層": torch.ones(2, 1), "10": torch.zeros(2)})
blob = (folder / "names.safetensors").read_bytes()
size = int.from_bytes(blob[:8], "little")
header = blob[8 : 8 + size].rstrip(b" ")
header += b" " * (1 - len(header) % 2)
(folder / "unaligned.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + blob[8 + size :])

# bfloat16 of many values, for every rounding.
save("bfloat16.safetensors", {"x": torch.arange(-300, 300).to(torch.bfloat16).reshape(60, 10) / 7})

# What must be refused: complex numbers, beside a tensor that can be read.
save_numpy({"a": np.ones(2, "float32"), "complex": np.array([1 + 2j], dtype="complex64")}, folder / "complex.safetensors")
save_file({"big": torch.tensor([1, 2**53])}, folder / "unsafe-int64.safetensors")

(folder / "expected-safetensors.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")

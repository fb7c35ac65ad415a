"""Writes expected.json beside this file: what PyTorch, NumPy and Pillow make of one small image.

    pip install torch pillow numpy && python test/capture/preprocess/make.py
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

HEIGHT, WIDTH = 7, 10
rng = np.random.default_rng(3)
image = rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
planes = torch.tensor(image).permute(2, 0, 1)[None].double()


def resized(size, **how):
    out = F.interpolate(planes, size=size, **how)[0].permute(1, 2, 0)
    return {"shape": list(out.shape), "data": out.flatten().tolist()}


def listed(values):
    return {"shape": list(values.shape), "data": values.astype(float).ravel().tolist()}


sizes = [(3, 4), (5, 10), (14, 21), (7, 3), (1, 1), (8, 5)]
smooth = {"mode": "bilinear", "align_corners": False}
bgr = image[..., ::-1].astype(float)
rgb = image.astype(float) / 255
expected = {
    "image": listed(image),
    "antialias": {f"{h}x{w}": resized((h, w), antialias=True, **smooth) for h, w in sizes},
    "plain": {f"{h}x{w}": resized((h, w), **smooth) for h, w in sizes},
    "nearest": {f"{h}x{w}": resized((h, w), mode="nearest-exact") for h, w in sizes},
    "pillow": {
        f"{h}x{w}": listed(np.asarray(Image.fromarray(image).resize((w, h), Image.Resampling.BILINEAR)))
        for h, w in sizes
    },
    # Rounded to whole levels.
    "luma": listed(np.asarray(Image.fromarray(image).convert("L"))),
    "torch": listed((rgb - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
    "caffe": listed(bgr - [103.939, 116.779, 123.68]),
    "tf": listed(image.astype(float) / 127.5 - 1),
    # The shorter side becomes 5, the other int(5 * 10 / 7) = 7; of it the middle 4 x 3.
    "resize 5, crop 4x3": listed(
        F.interpolate(planes, size=(5, 7), antialias=True, **smooth)[0].permute(1, 2, 0).numpy()[0:4, 2:5]
    ),
}
path = pathlib.Path(__file__).parent / "expected.json"
path.write_text(json.dumps(expected))

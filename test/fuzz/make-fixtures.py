"""Writes fixtures/: small images of every variant, from which damaged ones are made. Needs numpy and Pillow."""

import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

here = pathlib.Path(__file__).parent / "fixtures"
here.mkdir(exist_ok=True)
random = np.random.default_rng(7)

# A smooth picture with an edge, so that JPEG has something to keep and PNG filters something to predict.
y, x = np.mgrid[0:20, 0:24]
rgb = np.stack([8 * x + 20, 9 * y + 30, 200 - 3 * (x + y)], axis=-1)
rgb[5:12, 6:15] = [250, 40, 10]
rgb = np.clip(rgb + random.integers(-3, 4, rgb.shape), 0, 255).astype(np.uint8)
grey = rgb[..., 1]
alpha = (255 - 5 * x - 2 * y).astype(np.uint8)

pngs = {
    "rgb": Image.fromarray(rgb),
    "rgba": Image.fromarray(np.dstack([rgb, alpha])),
    "grey": Image.fromarray(grey),
    "grey-alpha": Image.fromarray(np.dstack([grey, alpha])),
    "bits": Image.fromarray(grey > 120),
    "palette": Image.fromarray(rgb).quantize(16),
    "grey16": Image.fromarray((grey.astype(np.uint16) << 8) + x.astype(np.uint16)),
}
for name, image in pngs.items():
    image.save(here / f"{name}.png", optimize=True)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


# Pillow writes no interlaced PNG: seven passes, filter 0, in two IDAT chunks.
passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
rows = b"".join(
    b"\0" + row.tobytes() for x0, y0, dx, dy in passes for row in rgb[y0::dy, x0::dx] if row.size > 0
)
packed = zlib.compress(rows, 9)
(here / "interlaced.png").write_bytes(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 24, 20, 8, 2, 0, 0, 1))
    + chunk(b"tEXt", b"Title\0seven passes")
    + chunk(b"IDAT", packed[:300])
    + chunk(b"IDAT", packed[300:])
    + chunk(b"IEND", b"")
)

jpegs = {
    "baseline": dict(subsampling=0),
    "subsampled": dict(subsampling=2),
    "progressive": dict(subsampling=2, progressive=True),
    "restarts": dict(subsampling=0, restart_marker_blocks=2),
}
for name, options in jpegs.items():
    Image.fromarray(rgb).save(here / f"{name}.jpg", quality=60, optimize=True, **options)
Image.fromarray(grey).save(here / "grey.jpg", quality=60, optimize=True)

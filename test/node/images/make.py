"""Writes the images of this folder, and what Pillow reads of them into pixels.npz.

    pip install numpy pillow pypng && python test/node/images/make.py
"""

import pathlib

import numpy as np
import png
from PIL import Image

HERE = pathlib.Path(__file__).parent
HEIGHT, WIDTH = 11, 13
rng = np.random.default_rng(7)
pixels = {}


def keep(path):
    """As 8-bit RGB, or L where the file is grey; 16-bit grey keeps its values."""
    with Image.open(path) as image:
        if image.mode not in ("I;16", "L"):
            image = image.convert("RGB")
        pixels[path.name] = np.asarray(image)


def save_png(name, values, **kind):
    for interlace in (False, True):
        path = HERE / f"{name}{'-adam7' if interlace else ''}.png"
        with open(path, "wb") as file:
            png.Writer(WIDTH, HEIGHT, interlace=interlace, **kind).write(
                file, values.reshape(HEIGHT, -1).tolist()
            )
        keep(path)


def draw(channels, depth):
    shape = (HEIGHT, WIDTH, channels) if channels > 1 else (HEIGHT, WIDTH)
    return rng.integers(0, 2**depth, shape)


for depth in (1, 2, 4, 8, 16):
    save_png(f"grey{depth}", draw(1, depth), greyscale=True, bitdepth=depth)
for depth in (8, 16):
    save_png(f"rgb{depth}", draw(3, depth), greyscale=False, bitdepth=depth)
    save_png(f"rgba{depth}", draw(4, depth), greyscale=False, alpha=True, bitdepth=depth)
    save_png(f"grey-alpha{depth}", draw(2, depth), greyscale=True, alpha=True, bitdepth=depth)
for depth in (1, 2, 4, 8):
    palette = [tuple(map(int, rng.integers(0, 256, 3))) for _ in range(2**depth)]
    save_png(f"palette{depth}", draw(1, depth), palette=palette, bitdepth=depth)
save_png("transparent", draw(3, 8), greyscale=False, transparent=(1, 2, 3), bitdepth=8)

# A gradient with a hard edge in colour, where decoders that repeat chroma samples go wrong by tens of levels.
row, col = np.mgrid[0:45, 0:61]
photo = np.stack([row * 4 % 256, col * 3 % 256, (row + col) * 7 % 256], -1).astype(np.uint8)
photo[10:30, 20:50] = [250, 20, 60]
for name, kind in {
    "444": dict(quality=90, subsampling=0),
    "422": dict(quality=85, subsampling=1),
    "420": dict(quality=90, subsampling=2),
    "progressive": dict(quality=80, progressive=True),
}.items():
    path = HERE / f"{name}.jpg"
    Image.fromarray(photo).save(path, **kind)
    keep(path)
path = HERE / "grey.jpg"
Image.fromarray(photo[..., 0]).save(path, quality=90)
keep(path)

exif = Image.Exif()
exif[0x0112] = 6  # turn by 90 degrees clockwise to view
path = HERE / "turned.jpg"
Image.fromarray(photo).save(path, quality=90, subsampling=0, exif=exif)
keep(path)
with Image.open(path) as image:
    pixels["turned.jpg upright"] = np.asarray(image.transpose(Image.Transpose.ROTATE_270))

Image.fromarray(photo).convert("CMYK").save(HERE / "cmyk.jpg", quality=50)
np.savez_compressed(HERE / "pixels.npz", **pixels)

"""Photographs behind masks: only to be looked at, and written anew from their pixels, so that nothing else leaves."""

import io
import os

import numpy as np

from segeval.errors import NotRegular
from segeval.io import Array, guarded
from segeval.io.files import MaskFile

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
QUALITY = 80  # of JPEG


def read(file: MaskFile) -> Array:
    """The pixels (H, W, 3) uint8, turned as the camera was held; wide grey is stretched from least to most."""
    if not os.path.isfile(file.path):
        raise NotRegular(f"{file.name} is not a regular file", "only regular files are read")
    pixels: Array = guarded(file.name, lambda: _decoded(file.path))
    return pixels


def _decoded(path: str) -> Array:
    from PIL import Image, ImageOps

    with Image.open(path) as opened:
        if opened.mode.startswith(("I", "F")):
            values = np.asarray(opened, np.float64)
            low, span = values.min(), float(np.ptp(values)) or 1.0
            return np.repeat(np.rint(255 * (values - low) / span).astype(np.uint8)[..., None], 3, axis=2)
        return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))


def jpeg(pixels: Array, shape: tuple[int, int]) -> bytes:
    """A JPEG of the pixels, drawn in another size."""
    from PIL import Image

    image = Image.fromarray(pixels)
    if pixels.shape[:2] != shape:
        image = image.resize(shape[::-1], Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()

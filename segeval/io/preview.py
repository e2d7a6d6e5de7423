"""A weight map as a picture, for people to look at."""

import numpy as np

from segeval.io import Array
from segeval.io.encode import encoded

_OUTLINE = (80, 215, 255)


def preview(weights: Array, objects: Array) -> bytes:
    """A PNG: dark where the weight is 0, bright where it is largest, light blue along the border of each object.

    Of a volume, the plane with the largest sum of weights.
    """
    from segeval.distance.objects import contour  # every module of this room is imported to find the readers

    height, width = ((1, *weights.shape)[-2:]) if weights.ndim else (1, 1)
    planes, outlines = weights.reshape(-1, height, width), objects.reshape(-1, height, width)
    plane = int(planes.sum(axis=(1, 2), dtype=np.float64).argmax())
    shown, cells = planes[plane].astype(np.float64), outlines[plane]
    steps = np.rint(255 * shown / (shown.max() or 1)).astype(np.uint8)
    picture = colours()[steps]
    picture[contour(cells) & (cells != 0)] = _OUTLINE
    return encoded(picture, "png")


def colours() -> Array:
    """256 colours whose lightness grows evenly from black over blue, red and orange to light yellow."""
    t = np.linspace(0, 1, 256)
    hue = np.deg2rad(290 + 170 * t)
    chroma = 75 * np.sin(np.pi * t) ** 0.7
    return lab(4 + 90 * t, chroma * np.cos(hue), chroma * np.sin(hue))


def lab(lightness: Array, a: Array, b: Array) -> Array:
    """CIELAB (D65) as 8-bit sRGB, cut to what can be shown."""
    y = (lightness + 16) / 116
    x, z = y + a / 500, y - b / 200
    low = 6 / 29
    axes = np.stack([x, y, z])
    xyz = np.where(axes > low, axes**3, 3 * low**2 * (axes - 4 / 29)) * _WHITE
    linear = np.clip(_TO_LINEAR @ xyz, 0, 1)
    found = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    result: Array = np.rint(255 * found.T).astype(np.uint8)
    return result


_WHITE = np.array([[0.95047], [1.0], [1.08883]])
_TO_LINEAR = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)

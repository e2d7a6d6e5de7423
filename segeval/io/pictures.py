"""Maps of numbers as pictures."""

import numpy as np

from segeval.io import Array
from segeval.io.encode import encoded
from segeval.io.preview import colours


def picture(values: Array) -> bytes:
    """A PNG: from the least number, dark, to the largest, bright; what is undefined is grey. 3-D: the middle slice."""
    while values.ndim > 2:
        values = values[len(values) // 2]
    values = np.atleast_2d(values)
    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0.0, 0.0)
    scaled = np.where(finite, values - low, 0) / ((high - low) or 1)
    shown = colours()[np.rint(scaled * 255).astype(np.uint8)]
    shown[~finite] = 128
    return encoded(shown, "png")

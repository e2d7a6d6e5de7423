"""What the doors for files and for arrays both ask of a prediction."""

import numpy as np

from segeval.errors import NotFinite
from segeval.evidence.runs import Array
from segeval.text import counted

TOLERANCE = 5e-3  # of the sum of probabilities: float16 rounds a softmax of 100 classes by 2e-3


def not_finite(name: str, array: Array, hint: str) -> NotFinite:
    """The error for an array that holds NaN or infinity: how often, and where first."""
    wrong = ~np.isfinite(array)
    place = tuple(int(n) for n in np.unravel_index(wrong.argmax(), wrong.shape))
    found = counted(int(wrong.sum()), "time")
    return NotFinite(f"{name} holds NaN or infinity {found}, first at {place}", hint)

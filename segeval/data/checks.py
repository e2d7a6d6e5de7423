"""What the doors for files and for arrays both ask of a prediction."""

import math
from typing import Any

import numpy as np

from segeval.errors import NotFinite, NotProbabilities, ShapesDiffer, UnfitPixels
from segeval.evidence.run_length import Array
from segeval.text import counted, extent

TOLERANCE = 5e-3  # of probabilities and their sum: float16 rounds a softmax of 100 classes by 2e-3


def checked_weights(weights: Any, spatial: tuple[int, ...], name: str) -> Array:
    """A weight map: finite, not negative, of the image's size."""
    from segeval.arrays.functions import plain  # only losses have weights

    array = np.asarray(plain(weights))
    if array.dtype.kind not in "biuf":
        raise UnfitPixels(f"{name} is an array of {array.dtype}", "a weight map holds numbers")
    array = array.astype(np.float64)
    if array.shape != spatial:
        raise ShapesDiffer(f"{name} is {extent(array.shape)} but the image is {extent(spatial)}", "one weight a pixel")
    low, _ = check_finite(name, array)
    if low < 0:
        raise NotProbabilities(f"{name} holds weights below 0, down to {low:.4g}", "weights are from 0 up")
    return array


MADE = "find where the model made them; argmax would choose NaN"


def check_finite(name: str, array: Array, whole: Array | None = None, hint: str = MADE) -> tuple[float, float]:
    """Refuse NaN and infinity; the least and the largest number otherwise. `whole`: what the array is a part of."""
    low, high = float(array.min()), float(array.max())  # NaN comes through both, and no mask of the whole is made
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    wrong = ~np.isfinite(array if whole is None else whole)
    place = tuple(int(n) for n in np.unravel_index(wrong.argmax(), wrong.shape))
    found = counted(int(wrong.sum()), "time")
    what = f"{name} holds NaN or infinity {found}, first at {place}"
    raise NotFinite(what, hint)


def checked_values(name: str, given: Any, inputs: str, exclusive: bool) -> Any:
    """The numbers, if they are finite and of the kind that `inputs` says.

    Probabilities may be off by the tolerance, as rounding leaves them, and are cut to [0, 1]; their derivative is not.
    """
    from segeval.arrays.functions import clipped, plain  # not needed to read labels

    array = plain(given)
    low, high = check_finite(name, array)
    if inputs != "probabilities":
        if max(-low, high) > HUGE:
            raise NotFinite(f"{name} holds values from {low:.4g} to {high:.4g}", "find where the model made them")
        return given
    check_range(name, low, high)
    if exclusive:
        _check_sums(name, array)
    return given if low >= 0 and high <= 1 else clipped(given, 0.0, 1.0)


def check_range(name: str, low: float, high: float) -> None:
    """Refuse probabilities that are further from [0, 1] than the tolerance."""
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise NotProbabilities(
            f"{name} holds values from {low:.7g} to {high:.7g}, not probabilities",
            "network outputs before softmax or sigmoid are logits: inputs='logits' (--logits)",
        )


def _check_sums(name: str, array: Array) -> None:
    low, high = sums(array)
    if max(1 - low, high - 1) > TOLERANCE:
        raise not_a_softmax(name, array, low, high)


def not_a_softmax(name: str, array: Array, low: float, high: float) -> NotProbabilities:
    """The error for channels whose sums go from `low` to `high` and are not 1."""
    last = np.abs(array.sum(axis=-1, dtype=np.float64) - 1).max() <= TOLERANCE
    hint = "classes that exclude each other sum to 1; independent (sigmoid) ones want multilabel=True (--multilabel)"
    return NotProbabilities(
        f"{name} sums to {low:.7g} … {high:.7g} over the first axis, not to 1",
        "channels come first: numpy.moveaxis(pred, -1, 0)" if last else hint,
    )


def within_0_and_1(array: Array, exclusive: bool) -> bool:
    """Whether numbers could be probabilities, of classes that exclude each other or not."""
    if array.min() < 0 or array.max() > 1:
        return False
    low, high = sums(array) if exclusive else (1.0, 1.0)
    return max(1 - low, high - 1) <= TOLERANCE


def zeros_and_ones(array: Array) -> bool:
    """Whether numbers are 0 and 1, and nothing between."""
    return bool(((array == 0) | (array == 1)).all())


SLAB = 1 << 19  # numbers that are summed together: few enough for the cache


def sums(array: Array) -> tuple[float, float]:
    """The least and the largest sum over the channels."""
    pieces = min(array.shape[1], -(-array.size // SLAB))
    low, high = np.inf, -np.inf
    for slab in np.array_split(array, pieces, axis=1):
        found = slab.sum(axis=0, dtype=np.float64)
        low, high = min(low, float(found.min())), max(high, float(found.max()))
    return low, high


HUGE = 1e30  # larger scores overflow in a square

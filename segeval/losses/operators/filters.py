"""Sums, minima and maxima over the neighbours of each pixel, for every kind of array."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from segeval.arrays.functions import namespace
from segeval.evidence.pixels import Numbers


def shifted(x: Numbers, axis: int, step: int, edge: bool = True) -> Numbers:
    """x moved by `step` pixels along an axis; what comes in is the edge pixel repeated, or 0."""
    if step == 0:
        return x
    xp = namespace(x)
    inside = x[_part(axis, None, -step) if step > 0 else _part(axis, -step, None)]
    border = x[_part(axis, 0, 1) if step > 0 else _part(axis, -1, None)]
    coming = [border if edge else 0.0 * border] * min(abs(step), x.shape[axis])
    if abs(step) >= x.shape[axis]:
        return xp.concat(coming, axis=axis)
    return xp.concat([*coming, inside] if step > 0 else [inside, *coming], axis=axis)


def _part(axis: int, start: int | None, stop: int | None) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, slice(start, stop), ...)


def gaussian(window: int, sigma: float) -> list[float]:
    """Weights of a window along one axis; they sum to 1."""
    middle = (window - 1) / 2
    nearest = (window + 1) % 2 / 2  # from the middle to a pixel: subtracted, so that a narrow bell is not 0 everywhere
    weights = [math.exp((nearest**2 - (k - middle) ** 2) / (2 * sigma**2)) for k in range(window)]
    return [weight / math.fsum(weights) for weight in weights]


def windowed(x: Numbers, weights: list[float]) -> Numbers:
    """The weighted sum over every window that lies fully inside."""
    for axis in range(x.ndim):
        places = x.shape[axis] - len(weights) + 1
        parts = [weight * x[_part(axis, k, k + places)] for k, weight in enumerate(weights)]
        x = sum(parts[1:], parts[0])
    return x


def neighbours(x: Numbers, weights: list[float]) -> Iterator[tuple[float, Numbers]]:
    """Each place of a window of odd size, and x moved there; edge pixels are repeated."""
    half = len(weights) // 2
    for offsets in itertools.product(range(len(weights)), repeat=x.ndim):
        moved = x
        for axis, k in enumerate(offsets):
            moved = shifted(moved, axis, half - k)
        yield math.prod(weights[k] for k in offsets), moved


def local_moments(x: Numbers, weights: list[float]) -> tuple[Numbers, Numbers]:
    """Mean and variance around each pixel; the variance of what is constant is 0, not a rounding error."""
    around = list(neighbours(x, weights))
    mean = sum((weight * moved for weight, moved in around[1:]), around[0][0] * around[0][1])
    squares = [weight * (moved - mean) ** 2 for weight, moved in around]
    return mean, sum(squares[1:], squares[0])


def eroded(x: Numbers) -> Numbers:
    """The minimum over the face neighbours and the pixel itself; what is outside never wins."""
    xp = namespace(x)
    lowest = x
    for axis in range(x.ndim):
        for step in (1, -1):
            lowest = xp.minimum(lowest, shifted(x, axis, step))
    return lowest


def dilated(x: Numbers) -> Numbers:
    """The maximum over the box of 3 pixels a side; what is outside never wins."""
    xp = namespace(x)
    for axis in range(x.ndim):
        x = xp.maximum(xp.maximum(x, shifted(x, axis, 1)), shifted(x, axis, -1))
    return x


def cross_mean(x: Numbers) -> Numbers:
    """The mean over the face neighbours and the pixel itself; outside is 0."""
    moved = [shifted(x, axis, step, edge=False) for axis in range(x.ndim) for step in (1, -1)]
    return sum(moved, x) / (2 * x.ndim + 1)


def skeleton(x: Numbers, iterations: int) -> Numbers:
    """The soft skeleton: what opening removes, from x and from each of its erosions."""
    ridge = _ridge(x)
    found = ridge
    for _ in range(iterations):
        x = eroded(x)
        ridge = _ridge(x)
        found = found + _positive(ridge - ridge * found)
    return found


def _ridge(x: Numbers) -> Numbers:
    return _positive(x - dilated(eroded(x)))


def _positive(x: Numbers) -> Numbers:
    return namespace(x).where(x > 0, x, 0.0)


def whole_windows(keep: np.ndarray, window: int) -> np.ndarray:
    """Which of the windows fully inside hold no ignored pixel."""
    return np.asarray(windowed(keep.astype(np.float64), [1.0] * window) > window**keep.ndim - 0.5)

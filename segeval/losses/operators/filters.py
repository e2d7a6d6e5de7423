"""Sums, minima and maxima over the neighbours of each pixel, for every kind of array."""

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from segeval.arrays.functions import namespace, recomputed
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
        x = _added(weight * x[_part(axis, k, k + places)] for k, weight in enumerate(weights))
    return x


def _added(parts: Iterator[Numbers]) -> Numbers:
    """The sum of arrays that nothing else refers to, one after the other."""
    found = next(parts)
    add: Callable[[Any, Any], Numbers] = operator.iadd if isinstance(found, np.ndarray) else operator.add
    for part in parts:
        found = add(found, part)
    return found


def neighbours(x: Numbers, weights: list[float]) -> tuple[Numbers, list[tuple[float, tuple[Any, ...]]]]:
    """x with its edge pixels repeated; and for each place of a window of odd size its weight and where it lies."""
    xp, half, shape = namespace(x), len(weights) // 2, x.shape
    for axis in range(x.ndim):
        first, last = x[_part(axis, 0, 1)], x[_part(axis, -1, None)]
        x = xp.concat([*[first] * half, x, *[last] * half], axis=axis)
    places = []
    for offsets in itertools.product(range(len(weights)), repeat=len(shape)):
        place = tuple(slice(k, k + size) for k, size in zip(offsets, shape, strict=True))
        places.append((math.prod(weights[k] for k in offsets), place))
    return x, places


def local_moments(x: Numbers, weights: list[float]) -> tuple[Numbers, Numbers]:
    """Mean and variance around each pixel; the variance of what is constant is 0, not a rounding error."""
    wide, places = neighbours(x, weights)
    mean = _added(weight * wide[place] for weight, place in places)

    def spread(weight: float, place: tuple[Any, ...]) -> Numbers:
        return recomputed(lambda wide, mean: weight * (wide[place] - mean) ** 2, wide, mean)

    return mean, _added(spread(*each) for each in places)


def eroded(x: Numbers) -> Numbers:
    """The minimum over the face neighbours and the pixel itself; what is outside never wins."""
    xp = namespace(x)
    if xp is np:
        return _over_faces(np.minimum, x)
    lowest = x
    for axis in range(x.ndim):
        for step in (1, -1):
            lowest = xp.minimum(lowest, shifted(x, axis, step))
    return lowest


def dilated(x: Numbers) -> Numbers:
    """The maximum over the box of 3 pixels a side; what is outside never wins."""
    xp = namespace(x)
    for axis in range(x.ndim):
        if xp is np:
            x = _over_faces(np.maximum, x, [axis])
        else:
            x = xp.maximum(xp.maximum(x, shifted(x, axis, 1)), shifted(x, axis, -1))
    return x


def cross_mean(x: Numbers) -> Numbers:
    """The mean over the face neighbours and the pixel itself; outside is 0."""
    if namespace(x) is np:
        found = _over_faces(np.add, x)
        found /= 2 * x.ndim + 1
        return found
    moved = (shifted(x, axis, step, edge=False) for axis in range(x.ndim) for step in (1, -1))
    return sum(moved, x) / (2 * x.ndim + 1)


def _over_faces(function: np.ufunc, x: np.ndarray, axes: Iterable[int] | None = None) -> np.ndarray:
    """A function of each pixel and its face neighbours along some axes, one after the other: NumPy needs no copies."""
    found = x.copy()
    for axis in range(x.ndim) if axes is None else axes:
        before, after = _part(axis, None, -1), _part(axis, 1, None)
        for here, there in ((after, before), (before, after)):
            function(found[here], x[there], out=found[here])
    return found


def skeleton(x: Numbers, iterations: int) -> Numbers:
    """The soft skeleton: what opening removes, from x and from each of its erosions."""
    found = recomputed(_ridge, x)
    for _ in range(iterations):
        x = recomputed(eroded, x)
        found = recomputed(_with_ridge, x, found)
    return found


def _with_ridge(x: Numbers, found: Numbers) -> Numbers:
    ridge = _ridge(x)
    return found + _positive(ridge - ridge * found)


def _ridge(x: Numbers) -> Numbers:
    return _positive(x - dilated(eroded(x)))


def _positive(x: Numbers) -> Numbers:
    return namespace(x).where(x > 0, x, 0.0)


def whole_windows(keep: np.ndarray, window: int) -> np.ndarray:
    """Which of the windows fully inside hold no ignored pixel."""
    return np.asarray(windowed(keep.astype(np.float64), [1.0] * window) > window**keep.ndim - 0.5)

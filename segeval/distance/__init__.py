"""Euclidean distances to the nearest objects of every pixel, exact for any number of objects."""

import contextlib
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from segeval.distance import coded, separable
from segeval.distance.crops import Crops, Crowded
from segeval.distance.grid import Array, Steps, compact, nearest, steps

__all__ = ["two_nearest"]

# What one pixel costs, relative to a plain transform of a 2-D image (about 60 ns); only their ratios matter.
_TRANSFORM = {1: 0.5, 2: 1.0}  # more axes: 2.7
_CALL = 1700  # pixels that cost as much as calling the transform
_FIRST_AXIS, _STEP = 1.0, 0.11  # the separable form: its first axis, and each step along another


def two_nearest(labels: npt.ArrayLike, spacing: Sequence[float] | float | None = None) -> tuple[Array, Array]:
    """The distances from every pixel to the nearest and to the second nearest object.

        d1(x) ≤ d2(x)   the two smallest of   D_L(x) = min over pixels q of object L of |spacing · (x − q)|

    labels: integers, any number of axes; 0 is background and every other id one object, in however many parts.
    spacing: the length of a step along each axis, in the array's order.  Gives two float64 arrays of that shape; a
    distance is 0 inside an object, and inf where there is no such object.
    """
    objects, ids = compact(labels)
    return within(objects, len(ids) - 1, steps(spacing, objects.ndim))


def within(
    objects: Array, count: int, grid: Steps, reach: float = math.inf, active: Array | None = None
) -> tuple[Array, Array]:
    """d1 and d2 of the objects 1 … `count`, exact wherever d1 + d2 ≤ `reach` and nowhere too small.

    active: where they are wanted; None is everywhere.  How they are found depends on the cost alone.
    """
    if count < 2 or not objects.size or reach <= 0:
        return nearest(objects, grid), np.full(objects.shape, np.inf)
    size, each = objects.size, _TRANSFORM.get(objects.ndim, 2.7)
    by_axes, by_codes = _by_axes(objects, grid, reach), coded.sets(count) * each * size
    if math.isfinite(reach) and grid.whole and count * _CALL < min(by_axes, by_codes):
        with contextlib.suppress(Crowded):
            crops = Crops(objects, grid, reach)
            if len(crops.labels) * _CALL + crops.pixels * each < min(by_axes, by_codes):
                return crops.two_nearest(objects, grid)
    if by_codes < by_axes:
        return coded.two_nearest(objects, count, grid)
    return separable.two_nearest(objects, count, grid, reach, active)


def _by_axes(objects: Array, grid: Steps, reach: float) -> float:
    """What the separable form costs: it looks as far as the second nearest object is, or as the reach."""
    if not math.isfinite(reach):
        reach = 3 * float(nearest(objects, grid).mean())
    rows = [min(reach / length, n) for length, n in zip(grid.lengths, objects.shape, strict=True)]
    return float(objects.size * (_FIRST_AXIS + _STEP * sum(rows[:-1])) * (1 if grid.whole else 2))

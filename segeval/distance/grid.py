"""What a distance is measured on: the steps of a grid, objects counted from 1, and the plain transform."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.errors import BadOption, NegativeIds
from segeval.parameters import measurable

Array = npt.NDArray[Any]

_WHOLE = 1 << 20  # steps beyond are held in floating point
_TABLE = 1 << 24  # ids up to which a table of all ids is cheaper than sorting


@dataclass(frozen=True)
class Steps:
    """The length of one step along each axis; `whole` has them in multiples of `unit`, where such a unit exists."""

    lengths: tuple[float, ...]
    whole: tuple[int, ...] | None
    unit: float

    @property
    def exact(self) -> tuple[float, ...]:
        """The steps to give to a transform whose result is multiplied by `unit` afterwards."""
        return tuple(map(float, self.whole)) if self.whole else self.lengths


def steps(spacing: Sequence[float] | float | None, ndim: int) -> Steps:
    """The steps of a grid of `ndim` axes; one number stands for all axes, None for steps of 1."""
    try:
        given = [1.0] * ndim if spacing is None else np.atleast_1d(np.asarray(spacing, np.float64)).tolist()
    except (TypeError, ValueError) as fault:
        raise BadOption(f"the spacing is {spacing!r}", "give one number for each axis") from fault
    lengths = tuple(given * ndim if len(given) == 1 else given)
    if len(lengths) != ndim:
        raise BadOption(
            f"the spacing has {len(lengths)} numbers for {ndim} axes", "give one for each axis, in the array's order"
        )
    if not all(map(measurable, lengths)):
        raise BadOption(f"the spacing is {', '.join(map(str, lengths))}", "give numbers above 0, from 1e-50 to 1e50")
    parts = [Fraction(repr(length)) for length in lengths]
    common = math.lcm(*(part.denominator for part in parts))
    numbers = [int(part * common) for part in parts]
    largest = math.gcd(*numbers)
    whole = tuple(number // largest for number in numbers)
    if max(whole) > _WHOLE:
        return Steps(lengths, None, 1.0)
    return Steps(lengths, whole, float(Fraction(largest, common)))


def compact(labels: npt.ArrayLike) -> tuple[Array, Array]:
    """Objects as 1 … K in the order of their ids, int32, 0 where there is none; and those ids, 0 first.

    TypeError for what is not an integer or boolean array, NegativeIds for ids below 0.
    """
    array = np.asanyarray(labels)
    if hasattr(array, "mask") or array.dtype.kind not in "biu":
        raise TypeError(f"labels are plain integer arrays, not {type(array).__name__} of {array.dtype}")
    if array.ndim == 0:
        raise TypeError("labels have at least one axis")
    if array.dtype == bool:
        array = array.view(np.uint8)
    if not array.size:
        return array.astype(np.int32), np.zeros(1, np.int64)
    low, high = array.min().item(), array.max().item()
    if low < 0:
        raise NegativeIds(f"the labels hold the id {low}", "ids are 0 for background and above 0 for objects")
    if high > max(_TABLE, array.size):
        ids = np.union1d(array, np.zeros(1, array.dtype))
        return np.searchsorted(ids, array).astype(np.int32), ids
    table = np.zeros(high + 1, np.int32)
    table[array] = 1
    table[0] = 0
    ids = np.concatenate([[0], np.flatnonzero(table)])
    table[ids] = np.arange(len(ids), dtype=np.int32)
    return table[array], ids


def nearest(objects: Array, grid: Steps) -> Array:
    """The distance to the nearest pixel that is not zero; inf where there is none."""
    from scipy import ndimage

    if not objects.any():  # the transform would measure to a place outside the array
        return np.full(objects.shape, np.inf)
    found: Array = ndimage.distance_transform_edt(objects == 0, sampling=grid.exact)
    return found * grid.unit if grid.unit != 1 else found

"""The two nearest distinct objects from a few plain transforms: for few objects that lie far apart.

Each object belongs to a different half of m sets, and each set gets one transform. The smallest distance is d1. All
sets of the nearest object give d1; some set holds the second nearest and not the nearest, and gives d2. So d2 is the
value after as many as an object has sets.
"""

import itertools
import math

import numpy as np

from segeval.distance.grid import Array, Steps, nearest


def sets(count: int) -> int:
    """How many sets give `count` objects different halves."""
    needed = 2
    while math.comb(needed, needed // 2) < count:
        needed += 1
    return needed


def two_nearest(objects: Array, count: int, grid: Steps) -> tuple[Array, Array]:
    """The distances to the two nearest of the objects 1 … `count`."""
    total = sets(count)
    half = total // 2
    members = np.zeros((total, count + 1), bool)
    for label, code in zip(range(1, count + 1), itertools.combinations(range(total), half), strict=False):
        members[list(code), label] = True
    smallest: list[Array] = []
    for each in members:
        smallest = _inserted(smallest, nearest(each[objects], grid), half + 1)
    return smallest[0], smallest[half]


def _inserted(ascending: list[Array], value: Array, keep: int) -> list[Array]:
    """The `keep` smallest of each pixel, in order, with one more value."""
    result = []
    for each in ascending:
        result.append(np.minimum(each, value))
        value = np.maximum(each, value)
    return [*result, value][:keep]

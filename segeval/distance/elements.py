"""The piece of contour or surface that passes through each cell of 2ᴰ pixels, and its length or area.

A cell lies between pixels; which of its corners are in the mask says how the contour passes, through the middles of its
edges. Of a volume these are the triangles of marching cubes.
"""

import functools
import itertools
import math

import numpy as np

from segeval.distance.grid import Array

# Of volumes: corners (z y x) that are in the mask, then the triangles: area · 8 that each shows along z, y and x.
# All other cells are these turned, mirrored, or with in and out exchanged.
_TRIANGLES = {
    "111": ["111"],
    "110 111": ["220", "220"],
    "101 110": ["111", "111"],
    "011 100": ["111", "111"],
    "101 110 111": ["400", "222", "111"],
    "011 101 110": ["111", "111", "111"],
    "011 100 111": ["022", "022", "111"],
    "100 101 110 111": ["400", "400"],
    "011 101 110 111": ["111", "222", "222", "111"],
    "011 100 110 111": ["111", "333", "022", "202"],
    "011 100 101 110": ["400", "111", "222", "111"],
    "010 011 100 101": ["220", "220", "220", "220"],
    "001 010 100 111": ["111", "111", "111", "111"],
}


def codes(mask: Array) -> Array:
    """For each cell of a mask that is surrounded by background the corners that are in it, as bits in C order."""
    found = np.zeros(tuple(n - 1 for n in mask.shape), np.uint8)
    for n, corner in enumerate(itertools.product((0, 1), repeat=mask.ndim)):
        part = mask[tuple(slice(at, length - 1 + at) for at, length in zip(corner, mask.shape, strict=True))]
        found |= part.view(np.uint8) << n
    return found


def sizes(lengths: tuple[float, ...]) -> Array:
    """The length or area in a cell by its code, float64; 0 where all corners are in, or out.

    Of one axis it is the number of ends.  ValueError for more than three axes.
    """
    known = {1: lambda: np.array([0.0, 1.0, 1.0, 0.0]), 2: lambda: _contour(*lengths), 3: lambda: _surface(lengths)}
    if len(lengths) not in known:
        raise ValueError(f"there is no surface of {len(lengths)} axes")
    return known[len(lengths)]()


def _contour(down: float, across: float) -> Array:
    """One corner, or three: half a diagonal; two side by side: a straight line; two opposite: two half diagonals."""
    slant = math.hypot(down, across) / 2
    rows, columns = {0b0011: across, 0b1100: across}, {0b0101: down, 0b1010: down}
    straight = rows | columns | {0b0110: 2 * slant, 0b1001: 2 * slant}
    return np.array([0.0 if code in (0, 15) else straight.get(code, slant) for code in range(16)])


def _surface(lengths: tuple[float, ...]) -> Array:
    across = np.array([lengths[1] * lengths[2], lengths[0] * lengths[2], lengths[0] * lengths[1]]) / 8
    return np.array(
        [math.fsum(math.sqrt(float(((part * across) ** 2).sum())) for part in parts) for parts in _turned()]
    )


@functools.cache
def _turned() -> list[list[Array]]:
    """The triangles of all 256 cells."""
    found: list[list[Array]] = [[] for _ in range(256)]
    for corners, triangles in _TRIANGLES.items():
        inside = [tuple(map(int, corner)) for corner in corners.split()]
        shown = [np.array([int(part) for part in triangle], np.float64) for triangle in triangles]
        for order in itertools.permutations(range(3)):
            for flip in itertools.product((0, 1), repeat=3):
                code = 0
                for corner in inside:
                    z, y, x = (corner[axis] ^ mirror for axis, mirror in zip(order, flip, strict=True))
                    code |= 1 << (4 * z + 2 * y + x)
                found[code] = found[255 - code] = [part[list(order)] for part in shown]
    return found

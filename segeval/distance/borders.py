"""Borders of masks, and how far the points of one are from those of another: exact, and over the crop alone."""

import itertools
import math

import numpy as np

from segeval.distance.grid import Array, Steps

_QUERY = 8  # points of a tree that cost as much to put in as one to look up
_WHOLE = 1 << 62  # squares of whole steps stay below it


def border(mask: Array, valid: Array | None = None, full: bool = False) -> Array:
    """The pixels of a mask that have a neighbour outside it, both valid.

    The mask is surrounded by background, at least one pixel of it.  full: neighbours share a face, an edge or a corner,
    and not only a face.
    """
    outside = ~mask if valid is None else ~mask & valid
    near = outside.copy()
    for axis in range(mask.ndim):
        source = near.copy() if full else outside
        for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            at, beside = ((slice(None),) * axis + (each,) for each in (here, there))
            near[at] |= source[beside]
    near &= mask
    return near


def squares(points: Array, target: Array, grid: Steps) -> tuple[Array, float]:
    """For each point that is not in the target, in C order, the square of its distance to the nearest of the target.

    points, target: bool arrays of one crop; the target is not empty.  Gives the squares and their unit: the distance is
    √square · unit. They are whole numbers wherever the steps have a common measure, and so exact.
    """
    here = np.flatnonzero(points & ~target)
    if not here.size:
        return np.zeros(0, np.int64), grid.unit
    there = np.flatnonzero(target)
    search = _by_tree if there.size + _QUERY * here.size <= target.size else _by_transform
    steps = search(here, there, target, grid)
    if grid.whole and sum((step * n) ** 2 for step, n in zip(grid.whole, target.shape, strict=True)) < _WHOLE:
        exact = np.zeros(here.size, np.int64)
        for each, step in zip(steps, grid.whole, strict=True):
            exact += (each * step) ** 2
        return exact, grid.unit
    found = np.zeros(here.size)
    for each, length in zip(steps, grid.lengths, strict=True):
        found += np.square(each * length)
    return found, 1.0


def _by_tree(here: Array, there: Array, target: Array, grid: Steps) -> list[Array]:
    """The steps along each axis from some pixels to the nearest others, by flat index, from a tree."""
    from scipy.spatial import cKDTree

    start, end = (np.stack(np.unravel_index(each, target.shape), axis=1) for each in (here, there))
    scale = np.array(grid.exact)
    tree = cKDTree(end * scale, leafsize=32, balanced_tree=False, compact_nodes=False)
    nearest = tree.query(start * scale)[1]
    return [*(start - end[nearest]).T]


def _by_transform(here: Array, there: Array, target: Array, grid: Steps) -> list[Array]:  # noqa: ARG001
    """The same from a transform of the whole crop: for very many pixels that lie far off."""
    from scipy import ndimage

    index = ndimage.distance_transform_edt(
        ~target, sampling=grid.exact, return_distances=False, return_indices=True
    ).reshape(target.ndim, -1)[:, here]
    start = np.unravel_index(here, target.shape)
    return [np.asarray(a - b, np.int64) for a, b in zip(start, index, strict=True)]


def distances(points: Array, target: Array, grid: Steps, weights: Array | None = None) -> tuple[Array, Array]:
    """The distinct distances of some points to the nearest of the target, ascending, and how much each weighs.

    Those in the target have 0; all have inf where it is empty.  weights: of each pixel; without them each counts 1.
    """
    every = int(np.count_nonzero(points))
    if not every:
        return np.zeros(0), np.zeros(0, np.int64 if weights is None else np.float64)
    whole = every if weights is None else math.fsum(weights[points].tolist())
    if not target.any():
        return np.array([math.inf]), np.array([whole])
    found, unit = squares(points, target, grid)
    values, place, counts = np.unique(found, return_inverse=True, return_counts=True)
    values, heavy = np.sqrt(values.astype(np.float64)) * unit, counts
    if weights is not None:
        heavy = np.bincount(place, weights[points & ~target], values.size)
    if found.size < every:
        nothing = every - found.size if weights is None else math.fsum(weights[points & target].tolist())
        return np.append(0.0, values), np.append(nothing, heavy)
    return values, heavy


def band(mask: Array, valid: Array | None, depth: int) -> Array:
    """The pixels of a mask that have a pixel outside it, both valid, at most `depth` steps off, across corners too.

    The mask is surrounded by background; of ignored pixels, by so many pixels as the band is deep.
    """
    from scipy import ndimage

    near = (~mask if valid is None else ~mask & valid).view(np.uint8)
    for axis in range(mask.ndim):
        near = ndimage.maximum_filter1d(near, 2 * depth + 1, axis=axis, mode="constant", cval=1)
    return np.asarray(mask & near.view(bool))


def round_band(mask: Array, valid: Array | None, limit: float, grid: Steps) -> Array:
    """The same for all pixels outside up to a Euclidean distance."""
    from scipy import ndimage

    outside = ~mask if valid is None else ~mask & valid
    if not outside.any():
        return np.zeros(mask.shape, bool)
    found = ndimage.distance_transform_edt(~outside, sampling=grid.exact)
    return np.asarray(mask & (found * grid.unit <= limit))


def cracks(mask: Array, valid: Array | None) -> Array:
    """The pixels of a whole image that differ from a next one: below, right, or both; both are valid."""
    found = np.zeros(mask.shape, bool)
    for step in itertools.product((0, 1), repeat=mask.ndim):
        if any(step):
            here = tuple(slice(None, n - s) for s, n in zip(step, mask.shape, strict=True))
            there = tuple(slice(s, None) for s in step)
            differs = mask[here] != mask[there]
            found[here] |= differs if valid is None else differs & valid[here] & valid[there]
    return found

"""Borders of masks, and how far the points of one are from those of another: exact, and over the crop alone."""

import itertools
import math

import numpy as np

from segeval.distance.grid import Array, Steps
from segeval.distance.objects import contour

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


def label_border(labels: Array, valid: Array | None = None, full: bool = False) -> Array:
    """The same of all labels of a whole image at once: pixels whose neighbour has another, or is beyond the image."""
    near = contour(labels, valid, full)
    for axis in range(labels.ndim):
        ends = np.moveaxis(near, axis, 0)
        ends[0] = ends[-1] = True
    return near if valid is None else near & valid


def squares(here: Array, there: Array, shape: tuple[int, ...], grid: Steps) -> tuple[Array, float]:
    """For some pixels the square of their distance to the nearest of others, both by flat index; there is one at least.

    Gives the squares and their unit: the distance is √square · unit. They are whole numbers wherever the steps have a
    common measure, and so exact.
    """
    if not here.size:
        return np.zeros(0, np.int64), grid.unit
    start, end = (np.stack(np.unravel_index(each, shape), axis=1) for each in (here, there))
    low = np.minimum(start.min(axis=0), end.min(axis=0))
    extent = tuple((np.maximum(start.max(axis=0), end.max(axis=0)) - low + 1).tolist())
    few = there.size + _QUERY * here.size <= math.prod(extent)
    steps = (_by_tree if few else _by_transform)(start - low, end - low, extent, grid)
    if grid.whole and sum((step * n) ** 2 for step, n in zip(grid.whole, extent, strict=True)) < _WHOLE:
        exact = np.zeros(here.size, np.int64)
        for each, step in zip(steps, grid.whole, strict=True):
            exact += (each * step) ** 2
        return exact, grid.unit
    found = np.zeros(here.size)
    for each, length in zip(steps, grid.lengths, strict=True):
        found += np.square(each * length)
    return found, 1.0


def _by_tree(start: Array, end: Array, extent: tuple[int, ...], grid: Steps) -> list[Array]:  # noqa: ARG001
    """The steps along each axis from some points (n, axes) of a crop to the nearest others, from a tree."""
    from scipy.spatial import cKDTree

    scale = np.array(grid.exact)
    tree = cKDTree(end * scale, leafsize=32, balanced_tree=False, compact_nodes=False)
    nearest = tree.query(start * scale)[1]
    return [*(start - end[nearest]).T]


def _by_transform(start: Array, end: Array, extent: tuple[int, ...], grid: Steps) -> list[Array]:
    """The same from a transform of the whole crop: for very many points that lie far off."""
    from scipy import ndimage

    others = np.ones(extent, bool)
    others[tuple(end.T)] = False
    index = ndimage.distance_transform_edt(others, sampling=grid.exact, return_distances=False, return_indices=True)
    place = tuple(start.T)
    return [np.asarray(at - found[place], np.int64) for at, found in zip(start.T, index, strict=True)]


def distances_between(
    points: Array, shared: Array, target: Array, shape: tuple[int, ...], grid: Steps
) -> tuple[Array, Array]:
    """The distinct distances of some pixels to the nearest of the target, ascending, and how often each occurs.

    points, target: by flat index.  shared: which of the points are in the target too, and so at 0; all have inf where
    there is no target.
    """
    if not points.size:
        return np.zeros(0), np.zeros(0, np.int64)
    if not target.size:
        return np.array([math.inf]), np.array([points.size])
    found, unit = squares(points[~shared], target, shape, grid)
    values, counts = np.unique(found, return_counts=True)
    values = np.sqrt(values.astype(np.float64)) * unit
    if found.size < points.size:
        return np.append(0.0, values), np.append(points.size - found.size, counts)
    return values, counts


def weighed_distances(points: Array, target: Array, grid: Steps, weights: Array) -> tuple[Array, Array]:
    """The same of the pixels of two bool arrays, of which each weighs as much as `weights` says."""
    if not points.any():
        return np.zeros(0), np.zeros(0)
    if not target.any():
        return np.array([math.inf]), np.array([math.fsum(weights[points].tolist())])
    alone = points & ~target
    found, unit = squares(np.flatnonzero(alone), np.flatnonzero(target), points.shape, grid)
    values, place = np.unique(found, return_inverse=True)
    values, heavy = np.sqrt(values.astype(np.float64)) * unit, np.bincount(place, weights[alone], values.size)
    if (points & target).any():
        return np.append(0.0, values), np.append(math.fsum(weights[points & target].tolist()), heavy)
    return values, heavy


def distances(points: Array, target: Array, grid: Steps) -> tuple[Array, Array]:
    """`distances_between` the pixels of two bool arrays."""
    here = np.flatnonzero(points)
    return distances_between(here, target.reshape(-1)[here], np.flatnonzero(target), points.shape, grid)


def band(mask: Array, valid: Array | None, depth: int) -> Array:
    """The pixels of a mask that have a pixel outside it, both valid, at most `depth` steps off, across corners too.

    The mask is surrounded by background; of ignored pixels, by so many pixels as the band is deep.
    """
    from scipy import ndimage

    near = (~mask if valid is None else ~mask & valid).view(np.uint8)
    for axis in range(mask.ndim):
        near = ndimage.maximum_filter1d(near, 2 * depth + 1, axis=axis, mode="constant", cval=1)
    return np.asarray(mask & near.view(bool))


def label_band(labels: Array, valid: Array | None, depth: int) -> Array:
    """`band` of all labels of a whole image at once: the largest or the smallest label around differs."""
    from scipy import ndimage

    bounds = np.iinfo(labels.dtype)
    found = np.zeros(labels.shape, bool)
    for search, nothing, beyond in (
        (ndimage.maximum_filter1d, bounds.min, bounds.max),
        (ndimage.minimum_filter1d, bounds.max, bounds.min),
    ):
        around = labels if valid is None else np.where(valid, labels, labels.dtype.type(nothing))
        for axis in range(labels.ndim):
            around = search(around, 2 * depth + 1, axis=axis, mode="constant", cval=beyond)
        found |= around != labels
    return found if valid is None else found & valid


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

"""Distance maps of masks: constants in every gradient."""

from collections.abc import Sequence

import numpy as np

from segeval.arrays.functions import Array
from segeval.distance.grid import nearest, steps
from segeval.distance.objects import contour

Spacing = Sequence[float] | None


def around(mask: Array, margin: int) -> tuple[slice, ...] | None:
    """The smallest box that holds all of a mask and as many pixels more on every side, within the array; or None."""
    box = []
    for axis, size in enumerate(mask.shape):
        there = np.flatnonzero(mask.any(axis=tuple(n for n in range(mask.ndim) if n != axis)))
        if not there.size:
            return None
        box.append(slice(max(int(there[0]) - margin, 0), min(int(there[-1]) + 1 + margin, size)))
    return tuple(box)


def inner(mask: Array, spacing: Spacing = None) -> Array:
    """The distance of each pixel of a mask to the nearest pixel outside it; 0 outside, and in a mask of one value.

    spacing: the length of a pixel along each axis; None: 1.
    """
    if mask.all():
        return np.zeros(mask.shape)
    box = around(mask, 1)  # no pixel outside can be nearer than one of the rim
    found = np.zeros(mask.shape)
    if box is not None:
        found[box] = nearest(~mask[box], steps(spacing, mask.ndim))
    return found


def both_sides(mask: Array, spacing: Spacing = None) -> Array:
    """The distance of each pixel to the nearest pixel of the other value; 0 in a mask of one value."""
    return inner(mask, spacing) + inner(~mask, spacing)


def fraction_to_centre(labels: Array, spacing: Spacing = None) -> Array:
    """For each pixel (d_max − d)/(d_max − d_min) of its label; 1 where all are equal, 0 in an image of one label."""
    found = np.unique(labels)
    share = np.zeros(labels.shape)
    if (found >= 0).sum() < 2:
        return share
    for label in found[found >= 0]:
        region = labels == label
        d = inner(region, spacing)[region]
        spread = d.max() - d.min()
        share[region] = (d.max() - d) / spread if spread > 0 else 1.0
    return share


def contour_errors(pred: Array, truth: Array, spacing: Spacing = None) -> Array:
    """On predicted contours the distance to the nearest true contour pixel; 0 elsewhere, and without a true contour.

    Ignored pixels (−1 in truth) are background in both, so that what is predicted there does not matter.
    """
    ignored = truth < 0
    pred, truth = np.where(ignored, 0, pred), np.where(ignored, 0, truth)
    true_contour = contour(truth)
    if not true_contour.any():
        return np.zeros(truth.shape)
    return np.where(contour(pred), inner(~true_contour, spacing), 0.0)

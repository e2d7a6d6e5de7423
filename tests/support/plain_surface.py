"""Borders and distances by plain loops over all pairs of points."""

import itertools
import math

import numpy as np


def borders(pred, truth, label, void=(), full=False):
    """The border points of a class in prediction and truth: valid pixels with a valid, or exterior, pixel outside."""
    shape = truth.shape
    steps = [s for s in itertools.product((-1, 0, 1), repeat=truth.ndim) if any(s)]
    if not full:
        steps = [s for s in steps if sum(map(abs, s)) == 1]
    found = []
    for mask in (pred == label, truth == label):
        points = []
        for at in np.ndindex(shape):
            if not mask[at] or truth[at] in void:
                continue
            for step in steps:
                beside = tuple(a + s for a, s in zip(at, step, strict=True))
                inside = all(0 <= b < n for b, n in zip(beside, shape, strict=True))
                if not inside or (truth[beside] not in void and not mask[beside]):
                    points.append(at)
                    break
        found.append(points)
    return found


def nearest(points, others, spacing):
    """For each point the distance to the nearest of the others; inf where there are none."""
    return [
        min(
            (math.sqrt(sum(((a - b) * s) ** 2 for a, b, s in zip(p, q, spacing, strict=True))) for q in others),
            default=math.inf,
        )
        for p in points
    ]


def scores(pred, truth, label, spacing, void=(), full=False, tolerance=2.0, percentile=95.0):
    """Every surface metric of one class, of which both masks have a border."""
    edge_pred, edge_truth = borders(pred, truth, label, void, full)
    to_pred, to_truth = nearest(edge_truth, edge_pred, spacing), nearest(edge_pred, edge_truth, spacing)
    both = to_pred + to_truth
    return {
        "hd": max(both),
        "hd95_max": max(np.percentile(to_pred, percentile), np.percentile(to_truth, percentile)),
        "hd95_pooled": np.percentile(both, percentile),
        "assd": sum(both) / len(both),
        "masd": (sum(to_pred) / len(to_pred) + sum(to_truth) / len(to_truth)) / 2,
        "asd_truth_to_pred": sum(to_pred) / len(to_pred),
        "asd_pred_to_truth": sum(to_truth) / len(to_truth),
        "nsd": sum(d <= tolerance + 1e-12 for d in both) / len(both),
    }


def band(pred, truth, label, depth, spacing=None, void=()):
    """Bands of prediction and truth: valid points of a class with a valid, or exterior, point outside within a depth.

    spacing: of the Euclidean distance; without one it is that of a chessboard.
    """
    reach = [math.ceil(depth / s) if spacing else depth for s in spacing or truth.shape]
    found = []
    for mask in (pred == label, truth == label):
        points = set()
        for at in np.ndindex(truth.shape):
            if not mask[at] or truth[at] in void:
                continue
            for step in itertools.product(*(range(-r, r + 1) for r in reach)):
                beside = tuple(a + s for a, s in zip(at, step, strict=True))
                inside = all(0 <= b < n for b, n in zip(beside, truth.shape, strict=True))
                if inside and (truth[beside] in void or mask[beside]):
                    continue
                far = math.sqrt(sum((s * w) ** 2 for s, w in zip(step, spacing, strict=True))) if spacing else 0
                if far <= depth + 1e-12:
                    points.add(at)
                    break
        found.append(points)
    return found


def overlap(one, other):
    return len(one & other) / len(one | other)


def cracked(pred, truth, label, void=()):
    """Points that differ from the next one below, to the right, or both, within the image; both are valid."""
    found = []
    for mask in (pred == label, truth == label):
        points = []
        for at in np.ndindex(truth.shape):
            for step in itertools.product((0, 1), repeat=truth.ndim):
                beside = tuple(a + s for a, s in zip(at, step, strict=True))
                if all(b < n for b, n in zip(beside, truth.shape, strict=True)):
                    valid = truth[at] not in void and truth[beside] not in void
                    if valid and mask[at] != mask[beside]:
                        points.append(at)
                        break
        found.append(points)
    return found


def contour_f(pred, truth, label, reach, void=()):
    """Precision and recall of those points within a reach in pixels, and their harmonic mean."""
    edges, one = cracked(pred, truth, label, void), (1.0,) * truth.ndim
    p, r = (
        sum(d <= reach for d in nearest(points, others, one)) / len(points) for points, others in (edges, edges[::-1])
    )
    return 2 * p * r / (p + r) if p + r else 0.0

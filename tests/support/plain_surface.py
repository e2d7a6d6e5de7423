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

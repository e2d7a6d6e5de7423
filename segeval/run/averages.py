"""How the values of a metric become one number: over classes, over images, or of all counts together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from segeval.evidence.confusion import PixelCounts
from segeval.evidence.run_length import Array
from segeval.measures import Metric
from segeval.metrics.overlap import ratio
from segeval.run.means import Drawn
from segeval.run.tables import PIXELS, Tables


@dataclass(frozen=True)
class Average:
    """One way; `terms` are what the mean is of, and `images` what it is of single images."""

    name: str
    says: str  # a sentence and a formula about {metric}
    formula: str
    terms: Callable[[Drawn, Metric], Array]  # (B, n), or (images,)
    value: Callable[[Drawn, Metric], Array]  # (B,)
    images: Callable[[Tables, Metric], Array]  # (images,)
    quiet: bool = False  # told only where it is asked for by name
    pixels: bool = False  # of metrics of pixel counts alone


def _of_classes(d: Drawn, metric: Metric) -> Array:
    return d.tables.in_means(metric, d.means(metric))


def _together(tables: Tables, metric: Metric, counts: Any, decisions: Array) -> Array:
    """A metric of the counts of all classes in means together: (…,) of (…, classes)."""
    parts = {name: tables.in_means(metric, getattr(counts, name)) for name in PixelCounts._fields}
    summed = PIXELS.view(**{name: part.sum(axis=-1, keepdims=True) for name, part in parts.items()})
    return tables.filled(metric, metric.func(summed, **metric.settings), summed, decisions)[..., 0]


def _micro_of_images(tables: Tables, metric: Metric) -> Array:
    return _together(tables, metric, tables.counts, tables.decisions)


def _micro(d: Drawn, metric: Metric) -> Array:
    return _together(d.tables, metric, d.counts, d.pixels.images["pixels"])


def _weighed(tables: Tables, metric: Metric, values: Array, counts: Any) -> tuple[Array, Array]:
    """Values with the true pixels of their classes, 0 for both where undefined."""
    truth = tables.in_means(metric, counts.tp + counts.fn)
    weights = np.where(np.isnan(values), 0, truth)
    return np.where(np.isnan(values), 0.0, values) * weights, weights


def _weighted(d: Drawn, metric: Metric) -> Array:
    parts, weights = _weighed(d.tables, metric, d.class_terms(metric), d.counts)
    return ratio(d.total(parts), d.total(weights))


def _weighted_of_images(tables: Tables, metric: Metric) -> Array:
    parts, weights = _weighed(tables, metric, _pairs(tables, metric), tables.counts)
    return ratio(parts.sum(axis=1), weights.sum(axis=1))


def _pairs(tables: Tables, metric: Metric) -> Array:
    """The values of each image and class in means, as means take them."""
    return tables.in_means(metric, tables.for_means(metric))


AVERAGES = {
    each.name: each
    for each in (
        Average(
            "dataset",
            "Mean over classes of {metric}, of the pixels of all images together.",
            "mean over c of {metric}(Σ over images of the counts of c)",
            lambda d, metric: d.class_terms(metric),
            lambda d, metric: d.over_classes(d.class_terms(metric)),
            Tables.image_means,
        ),
        Average(
            "image",
            "Mean over images of the mean over classes of {metric} of each image.",
            "mean over images of (mean over c of {metric} of c in the image)",
            lambda d, metric: d.tables.image_means(metric),
            lambda d, metric: d.over_images(d.tables.image_means(metric)[:, None])[:, 0],
            Tables.image_means,
        ),
        Average(
            "class",
            "Mean over classes of the mean over images of {metric}.",
            "mean over c of (mean over images of {metric} of c)",
            _of_classes,
            lambda d, metric: d.over_classes(_of_classes(d, metric)),
            Tables.image_means,
        ),
        Average(
            "micro",
            "{metric} of the pixels of all images and classes together.",
            "{metric}(Σ over images and c of the counts of c)",
            lambda d, metric: _micro(d, metric)[:, None],
            _micro,
            _micro_of_images,
            quiet=True,
            pixels=True,
        ),
        Average(
            "weighted",
            "Mean over classes of {metric} of the whole data set, each weighing as many pixels as the truth has of it.",
            "Σ_c t_c {metric}(c) / Σ_c t_c, t_c = tp_c + fn_c of all images, over the c that have a value",
            lambda d, metric: d.class_terms(metric),
            _weighted,
            _weighted_of_images,
            quiet=True,
            pixels=True,
        ),
        Average(
            "pairs",
            "Mean of {metric} over all pairs of an image and a class.",
            "mean over images and c of {metric} of c in the image",
            lambda d, metric: _pairs(d.tables, metric),
            lambda d, metric: d.over_pairs(_pairs(d.tables, metric)),
            Tables.image_means,
            quiet=True,
        ),
        Average(
            "image_micro",
            "Mean over images of {metric} of all classes of the image together.",
            "mean over images of {metric}(Σ over c of the counts of c in the image)",
            lambda d, metric: _micro_of_images(d.tables, metric),
            lambda d, metric: d.over_images(_micro_of_images(d.tables, metric)[:, None])[:, 0],
            _micro_of_images,
            quiet=True,
            pixels=True,
        ),
    )
}

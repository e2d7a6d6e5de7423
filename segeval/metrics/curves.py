"""What a prediction is worth over all thresholds: each takes `Curves` and gives float64 (…, C).

The thresholds are k / 255, k = 0 … 255; a pixel is predicted where its probability is at least the threshold.
"""

import functools
from collections.abc import Iterator

import numpy as np

from segeval.evidence.curves import Curves
from segeval.evidence.kinds import Columns
from segeval.evidence.run_length import Array
from segeval.measures import Metric
from segeval.metrics import METRICS
from segeval.metrics.diagrams import DIAGRAMS, Lines
from segeval.metrics.overlap import ratio
from segeval.metrics.sections import SECTIONS, Told


def precision_curve(c: Curves) -> Array:
    """(…, C, 256): precision at each threshold; nan where nothing is predicted."""
    return ratio(c.tp, c.tp + c.fp)


def recall_curve(c: Curves) -> Array:
    """(…, C, 256): recall at each threshold; nan where the class is not there."""
    return ratio(c.tp, np.broadcast_to(c.tp[..., :1], c.tp.shape))


def dice_curve(c: Curves) -> Array:
    """(…, C, 256): Dice at each threshold."""
    return ratio(2 * c.tp, c.tp + c.fp + c.tp[..., :1])


def iou_curve(c: Curves) -> Array:
    """(…, C, 256): IoU at each threshold."""
    return ratio(c.tp, c.fp + c.tp[..., :1])


@METRICS.add(low=0, high=1, best=1, short="AUROC", mean="mauroc")
def auroc(c: Curves) -> Array:
    """Area under the ROC curve: how often a pixel of the class has a larger probability than another pixel.

        auroc = (#{pairs: p of the class > p of the other} + #{pairs: equal} / 2) / #{pairs}

    Probabilities count as equal where they reach the same of 256 thresholds. Undefined where one kind is missing.

    Hanley, J. A. & McNeil, B. J. (1982). doi:10.1148/radiology.143.1.7063747
    """
    below = np.cumsum(c.neg, axis=-1) - c.neg
    won = (c.pos * (below + c.neg / 2)).sum(axis=-1, dtype=np.float64)
    return ratio(won, c.pos.sum(axis=-1).astype(np.float64) * c.neg.sum(axis=-1))


@METRICS.add(low=0, high=1, best=1, short="AP", mean="map")
def average_precision(c: Curves) -> Array:
    """Average precision: the mean precision over the pixels of the class, each at its own threshold.

        average_precision = Σ over thresholds from high to low of (recall_k − recall_before) precision_k

    No interpolation. Undefined where the class is not there.

    Davis, J. & Goadrich, M. (2006). doi:10.1145/1143844.1143874
    """
    return ratio((c.pos * np.nan_to_num(precision_curve(c))).sum(axis=-1), c.pos.sum(axis=-1))


@METRICS.add(low=0, high=1, best=1, short="Best Dice", mean="mbest_dice")
def best_dice(c: Curves) -> Array:
    """Dice at the threshold where it is largest, one for all images.

        best_dice = max over thresholds of 2 tp / (2 tp + fp + fn)

    It is chosen on the truth that it is scored by: what a model can reach, and not what it does. Undefined where the
    class is not there.

    Fawcett, T. (2006). doi:10.1016/j.patrec.2005.10.010
    """
    values = dice_curve(c)
    return np.where(_there(c), np.max(np.nan_to_num(values, nan=-1), axis=-1), np.nan)


@METRICS.add(low=0, high=1, best=1, short="at threshold")
def best_threshold(c: Curves) -> Array:
    """The threshold at which Dice is largest, the lowest of several.

        best_threshold = argmax over thresholds of 2 tp / (2 tp + fp + fn)

    A pixel is predicted where its probability is at least this; `--threshold` takes those above it. Undefined where
    the class is not there. That 1 counts as best says nothing.

    Fawcett, T. (2006). doi:10.1016/j.patrec.2005.10.010
    """
    values = np.nan_to_num(dice_curve(c), nan=-1)
    return np.where(_there(c), c.thresholds[values.argmax(axis=-1)], np.nan)


def _there(c: Curves) -> Array:
    found: Array = c.pos.sum(axis=-1) > 0
    return found


@SECTIONS.add("curves", classes="per_class")
def curves(_: object) -> Iterator[Told]:
    """Means over classes of all images together."""

    for name in ("auroc", "average_precision", "best_dice"):
        metric = METRICS[name]
        yield Told(name, (name,), functools.partial(_of_columns, metric), metric, over="classes")


def _of_columns(metric: Metric, columns: Columns) -> Array:
    found: Array = metric.func(Curves.viewed(**columns.classes))
    return found


@DIAGRAMS.add(
    "curves",
    title="Precision and recall",
    x="recall",
    y="precision",
    number="average_precision",
    steps=True,
    every=17,
)
def precision_recall(columns: Columns) -> Lines:
    """What share of what is predicted is right, and what share of a class is found, at each of 256 thresholds.

    Below the steps lies the average precision.

    Davis, J. & Goadrich, M. (2006). doi:10.1145/1143844.1143874
    """
    c = Curves.viewed(**columns.classes)
    thresholds = np.broadcast_to(c.thresholds, c.pos.shape)
    return Lines({"threshold": thresholds, "recall": recall_curve(c), "precision": precision_curve(c)})

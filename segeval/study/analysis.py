"""What losses would teach: where each pulls, whether it ranks images as a metric does, how it answers to errors."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segeval.arrays.functions import Array
from segeval.distance.grid import nearest, steps
from segeval.distance.maps import inner
from segeval.distance.objects import contour
from segeval.errors import SegevalError
from segeval.evidence.sample import Sample
from segeval.losses.derivatives import evidence
from segeval.losses.engine.evidence import Asked, Caller, Measured, Plan, values
from segeval.run.statistics import mean
from segeval.study.pulls import Groups, masses

BAND = 2.0  # pixels: what is nearer to a true border is the boundary band
ZONES = ("boundary", "interior", "false_positives", "background")


def problems(image: Sample) -> list[Sample]:
    """A binary image of each class, where classes do not exclude each other; else the image itself."""
    if not image.multilabel:
        return [image]
    rows = enumerate(image.channels)
    return [replace(image, truth=image.truth[k : k + 1], channels=(row,)) for k, row in rows]


def foreground(image: Sample) -> Array:
    """(spatial) bool: what is true of class 1 or more, or of any class where they do not exclude each other."""
    return np.asarray(np.any([each.true_labels > 0 for each in problems(image)], axis=0))


def zones(image: Sample) -> Array:
    """For each pixel the number of its zone, −1 where ignored.

    The band within 2 pixels of a border between true labels; else the interior of what is not class 0; else what is
    predicted as other than class 0 (false positives far from any border); else background.
    """
    each = problems(image)
    edge = np.any([contour(np.maximum(part.true_labels, 0)) for part in each], axis=0)
    predicted = np.any([part.predicted_labels > 0 for part in each], axis=0)
    # an edge pixel lies half a pixel from the border
    near = nearest(edge, steps(None, edge.ndim)) <= BAND - 0.5
    zone = np.where(near, 0, np.where(foreground(image), 1, np.where(predicted, 2, 3)))
    return np.where(each[0].true_labels < 0, -1, zone)


@dataclass(frozen=True)
class Shares:
    """Which part of Σ|∂L/∂p| falls on the pixels of each true class, and of each zone; nan without a gradient.

    On the channel of each class where classes do not exclude each other.
    """

    classes: tuple[float, ...]
    zones: tuple[float, ...]


def shares(every: Sequence[Asked], image: Sample, zone: Array, caller: Caller) -> list[Shares]:
    """The shares of one image with the given zones, of each loss."""
    number = 1 if image.multilabel else image.number
    kind = np.zeros(image.shape, np.int64) if image.multilabel else image.true_labels
    groups = Groups(np.where((zone < 0) | (kind < 0), -1, kind * len(ZONES) + zone), number * len(ZONES))
    nothing = Shares((math.nan,) * image.number, (math.nan,) * len(ZONES))
    return [nothing if each is None else _shares(each, image) for each in masses(every, image, caller, groups)]


def _shares(mass: Array, image: Sample) -> Shares:
    """From what falls on each class and zone, of each channel."""
    each = mass.reshape(len(mass), -1, len(ZONES))
    classes = [mass[row].sum() for row in image.channels] if image.multilabel else each.sum(axis=(0, 2))
    return Shares(_parts(classes), _parts(each.sum(axis=(0, 1))))


def _parts(found: Sequence[float]) -> tuple[float, ...]:
    """Numbers as parts of their sum."""
    sums = np.array(found)
    total = sums.sum()
    return tuple((sums / total).tolist()) if 0 < total < math.inf else (math.nan,) * len(sums)


def mean_shares(found: Iterable[Shares]) -> Shares:
    """The mean over images, without those that have no gradient."""
    every = list(found)

    def means(rows: list[tuple[float, ...]]) -> tuple[float, ...]:
        return tuple(mean(column).value for column in zip(*rows, strict=True))

    return Shares(means([each.classes for each in every]), means([each.zones for each in every]))


@dataclass(frozen=True)
class Agreement:
    """How a loss ranks images, beside a metric: 1 is the same order (low loss, high score), −1 the opposite."""

    spearman: float
    kendall: float
    images: int
    disagree: tuple[str, ...]  # the ids whose ranks differ most


def agreement(ids: Sequence[str], loss: Sequence[float], score: Sequence[float], most: int = 3) -> Agreement:
    """Spearman's ρ and Kendall's τ-b of −loss and score, over the images where both are defined."""
    from scipy import stats

    defined = [n for n, pair in enumerate(zip(loss, score, strict=True)) if not any(map(math.isnan, pair))]
    a, b = np.array([-loss[n] for n in defined]), np.array([score[n] for n in defined])
    if len(defined) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return Agreement(math.nan, math.nan, len(defined), ())
    apart = np.abs(stats.rankdata(a) - stats.rankdata(b))
    worst = sorted(range(len(defined)), key=lambda k: (-apart[k], ids[defined[k]]))[:most]
    disagree = tuple(ids[defined[k]] for k in worst if apart[k] > 0)
    return Agreement(float(stats.spearmanr(a, b)[0]), float(stats.kendalltau(a, b)[0]), len(defined), disagree)


@dataclass(frozen=True)
class Sensitivity:
    """A loss along one kind of error of growing size: its values from no error on, and what is odd about them."""

    values: tuple[float, ...]

    @property
    def flag(self) -> str:
        """`blind` (it never moves), `not monotone` (it falls somewhere), `undefined`, or nothing."""
        defined = [value for value in self.values if not math.isnan(value)]
        if len(defined) < 2:
            return "undefined"
        steps = np.diff(defined)
        size = max(map(abs, defined), default=0.0)
        if not (np.abs(steps) > 1e-9 * size).any():
            return "blind"
        return "not monotone" if (steps < -1e-9 * size).any() else ""


def sensitivity(
    plan: Plan, image: Sample, caller: Caller, steps: int, many: Callable[..., Iterable[Any]] = map
) -> dict[str, dict[str, Sensitivity]]:
    """For each loss and each of six ways to spoil the truth by 0 … `steps` pixels: its values of the spoilt truth.

    many: what calls a function with each of several arguments, as `map` does.
    """
    channels = (0,) if image.binary else tuple(range(image.number))
    model = replace(image, channels=channels, logits=False, raw=False, known={})

    def found(error: tuple[str, int]) -> list[float]:
        name, k = error
        given = _spoilt(image, SPOILT[name] if k else lambda part, _: part.true_labels, k)
        measured = evidence(plan, replace(model, given=given))
        return [_value(asked, measured, caller) for asked in plan.asked]

    errors = [(name, k) for name in SPOILT for k in range(1, steps + 1)]
    whole, *others = many(found, [("", 0), *errors])
    by_error = dict(zip(errors, others, strict=True))
    return {
        asked.name: {
            name: Sensitivity((whole[n], *(by_error[name, k][n] for k in range(1, steps + 1)))) for name in SPOILT
        }
        for n, asked in enumerate(plan.asked)
    }


def _spoilt(image: Sample, spoilt: Callable[[Sample, int], Any], k: int) -> Any:
    """The truth, spoilt: labels or probabilities; channel by channel where classes do not exclude each other."""
    if not image.multilabel:
        return spoilt(image, k)
    channels = [np.reshape(spoilt(each, k), image.shape) for each in problems(image)]
    return np.maximum(np.stack(channels), 0).astype(np.float64)


def _value(asked: Asked, measured: Measured, caller: Caller) -> float:
    try:
        with np.errstate(under="ignore"):
            return float(values(asked, measured, caller)[0])
    except SegevalError:  # such as an image smaller than a window
        return math.nan


def _eroded(image: Sample, k: int) -> Array:
    """Class 0 grows into all others by k pixels."""
    return np.where(inner(foreground(image)) > k, image.true_labels, 0)


def _dilated(image: Sample, k: int) -> Array:
    """All other classes grow into class 0 by k pixels."""
    from scipy import ndimage

    labels, others = image.true_labels, foreground(image)
    if not others.any():
        return labels.copy()
    distance, index = ndimage.distance_transform_edt(~others, return_indices=True)
    return np.where((distance <= k) & (labels == 0), labels[tuple(index)], labels)


def _shifted(image: Sample, k: int) -> Array:
    """Everything moves by k pixels along the last axis; the edge is repeated."""
    labels = image.true_labels
    places = np.clip(np.arange(labels.shape[-1]) - k, 0, None)
    return labels[..., places]


def _blob(image: Sample, k: int) -> Array:
    """A ball of radius k − 1 of a true class where class 0 is deepest."""
    kinds = image.true_labels[foreground(image)]
    kind = int(np.bincount(kinds).argmax()) if kinds.size else 1
    return _painted(image, image.true_labels == 0, k, kind)


def _hole(image: Sample, k: int) -> Array:
    """A ball of radius k − 1 of class 0 where the foreground is deepest."""
    return _painted(image, foreground(image), k, 0)


def _painted(image: Sample, where: Array, k: int, kind: int) -> Array:
    labels = image.true_labels.copy()
    if not where.any():
        return labels
    depth = inner(where)
    centre = np.unravel_index(np.where(where, depth + 1, 0).argmax(), labels.shape)
    grid = np.ogrid[tuple(slice(0, n) for n in labels.shape)]
    near = sum((axis - middle) ** 2 for axis, middle in zip(grid, centre, strict=True)) <= (k - 1) ** 2
    labels[near & (labels >= 0)] = kind
    return labels


def _softened(image: Sample, k: int) -> Array:
    """The truth as probabilities, averaged over boxes of 2k + 1 pixels."""
    from scipy import ndimage

    first = 1 if image.binary else 0
    one_hot = np.stack([(image.true_labels == c).astype(np.float64) for c in range(first, image.number)])
    blurred = np.stack([ndimage.uniform_filter(each, 2 * k + 1, mode="nearest") for each in one_hot])
    total = np.ones(image.shape) if image.binary else np.maximum(blurred.sum(axis=0), 1e-12)
    return np.clip(blurred / total, 0, 1)


SPOILT: dict[str, Callable[[Sample, int], Any]] = {
    "erosion": _eroded,
    "dilation": _dilated,
    "shift": _shifted,
    "blob": _blob,
    "hole": _hole,
    "softening": _softened,
}

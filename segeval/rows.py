"""What the images of a run left behind, and its numbers when they are drawn anew."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from segeval.aggregate import Scores
from segeval.bootstrap import Draws, bounds, exact_sums
from segeval.catalog import Entry
from segeval.evidence.confusion import PixelCounts
from segeval.evidence.runs import Array
from segeval.grouping import Grouping
from segeval.metrics import METRICS
from segeval.metrics.overlap import ratio


@dataclass(frozen=True, eq=False)
class Rows:
    """What the images of a run left behind, in the order of their ids."""

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    truths: tuple[str, ...]  # a digest of each true mask
    scores: Scores
    group_scores: Callable[[], Scores | None]  # of groups of classes
    losses: Callable[[], Mapping[str, Array]]  # of each loss (images, 1 + classes): of the image, then of its classes
    _by_group: dict[Scores, Scores] = field(default_factory=dict, init=False)

    def only(self, images: Array) -> "Rows":
        """The rows of some images, by their positions."""
        groups = self.group_scores
        losses = self.losses
        ids, named, truths = (tuple(each[n] for n in images) for each in (self.ids, self.groups, self.truths))
        return Rows(
            ids,
            named,
            truths,
            self.scores.only(images),
            lambda: (found := groups()) and found.only(images),
            lambda: {name: values[images] for name, values in losses().items()},
        )

    def grouped(self, grouping: Grouping) -> "Rows":
        """The same with groups made anew, if there is a pattern for them."""
        return self if grouping.pattern is None else replace(self, groups=grouping.every(self.ids))

    @cached_property
    def cluster(self) -> Array:
        """The number of each image's group, in the order of the groups' first images."""
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(group, len(numbers)) for group in self.groups], np.int64)

    @property
    def clusters(self) -> int:
        return int(self.cluster.max(initial=-1)) + 1

    def summed(self, values: Array) -> Array:
        """The sums (groups, …) of what images have (images, …)."""
        sums = np.zeros((self.clusters, *values.shape[1:]), values.dtype)
        np.add.at(sums, self.cluster, values)
        return sums

    def by_group(self, scores: Scores) -> Scores:
        """The scores of the images of each group together, as if they were one image."""
        if scores not in self._by_group:
            counts = PixelCounts(*(self.summed(each) for each in scores.images))
            self._by_group[scores] = Scores(
                counts, self.summed(scores.right), self.summed(scores.pixels), scores.scoring
            )
        return self._by_group[scores]

    @cached_property
    def pooled(self) -> "Rows":
        """The rows of groups, each as if it were one image."""
        return replace(self, scores=self.by_group(self.scores))

    def means_of_groups(self, values: Array) -> Array:
        """For each group the mean of the defined values of its images."""
        defined = np.isfinite(values)
        return ratio(self.summed(np.where(defined, values, 0.0)), self.summed(defined.astype(np.int64)))

    @cached_property
    def groups_of_classes(self) -> Scores | None:
        return self.group_scores()


class Resampled:
    """A run in which every group of images stands as often as one row of weights says, for many rows at a time."""

    def __init__(self, rows: Rows, weights: Array) -> None:
        self.rows = rows
        self.weights = weights  # (B, groups), whole numbers
        self._made: dict[object, Any] = {}

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """What several numbers share, made for the first of them."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    @cached_property
    def images(self) -> Array:
        """The weight of each image."""
        cluster = self.rows.cluster
        return self.weights if np.array_equal(cluster, np.arange(cluster.size)) else self.weights[:, cluster]

    def pooled(self, scores: Scores) -> tuple[PixelCounts, Array, Array]:
        """The summed counts (B, classes), right and all decisions (B,): exact, as whole numbers below 2⁵³ are."""
        found: tuple[PixelCounts, Array, Array] = self.once(scores, lambda: self._pooled(self.rows.by_group(scores)))
        return found

    def _pooled(self, groups: Scores) -> tuple[PixelCounts, Array, Array]:
        each = (*groups.images, groups.right[:, None], groups.pixels[:, None])
        summed = self.weights @ np.hstack(each).astype(np.float64)  # one product is faster than six
        *counts, right, pixels = np.split(summed, np.cumsum([part.shape[1] for part in each])[:-1], axis=1)
        return PixelCounts(*counts), right[:, 0], pixels[:, 0]

    def pooled_classes(self, entry: Entry, scores: Scores) -> Array:
        """A metric of the summed counts (B, classes)."""
        found: Array = self.once(("pooled", entry.name, scores), lambda: scores.values(entry, self.pooled(scores)[0]))
        return found

    def means_of_classes(self, entry: Entry, scores: Scores) -> Array:
        """For each class the mean over images of a metric (B, classes)."""
        found: Array = self.once(("means", entry.name, scores), lambda: self.means(scores.values(entry, scores.images)))
        return found

    def means(self, values: Array) -> Array:
        """The mean over images of the defined values of each column (images, M): (B, M)."""
        defined = np.isfinite(values)
        sums, numbers = (self.rows.summed(each) for each in (np.where(defined, values, 0.0), defined.astype(float)))
        return ratio(exact_sums(self.weights, sums, self.weights.shape[1]), self.weights @ numbers)


def class_mean(values: Array, kind: str) -> Array:
    """The mean over the defined values of the last axis, summed in their order."""
    defined = ~np.isnan(values)
    number = np.where(defined.any(axis=-1), defined.sum(axis=-1), math.nan)
    if kind == "arithmetic":
        return _sum(np.where(defined, values, 0.0)) / number
    zero = (values == 0).any(axis=-1)
    some = np.where(defined & (values != 0), values, 1.0)
    if kind == "geometric":
        return np.where(zero, 0.0, np.exp(_sum(np.where(defined, np.log(some), 0.0)) / number))
    return np.where(zero, 0.0, number / _sum(np.where(defined, 1 / some, 0.0)))


def _sum(values: Array) -> Array:
    """The sum over the last axis, one after the other: the same on every machine."""
    total = np.zeros(values.shape[:-1])
    for k in range(values.shape[-1]):
        total += values[..., k]
    return total


def summary(groups: bool) -> dict[str, Callable[[Resampled], Array]]:
    """How each summary number is resampled; groups: whether there are groups of classes."""
    found: dict[str, Callable[[Resampled], Array]] = {
        "pixel_accuracy": lambda r: ratio(*r.pooled(r.rows.scores)[1:]),
        "fw_iou": _fw_iou,
        **_means("", _scores),
    }
    return found | (_means("group_", _groups) if groups else {})


def _scores(rows: Rows) -> Scores:
    return rows.scores


def _groups(rows: Rows) -> Scores:
    found = rows.groups_of_classes
    assert found is not None
    return found


def _fw_iou(r: Resampled) -> Array:
    counts, _, _ = r.pooled(r.rows.scores)
    truth = counts.tp + counts.fn
    iou = METRICS["iou"].func(counts)
    return ratio(_sum(np.where(truth > 0, iou, 0.0) * truth), _sum(truth))


def _means(prefix: str, scores: Callable[[Rows], Scores]) -> dict[str, Callable[[Resampled], Array]]:
    """The means over classes, as `Scores.means` has them."""
    found = {f"{prefix}mean_accuracy": _dataset(METRICS["recall"], scores)}
    for entry in METRICS.values():
        if "mean" in entry.facts:
            name = f"{prefix}{entry.facts['mean']}"
            found |= {
                f"{name}_dataset": _dataset(entry, scores),
                f"{name}_image": _image(entry, scores),
                f"{name}_class": _class(entry, scores),
            }
    return found


def of_images(name: str) -> Callable[[Rows], Array] | None:
    """What a summary number is of single images (images,): the mean over classes of its metric; None: nothing."""
    if name == "pixel_accuracy":
        return lambda rows: ratio(rows.scores.right, rows.scores.pixels)
    scores = _groups if name.startswith("group_") else _scores
    for entry in METRICS.values():
        names = {f"{entry.facts.get('mean')}_{kind}" for kind in ("dataset", "image", "class")}
        if name.removeprefix("group_") in (names | ({"mean_accuracy"} if entry.name == "recall" else set())):
            return functools.partial(_image_means, entry, scores)
    return None


def _image_means(entry: Entry, scores: Callable[[Rows], Scores], rows: Rows) -> Array:
    return np.array(scores(rows).image_means(entry), np.float64)


def _dataset(entry: Entry, scores: Callable[[Rows], Scores]) -> Callable[[Resampled], Array]:
    def drawn(r: Resampled) -> Array:
        of = scores(r.rows)
        return class_mean(r.pooled_classes(entry, of), of.scoring.mean)

    return drawn


def _image(entry: Entry, scores: Callable[[Rows], Scores]) -> Callable[[Resampled], Array]:
    return lambda r: r.means(_image_means(entry, scores, r.rows)[:, None])[:, 0]


def _class(entry: Entry, scores: Callable[[Rows], Scores]) -> Callable[[Resampled], Array]:
    def drawn(r: Resampled) -> Array:
        of = scores(r.rows)
        return class_mean(r.means_of_classes(entry, of), of.scoring.mean)

    return drawn


def resample(draws: Draws, sides: Sequence[Rows], numbers: Mapping[str, Callable[..., Array]]) -> dict[str, Array]:
    """Each number (B,) as a function of the sides, which are drawn alike: that is the pairing. Empty without groups."""
    parts: dict[str, list[Array]] = {name: [] for name in numbers}
    if sides[0].clusters > 1:
        for weights in draws.blocks(sides[0].clusters):
            drawn = [Resampled(rows, weights) for rows in sides]
            for name, number in numbers.items():
                parts[name].append(number(*drawn))
    return {name: np.concatenate(blocks, axis=-1) if blocks else np.zeros(0) for name, blocks in parts.items()}


def intervals(rows: Rows, draws: Draws, groups: bool) -> dict[str, dict[str, Any]]:
    """The two-sided confidence interval of each summary number, and how many resamples had no value."""
    found = {}
    for name, values in resample(draws, [rows], summary(groups)).items():
        low, high = bounds(values, (1 + draws.confidence) / 2)
        found[name] = {"low": low, "high": high, "undefined": int(np.isnan(values).sum())}
    return found

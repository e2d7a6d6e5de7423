"""From the confusions of single images to scores of classes and of the whole data set."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segeval.catalog import Entry, check_choice
from segeval.errors import BadOption, UnknownName
from segeval.evidence.channels import ChannelCounts, Evidence
from segeval.evidence.confusion import Confusion, PixelCounts, positions
from segeval.metrics import METRICS
from segeval.metrics.overlap import Array, ratio
from segeval.statistics import MEANS, Mean, mean

PRESENCE = ("union", "truth")


@dataclass(frozen=True)
class Scoring:
    """Which metrics, when a class counts as present, and how classes are averaged."""

    metrics: tuple[str, ...] = ("overlap",)
    presence: str = "union"
    mean: str = "arithmetic"
    beta: float = 2.0

    def __post_init__(self) -> None:
        check_choice("--presence", self.presence, PRESENCE)
        check_choice("--mean", self.mean, MEANS)
        if not 0 < self.beta <= 1000:
            raise BadOption(f"--beta is {self.beta}", "give a number above 0 and up to 1000")
        if not self.entries:
            raise UnknownName("--metrics names no metric", "see `segeval list metrics`")

    @classmethod
    def of(cls, metrics: str | Iterable[str] = "overlap", *, beta: float = 2.0, **options: str) -> "Scoring":
        """The same, from names in one text with commas between them, or in a list."""
        names = metrics.split(",") if isinstance(metrics, str) else metrics
        return cls(tuple(name.strip() for name in names), beta=float(beta), **options)

    @property
    def entries(self) -> list[Entry]:
        """The chosen metrics, in the order of the catalogue."""
        chosen = set()
        for name in self.metrics:
            group = {entry.name for entry in METRICS.values() if group_of(entry) == name}
            chosen |= group or {METRICS.find(name).name}
        return [entry for entry in METRICS.values() if entry.name in chosen]

    def printed(self, entry: Entry) -> str:
        """The name of a metric, with the value of its knob: `f_beta@2`."""
        knob = entry.facts.get("knob")
        return f"{entry.name}@{getattr(self, knob):g}" if knob else entry.name


def group_of(entry: Entry) -> str:
    """The family of a metric: the file it stands in."""
    return entry.func.__module__.rpartition(".")[2]


class Scores:
    """The scores of some images over some classes: everything here is a function of their pixel counts."""

    def __init__(self, images: PixelCounts, right: Array, pixels: Array, scoring: Scoring) -> None:
        self.scoring = scoring
        self.images = images  # each int64 (images, classes)
        self.right = right  # int64 (images,): decisions that are right
        self.pixels = pixels  # int64 (images,): decisions, of pixels that are not ignored
        self.pooled = PixelCounts(*(counts.sum(axis=0) for counts in images))  # each (classes,)
        self.total = int(pixels.sum())
        self._image_means: dict[str, list[float]] = {}

    @classmethod
    def of(cls, evidence: Sequence[Evidence], ids: Sequence[int], scoring: Scoring) -> "Scores":
        """The scores of the classes `ids` in these images."""
        right, pixels = (np.array([getattr(e, name) for e in evidence], np.int64) for name in ("right", "total"))
        return cls(_stacked(evidence, ids), right, pixels, scoring)

    def only(self, images: Array) -> "Scores":
        """The scores of some of the images, by their positions."""
        counts = PixelCounts(*(counts[images] for counts in self.images))
        return Scores(counts, self.right[images], self.pixels[images], self.scoring)

    def values(self, entry: Entry, counts: PixelCounts) -> Array:
        """A metric where the class is present, undefined (nan) elsewhere."""
        knob = entry.facts.get("knob")
        options = {knob: getattr(self.scoring, knob)} if knob else {}
        return np.where(self.present(counts), entry.func(counts, **options), np.nan)

    def present(self, counts: PixelCounts) -> Array:
        truth = counts.tp + counts.fn > 0
        return truth if self.scoring.presence == "truth" else truth | (counts.fp > 0)

    @cached_property
    def _averaged(self) -> list[Entry]:
        return [entry for entry in METRICS.values() if "mean" in entry.facts]

    @cached_property
    def summary(self) -> dict[str, Mean]:
        """Every summary number, with how many values its mean skipped."""
        iou, truth = METRICS["iou"].func(self.pooled), self.pooled.tp + self.pooled.fn
        return {
            "pixel_accuracy": self._single(int(self.right.sum()), self.total),
            "fw_iou": self._single(math.fsum(iou[truth > 0] * truth[truth > 0]), truth.sum()),
            **self.means,
        }

    @cached_property
    def means(self) -> dict[str, Mean]:
        """The summary numbers that are means over classes."""
        found = {"mean_accuracy": mean(self.values(METRICS["recall"], self.pooled), self.scoring.mean)}
        for entry in self._averaged:
            name = entry.facts["mean"]
            values = self.values(entry, self.images)
            found[f"{name}_dataset"] = mean(self.values(entry, self.pooled), self.scoring.mean)
            found[f"{name}_image"] = mean(mean(row, self.scoring.mean).value for row in values)
            found[f"{name}_class"] = mean((mean(column).value for column in values.T), self.scoring.mean)
        return found

    @staticmethod
    def _single(part: float, whole: float) -> Mean:
        value = float(ratio(np.array(part), np.array(whole)))
        return Mean(value, int(math.isnan(value)), 1)

    def classes(self) -> list[dict[str, Any]]:
        """One row for each class: counts, images, metrics of the pooled counts, means over images."""
        images, pooled = self.images, self.pooled
        truth, pred = images.tp + images.fn > 0, images.tp + images.fp > 0
        columns: dict[str, Array] = {
            "images": self.present(images).sum(axis=0),
            "n_both_empty": (~truth & ~pred).sum(axis=0),
            "n_missed": (truth & ~pred).sum(axis=0),
            "n_hallucinated": (~truth & pred).sum(axis=0),
            "truth_pixels": pooled.tp + pooled.fn,
            "pred_pixels": pooled.tp + pooled.fp,
            **pooled._asdict(),
        }
        for entry in self.scoring.entries:
            columns[self.scoring.printed(entry)] = self.values(entry, pooled)
        for entry in self._averaged:
            over_images = [mean(column).value for column in self.values(entry, images).T]
            columns[f"{entry.name}_over_images"] = np.array(over_images, np.float64)
        rows = [
            dict(zip(columns, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)
        ]
        return [row | {"undefined": self._reasons(row)} for row in rows]

    def _reasons(self, row: dict[str, Any]) -> dict[str, str]:
        """Why each undefined number of a class is undefined."""
        return {
            name: self._reason(row) for name, value in row.items() if isinstance(value, float) and math.isnan(value)
        }

    def _reason(self, row: dict[str, Any]) -> str:
        if self.total == 0:
            return "all-ignored"
        if row["truth_pixels"] == row["pred_pixels"] == 0:
            return "absent-in-both"
        if row["truth_pixels"] == 0:
            return "empty-truth"
        return "empty-prediction" if row["pred_pixels"] == 0 else "nothing-outside"

    def image_means(self, entry: Entry) -> list[float]:
        """For each image the mean of a metric over its classes."""
        if entry.name not in self._image_means:
            rows = self.values(entry, self.images)
            self._image_means[entry.name] = [mean(row, self.scoring.mean).value for row in rows]
        return self._image_means[entry.name]


def _stacked(evidence: Sequence[Evidence], ids: Sequence[int]) -> PixelCounts:
    """The counts of every image and class, each int64 (images, classes)."""
    if channels := [each.with_ids(ids).counts for each in evidence if isinstance(each, ChannelCounts)]:
        return PixelCounts(*(np.stack(column) for column in zip(*channels, strict=True)))
    return _stacked_cells([each for each in evidence if isinstance(each, Confusion)], ids)


def _stacked_cells(confusions: Sequence[Confusion], ids: Sequence[int]) -> PixelCounts:
    """The same of confusions: in one go, since images are many and small."""
    shape = (len(confusions), len(ids) + 1)
    tp, truth, pred = (np.zeros(shape, np.int64) for _ in range(3))
    if confusions:
        cells = [confusion.valid for confusion in confusions]
        image = np.repeat(np.arange(len(cells)), [len(pixels) for _, _, pixels in cells])
        true_ids, pred_ids, pixels = (np.concatenate(column) for column in zip(*cells, strict=True))
        row, column = positions(true_ids, ids), positions(pred_ids, ids)
        right = row == column
        np.add.at(truth, (image, row), pixels)
        np.add.at(pred, (image, column), pixels)
        np.add.at(tp, (image[right], row[right]), pixels[right])
    total = truth.sum(axis=1, keepdims=True)
    tp, truth, pred = tp[:, :-1], truth[:, :-1], pred[:, :-1]
    return PixelCounts(tp, pred - tp, truth - tp, total - truth - pred + tp)

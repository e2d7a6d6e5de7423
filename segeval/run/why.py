"""What a class loses, and where: its score without each confusion, and without the errors of each image."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

import segeval
from segeval.errors import BadOption, NoMatrix
from segeval.evidence.confusion import PixelCounts
from segeval.evidence.run_length import Array
from segeval.measures import Metric
from segeval.metrics import METRICS
from segeval.run.cells import OTHER, Cells
from segeval.run.results import Results
from segeval.run.run import finite

SCHEMA = "segeval-why/1"


@dataclass(frozen=True)
class Confused:
    """One class taken for another."""

    truth: str
    pred: str
    pixels: int
    score: float  # of the class if these pixels were right
    gain: float  # how much better that is
    image: str  # the one with most of these pixels


@dataclass(frozen=True)
class Costly:
    """An image with errors of the class."""

    id: str
    missed: int  # pixels: of the class, and taken for another
    invented: int  # pixels: of another, and taken for the class
    score: float  # of the whole data set if the image had no error of the class
    gain: float


@dataclass(frozen=True)
class Why:
    """The score of a class over all images together, and what it loses."""

    name: str
    metric: str
    score: float
    counts: Mapping[str, int]
    confusions: list[Confused]
    images: list[Costly]

    def document(self) -> dict[str, Any]:
        """The same as JSON has it."""
        document = {
            "schema": SCHEMA,
            "segeval": segeval.__version__,
            "class": self.name,
            "metric": self.metric,
            "score": self.score,
            "counts": dict(self.counts),
            "confusions": [asdict(each) for each in self.confusions],
            "images": [asdict(each) for each in self.images],
        }
        clean = finite(document)
        assert isinstance(clean, dict)
        return clean


def why(results: Results, k: int, metric: str = "iou", most: int = 10) -> Why:
    """What the class in position `k` of a run loses, the largest loss first.

    metric: one of pixel counts.  most: how many confusions and images to name.
    Errors: BadOption for another metric; NoMatrix where classes may overlap.
    """
    entry, cells = _entry(metric), results.cells
    if cells is None:
        raise NoMatrix(f"{results.name} has no confusions: its classes may overlap", "look at iou[CLASS] over images")
    tables = results.rows
    settings = {metric.name: metric.settings for metric in results.outline.scoring.entries}.get(metric, {})
    tp, fp, fn, tn = (each[:, k] for each in tables.counts)
    whole = [int(each.sum()) for each in (tp, fp, fn, tn)]

    def scored(found: Array, invented: Array, missed: Array, rest: Array) -> Array:
        values: Array = entry.func(PixelCounts(found, invented, missed, rest), **settings)
        return values

    score = float(scored(*(np.array([each]) for each in whole))[0])

    def without(missed: Array, invented: Array) -> tuple[Array, Array]:
        """The score without each of these errors, and how much better that is."""
        after = scored(whole[0] + missed, whole[1] - invented, whole[2] - missed, whole[3] + invented)
        return after, entry.good(after) - entry.good(np.array([score]))

    now, gains = without(fn, fp)
    order = np.lexsort((np.arange(gains.size), -np.nan_to_num(gains, nan=-math.inf)))
    images = [
        Costly(tables.ids[n], int(fn[n]), int(fp[n]), float(now[n]), float(gains[n]))
        for n in order[:most].tolist()
        if fn[n] or fp[n]
    ]
    confusions = _confusions(results, cells, k)
    errors = np.array([(pixels, 0) if truth == k else (0, pixels) for truth, _, pixels, _ in confusions], np.int64)
    after, gained = (each.tolist() for each in without(*errors.reshape(-1, 2).T))
    better = [
        Confused(_name(results, truth), _name(results, pred), pixels, then, gain, image)
        for (truth, pred, pixels, image), then, gain in zip(confusions, after, gained, strict=True)
    ]
    better.sort(key=lambda each: (-each.gain, -each.pixels, each.truth, each.pred))
    name = results.classes[k]["name"]
    return Why(name, metric, score, dict(zip(PixelCounts._fields, whole, strict=True)), better[:most], images)


def _entry(name: str) -> Metric:
    """A metric of pixel counts."""
    known = [each.name for each in METRICS.values() if each.eats is METRICS["iou"].eats]
    if name not in known:
        raise BadOption(
            f"--metric is {name!r}, and only pixels tell what a confusion costs", f"known: {', '.join(known)}"
        )
    return METRICS[name]


def _confusions(results: Results, cells: Cells, k: int) -> list[tuple[int, int, int, str]]:
    """Every class that this one is taken for, and that is taken for it: positions, pixels, the image with most."""
    ids = [row["id"] for row in results.classes]
    place = {id_: n for n, id_ in enumerate(ids)} | {OTHER: -1}
    found = cells.wrong()
    found = found.only((found.truth == ids[k]) | (found.pred == ids[k]))
    pairs, where = np.unique(np.stack([found.truth, found.pred]), axis=1, return_inverse=True)
    rows = []
    for n, (truth, pred) in enumerate(pairs.T.tolist()):
        if truth not in place or pred not in place:
            continue
        own = found.only(where.reshape(-1) == n)
        image = own.ids[own.image[own.pixels.argmax()]]
        rows.append((place[truth], place[pred], int(own.pixels.sum()), image))
    return rows


def _name(results: Results, k: int) -> str:
    return "no class" if k < 0 else str(results.classes[k]["name"])

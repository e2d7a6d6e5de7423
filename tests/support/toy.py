"""A kind of evidence of its own, as somebody would add one: one class of evidence, and two metrics of it."""

import contextlib
import math
from dataclasses import dataclass

import numpy as np

from segeval.evidence.kinds import EVIDENCE, ClassColumns
from segeval.evidence.run_length import Array
from segeval.measures import Measure
from segeval.metrics import METRICS
from segeval.metrics.sections import SECTIONS, Told
from segeval.parameters import Positive


@dataclass(frozen=True)
class Toy(ClassColumns):
    """How many pixels of a class are predicted, and the last row that has one."""

    kind = "toy"

    ids: tuple[int, ...]
    area: Array  # pixels: adds up
    reach: Array  # a row, from 1; nan where there is none: a value of each image

    @classmethod
    def measured(cls, image, spec):
        pred = image.labels.pred
        ids = tuple(np.unique(pred).tolist())
        last = [float(np.nonzero((pred == id_).any(axis=1))[0].max() + 1) for id_ in ids]
        return cls(ids, np.array([(pred == id_).sum() for id_ in ids]), np.array(last))


def toy_area(t: Toy) -> Array:
    """The pixels that are predicted.

        toy_area = area

    Never undefined.
    """
    return np.asarray(t.area, np.float64)


def toy_reach(t: Toy, *, step: Positive = 2.0) -> Array:
    """How far down a class reaches, in steps.

        toy_reach = reach / step

    Undefined where the class is not predicted.
    """
    return np.asarray(t.reach, np.float64) / step


def toy_share(t: Toy) -> Array:
    """The share of the predicted pixels that are of the last class.

    toy_share = area of the last class / Σ area
    """
    return t.area[..., -1] / t.area.sum(axis=-1)


def toy_section(settings):
    """A number of each kind that a section can have."""

    def area(columns):
        return columns.classes["area"].sum(axis=-1)

    def share(columns):
        return toy_share(Toy.viewed(**columns.classes))

    def areas(columns):
        return np.where(columns.classes["area"] > 0, columns.classes["area"], np.nan)

    measure = Measure("toy_share", toy_share, 0, 1, 1)
    yield Told("area", ("overall", "area"), area)
    yield Told("share", ("overall", "share"), share, measure)
    yield Told("share_over_images", ("images", "share"), share, measure, over="images")
    yield Told("mean_area", ("mean", "area"), areas, best=0, over="classes")
    yield Told("mean_area_1_2", ("mean", "area_1_2"), areas, over="classes", among={1, 2}.__contains__)
    yield Told("area_of", ("per_class", "*", "area"), areas, over="class")
    yield Told("area@7", ("steps", "7", "area"), lambda columns: area(columns) / 7, detail=True)


@contextlib.contextmanager
def listed():
    """The kind and its metrics are known in this block."""
    EVIDENCE.add(columns={"area": "sum", "reach": "value"})(Toy)
    METRICS.add(low=0, high=math.inf, best=math.inf, short="Area")(toy_area)
    METRICS.add(low=0, high=math.inf, best=0, short="Reach", mean="mreach", unit="pixel", dataset="mean")(toy_reach)
    SECTIONS.add("toy", classes="per_class")(toy_section)
    try:
        yield
    finally:
        for catalog, name in ((EVIDENCE, "toy"), (METRICS, "toy_area"), (METRICS, "toy_reach"), (SECTIONS, "toy")):
            del catalog._entries[name]

"""How far the border of each class lies from the true border: every distance, both ways."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from segeval.evidence.confusion import positions
from segeval.evidence.distances import FIELDS, Distances
from segeval.evidence.kinds import EVIDENCE, Valued, joined, packed_classes, packed_text, split, united, unpacked_text
from segeval.evidence.regions import Labelled, Region, Regions
from segeval.evidence.run_length import Array

if TYPE_CHECKING:
    from segeval.distance.grid import Steps

Ways = list[tuple[Array, Array]]  # distances and their weights, from truth to prediction and back

WAYS = ("to_pred", "to_truth")


@EVIDENCE.add(
    columns={}, totals={"diagonal": "value"}, valued=True, options=("background", "border_connectivity", "spacing")
)
@dataclass(frozen=True, eq=False)
class Surface(Valued):
    """The distances between the borders of truth and prediction, of each class of an image.

    to_pred: from each pixel of the true border to the nearest of the predicted border; to_truth the other way. Where
    the other mask is empty they are inf. Distances are in pixels, or in the unit of `spacing`. Surfaces add up: the
    distances of several images together.
    """

    kind: ClassVar[str] = "surface"

    ids: tuple[int, ...]
    truth: Array  # int64 (C,): pixels of the class in the truth; a class that is there may be all border to void
    pred: Array  # int64 (C,)
    to_pred: Distances
    to_truth: Distances
    diagonal: float = np.nan  # of the image; of no single image: nan
    unit: str = "pixel"

    @classmethod
    def of(
        cls,
        pred: npt.ArrayLike,
        truth: npt.ArrayLike,
        spacing: Sequence[float] | None = None,
        *,
        num_classes: int | None = None,
        ignore: Iterable[int] = (),
        background: int | None = 0,
        border_connectivity: str = "face",
    ) -> "Surface":
        """The distances of two integer label arrays of one shape, in two, three or any number of dimensions.

        The classes are 0 … num_classes − 1, or else the ids found, without the `background`, which has no surface.
        spacing: the length of a pixel along each axis, in the array's order.  Ignored pixels make no border.
        ShapesDiffer when the shapes differ; BadOption for a spacing that does not fit.
        """
        regions = Regions.of(pred, truth, spacing, num_classes, ignore, background)
        return cls.from_regions(regions, border_connectivity, "pixel" if spacing is None else "spacing")

    @classmethod
    def from_regions(cls, regions: Regions, border_connectivity: str = "face", unit: str = "pixel") -> "Surface":
        """The same from the places of each class; those that are in neither mask are left out."""
        from segeval.distance.grid import steps

        grid, full = steps(regions.spacing, len(regions.shape)), border_connectivity == "full"
        ids, sizes, ways = [], [], []
        for id_, pixels, both in cls._all(regions, grid, full):
            ids.append(id_)
            sizes.append(pixels)
            ways.append(both)
        truth, pred = np.array(sizes, np.int64).reshape(-1, 2).T
        to_pred, to_truth = (Distances.of([each[way] for each in ways]) for way in (0, 1))
        return cls(tuple(ids), truth, pred, to_pred, to_truth, regions.diagonal, unit)

    @classmethod
    def _all(cls, regions: Regions, grid: "Steps", full: bool) -> Iterator[tuple[int, list[int], Ways]]:
        """Each class that is in one of the masks: its pixels in truth and prediction, and its distances both ways."""
        if regions.labels is not None:
            yield from _of_labels(regions.labels, regions.ids, grid, full)
            return
        yield from cls._one_by_one(regions, grid, full)

    @classmethod
    def _one_by_one(cls, regions: Regions, grid: "Steps", full: bool) -> Iterator[tuple[int, list[int], Ways]]:
        """The same, each class in its box."""
        for id_ in regions.ids:
            if region := regions.region(id_):
                pixels = [int(np.count_nonzero(mask)) for mask in (region.truth, region.pred)]
                yield id_, pixels, cls._ways(region, grid, full)

    @classmethod
    def _ways(cls, region: Region, grid: "Steps", full: bool) -> Ways:
        """The distances of a class from truth to prediction, and back."""
        from segeval.distance.borders import border, distances

        truth, pred = (border(mask, region.valid, full) for mask in (region.truth, region.pred))
        return [distances(truth, pred, grid), distances(pred, truth, grid)]

    @classmethod
    def measured(cls, image: Any, spec: Any) -> "Surface":
        """The distances of an image behind the door."""
        regions = image.regions(spec.options["background"])
        return cls.from_regions(regions, spec.options["border_connectivity"], _unit(image))

    @classmethod
    def missed(cls, image: Any, spec: Any) -> "Surface":
        """Every class of the truth is missed."""
        regions = image.regions(spec.options["background"], predicted=False)
        return cls.from_regions(regions, spec.options["border_connectivity"], _unit(image))

    def over(self, ids: Sequence[int]) -> "Surface":
        """The same over other classes; those that it does not have are in neither mask."""
        known = {id_: n for n, id_ in enumerate(self.ids)}
        rows = [known.get(id_, -1) for id_ in ids]
        truth, pred = (np.append(each, 0)[rows] for each in (self.truth, self.pred))
        ways = (self.to_pred.take(rows), self.to_truth.take(rows))
        return type(self)(tuple(ids), truth, pred, *ways, self.diagonal, self.unit)

    def __add__(self, other: "Surface") -> "Surface":
        ids = united([self, other])
        one, more = self.over(ids), other.over(ids)
        return type(self)(
            ids,
            one.truth + more.truth,
            one.pred + more.pred,
            one.to_pred.merged(more.to_pred),
            one.to_truth.merged(more.to_truth),
            unit=self.unit if self.unit == other.unit else "mixed",
        )

    @classmethod
    def stacked(cls, every: Sequence[Any], ids: Sequence[int]) -> "Surface":
        """The classes of many images one after the other, as formulas may look at them together."""
        zero, none = np.zeros(0, np.int64), Distances.of([])
        nothing = cls((), zero, zero, none, none)
        rows = [(nothing if each is None else each).over(ids) for each in every]
        truth, pred = (joined([getattr(row, name) for row in rows]) for name in ("truth", "pred"))
        to_pred, to_truth = (Distances.stacked([getattr(row, name) for row in rows]) for name in WAYS)
        return cls(tuple(ids) * len(rows), truth, pred, to_pred, to_truth)

    @classmethod
    def whole(cls, every: Sequence[Any]) -> dict[str, Array]:
        """The diagonal of each image."""
        return {"diagonal": np.array([np.nan if each is None else each.diagonal for each in every], np.float64)}

    @classmethod
    def packed(cls, every: Sequence[Any]) -> dict[str, Array]:
        """All of all images, one after the other."""
        there = [each for each in every if each is not None]
        arrays = {
            **packed_classes(every),
            "diagonals": np.array([each.diagonal for each in there], np.float64),
            "units": packed_text([each.unit for each in there]),
            **{name: joined([getattr(each, name) for each in there]) for name in ("truth", "pred")},
        }
        for way in WAYS:
            found = Distances.stacked([getattr(each, way) for each in there])
            arrays |= {f"{way}_{name}": getattr(found, name) for name in FIELDS}
        return arrays

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Array]) -> list[Any]:
        """What `packed` was given."""
        classes = np.maximum(arrays["sizes"], 0)
        ids, truth, pred = (split(arrays[name], classes) for name in ("ids", "truth", "pred"))
        to_pred, to_truth = (_unpacked(arrays, way, classes) for way in WAYS)
        whole = iter(zip(arrays["diagonals"].tolist(), unpacked_text(arrays["units"]), strict=True))
        found: list[Any] = []
        for n, size in enumerate(arrays["sizes"].tolist()):
            if size < 0:
                found.append(None)
                continue
            diagonal, unit = next(whole)
            own = (tuple(ids[n].tolist()), truth[n], pred[n], to_pred[n], to_truth[n])
            found.append(cls(*own, diagonal, str(unit)))
        return found


def _of_labels(
    labels: Labelled, ids: Sequence[int], grid: "Steps", full: bool
) -> Iterator[tuple[int, list[int], Ways]]:
    """The distances of all classes from one sweep over the image."""
    from segeval.distance.borders import distances_between, label_border

    maps = (labels.truth, labels.pred)
    edges = [label_border(side, labels.valid, full) for side in maps]
    shared = (edges[0] & edges[1] & (maps[0] == maps[1])).reshape(-1)
    points, starts = [], []
    for side, edge in zip(maps, edges, strict=True):
        flat = np.flatnonzero(edge)
        place = positions(side.reshape(-1)[flat], ids).astype(np.uint16 if len(ids) < 1 << 16 else np.int64)
        points.append(flat[np.argsort(place, kind="stable")])
        starts.append(np.concatenate([[0], np.cumsum(np.bincount(place, minlength=len(ids) + 1))]))
    truth, pred = labels.counted(ids)
    for k, id_ in enumerate(ids):
        if truth[k] or pred[k]:
            here, there = (each[start[k] : start[k + 1]] for each, start in zip(points, starts, strict=True))
            ends = ((here, there), (there, here))
            ways = [distances_between(a, shared[a], b, labels.truth.shape, grid) for a, b in ends]
            yield id_, [int(truth[k]), int(pred[k])], ways


def _unpacked(arrays: Mapping[str, Array], way: str, classes: Array) -> list[Distances]:
    """The distances of each image."""
    sizes, sums = (split(arrays[f"{way}_{name}"], classes) for name in ("sizes", "sums"))
    images = np.array([each.sum() for each in sizes], np.int64)
    values, weights = (split(arrays[f"{way}_{name}"], images) for name in ("values", "weights"))
    return [Distances(*each) for each in zip(values, weights, sizes, sums, strict=True)]


def _unit(image: Any) -> str:
    """What distances are counted in; a length without a unit is one of millimetres, as medical headers have it."""
    return "pixel" if image.spacing is None else image.unit or "mm"

"""How much of the rim of each class lies on the true rim: pixels of bands and of cracks, counted."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from segeval.evidence.distances import CLOSE
from segeval.evidence.kinds import EVIDENCE, Valued, joined, packed_classes, packed_text, split, united, unpacked_text
from segeval.evidence.regions import Region, Regions
from segeval.evidence.run_length import Array


class Rims(NamedTuple):
    """Pixels of the rims of classes, int64 (C,): of each side, and those of them that are met by the other."""

    pred: Array
    truth: Array
    pred_met: Array
    truth_met: Array


@EVIDENCE.add(columns={}, valued=True, options=("background", "spacing"))
@dataclass(frozen=True, eq=False)
class Boundary(Valued):
    """The pixels along the rims of truth and prediction, of each class of an image, for each width asked for.

    What a rim is, and when it is met, goes by the name of the width: `percent` of the image's diagonal (a band inside
    the mask, chessboard distance), `depth` (the same, Euclidean, in the unit of the spacing), `reach` (the pixels
    beside the cracks between class and rest, met within this percentage of the diagonal). Boundaries add up.
    """

    kind: ClassVar[str] = "boundary"

    ids: tuple[int, ...]
    truth: Array  # int64 (C,): pixels of the class in the truth
    pred: Array  # int64 (C,)
    rims: Mapping[tuple[str, float], Rims]

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
        percent: Iterable[float] = (2.0,),
        depth: Iterable[float] = (2.0,),
        reach: Iterable[float] = (0.8,),
    ) -> "Boundary":
        """The rims of two integer label arrays of one shape, which are taken as by `Surface.of`."""
        regions = Regions.of(pred, truth, spacing, num_classes, ignore, background)
        given = {"percent": percent, "depth": depth, "reach": reach}
        return cls.from_regions(regions, [(name, float(width)) for name, widths in given.items() for width in widths])

    @classmethod
    def from_regions(cls, regions: Regions, widths: Iterable[tuple[str, float]]) -> "Boundary":
        """The same from the places of each class; those that are in neither mask are left out."""
        ids, sizes = [], []
        asked = list(dict.fromkeys(widths))
        counts: dict[tuple[str, float], list[list[int]]] = {width: [] for width in asked}
        sweeps = {
            width: _SWEEPS[width[0]](regions, width[1]) for width in asked if width[0] in _SWEEPS and regions.labels
        }
        for id_, pixels in _sizes(regions):
            ids.append(id_)
            sizes.append(pixels)
            for name, width in asked:
                swept = sweeps.get((name, width))
                counts[name, width].append(swept[id_] if swept else _RIMS[name](regions, id_, width))
        truth, pred = np.array(sizes, np.int64).reshape(-1, 2).T
        rims = {width: Rims(*np.array(rows, np.int64).reshape(-1, 4).T) for width, rows in counts.items()}
        return cls(tuple(ids), truth, pred, rims)

    @classmethod
    def measured(cls, image: Any, spec: Any) -> "Boundary":
        """The rims of an image behind the door."""
        return cls.from_regions(image.regions(spec.options["background"]), _widths(spec))

    @classmethod
    def missed(cls, image: Any, spec: Any) -> "Boundary":
        """Every class of the truth is missed."""
        return cls.from_regions(image.regions(spec.options["background"], predicted=False), _widths(spec))

    def rim(self, name: str, width: float) -> Rims:
        """The rims of a width.  LookupError where they were not measured."""
        if (name, width) not in self.rims:
            known = ", ".join(f"{each} {value:g}" for each, value in self.rims)
            raise LookupError(
                f"there are no rims of {name} {width:g}, but of {known}: Boundary.of(…, {name}=[{width:g}])"
            )
        return self.rims[name, width]

    def over(self, ids: Sequence[int]) -> "Boundary":
        """The same over other classes; those that it does not have are in neither mask."""
        known = {id_: n for n, id_ in enumerate(self.ids)}
        rows = [known.get(id_, -1) for id_ in ids]
        truth, pred = (np.append(each, 0)[rows] for each in (self.truth, self.pred))
        rims = {width: Rims(*(np.append(each, 0)[rows] for each in rim)) for width, rim in self.rims.items()}
        return Boundary(tuple(ids), truth, pred, rims)

    def __add__(self, other: "Boundary") -> "Boundary":
        ids = united([self, other])
        one, more = self.over(ids), other.over(ids)
        shared = [width for width in self.rims if width in other.rims]
        rims = {
            width: Rims(*(a + b for a, b in zip(one.rims[width], more.rims[width], strict=True))) for width in shared
        }
        return Boundary(ids, one.truth + more.truth, one.pred + more.pred, rims)

    @classmethod
    def stacked(cls, every: Sequence[Any], ids: Sequence[int]) -> "Boundary":
        """The classes of many images one after the other, as formulas may look at them together."""
        zero = np.zeros(0, np.int64)
        widths = next((list(each.rims) for each in every if each is not None), [])
        nothing = cls((), zero, zero, {width: Rims(zero, zero, zero, zero) for width in widths})
        rows = [(nothing if each is None else each).over(ids) for each in every]
        truth, pred = (joined([getattr(row, name) for row in rows]) for name in ("truth", "pred"))
        rims = {
            width: Rims(*(joined([getattr(row.rims[width], name) for row in rows]) for name in Rims._fields))
            for width in widths
        }
        return cls(tuple(ids) * len(rows), truth, pred, rims)

    @classmethod
    def packed(cls, every: Sequence[Any]) -> dict[str, Array]:
        """All of all images, one after the other."""
        there = [each for each in every if each is not None]
        widths = list(there[0].rims) if there else []
        rims = [
            np.array([each.rims[w] for w in widths], np.int64).reshape(4 * len(widths), len(each.ids)) for each in there
        ]
        return {
            **packed_classes(every),
            "widths": packed_text(widths),
            "rims": np.hstack(rims) if rims else np.zeros((0, 0), np.int64),
            **{name: joined([getattr(each, name) for each in there]) for name in ("truth", "pred")},
        }

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Array]) -> list[Any]:
        """What `packed` was given."""
        classes = np.maximum(arrays["sizes"], 0)
        ids, truth, pred = (split(arrays[name], classes) for name in ("ids", "truth", "pred"))
        widths = [(str(name), float(width)) for name, width in unpacked_text(arrays["widths"])]
        table = split(arrays["rims"].T, classes)
        found: list[Any] = []
        for n, size in enumerate(arrays["sizes"].tolist()):
            parts = np.ascontiguousarray(table[n].T).reshape(len(widths), 4, max(size, 0))
            rims = {width: Rims(*part) for width, part in zip(widths, parts, strict=True)}
            found.append(None if size < 0 else cls(tuple(ids[n].tolist()), truth[n], pred[n], rims))
        return found


def _sizes(regions: Regions) -> Iterator[tuple[int, list[int]]]:
    """Each class that is in one of the masks, with its pixels in truth and prediction."""
    if regions.labels is not None:
        for id_, *pixels in zip(regions.ids, *regions.labels.counted(regions.ids), strict=True):
            if any(pixels):
                yield id_, [int(number) for number in pixels]
        return
    for id_ in regions.ids:
        if region := regions.region(id_):
            yield id_, [int(np.count_nonzero(mask)) for mask in (region.truth, region.pred)]


def _widths(spec: Any) -> list[tuple[str, float]]:
    """The widths that the metrics of a run ask for."""
    return [(name, width) for metric in spec.metrics.values() for name, width in metric.settings.items()]


def _pixels_of_diagonal(regions: Regions, percent: float) -> float:
    """A percentage of the diagonal, in pixels of whatever size."""
    return percent / 100 * math.sqrt(sum(n**2 for n in regions.shape))


def _met(pred: Array, truth: Array) -> list[int]:
    """Bands meet where they are both."""
    both = int(np.count_nonzero(pred & truth))
    return [int(np.count_nonzero(pred)), int(np.count_nonzero(truth)), both, both]


def _depth(regions: Regions, percent: float) -> int:
    """How deep a band is: half a pixel goes to the even number, as in the authors' program."""
    return max(1, round(_pixels_of_diagonal(regions, percent)))


def _bands(regions: Regions, percent: float) -> dict[int, list[int]]:
    """The bands of all classes from one sweep over the image."""
    from segeval.distance.borders import label_band

    labels, ids = regions.labels, regions.ids
    assert labels is not None
    truth, pred = (label_band(side, labels.valid, _depth(regions, percent)) for side in (labels.truth, labels.pred))
    of_truth, of_pred = labels.counted(ids, truth)[0], labels.counted(ids, pred)[1]
    both = labels.counted(ids, truth & pred & (labels.truth == labels.pred))[0]
    return dict(zip(ids, np.stack([of_pred, of_truth, both, both], axis=1).tolist(), strict=True))


def _band(regions: Regions, id_: int, percent: float) -> list[int]:
    from segeval.distance.borders import band

    depth = _depth(regions, percent)
    region = _region(regions, id_, depth if regions.has_void else 1)
    return _met(*(band(mask, region.valid, depth) for mask in (region.pred, region.truth)))


def _round_band(regions: Regions, id_: int, depth: float) -> list[int]:
    from segeval.distance.borders import round_band
    from segeval.distance.grid import steps

    most = [math.ceil(depth / step) if regions.has_void else 1 for step in regions.steps]
    margins = [min(max(each, 1), n) for each, n in zip(most, regions.shape, strict=True)]
    region, grid = _region(regions, id_, margins), steps(regions.spacing, len(regions.shape))
    return _met(*(round_band(mask, region.valid, depth * CLOSE, grid) for mask in (region.pred, region.truth)))


def _cracks(regions: Regions, id_: int, reach: float) -> list[int]:
    from segeval.distance.borders import cracks, distances
    from segeval.distance.grid import steps

    limit = math.ceil(_pixels_of_diagonal(regions, reach))  # whole, as the steps are: no rounding to allow for
    region, grid = _region(regions, id_, 1, beyond=False), steps(None, len(regions.shape))
    pred, truth = (cracks(mask, region.valid) for mask in (region.pred, region.truth))
    ways = [distances(pred, truth, grid), distances(truth, pred, grid)]
    met = [int(weights[values <= limit].sum()) for values, weights in ways]
    return [int(np.count_nonzero(pred)), int(np.count_nonzero(truth)), *met]


def _region(regions: Regions, id_: int, margin: int | Sequence[int], beyond: bool = True) -> Region:
    found = regions.region(id_, margin, beyond)
    assert found is not None
    return found


# What a rim is, by the name of its width: (places, class, width) -> the four counts of `Rims`.
_RIMS: Mapping[str, Callable[[Regions, int, float], list[int]]] = {
    "percent": _band,
    "depth": _round_band,
    "reach": _cracks,
}
# The same of all classes in one sweep, for those that have one: (places, width) -> the counts of each class.
_SWEEPS: Mapping[str, Callable[[Regions, float], dict[int, list[int]]]] = {"percent": _bands}

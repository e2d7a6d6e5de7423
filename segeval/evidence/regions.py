"""The places of each class in truth and prediction, cut out as boxes: what borders and skeletons are taken of."""

import functools
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.evidence.confusion import positions
from segeval.evidence.run_length import Array, narrow_pair

Box = tuple[slice, ...]

_TABLE = 1 << 12  # ids up to which a table of boxes by id is cheap


@dataclass(frozen=True, eq=False)
class Region:
    """One class in the box of truth and prediction together, with a margin of background on all sides.

    truth, pred: bool, False where the true mask is ignored.  valid: where it is not ignored, True beyond the image;
    None where nothing is.
    """

    truth: Array
    pred: Array
    valid: Array | None


@dataclass(frozen=True, eq=False)
class Labelled:
    """Truth and prediction as labels, and which pixels are not ignored; None: all."""

    truth: Array
    pred: Array
    valid: Array | None

    def counted(self, ids: Sequence[int], where: Array | None = None) -> tuple[Array, Array]:
        """The valid pixels of each class in truth and prediction; only some of them, if so asked."""
        keep = self.valid if where is None else where
        return tuple(_counts(side if keep is None else side[keep], ids) for side in (self.truth, self.pred))  # type: ignore[return-value]


def _counts(labels: Array, ids: Sequence[int]) -> Array:
    """How often each id occurs."""
    if labels.dtype == np.uint8:
        return np.bincount(labels.reshape(-1), minlength=256)[[*ids]] if len(ids) else np.zeros(0, np.int64)
    return np.bincount(positions(labels.reshape(-1), ids), minlength=len(ids) + 1)[: len(ids)]


class Regions:
    """The classes of a pair of masks; axes of length 1 are dropped.

    shape, spacing: of the axes that are left.  mask: gives one side (0 truth, 1 prediction) of a class within a box.
    boxes: the boxes of each class in truth and prediction, those of ignored pixels too.  void: the ignored pixels of a
    class within a box; None where there are none.  labels: all classes in one map of each side, where they are so.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        spacing: Sequence[float] | None,
        ids: Sequence[int],
        mask: Callable[[int, int, Box], Array],
        boxes: Callable[[int], list[Box]],
        void: Callable[[int, Box], Array] | None,
        labels: Labelled | None = None,
    ) -> None:
        self.shape, self.spacing, self.ids = shape, None if spacing is None else tuple(spacing), tuple(ids)
        self._mask, self._boxes, self._void, self._labels = mask, boxes, void, labels

    @classmethod
    def of(
        cls,
        pred: npt.ArrayLike,
        truth: npt.ArrayLike,
        spacing: Sequence[float] | None = None,
        num_classes: int | None = None,
        ignore: Iterable[int] = (),
        background: int | None = None,
    ) -> "Regions":
        """Those of two integer label arrays: of the classes 0 … num_classes − 1, or the ids found, but the background.

        ShapesDiffer when the shapes differ; BadOption for a spacing that does not fit; TypeError for other arrays.
        """
        from segeval.distance.grid import steps  # here, since scoring starts without distances

        pred, truth = narrow_pair(pred, truth)
        lengths, ignored = None if spacing is None else steps(spacing, truth.ndim).lengths, set(ignore)
        if num_classes:
            ids: Iterable[int] = range(num_classes)
        elif truth.dtype == pred.dtype == np.uint8:
            ids = range(256)  # that have no box are passed over: looking for them takes longer
        else:
            ids = {*np.unique(truth).tolist(), *np.unique(pred).tolist()}
        kept = sorted(id_ for id_ in ids if id_ >= 0 and id_ not in ignored and id_ != background)
        return cls.of_labels(pred, truth, kept, ignored, lengths)

    @classmethod
    def of_labels(
        cls,
        pred: Array | None,
        truth: Array,
        ids: Sequence[int],
        ignore: Collection[int] = (),
        spacing: Sequence[float] | None = None,
        binary: bool = False,
    ) -> "Regions":
        """Those of two label maps, of the classes `ids`; binary: class 1 is whatever is not 0.

        pred: None where there is no prediction.
        """
        sides, spacing = _squeezed([truth] if pred is None else [truth, pred], spacing)
        if sides[0].flags.f_contiguous and not sides[0].flags.c_contiguous:  # as NIfTI has it: the other way is faster
            sides, spacing = [side.T for side in sides], None if spacing is None else spacing[::-1]
        ignored = _ignored(sides[0], ignore)

        @functools.cache
        def found() -> list[dict[int, Box]]:
            return [_boxes_by_id(side, ids) for side in sides]

        def mask(side: int, id_: int, box: Box) -> Array:
            if side == len(sides):
                return np.zeros(sides[0][box].shape, bool)
            part = sides[side][box]
            return np.asarray((part != 0) == (id_ != 0) if binary else part == id_)

        def boxes(id_: int) -> list[Box]:
            if binary or id_ == 0:
                whole = (slice(None),) * sides[0].ndim
                return [box for side in range(len(sides)) if (box := box_of(mask(side, id_, whole)))]
            return [each[id_] for each in found() if id_ in each]

        void = None if ignored is None else lambda _, box: ignored[box]
        labels = None
        if not binary and len(sides) == 2:
            labels = Labelled(sides[0], sides[1], None if ignored is None else ~ignored)
        return cls(sides[0].shape, spacing, ids, mask, boxes, void, labels)

    @classmethod
    def of_channels(
        cls, pred: Array, truth: Array, ids: Sequence[int], ignored: int, spacing: Sequence[float] | None = None
    ) -> "Regions":
        """Those of two arrays (C, *spatial) of 0 and 1, where the truth has `ignored` beside them."""
        place = {id_: n for n, id_ in enumerate(ids)}
        rows, spacing = _squeezed([truth, pred], spacing, first=1)

        def mask(side: int, id_: int, box: Box) -> Array:
            return np.asarray(rows[side][place[id_]][box] == 1)

        def boxes(id_: int) -> list[Box]:
            return [box for side in (0, 1) if (box := box_of(rows[side][place[id_]] == 1))]

        there = (rows[0] == ignored).any()
        void = (lambda id_, box: rows[0][place[id_]][box] == ignored) if there else None
        return cls(rows[0].shape[1:], spacing, ids, mask, boxes, void)

    @functools.cached_property
    def labels(self) -> Labelled | None:
        """The maps of all classes, where it is less work to look at them whole than at each class in its box.

        So it is in pictures of several classes; in volumes it depends on the boxes.
        """
        if self._labels and len(self.shape) <= 2 and len(self.ids) > 1:
            return self._labels
        every = [box for id_ in self.ids if (box := self._union(id_))] if self._labels else []
        work = sum(math.prod(part.stop - part.start for part in box) for box in every)
        return self._labels if work > math.prod(self.shape) else None

    @property
    def steps(self) -> tuple[float, ...]:
        """The length of a pixel along each axis; 1 where nothing is known."""
        return self.spacing or (1.0,) * len(self.shape)

    @property
    def diagonal(self) -> float:
        """The way from one corner of the image to the opposite one, over whole pixels."""
        return math.sqrt(math.fsum((n * step) ** 2 for n, step in zip(self.shape, self.steps, strict=True)))

    @property
    def has_void(self) -> bool:
        return self._void is not None

    def _union(self, id_: int) -> Box | None:
        """The box of a class in both masks; None where it is in neither."""
        boxes = self._boxes(id_)
        axes = zip(*boxes, strict=True)
        return (
            tuple(slice(min(p.start for p in parts), max(p.stop for p in parts)) for parts in axes) if boxes else None
        )

    def region(self, id_: int, margin: int | Sequence[int] = 1, beyond: bool = True) -> Region | None:
        """A class within its box; None where it is in neither mask, but for ignored pixels.

        margin: pixels beside the box, of each axis.  beyond: also where that is outside the image, which is background.
        """
        union = self._union(id_)
        if union is None:
            return None
        margins = [margin] * len(self.shape) if isinstance(margin, int) else margin
        low = [part.start - each for part, each in zip(union, margins, strict=True)]
        high = [part.stop + each for part, each in zip(union, margins, strict=True)]
        box = tuple(slice(max(a, 0), min(b, n)) for a, b, n in zip(low, high, self.shape, strict=True))
        outside = [(max(-a, 0), max(b - n, 0)) for a, b, n in zip(low, high, self.shape, strict=True) if beyond]
        valid = None if self._void is None else ~self._void(id_, box)
        truth, pred = (self._mask(side, id_, box) for side in (0, 1))
        if valid is not None:
            truth, pred = truth & valid, pred & valid
            valid = _padded(valid, outside, True)
        if not (truth.any() or pred.any()):
            return None
        return Region(_padded(truth, outside, False), _padded(pred, outside, False), valid)


def _ignored(truth: Array, ignore: Collection[int]) -> Array | None:
    """Where a true mask is ignored; None where it is nowhere."""
    found = np.zeros(truth.shape, bool)
    for id_ in ignore:
        found |= truth == id_
    return found if found.any() else None


def _squeezed(
    sides: list[Array], spacing: Sequence[float] | None, first: int = 0
) -> tuple[list[Array], Sequence[float] | None]:
    """Arrays without their spatial axes of length 1, which come after the `first`; one axis is kept in any case."""
    shape = sides[0].shape[first:]
    keep = [n for n, length in enumerate(shape) if length > 1] or [0]
    shaped = [side.reshape(*side.shape[:first], *(shape[n] for n in keep)) for side in sides]
    return shaped, None if spacing is None else tuple(spacing[n] for n in keep)


def _padded(array: Array, beyond: list[tuple[int, int]], value: bool) -> Array:
    """The array with so many more pixels on each side of each axis."""
    if not any(map(any, beyond)):
        return array
    return np.pad(array, beyond, constant_values=value)


def _boxes_by_id(labels: Array, ids: Sequence[int]) -> dict[int, Box]:
    """The box of each id but 0, found in one sweep."""
    from scipy import ndimage

    wanted = sorted(id_ for id_ in ids if id_ > 0)
    if not wanted:
        return {}
    if wanted[-1] > _TABLE:  # numbered anew, since there is a box for every number
        found: list[Any] = ndimage.find_objects(positions(labels, wanted) + 1, len(wanted))
    else:
        every = ndimage.find_objects(labels, wanted[-1])
        found = [every[id_ - 1] for id_ in wanted]
    return {id_: box for id_, box in zip(wanted, found, strict=True) if box is not None}


def box_of(mask: Array) -> Box | None:
    """The smallest box that holds all of a mask; None where it is empty."""
    box = []
    for axis in range(mask.ndim):
        line = np.flatnonzero(mask.any(axis=tuple(n for n in range(mask.ndim) if n != axis)))
        if not line.size:
            return None
        box.append(slice(int(line[0]), int(line[-1]) + 1))
    return tuple(box)

"""Two masks -> what is shown of each pixel: its true class, its predicted class, and what kind of error it is."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from segeval.data.image import Image
from segeval.evidence.multilabel import IGNORED
from segeval.evidence.run_length import Array

NOTHING = -(1 << 31)  # in place of a class: no class has this pixel


class Kind(IntEnum):
    """What a pixel is; of pixels that are drawn as one, the largest is shown."""

    RIGHT = 0
    HIT = 1  # of one class, or of a foreground: rightly found
    IGNORED = 2
    CONFUSED = 3  # one class taken for another
    INVENTED = 4  # predicted where there is none: false positive
    MISSED = 5  # not predicted where there is one: false negative


@dataclass(frozen=True, eq=False)
class Layers:
    """What is shown of an image: arrays of one shape, (*spatial)."""

    pred: Array  # ids; NOTHING where there is none
    truth: Array
    kinds: Array  # uint8, of `Kind`

    @classmethod
    def of(cls, image: Image, background: int | None = 0, class_: int | None = None) -> "Layers":
        """The layers of a pair behind the door.

        background: the id that stands for no object; None: every class is one, and whatever is wrong is confused.
        class_: an id; all others then count as background.
        """
        if image.classes.multilabel:
            return cls._of_channels(image, class_)
        pred, truth = image.labels.pred, image.labels.truth
        ignored = _among(truth, image.classes.ignore)
        if image.labels.kept is not None:
            ignored |= ~image.labels.kept
        if image.classes.binary:
            pred, truth = (pred != 0).astype(np.int8), np.where(ignored, truth, truth != 0)
        if class_ is None:
            sides = [np.ones(each.shape, bool) if background is None else each != background for each in (pred, truth)]
        else:
            sides = [each == class_ for each in (pred, truth)]
        kinds = _kinds(sides[0], sides[1], None if class_ is not None else pred != truth)
        if background is None and class_ is None:
            kinds[kinds == Kind.HIT] = Kind.RIGHT
        kinds[ignored] = Kind.IGNORED
        pred, truth = _wide(pred), _wide(truth)
        truth[ignored] = NOTHING
        return cls(pred, truth, kinds)

    @classmethod
    def _of_channels(cls, image: Image, class_: int | None) -> "Layers":
        """Of classes that do not exclude each other: any channel that is wrong, and on top the last that is there."""
        scored, ids = image.classes.scored, image.classes.channels
        pred, truth = image.labels.pred, image.labels.truth
        ids = ids or tuple(range(len(truth)))
        known = set(scored.ids) if scored else set(ids)
        looked_at = [k for k, id_ in enumerate(ids) if (id_ in known if class_ is None else id_ == class_)]
        pred, truth = pred[looked_at], truth[looked_at]
        ignored = truth == IGNORED
        invented, missed = (pred == 1) & (truth == 0), (pred == 0) & (truth == 1)
        found = ((pred == 1) & (truth == 1)).any(0)
        kinds = np.where(found, Kind.HIT, Kind.RIGHT).astype(np.uint8)
        kinds[invented.any(0)] = Kind.INVENTED
        kinds[missed.any(0)] = Kind.MISSED
        kinds[invented.any(0) & missed.any(0)] = Kind.CONFUSED
        kinds[ignored.all(0)] = Kind.IGNORED
        named = np.array([ids[k] for k in looked_at], np.int64)
        return cls(_topmost(pred == 1, named), _topmost(truth == 1, named), kinds)

    @property
    def wrong(self) -> Array:
        """bool: the pixels that are wrong."""
        found: Array = self.kinds >= Kind.CONFUSED
        return found

    def plane(self) -> "tuple[Layers, int | None]":
        """The plane of a volume with most wrong pixels, the middle one of equals, and its number; 2-D is itself."""
        if self.kinds.ndim < 3:
            return self._mapped(np.atleast_2d), None
        height, width = self.kinds.shape[-2:]
        flat = self._mapped(lambda each: each.reshape(-1, height, width))
        number = flat.wrong.sum(axis=(1, 2))
        most = np.flatnonzero(number == number.max())
        n = int(most[most.size // 2])
        return flat._mapped(lambda each: each[n]), n

    def projection(self) -> Array:
        """The kinds of a volume seen along its first axis: the worst behind each other."""
        height, width = self.kinds.shape[-2:]
        found: Array = self.kinds.reshape(-1, height, width).max(axis=0)
        return found

    def smaller(self, most: int) -> "tuple[Layers, int]":
        """Drawn at 1 : n, so that no side is longer than `most`, and n; an error anywhere in a block is shown."""
        n = max(1, math.ceil(max(self.kinds.shape) / most))
        if n == 1:
            return self, 1
        places = [np.minimum(np.arange(0, size, n) + n // 2, size - 1) for size in self.kinds.shape]
        middle = np.ix_(*places)
        return Layers(self.pred[middle], self.truth[middle], blocks(self.kinds, n)), n

    def _mapped(self, change: Callable[[Array], Array]) -> "Layers":
        return Layers(change(self.pred), change(self.truth), change(self.kinds))


def blocks(kinds: Array, n: int) -> Array:
    """The largest of each n × n pixels, (⌈H / n⌉, ⌈W / n⌉)."""
    rows = kinds[::n].copy()
    for k in range(1, n):
        part = kinds[k::n]
        np.maximum(rows[: len(part)], part, out=rows[: len(part)])
    found = rows[:, ::n].copy()
    for k in range(1, n):
        part = rows[:, k::n]
        np.maximum(found[:, : part.shape[1]], part, out=found[:, : part.shape[1]])
    return found


def _among(labels: Array, ids: Iterable[int]) -> Array:
    """Where a label is one of a few."""
    found = np.zeros(labels.shape, bool)
    for id_ in ids:
        found |= labels == id_
    return found


def _wide(labels: Array) -> Array:
    """A copy that holds NOTHING too, in as few bytes as it takes."""
    return labels.astype(np.int32 if np.can_cast(labels.dtype, np.int32) else np.int64)


def _kinds(pred: Array, truth: Array, confused: Array | None) -> Array:
    """The kinds of pixels of which each side says whether something is there; those that may be confused, if any."""
    both = pred & truth
    found: Array = both * np.uint8(Kind.HIT)  # sums of bytes are quicker than masks and tables
    if confused is not None:
        found += (both & confused) * np.uint8(Kind.CONFUSED - Kind.HIT)
    found += (pred & ~truth) * np.uint8(Kind.INVENTED)
    found += (~pred & truth) * np.uint8(Kind.MISSED)
    return found


def _topmost(there: Array, ids: Array) -> Array:
    """The id of the last channel (C, *spatial) that holds each pixel."""
    found = np.full(there.shape[1:], NOTHING, np.int64)
    for channel, id_ in zip(there, ids, strict=True):
        found[channel] = id_
    return found

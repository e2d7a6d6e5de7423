"""How often each class was right or wrong, where classes do not exclude each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from segeval.evidence.confusion import (
    Confusion,
    Counted,
    PixelCounts,
    counts_of_pixels,
    packed_ids,
    positions,
    unpacked_ids,
)
from segeval.evidence.kinds import Columns, InTurn, joined, split, united
from segeval.evidence.run_length import Array, CellCounter, LabelDigest, runs

IGNORED = 2  # in a truth of channels, beside 0 and 1: this pixel is not looked at
WHOLE = {"right": "right", "pixels": "total"}  # of an image as a whole: the decisions that are right, and all


@counts_of_pixels
@dataclass(frozen=True, eq=False, slots=True)
class ChannelCounts(Counted):
    """Pixel counts (int64) of classes that do not exclude each other: a yes or no of each pixel and class.

    Read as a `Confusion` is, but for the matrix: no pixel is one class rather than another. They add up.
    """

    kind: ClassVar[str] = "multilabel"

    ids: tuple[int, ...]
    ignore: frozenset[int]
    counts: PixelCounts  # int64 (C,) each
    right: int  # decisions that are right; none of an image without prediction
    ignored: Array  # int64 (2,): decisions about ignored pixels, no and yes

    @classmethod
    def of(
        cls, pred: Array, truth: Array, *, ids: Sequence[int] | None = None, ignore: Iterable[int] = ()
    ) -> "ChannelCounts":
        """Count two arrays (C, *spatial), 0 or 1 in pred and 0, 1 or `IGNORED` in truth; the classes are 0 … C − 1."""
        return count(pred, truth, ids=ids, ignore=ignore)[0]

    @classmethod
    def none(cls, ids: Sequence[int] = (), ignore: Iterable[int] = ()) -> "ChannelCounts":
        """No pixels at all: adds nothing."""
        zeros = np.zeros(len(ids), np.int64)
        return cls(tuple(ids), frozenset(ignore), PixelCounts(zeros, zeros, zeros, zeros), 0, np.zeros(2, np.int64))

    @property
    def total(self) -> int:
        """Decisions: one for each class and pixel that is not ignored."""
        return int(sum(each.sum() for each in self.counts))

    @property
    def truth(self) -> Array:
        """int64: the ids that the truth holds."""
        return np.array(self.ids, np.int64)[self.tp + self.fn > 0]

    @property
    def pred(self) -> Array:
        """int64: the ids that the prediction holds."""
        return np.array(self.ids, np.int64)[self.tp + self.fp > 0]

    @property
    def seen(self) -> set[int]:
        """The ids that truth or prediction holds."""
        return {*self.truth.tolist(), *self.pred.tolist()}

    def with_ids(self, ids: Sequence[int]) -> "ChannelCounts":
        """The counts of another list of classes; 0 for one that has no channel."""
        if tuple(ids) == self.ids:
            return self
        place = positions(np.array(ids, np.int64), self.ids)
        counts = PixelCounts(*(np.append(each, 0)[place] for each in self.counts))
        return ChannelCounts(tuple(ids), self.ignore, counts, self.right, self.ignored)

    def all_wrong(self) -> "ChannelCounts":
        """The same truth without a prediction: nothing is found, and no decision is right."""
        zeros = np.zeros_like(self.tp)
        counts = PixelCounts(zeros, zeros, self.tp + self.fn, self.fp + self.tn)
        return ChannelCounts(self.ids, self.ignore, counts, 0, self.ignored)

    def __add__(self, other: "ChannelCounts") -> "ChannelCounts":
        return total_of_channels([self, other])

    @classmethod
    def columns(cls, every: Sequence[Any], ids: Sequence[int], spec: Any = None) -> Columns:  # noqa: ARG003
        """The counts of every image and class."""
        rows = [each.with_ids(ids).counts for each in every]
        shape = (len(every), len(ids))
        counts = {
            name: np.array([getattr(row, name) for row in rows], np.int64).reshape(shape)
            for name in PixelCounts._fields
        }
        whole = {name: np.array([getattr(each, of) for each in every], np.int64) for name, of in WHOLE.items()}
        return Columns(counts, whole)

    @property
    def by_id(self) -> None:
        """No pixel is one id rather than another."""
        return None

    @classmethod
    def summed(cls, every: Sequence[Any]) -> "ChannelCounts":
        """The sum of many; no pixels at all where there are none."""
        return total_of_channels(every) if every else cls.none()

    @classmethod
    def packed(cls, every: Sequence[Any]) -> Mapping[str, Array]:
        """The counts of all images, one after the other."""
        return {
            **{name: joined([getattr(each, name) for each in every]) for name in PixelCounts._fields},
            "right": np.array([each.right for each in every], np.int64),
            "ignored": np.array([each.ignored for each in every], np.int64).reshape(-1, 2),
            **InTurn(packed_ids(every)),
        }

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Array]) -> list["ChannelCounts"]:
        """What `packed` was given."""
        columns = zip(*(split(arrays[name], arrays["ids_sizes"]) for name in PixelCounts._fields), strict=True)
        each = zip(unpacked_ids(arrays), columns, arrays["right"].tolist(), arrays["ignored"], strict=True)
        return [cls(*known, PixelCounts(*counts), right, ignored) for known, counts, right, ignored in each]


PixelEvidence = Confusion | ChannelCounts


def count(
    pred: Array, truth: Array, *, ids: Sequence[int] | None = None, ignore: Iterable[int] = ()
) -> tuple[ChannelCounts, str]:
    """The counts of two arrays as `ChannelCounts.of` takes them and the digest of the truth, in one sweep."""
    digest, tables = LabelDigest(truth.shape), []
    for predicted, true in zip(pred, truth, strict=True):
        counter = CellCounter()
        for block in runs(predicted, true):
            counter.add(block)
            digest.add(block)
        tables.append(_table(counter.cells()))
    (tn, fp), (fn, tp), ignored = np.moveaxis(np.array(tables, np.int64), 0, -1)
    names = tuple(range(len(truth)) if ids is None else ids)
    right = int(tp.sum() + tn.sum())
    counts = PixelCounts(tp, fp, fn, tn)
    return ChannelCounts(names, frozenset(ignore), counts, right, ignored.sum(axis=1)), digest.hexdigest()


def _table(cells: tuple[Array, Array, Array]) -> Array:
    """(3, 2): rows no, yes and ignored in the truth, columns no and yes in the prediction."""
    table = np.zeros((3, 2), np.int64)
    truth, pred, pixels = cells
    table[truth, pred] = pixels
    return table


def total_of_channels(channels: Sequence[ChannelCounts]) -> ChannelCounts:
    """The sum of counts that ignore the same values; over all their classes, if they differ in them."""
    first = channels[0]
    if any(each.ignore != first.ignore for each in channels):
        raise ValueError("counts that ignore different values do not add up")
    ids = united(channels)
    counts = PixelCounts(*np.sum([each.with_ids(ids).counts for each in channels], axis=0))
    right, ignored = sum(each.right for each in channels), np.sum([each.ignored for each in channels], axis=0)
    return ChannelCounts(ids, first.ignore, counts, right, ignored)

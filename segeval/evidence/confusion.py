"""How often each true id was predicted as each other id."""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from segeval.errors import UnknownTruthIds
from segeval.evidence.kinds import EVIDENCE, Columns, InTurn, joined, split, united
from segeval.evidence.run_length import Array, cells_of, merged_cells, narrow_pair, summed
from segeval.text import counted, some

AT_ONCE = 1024  # images whose cells are put together: more would only take memory


class PixelCounts(NamedTuple):
    """Counts of any shape, (classes,) or (images, classes)."""

    tp: Array
    fp: Array
    fn: Array
    tn: Array


class Counts(Protocol):
    """Pixels of a class that are right (tp), wrongly given to it (fp), missed (fn), and the rest (tn)."""

    @property
    def tp(self) -> Array: ...
    @property
    def fp(self) -> Array: ...
    @property
    def fn(self) -> Array: ...
    @property
    def tn(self) -> Array: ...


counts_of_pixels = EVIDENCE.add(  # for all evidence that overlap metrics are functions of
    columns=dict.fromkeys(PixelCounts._fields, "sum"),
    totals={"right": "sum", "pixels": "sum"},
    eaten=Counts,
    view=PixelCounts,
    prefix="",
)


class _HasCounts(Protocol):
    @property
    def counts(self) -> PixelCounts: ...


class Counted:
    """Counts of the pixels of an image, which are made when it is opened; each of `counts` by its name."""

    __slots__ = ()

    @classmethod
    def measured(cls, image: Any, spec: Any) -> Any:  # noqa: ARG003 - one signature for all kinds
        """The counts of an image behind the door."""
        return image.counts

    @classmethod
    def missed(cls, image: Any, spec: Any) -> Any:  # noqa: ARG003
        """The counts of a truth without prediction."""
        return image.counts.all_wrong()

    @property
    def tp(self: _HasCounts) -> Array:
        return self.counts.tp

    @property
    def fp(self: _HasCounts) -> Array:
        return self.counts.fp

    @property
    def fn(self: _HasCounts) -> Array:
        return self.counts.fn

    @property
    def tn(self: _HasCounts) -> Array:
        return self.counts.tn


@counts_of_pixels
@dataclass(frozen=True, eq=False, slots=True)
class Confusion(Counted):
    """Pixel counts (int64) of truth × prediction, kept sparse: only pairs of ids that occur.

    ids: the classes, in the order of rows and columns.  ignore: true ids whose pixels leave every count.
    A predicted id outside `ids` counts as wrong for the true class, in one last column, `other`.
    Confusions add up: tiles to an image, images to a data set.
    """

    kind: ClassVar[str] = "counts"

    ids: tuple[int, ...]
    ignore: frozenset[int]
    cells: Array  # (3, cells): `truth`, `pred` and `pixels` in one, since there are many images and each array costs

    @classmethod
    def of(
        cls,
        pred: Array,
        truth: Array,
        *,
        num_classes: int | None = None,
        ids: Sequence[int] | None = None,
        ignore: Iterable[int] = (),
    ) -> "Confusion":
        """Count two integer label arrays of one shape.

        The classes are `ids`, or 0 … num_classes − 1, or else the ids found. ShapesDiffer when the shapes differ,
        UnknownTruthIds when the truth holds an id that is neither a class nor ignored; TypeError for arrays that are
        not plain integers, ValueError for ids beyond 32 bits or classes given twice.
        """
        pred, truth = narrow_pair(pred, truth)
        if num_classes is not None:
            if ids is not None:
                raise ValueError("give num_classes or ids, not both")
            ids = range(num_classes)
        if ids is not None and len(set(ids)) < len(ids):
            raise ValueError("an id is given twice")
        return cls.from_cells(cells_of(pred, truth), ids, ignore)

    @classmethod
    def from_cells(
        cls, cells: tuple[Array, Array, Array], ids: Sequence[int] | None = None, ignore: Iterable[int] = ()
    ) -> "Confusion":
        """The same, from (true ids, predicted ids, pixels)."""
        ignored = frozenset(ignore)
        truth, pred, _ = cells
        if ids is None:
            ids = sorted(i for i in {*truth.tolist(), *pred.tolist()} if i >= 0)
        confusion = cls(*_shared(tuple(i for i in ids if i not in ignored), ignored), _stacked(*cells))
        confusion._check_truth()
        return confusion

    @classmethod
    def none(cls, ids: Sequence[int] = (), ignore: Iterable[int] = ()) -> "Confusion":
        """No pixels at all: adds nothing."""
        return cls.from_cells((np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64)), ids, ignore)

    def _check_truth(self) -> None:
        truth, _, pixels = self.valid
        unknown = ~np.isin(truth, np.array(self.ids, np.int64))
        if unknown.any():
            strangers = _by_id(truth[unknown], pixels[unknown])
            named = [f"{id_} ({counted(number, 'pixel')})" for id_, number in strangers.items()]
            raise UnknownTruthIds(
                f"the truth holds ids that are no class: {some(named)}", _way_out(list(strangers), self)
            )

    @property
    def truth(self) -> Array:
        """int32 (cells,): true ids, ignored ones included."""
        found: Array = self.cells[0].astype(np.int32)
        return found

    @property
    def pred(self) -> Array:
        """int32 (cells,): predicted ids as they stand in the file."""
        found: Array = self.cells[1].astype(np.int32)
        return found

    @property
    def pixels(self) -> Array:
        """int64 (cells,): how many pixels have these ids."""
        found: Array = self.cells[2].astype(np.int64)
        return found

    @property
    def valid(self) -> tuple[Array, Array, Array]:
        """The cells whose true id is not ignored."""
        truth, pred, pixels = self.truth, self.pred, self.pixels
        if not self.ignore:
            return truth, pred, pixels
        keep = ~np.isin(truth, list(self.ignore))
        return truth[keep], pred[keep], pixels[keep]

    @property
    def matrix(self) -> Array:
        """int64 (C, C + 1): rows truth, columns prediction, the last column `other`."""
        truth, pred, pixels = self.valid
        counts = np.zeros((len(self.ids) + 1, len(self.ids) + 1), np.int64)
        np.add.at(counts, (positions(truth, self.ids), positions(pred, self.ids)), pixels)
        return counts[:-1]

    def normalised(self, by: str) -> Array:
        """The matrix as shares of `truth` (rows sum to 1), of `pred` (columns) or of `all` pixels: see `shares`."""
        return shares(self.matrix, by)

    @property
    def counts(self) -> PixelCounts:
        """The pixels of each class that are right, wrongly given to it, missed, and the rest: each int64 (C,)."""
        truth, pred, pixels = self.valid
        row, column = positions(truth, self.ids), positions(pred, self.ids)
        tp, true, predicted = (np.zeros(len(self.ids) + 1, np.int64) for _ in range(3))
        np.add.at(true, row, pixels)
        np.add.at(predicted, column, pixels)
        np.add.at(tp, row[row == column], pixels[row == column])
        tp, true, predicted = tp[:-1], true[:-1], predicted[:-1]
        return PixelCounts(tp, predicted - tp, true - tp, pixels.sum() - true - predicted + tp)

    @property
    def total(self) -> int:
        """Pixels that are not ignored."""
        return int(self.valid[2].sum())

    @property
    def ignored(self) -> int:
        """Pixels that are ignored."""
        return int(self.pixels.sum()) - self.total

    @property
    def right(self) -> int:
        """Pixels that are not ignored and predicted as what they are."""
        truth, pred, pixels = self.valid
        return int(pixels[(truth == pred) & (truth >= 0)].sum())

    @property
    def seen(self) -> set[int]:
        """The ids that occur in pixels that are not ignored."""
        truth, pred, _ = self.valid
        return {*truth.tolist(), *pred.tolist()}

    def all_wrong(self) -> "Confusion":
        """The same truth without a prediction: every pixel in column `other`."""
        cells = merged_cells(self.truth, np.full_like(self.truth, -1), self.pixels)
        return Confusion(self.ids, self.ignore, _stacked(*cells))

    @property
    def unknown_pred(self) -> dict[int, int]:
        """Valid pixels for each predicted id that is no class."""
        _, pred, pixels = self.valid
        strange = positions(pred, self.ids) == len(self.ids)
        return _by_id(pred[strange], pixels[strange]) if strange.any() else {}

    def with_ids(self, ids: Sequence[int]) -> "Confusion":
        """The same counts seen through another list of classes."""
        return Confusion(tuple(ids), self.ignore, self.cells)

    def __add__(self, other: "Confusion") -> "Confusion":
        return total([self, other])

    @classmethod
    def columns(cls, every: Sequence[Any], ids: Sequence[int], spec: Any = None) -> Columns:  # noqa: ARG003
        """The counts of every image and class."""
        found = placed(every, ids)
        return Columns(found.counts._asdict(), {"right": found.right, "pixels": found.pixels})

    @classmethod
    def merged(cls, every: Sequence["Confusion"], groups: Mapping[str, Sequence[int]]) -> Columns:
        """The counts of every image and group of classes; a class may be in several groups.

        Inside a group every pixel is right. Pixels whose true class has no group count against the groups that they
        were given to, and otherwise for none.
        """
        shape = (len(every), len(groups))
        tp, truth, pred = (np.zeros(shape, np.int64) for _ in range(3))
        pixels, right = np.zeros((len(every), 1), np.int64), np.zeros(len(every), np.int64)
        for part, image, true_ids, pred_ids, counts in _valid_cells(every):
            np.add.at(pixels[part, 0], image, counts)
            inside = np.zeros(counts.shape, bool)
            for n, members in enumerate(groups.values()):
                true, given = np.isin(true_ids, members), np.isin(pred_ids, members)
                for sums, where in ((tp, true & given), (truth, true), (pred, given)):
                    np.add.at(sums[part, n], image[where], counts[where])
                inside |= true & given
            np.add.at(right[part], image[inside], counts[inside])
        found = PixelCounts(tp, pred - tp, truth - tp, pixels - truth - pred + tp)
        return Columns(found._asdict(), {"right": right, "pixels": pixels[:, 0]})

    @property
    def by_id(self) -> "Confusion":
        """The counts of true ids and predicted ids: these."""
        return self

    @classmethod
    def summed(cls, every: Sequence[Any]) -> "Confusion":
        """The sum of many; no pixels at all where there are none."""
        return total(every) if every else cls.none()

    @classmethod
    def packed(cls, every: Sequence[Any]) -> Mapping[str, Array]:
        """The cells of all images, one after the other, with the number of cells and of ids of each."""
        sizes = np.array([each.cells.shape[1] for each in every], np.int64)

        def column(row: int, dtype: type) -> Array:
            starts = range(0, len(every), AT_ONCE)
            parts = [joined([each.cells[row] for each in every[start : start + AT_ONCE]]) for start in starts]
            return np.concatenate([np.zeros(0, dtype), *parts], dtype=dtype)

        columns = {"truth": (0, np.int32), "pred": (1, np.int32), "pixels": (2, np.int64)}
        made = {name: functools.partial(column, *each) for name, each in columns.items()}
        return InTurn({"cells": lambda: sizes, **made, **packed_ids(every)})

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Array]) -> list["Confusion"]:
        """What `packed` was given."""
        cells = zip(*(split(arrays[name], arrays["cells"]) for name in ("truth", "pred", "pixels")), strict=True)
        return [cls(*known, _stacked(*each)) for known, each in zip(unpacked_ids(arrays), cells, strict=True)]


def _stacked(truth: Array, pred: Array, pixels: Array) -> Array:
    """Cells as a `Confusion` keeps them: in 32 bits where they fit."""
    small = pixels.max(initial=0) <= np.iinfo(np.int32).max
    return np.stack((truth, pred, pixels), dtype=np.int32 if small else np.int64, casting="same_kind")


class Placed(NamedTuple):
    """Counts of many images: of each class, of its pixels that are predicted as no class, and of each image."""

    counts: PixelCounts  # int64 (images, classes) each
    none: Array  # int64 (images, classes)
    right: Array  # int64 (images,)
    pixels: Array  # int64 (images,)


def placed(every: Sequence[Any], ids: Sequence[int]) -> Placed:
    """The counts of every image, a `Confusion`, over the classes `ids`."""
    tp, fp, fn, tn, none = (np.zeros((len(every), len(ids)), np.int64) for _ in range(5))
    right, whole = (np.zeros(len(every), np.int64) for _ in range(2))
    other = len(ids)  # the place of ids that are no class
    for part, image, truth, pred, pixels in _valid_cells(every):
        row, column = positions(truth, ids), positions(pred, ids)
        found, missed, stray = row == column, row != column, column == other
        shape = (len(right[part]), other + 1)
        tp[part], fn[part], fp[part], none[part] = (
            _sums(shape, image[where], place[where], pixels[where])[:, :-1]
            for place, where in ((row, found), (row, missed), (column, missed), (row, stray))
        )
        np.add.at(right[part], image, np.where((truth == pred) & (truth >= 0), pixels, 0))
        np.add.at(whole[part], image, pixels)
    tn += whole[:, None]
    for each in (tp, fp, fn):
        tn -= each
    return Placed(PixelCounts(tp, fp, fn, tn), none, right, whole)


def _sums(shape: tuple[int, int], image: Array, place: Array, pixels: Array) -> Array:
    """int64 (images, places): the pixels that each image has in each place."""
    sums = np.zeros(shape, np.int64)
    np.add.at(sums.reshape(-1), image * shape[1] + place, pixels)
    return sums


def _valid_cells(every: Sequence[Confusion]) -> Iterator[tuple[slice, Array, Array, Array, Array]]:
    """The cells of many images that are not ignored, many images at a time, since images are many and small.

    Which images they are of, and of each cell which one of these, its true id, its predicted id and its pixels: int64.
    """
    for start in range(0, len(every), AT_ONCE):
        part = every[start : start + AT_ONCE]
        truth, pred, pixels = np.concatenate([each.cells for each in part], axis=1, dtype=np.int64)
        image = np.repeat(np.arange(len(part)), [each.cells.shape[1] for each in part])
        keep = np.ones(len(image), bool)
        for ignore in {each.ignore for each in part if each.ignore}:  # as a rule one for all
            own = np.array([each.ignore == ignore for each in part])[image]
            keep &= ~(own & np.isin(truth, list(ignore)))
        yield slice(start, start + len(part)), image[keep], truth[keep], pred[keep], pixels[keep]


def matrices(every: Sequence[Any], ids: Sequence[int]) -> Array:
    """int64 (images, C, C + 1): the matrix of each image."""
    return np.stack([confusion.with_ids(ids).matrix for confusion in every])


@functools.lru_cache(maxsize=16)
def _shared(ids: tuple[int, ...], ignore: frozenset[int]) -> tuple[tuple[int, ...], frozenset[int]]:
    """The same, one object for all images that have them."""
    return ids, ignore


def packed_ids(every: Sequence[Any]) -> Mapping[str, Callable[[], Array]]:
    """The classes and the ignored ids of all images, one after the other; made in turn."""

    def listed(lists: Iterable[Iterable[int]]) -> Array:
        return np.fromiter(itertools.chain.from_iterable(lists), np.int64)

    def sizes(name: str) -> Array:
        return np.array([len(getattr(each, name)) for each in every], np.int64)

    return {
        "ids_sizes": lambda: sizes("ids"),
        "ignore_sizes": lambda: sizes("ignore"),
        "ids": lambda: listed(each.ids for each in every),
        "ignore": lambda: listed(sorted(each.ignore) for each in every),
    }


def unpacked_ids(arrays: Mapping[str, Array]) -> list[tuple[tuple[int, ...], frozenset[int]]]:
    """What `packed_ids` was given: classes and ignored ids."""
    ids, ignore = (split(arrays[name], arrays[f"{name}_sizes"]) for name in ("ids", "ignore"))
    return [(tuple(own.tolist()), frozenset(ignored.tolist())) for own, ignored in zip(ids, ignore, strict=True)]


def shares(counts: npt.ArrayLike, by: str) -> Array:
    """A matrix of counts as float64 shares of each row (`truth`), each column (`pred`) or `all`; nan for 0/0."""
    matrix = np.asarray(counts, np.int64)
    whole = matrix.sum(axis={"truth": 1, "pred": 0, "all": None}[by], keepdims=True)
    return matrix / np.where(whole == 0, np.nan, whole)


def total(confusions: Sequence[Confusion]) -> Confusion:
    """The sum of confusions that ignore the same ids; over all their classes, if they differ in them."""
    first = confusions[0]
    if any(c.ignore != first.ignore for c in confusions):
        raise ValueError("confusions that ignore different ids do not add up")
    parts = [_cells(confusions[start : start + AT_ONCE]) for start in range(0, len(confusions), AT_ONCE)]
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Confusion(united(confusions), first.ignore, _stacked(*merged_cells(*columns)))


def _cells(confusions: Sequence[Confusion]) -> tuple[Array, Array, Array]:
    """The cells of some confusions together."""
    truth, pred, pixels = (
        np.concatenate([getattr(c, name) for c in confusions]) for name in ("truth", "pred", "pixels")
    )
    return merged_cells(truth, pred, pixels)


def _by_id(ids: Array, pixels: Array) -> dict[int, int]:
    """The pixels of each id."""
    distinct, sums = summed(ids, pixels)
    return dict(zip(distinct.tolist(), sums.tolist(), strict=True))


def positions(ids: Array, classes: Sequence[int] | Array) -> Array:
    """The position of each id in the list of classes; len(classes) if it is not there."""
    known = np.array(classes, np.int64)
    order = np.argsort(known, kind="stable")
    if not known.size:
        return np.zeros(ids.shape, np.int64)
    place = np.minimum(np.searchsorted(known[order], ids), known.size - 1)
    return np.where(known[order][place] == ids, order[place], known.size)


def _way_out(strangers: list[int], confusion: Confusion) -> str:
    if set(confusion.truth.tolist()) | {0} == {0, 255} and len(confusion.ids) <= 2:
        return "a mask of 0 and 255 is binary: use --binary"
    if min(strangers) < 0:
        return f"ids below 0 are never classes; ignore them with {_options(i for i in strangers if i < 0)}"
    return f"ignore them with {_options(strangers)}, or add them to the classes"


def _options(ids: Iterable[int]) -> str:
    """The options that ignore all of some ids."""
    return some([f"--ignore {id_}" for id_ in ids], 20).replace(", --", " --")

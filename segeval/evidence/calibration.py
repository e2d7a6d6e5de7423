"""How often a prediction is right where it is as sure as it says: counts in bins of probability, which add up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from segeval.errors import ShapesDiffer
from segeval.evidence.kinds import EVIDENCE, Columns, joined, packed_text, split, united, unpacked_text
from segeval.evidence.run_length import Array, narrow
from segeval.evidence.scores import Scores
from segeval.text import extent

BINS = 15  # of one width; each is closed above, the first below too
_PARTS = ("n", "y", "p")  # of each bin: the pixels, those that are right, and the sum of their probabilities
_NAMES = {part: [f"{part}{b:02}" for b in range(BINS)] for part in _PARTS}
_OF_CLASSES = [name for part in _PARTS for name in _NAMES[part]]
_SUMS = ("squares", "surprise", "asked")
_WHOLE = ("all_squares", "all_surprise", "pixels")  # of all channels, also those of no class


@EVIDENCE.add(
    columns=dict.fromkeys([*_OF_CLASSES, *_SUMS], "sum"),
    totals=dict.fromkeys([*(f"top_{name}" for name in _OF_CLASSES), *_WHOLE], "sum"),
    needs=("scores",),
)
@dataclass(frozen=True, eq=False)
class Calibration:
    """The probabilities of each class beside what is true, in 15 bins (…, C, 15); and those of the likeliest class.

    n: int64, the pixels with a probability in a bin.  y: int64, those that are of the class.  p: the sum of their
    probabilities.  squares: Σ (p − y)², y 0 or 1.  surprise: Σ −ln p of the pixels of the class (of classes that do not
    exclude each other also Σ −ln(1 − p) of the others).  asked: how many pixels that is of.
    top_n, top_y, top_p: (…, 15), the same of the largest probability of each pixel, the first of equal ones; 0 where
    classes do not exclude each other.  all_squares, all_surprise: the sums over all channels, also of no class.
    pixels: those that are not ignored.
    """

    kind: ClassVar[str] = "calibration"

    ids: tuple[int, ...]
    n: Array
    y: Array
    p: Array
    squares: Array
    surprise: Array
    asked: Array
    top_n: Array
    top_y: Array
    top_p: Array
    all_squares: Any
    all_surprise: Any
    pixels: Any

    @classmethod
    def of(
        cls,
        probabilities: npt.ArrayLike,
        truth: npt.ArrayLike,
        *,
        ids: Sequence[int] | None = None,
        ignore: Iterable[int] = (),
        logits: bool = False,
        multilabel: bool = False,
    ) -> "Calibration":
        """The same of probabilities (C, …) and labels (…), or of the foreground (…) and labels 0 and 1.

        ids: the labels that the channels stand for, 0 … C − 1 unless said.  logits: numbers before a softmax or
        sigmoid.  multilabel: a truth (C, …) of 0 and 1, for classes that do not exclude each other.
        ShapesDiffer when the shapes do not fit; UnknownTruthIds for a label that is no class and not ignored.
        """
        numbers, labels = np.asarray(probabilities), narrow(np.asarray(truth))
        if numbers.shape == labels.shape and not multilabel:
            numbers = numbers[None]
        if numbers.shape[1:] != (labels.shape[1:] if multilabel else labels.shape) or not numbers.size:
            what = f"the probabilities are {extent(numbers.shape)} but the truth is {extent(labels.shape)}"
            raise ShapesDiffer(what, "channels come first")
        flat = numbers.reshape(len(numbers), -1)
        known = tuple(ids) if ids is not None else tuple(range(max(len(flat), 1 if multilabel else 2)))
        labels = labels.reshape(len(labels), -1) if multilabel else labels.reshape(-1)
        return cls.from_scores(Scores(flat, labels, known, frozenset(ignore), 1, not multilabel, logits))

    @classmethod
    def from_scores(cls, scores: Scores) -> "Calibration":
        """The same of an image."""
        edges = (np.arange(BINS + 1) / BINS).astype(scores.exact)
        edges[0] = -1  # the first bin is closed below
        size = len(scores.ids)
        found = [np.zeros((size, BINS), np.int64), np.zeros((size, BINS), np.int64), np.zeros((size, BINS))]
        top = [np.zeros(BINS, np.int64), np.zeros(BINS, np.int64), np.zeros(BINS)]
        squares, surprise, asked, pixels = np.zeros(size), np.zeros(size), np.zeros(size, np.int64), 0
        for block in scores.blocks():
            pixels += block.p.shape[1]
            for k, p in enumerate(block.p):
                yes = block.truth == k if scores.exclusive else block.truth[k]
                wide = _add(found, k, p, yes, edges)
                wide -= yes
                squares[k] += wide @ wide
            if scores.exclusive:
                surprise += np.bincount(block.truth, block.surprise, size)
                asked += np.bincount(block.truth, minlength=size)
                likeliest = block.p.argmax(axis=0) if size > 2 else (block.p[1] > block.p[0]).view(np.uint8)
                largest = block.p.max(axis=0)
                _add([each[None] for each in top], 0, largest, likeliest == block.truth, edges)
            else:
                surprise += block.surprise.sum(axis=1)
                asked += block.p.shape[1]
        whole = (float(squares.sum()), float(surprise.sum()), pixels)
        return cls._of(scores.ids, [*found, squares, surprise, asked, *top, *whole])

    @classmethod
    def _of(cls, ids: tuple[int, ...], values: Iterable[Any]) -> "Calibration":
        """With all columns in order."""
        return cls(ids, **dict(zip(_FIELDS, values, strict=True)))

    @classmethod
    def measured(cls, image: Any, spec: Any) -> "Calibration":  # noqa: ARG003 - one signature for all kinds
        """Of an image behind the door, whose prediction tells how sure it is."""
        return cls.from_scores(image.scores)

    @classmethod
    def missed(cls, image: Any, spec: Any) -> Self | None:  # noqa: ARG003
        """Nothing is known where there is no prediction."""
        return None

    def over(self, ids: Sequence[int]) -> "Calibration":
        """The same over other classes; those that it does not have count nothing."""
        known = {id_: k for k, id_ in enumerate(self.ids)}
        rows = [known.get(id_, len(known)) for id_ in ids]

        def taken(name: str) -> Array:
            own = getattr(self, name)
            return np.concatenate([own, np.zeros((1, *own.shape[1:]), own.dtype)])[rows]

        every = [taken(name) for name in (*_PARTS, *_SUMS)]
        return self._of(tuple(ids), [*every, *(getattr(self, name) for name in (*_TOP, *_WHOLE))])

    def __add__(self, other: "Calibration") -> "Calibration":
        ids = united([self, other])
        one, more = self.over(ids), other.over(ids)
        return self._of(ids, [getattr(one, name) + getattr(more, name) for name in _FIELDS])

    @classmethod
    def summed(cls, every: Sequence[Any]) -> Any:
        """The sum of many."""
        there = [each for each in every if each is not None]
        return sum(there[1:], there[0])

    @classmethod
    def columns(cls, every: Sequence[Any], ids: Sequence[int], spec: Any) -> Columns:  # noqa: ARG003
        """A column for each part of each bin."""
        rows = [(_NOTHING if each is None else each).over(ids) for each in every]

        def column(name: str, *shape: int) -> Array:
            return np.array([getattr(row, name) for row in rows]).reshape(len(rows), *shape)

        width = len(ids)
        classes = {name: column(name, width) for name in _SUMS}
        images = {name: column(name) for name in _WHOLE}
        for part in _PARTS:
            bins, top = column(part, width, BINS), column(f"top_{part}", BINS)
            classes |= {name: bins[..., b] for b, name in enumerate(_NAMES[part])}
            images |= {f"top_{name}": top[..., b] for b, name in enumerate(_NAMES[part])}
        return Columns(classes, images)

    @classmethod
    def viewed(cls, **columns: Array) -> "Calibration":
        """What metrics look at, from the columns of classes."""
        bins = {part: np.stack([columns[name] for name in _NAMES[part]], axis=-1) for part in _PARTS}
        every = [*bins.values(), *(columns[name] for name in _SUMS)]
        return cls._of((), [*every, *(getattr(_NOTHING, name) for name in (*_TOP, *_WHOLE))])

    @classmethod
    def packed(cls, every: Sequence[Any]) -> dict[str, Array]:
        """All of all images, one after the other."""
        there = [each for each in every if each is not None]
        sizes = np.array([-1 if each is None else len(each.ids) for each in every], np.int64)
        arrays = {"sizes": sizes, "ids": packed_text([each.ids for each in there])}
        arrays |= {name: joined([getattr(each, name) for each in there]) for name in (*_PARTS, *_SUMS)}
        whole = {name: [getattr(each, name) for each in there] for name in (*_TOP, *_WHOLE)}
        return arrays | {name: np.array(values) for name, values in whole.items()}

    @classmethod
    def unpacked(cls, arrays: dict[str, Array]) -> list[Any]:
        """What `packed` was given."""
        sizes = arrays["sizes"]
        ids = iter(unpacked_text(arrays["ids"]))
        parts = {name: split(arrays[name], np.maximum(sizes, 0)) for name in (*_PARTS, *_SUMS)}
        whole = iter(zip(*(arrays[name] for name in _TOP), *(arrays[name].tolist() for name in _WHOLE), strict=True))
        found: list[Any] = []
        for n, size in enumerate(sizes.tolist()):
            if size < 0:
                found.append(None)
                continue
            own = [parts[name][n] for name in (*_PARTS, *_SUMS)]
            found.append(cls._of(tuple(next(ids)), [*own, *next(whole)]))
        return found


_TOP = tuple(f"top_{part}" for part in _PARTS)
_FIELDS = (*_PARTS, *_SUMS, *_TOP, *_WHOLE)
_NOTHING = Calibration.from_scores(Scores(np.zeros((1, 0)), np.zeros(0, np.uint8), ())).over(())


def of_all(columns: Columns) -> tuple[Array, Array, Array]:
    """(…, 15) each: the bins of the likeliest classes, by the columns of images."""
    n, y, p = (np.stack([columns.images[f"top_{name}"] for name in _NAMES[part]], axis=-1) for part in _PARTS)
    return n, y, p


def _add(bins: list[Array], k: int, p: Array, yes: Array, edges: Array) -> Array:
    """Count probabilities in the bins of one class; gives them in double precision."""
    place = np.minimum((p * BINS).astype(np.intp), BINS - 1)
    place -= p <= edges[place]  # an edge belongs to the bin below it
    wide = p.astype(np.float64)
    both = np.bincount(place + BINS * yes, minlength=2 * BINS).reshape(2, BINS)
    bins[0][k] += both.sum(axis=0)
    bins[1][k] += both[1]
    bins[2][k] += np.bincount(place, wide, BINS)
    return wide

"""How sure a prediction is of each class in every pixel, beside what is true."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from segeval.errors import ShapesDiffer, UnknownTruthIds
from segeval.evidence.confusion import positions
from segeval.evidence.run_length import Array, narrow
from segeval.text import extent

BLOCK = 1 << 15  # pixels that are looked at together: few enough for the cache
TINY = 1e-7  # the least probability that a logarithm is taken of, as in losses


class Block(NamedTuple):
    """Some pixels that are not ignored."""

    p: Array  # (C, n) float32 or float64: probabilities within [0, 1]
    truth: Array  # (n,) the number of the true class; or bool (C, n), of classes that do not exclude each other
    surprise: Array  # float64: −ln of the probability of what is true, (n,) or (C, n)


@dataclass(frozen=True, eq=False)
class Scores:
    """The numbers of an image for each class, and the truth.

    numbers: (C, n), or of two classes those of the second, (1, n); integers are divided by `levels`.  ids: of the
    classes, in the order of their channels.  truth: labels (n,), or 0, 1 and `ignored` values (C, n) of classes that do
    not exclude each other.  ignore: values of the truth whose pixels are left out.  logits: probabilities are made by a
    softmax, or a sigmoid of a single number.  binary: every label but 0 is the second class.
    """

    numbers: Array
    truth: Array
    ids: tuple[int, ...]
    ignore: frozenset[int] = frozenset()
    levels: int = 1
    exclusive: bool = True
    logits: bool = False
    binary: bool = False

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
    ) -> "Scores":
        """Of probabilities (C, …) and labels (…), or of the foreground (…) and labels 0 and 1.

        ids: the labels that the channels stand for, 0 … C − 1 unless said.  logits: numbers before a softmax or
        sigmoid.  multilabel: a truth (C, …) of 0 and 1, for classes that do not exclude each other.
        ShapesDiffer when the shapes do not fit; UnknownTruthIds for a label that is no class and not ignored.
        """
        numbers, labels = np.asarray(probabilities), narrow(np.asarray(truth))
        if numbers.dtype.kind != "f":
            numbers = numbers.astype(np.float64)
        if numbers.shape == labels.shape and not multilabel:
            numbers = numbers[None]
        if numbers.shape[1:] != (labels.shape[1:] if multilabel else labels.shape) or not numbers.size:
            what = f"the probabilities are {extent(numbers.shape)} but the truth is {extent(labels.shape)}"
            raise ShapesDiffer(what, "channels come first")
        flat = numbers.reshape(len(numbers), -1)
        known = tuple(ids) if ids is not None else tuple(range(max(len(flat), 1 if multilabel else 2)))
        labels = labels.reshape(len(labels), -1) if multilabel else labels.reshape(-1)
        return cls(flat, labels, known, frozenset(ignore), 1, not multilabel, logits)

    @classmethod
    def none(cls) -> "Scores":
        """Those of no image."""
        return cls(np.zeros((1, 0)), np.zeros(0, np.uint8), ())

    @property
    def exact(self) -> Any:
        """The type whose numbers the probabilities are: the edges of bins are numbers of it too."""
        kind = self.numbers.dtype
        if kind.kind != "f":
            return np.dtype(np.float64)
        return _wide(kind) if self.logits else kind

    def blocks(self) -> Iterator[Block]:
        """All pixels that are not ignored, some at a time; nothing of the image's size is made.

        UnknownTruthIds where a label is no class.
        """
        ignored = list(self.ignore)
        for start in range(0, self.truth.shape[-1], BLOCK):
            part = slice(start, start + BLOCK)
            truth, numbers = self.truth[..., part], self.numbers[:, part]
            if ignored and (void := np.isin(truth, ignored)).any():
                kept = ~void if void.ndim == 1 else ~void.any(axis=0)
                truth, numbers = truth[..., kept], numbers[:, kept]
            if truth.size:
                yield self._block(self._floats(numbers), truth)

    def _floats(self, numbers: Array) -> Array:
        if numbers.dtype.kind != "f":
            return numbers / np.float64(self.levels)
        return numbers.astype(_wide(numbers.dtype), copy=False)

    def _block(self, x: Array, truth: Array) -> Block:
        if not self.exclusive:
            yes = truth == 1
            if self.logits:  # ln(1 + e^x) keeps the tails that probabilities lose
                return Block(
                    np.exp(-np.logaddexp(0, -x)), yes, np.logaddexp(0, np.where(yes, -x, x).astype(np.float64))
                )
            p = np.clip(x, 0, 1)
            return Block(p, yes, _surprise(np.where(yes, p, 1 - p)))
        place = self._places(truth)
        pixels = np.arange(place.size)
        if self.logits:
            x = np.concatenate([np.zeros_like(x), x]) if len(x) == 1 else x - x.max(axis=0)
            logarithm = x - np.logaddexp.reduce(x, axis=0)
            return Block(np.exp(logarithm), place, -logarithm[place, pixels].astype(np.float64))
        p = np.clip(x, 0, 1)
        p = np.concatenate([1 - p, p]) if len(p) == 1 else p
        return Block(p, place, _surprise(p[place, pixels]))

    def _places(self, truth: Array) -> Array:
        """The number of each label among the classes."""
        if self.binary:
            return np.not_equal(truth, 0).view(np.uint8)
        few = truth.dtype == np.uint8  # then a table is ten times as fast as a search
        place: Array = positions(np.arange(256), self.ids)[truth] if few else positions(truth, self.ids)
        if place.max() == len(self.ids):
            strange = truth[place == len(self.ids)][0]
            what = f"the truth holds the id {strange}, and there are {len(self.ids)} classes"
            raise UnknownTruthIds(what, "name the classes of the channels, in order: --classes NAMES|FILE")
        return place


def _surprise(p: Array) -> Array:
    """−ln p, in double precision."""
    return -np.log(np.maximum(p.astype(np.float64), TINY))


def _wide(dtype: Any) -> Any:
    """At least single precision."""
    return np.promote_types(dtype, np.float32)

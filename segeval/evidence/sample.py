"""One image as the losses see it: what was predicted for every pixel, beside what is true."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from segeval.arrays.autodiff import Variable, gradient
from segeval.arrays.functions import Array, clipped, hold, like, namespace, plain, rows, sigmoid, softplus
from segeval.distance.maps import around
from segeval.evidence.pixels import Numbers, Outcomes, Pixels
from segeval.evidence.soft import SoftCounts, Sums

Scalar = Callable[["Field"], Numbers]  # a formula of one class that gives one number

BLOCK = 1 << 18  # numbers of all channels that are looked at together: few enough for the cache


@dataclass(frozen=True)
class Sample:
    """One image, checked: nothing behind this asks again.

    The channels are classes that exclude each other, or independent problems (a single one for a binary problem).
    The truth is integer labels (spatial), the number of a channel each, or numbers (C, spatial).
    """

    given: Numbers  # (channels, spatial) probabilities or logits; or a hard mask: labels (spatial) like the truth's
    truth: Array  # int64 labels (spatial), −1 where ignored, or float64 (C, spatial), 0 where ignored
    channels: tuple[int, ...]  # those of `given` that are classes, in order; labels are positions in this
    exclusive: bool = True
    logits: bool = False  # `given` are logits: softmax for exclusive classes, sigmoid for independent problems
    raw: bool = False  # … or plain scores, which are also compared as numbers
    hard: bool = True  # the truth is 0 or 1 everywhere
    background: int | None = 0  # the position of class 0 among the channels; None: it is not one of them
    weights: Array | None = field(default=None, repr=False)  # (spatial) of each pixel
    kept: Array | None = field(default=None, repr=False)  # (spatial) the pixels not ignored, of a truth (C, spatial)
    known: dict[Any, Numbers] | None = field(default=None, repr=False)  # values of classes, for all that share a truth
    spacing: tuple[float, ...] | None = None  # the length of a pixel along each axis; None: 1

    @property
    def hard_pred(self) -> bool:
        """Whether the prediction is a hard mask, taken as one-hot."""
        return isinstance(self.given, np.ndarray) and self.given.dtype.kind in "iu"

    @property
    def soft_truth(self) -> bool:
        return self.truth.dtype.kind == "f"

    @property
    def number(self) -> int:
        """Classes in tables: two of a binary problem, else one for each channel."""
        return 2 if self.binary else len(self.channels)

    @property
    def binary(self) -> bool:
        return not self.exclusive and len(self.channels) == 1

    @property
    def multilabel(self) -> bool:
        """Whether there are several classes that do not exclude each other."""
        return not self.exclusive and not self.binary

    @property
    def shape(self) -> tuple[int, ...]:
        """The spatial shape."""
        return tuple(self.truth.shape[1:] if self.soft_truth else self.truth.shape)

    @cached_property
    def keep(self) -> Array | None:
        """(spatial) which pixels are not ignored; None: all."""
        if self.soft_truth:
            return self.kept
        if self.truth.min(initial=0) >= 0:
            return None
        return np.asarray(self.truth >= 0)

    @cached_property
    def total(self) -> int:
        """Pixels that are not ignored."""
        return int(np.prod(self.shape)) if self.keep is None else int(self.keep.sum())

    @cached_property
    def pairs(self) -> "Pairs":
        """Which classes meet in a hard mask of hard labels, ignored pixels left out."""
        kept = slice(None) if self.keep is None else self.keep.reshape(-1)
        pred, truth = self.given.reshape(-1)[kept], self._flat_truth[kept]
        number = max(self.number, int(pred.max(initial=0)) + 1) + 1  # a prediction may be no class: −1
        codes = truth * number + pred + 1
        pixels = np.bincount(codes, minlength=0)
        found = np.flatnonzero(pixels)
        place = np.zeros(len(pixels), np.int64)
        place[found] = np.arange(len(found))
        return Pairs(found % number - 1, found // number, pixels[found], place[codes])

    @property
    def whole(self) -> Pixels:
        """All pixels that are not ignored."""
        return self._pixels(slice(None))

    def blocks(self) -> Iterator[Pixels]:
        """The same pixels, a few at a time: of all arrays but NumPy's in one block."""
        if not isinstance(self.given, np.ndarray):
            yield self.whole
            return
        for part in self.parts():
            yield self._pixels(part)

    def parts(self) -> Iterator[slice]:
        """The ranges of pixels that are looked at together."""
        size = int(np.prod(self.shape))
        step = max(1024, BLOCK // max(1, len(self.channels)))
        for start in range(0, size, step):
            yield slice(start, min(start + step, size))

    def derived(self, function: Callable[[Pixels], Variable], part: slice) -> tuple[Any, Array]:
        """The derivative of a scalar function of some pixels by their predictions, (channels, n), and where they are.

        A hard mask is taken as one-hot.
        """
        place = self._place(part)
        given = self._predicted(part, place)[0] if self.hard_pred else self._given(part, place)
        if not given.size:
            return place, given
        return place, gradient(lambda x: function(self._pixels(part, x)), given)

    def _place(self, part: slice) -> Any:
        """Where the pixels of a range are that are not ignored; None: they are all."""
        if self.keep is None:
            return None if part == slice(None) else part
        (kept,) = np.nonzero(self.keep.reshape(-1)[part])
        return kept if part.start is None else kept + part.start

    def _pixels(self, part: slice, given: Numbers | None = None) -> Pixels:
        """Some pixels; `given`: their predictions, in place of the own ones."""
        place = self._place(part)
        p, log_p, x = self._predicted(part, place, given)
        labels = target = None
        if self.soft_truth:
            flat = self._flat_truth
            target = like(flat if place is None else flat[:, place], p)
        else:
            known = self._flat_truth if place is None else self._flat_truth[place]
            if self.exclusive:
                labels = like(known, p)
            else:
                target = like((known[None, :] == self._wanted[:, None]).astype(np.float64), p)
        return Pixels(p, labels, target, self.exclusive, self.hard, log_p, x, self.raw, place)

    def _predicted(
        self, part: slice, place: Any, given: Numbers | None = None
    ) -> tuple[Numbers, Numbers | None, Numbers | None]:
        """Probabilities, log-probabilities of exclusive classes and logits of independent problems, each (C, n)."""
        if self.hard_pred and given is None:
            labels = self.given.reshape(-1)
            labels = labels if place is None else labels[place]
            return (labels[None, :] == self._wanted[:, None]).astype(np.float64), None, None
        given = self._given(part, place) if given is None else given
        if not self.logits:
            return self._chosen(given), None, None
        if not self.exclusive:
            x = self._chosen(given)
            return sigmoid(x), None, x
        log_p = self._chosen(log_softmax(given))
        return namespace(log_p).exp(log_p), log_p, None

    def _given(self, part: slice, place: Any) -> Numbers:
        """The prediction of some pixels, (channels, n), in double precision where it is NumPy's."""
        flat = self._flat
        if not isinstance(flat, np.ndarray):
            xp = namespace(flat)
            return flat if place is None else xp.take(flat, like(place, flat), axis=1)
        if isinstance(place, np.ndarray):
            return np.take(flat, place, axis=1).astype(np.float64, copy=False)
        return flat[:, part].astype(np.float64)

    @cached_property
    def _flat(self) -> Numbers:
        """(channels, n): made once, since it copies what is not contiguous."""
        return namespace(self.given).reshape(self.given, (self.given.shape[0], -1))

    @cached_property
    def _flat_truth(self) -> Array:
        return self.truth.reshape((len(self.truth), -1) if self.soft_truth else -1)

    @property
    def one_hot(self) -> Array:
        """(C, spatial) a hard mask as probabilities."""
        wanted = self._wanted.reshape(-1, *(1,) * len(self.shape))
        return np.asarray(self.given[None, ...] == wanted).astype(np.float64)

    def truth_of(self, k: int) -> Numbers:
        """(spatial) the truth of one class everywhere; 0 where ignored."""
        if not self.soft_truth:
            return np.asarray(self.truth == k).astype(np.float64)
        if self.binary:
            return np.asarray(1 - self.truth[0] if k == 0 else self.truth[0])
        return np.asarray(self.truth[k])

    def counted(self, pixels: Pixels) -> SoftCounts:
        """The soft counts of some of the pixels."""
        return SoftCounts.of(pixels)

    def weighed(self, weights: Array) -> "Sample":
        """The same with a weight of each pixel."""
        return replace(self, weights=weights)

    def spaced(self, spacing: tuple[float, ...] | None) -> "Sample":
        """The same with pixels of another size."""
        return replace(self, spacing=spacing)

    @cached_property
    def given_rows(self) -> Any:
        """`given` of each channel, (spatial)."""
        return rows(self.given)

    @cached_property
    def probability_rows(self) -> Any:
        """The probabilities of each channel, (spatial)."""
        return rows(self.probabilities)

    @property
    def _wanted(self) -> Array:
        """The label that each channel stands for."""
        return np.array([1]) if self.binary else np.arange(len(self.channels))

    def _chosen(self, rows: Numbers) -> Numbers:
        """The channels that are classes."""
        if self.channels == tuple(range(rows.shape[0])):
            return rows
        return namespace(rows).take(rows, like(np.array(self.channels), rows), axis=0)

    @cached_property
    def probabilities(self) -> Numbers:
        """(channels, spatial) of what is no hard mask."""
        if not self.logits:
            return self.given
        if not self.exclusive:
            return sigmoid(self.given)
        xp = namespace(self.given)
        return xp.reshape(xp.exp(log_softmax(self._flat)), self.given.shape)

    @cached_property
    def true_labels(self) -> Array:
        """(spatial) the true class of each pixel, −1 where ignored; the most probable one of a soft truth."""
        if not self.soft_truth:
            return self.truth
        labels = np.asarray(self.truth[0] > 0.5, np.int64) if self.binary else np.asarray(self.truth.argmax(axis=0))
        return labels if self.keep is None else np.where(self.keep, labels, -1)

    @cached_property
    def predicted_labels(self) -> Array:
        """(spatial) the predicted class of each pixel: above one half, or the most probable."""
        if self.hard_pred:
            return np.asarray(self.given)
        rows = plain(self.given)[list(self.channels)]
        if self.binary:
            return np.asarray(rows[0] > (0 if self.logits else 0.5)).astype(np.int64)
        return np.asarray(rows.argmax(axis=0))


@dataclass(frozen=True)
class Pairs:
    """Predicted and true classes that meet, each pair once; −1 is predicted where it is no class."""

    pred: Array  # int64 (pairs,)
    truth: Array
    pixels: Array  # how many there are of each
    place: Array  # (n,) the pair of each pixel that is not ignored


def local(margin: int | Callable[..., int], derived: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say of a formula of a class with places that it needs to look only where that class is.

    Farther than `margin` pixels (or what that gives for the parameters) from where p and t are not 0, every term is 0,
    and if `derived` every derivative too.
    """

    def said(formula: Callable[..., Any]) -> Callable[..., Any]:
        LOCAL[formula] = (margin, derived)
        return formula

    return said


LOCAL: dict[Callable[..., Any], tuple[int | Callable[..., int], bool]] = {}


@dataclass(frozen=True)
class Field:
    """One class of one image with its shape: prediction p, truth t, and their masks.

    Ignored pixels count as background in everything spatial, and are left out of means.
    """

    seen: Numbers  # (spatial) p, also where ignored
    t: Numbers  # (spatial)
    logits: Numbers | None  # (spatial) of independent problems
    keep: Array | None
    whole: "Field | None" = field(default=None, repr=False)  # what this is a part of
    spacing: tuple[float, ...] | None = None  # the length of a pixel along each axis; None: 1
    count: Array | None = None  # how many pixels each stands for; None: one

    @classmethod
    def of(cls, sample: Sample, k: int) -> Self:
        p, x = _channel(sample, k)
        return cls(p, like(sample.truth_of(k), p), x, sample.keep, spacing=sample.spacing)

    def value(self, formula: Scalar, margin: int | None) -> Numbers:
        """A formula of this class that gives one number; margin: as `local` says, None where it looks everywhere."""
        return formula(self if margin is None else self.part(self.box(margin)))

    def slope(self, formula: Scalar, margin: int | None) -> tuple[tuple[slice, ...], Array]:
        """The derivative of a formula by the probability of this class, or by its score where it has one; and where.

        It is 0 elsewhere. Of NumPy's arrays.
        """
        box = self.box(margin)
        part = self.part(box)
        if part.logits is None:
            return box, gradient(lambda p: formula(replace(part, seen=p)), part.seen)
        return box, gradient(lambda x: formula(replace(part, seen=sigmoid(x), logits=x)), part.logits)

    def box(self, margin: int | None) -> tuple[slice, ...]:
        """Where p or t is not 0, and `margin` pixels more on every side; everywhere of other arrays than NumPy's."""
        if margin is not None and self.logits is None and isinstance(self.seen, np.ndarray):
            box = around((self.p != 0) | (self.t != 0), margin)
            if box is not None:
                return box
        return tuple(slice(0, size) for size in self.shape)

    def part(self, box: tuple[slice, ...]) -> "Field":
        """A part of it, that sums are taken over and that means are not of."""
        t = self.t[box]
        if t.shape == self.t.shape:
            return self
        keep, count = (None if each is None else each[box] for each in (self.keep, self.count))
        return Field(self.seen[box], t, None, keep, self, self.spacing, count)

    @cached_property
    def p(self) -> Numbers:
        """(spatial)"""
        if self.keep is None:
            return self.seen
        return namespace(self.seen).where(like(self.keep, self.seen), self.seen, 0.0)

    @cached_property
    def digest(self) -> bytes:
        """What tells a hard mask of this class from others."""
        return hashlib.sha256(np.packbits(self.seen != 0).tobytes()).digest()

    @cached_property
    def truth(self) -> Array:
        """(spatial) bool: t > 1/2"""
        return plain(self.t) > 0.5

    @cached_property
    def pred(self) -> Array:
        """(spatial) bool: p > 1/2"""
        return plain(self.p) > 0.5

    @cached_property
    def x(self) -> Numbers:
        """(spatial) scores"""
        if self.logits is not None:
            return self.logits
        p = clipped(self.seen)
        return namespace(p).log(p / (1 - p))

    @cached_property
    def surprisal(self) -> Numbers:
        """(spatial) −ln of the probability of what is true, of this class against all else"""
        if self.logits is not None:
            return self.t * softplus(-self.logits) + (1 - self.t) * softplus(self.logits)
        p = clipped(self.seen)
        xp = namespace(p)
        return -(self.t * xp.log(p) + (1 - self.t) * xp.log(1 - p))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.t.shape)

    def kept(self, values: Numbers) -> Numbers:
        """(n,) the values of the pixels that are not ignored."""
        xp = namespace(values)
        flat = xp.reshape(values, (-1,))
        if self.keep is None:
            return flat
        return xp.take(flat, like(np.flatnonzero(self.keep), flat), axis=0)

    @property
    def total(self) -> int:
        """The pixels that are not ignored, of the whole where this is a part."""
        whole = self.whole or self
        return int(np.prod(whole.shape)) if whole.keep is None else int(whole.keep.sum())

    def mean(self, values: Numbers) -> Numbers:
        """The mean over the pixels that are not ignored; of a part, whose values are 0 elsewhere, over the whole."""
        kept = self.kept(values)
        return namespace(kept).sum(kept) / self.total


class Unplaced(Field):
    """One class whose pixels may stand anywhere: a formula of all their values."""


@dataclass(frozen=True)
class Bag(Sums):
    """The values of each class at the pixels of an image, or of several together, wherever these stand."""

    of_pred = ("given",)

    given: Numbers  # (classes, n) probabilities, or logits of independent problems
    truth: Numbers  # (classes, n)
    count: Array  # (n,) how many pixels each stands for
    logits: bool

    @classmethod
    def of(cls, sample: Sample) -> "Bag":
        """Of a hard mask just what is different, and how often it is there."""
        if sample.hard_pred and not sample.soft_truth:
            ids, pairs = np.arange(sample.number)[:, None], sample.pairs
            given, truth = ((each == ids).astype(np.float64) for each in (pairs.pred, pairs.truth))
            return cls(given, truth, pairs.pixels.astype(np.float64), False)
        fields = [Field.of(sample, k) for k in range(sample.number)]
        logits = fields[0].logits is not None
        xp = namespace(fields[0].seen)
        given = xp.stack([each.kept(each.logits if logits else each.seen) for each in fields])
        truth = xp.stack([each.kept(each.t) for each in fields])
        return cls(given, truth, np.ones(truth.shape[1]), logits)

    def __add__(self, other: "Bag") -> "Bag":
        both = [(self.given, other.given), (self.truth, other.truth)]
        given, truth = (namespace(pair[0]).concat(pair, axis=-1) for pair in both)
        return Bag(given, truth, np.concatenate([self.count, other.count]), self.logits)

    def field(self, k: int) -> Unplaced:
        """One class."""
        given, truth = self.given[k, :], self.truth[k, :]
        p, x = (sigmoid(given), given) if self.logits else (given, None)
        return Unplaced(p, truth, x, None, count=None if (self.count == 1).all() else self.count)


@dataclass(frozen=True)
class Picture:
    """All pixels of one problem of an image, with their places."""

    outcomes: Outcomes
    truth: Array  # (spatial) the true class of each pixel, −1 where ignored
    pred: Array  # (spatial) the predicted one
    spacing: tuple[float, ...] | None = None  # the length of a pixel along each axis; None: 1

    @classmethod
    def of(cls, sample: Sample) -> list["Picture"]:
        """One for classes that exclude each other; one for each channel otherwise."""
        problems = sample.whole.problems
        if not sample.multilabel:
            labels = sample.true_labels, sample.predicted_labels
            return [cls(problem, *labels, sample.spacing) for problem in problems]
        fields = [Field.of(sample, k) for k in range(len(problems))]
        ignored = np.zeros(sample.shape, bool) if sample.keep is None else ~sample.keep
        return [
            cls(problem, np.where(ignored, -1, each.truth), each.pred.astype(np.int64), sample.spacing)
            for problem, each in zip(problems, fields, strict=True)
        ]


def _channel(sample: Sample, k: int) -> tuple[Numbers, Numbers | None]:
    """Probability and, of independent problems from logits, score of one class everywhere."""
    if sample.hard_pred:
        return (sample.given == k).astype(np.float64), None
    row = sample.channels[0 if sample.binary else k]
    opposite = sample.binary and k == 0
    if sample.logits and not sample.exclusive:
        x = _double(sample.given_rows[row])
        x = -x if opposite else x
        return sigmoid(x), x
    p = _double(sample.probability_rows[row])
    return (1 - p if opposite else p), None


def _double(row: Numbers) -> Numbers:
    return row.astype(np.float64, copy=False) if isinstance(row, np.ndarray) else row


def log_softmax(x: Numbers) -> Numbers:
    """x_c − ln Σ_j e^(x_j) over the first axis, without overflow."""
    xp = namespace(x)
    shifted = x - hold(xp.max(x, axis=0))[None, ...]
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=0))[None, ...]

"""The evidence of hard masks for losses, from their pixel counts alone.

A pixel of a hard mask is one of a few cases: its class was found, another was predicted, or none. So a formula is
evaluated once for each case, and every sum over pixels is a sum over cases of how many pixels there are of each. Many
images are looked at side by side: every sum has an axis of images first, and none depends on the other images.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from segeval.arrays.functions import LOW, Array
from segeval.evidence.confusion import Confusion, PixelCounts, matrices, placed
from segeval.evidence.multilabel import ChannelCounts, PixelEvidence
from segeval.evidence.pixels import Distributions, Outcomes, Pixels, Values
from segeval.evidence.sample import Sample
from segeval.evidence.soft import ClassSums, PixelSums, SoftConfusion, SoftCounts, Sums, SurprisalTable
from segeval.losses.engine.evidence import PLACES, Leaf, Made, Measured, Plan, wants_classes

CASES = 3  # of a pixel: its class was predicted, another, or no class
_P = np.array([1 - LOW, LOW, LOW])  # what the prediction then gives to its class
_SURPRISAL = -np.log(_P)
_OF_YES = _P[[[1, 0, 0], [0, 1, 1]]]  # what a channel gives to yes, where no or yes is true


def tells(leaf: Leaf) -> bool:
    """Whether the counts of hard masks tell all that a formula sees: it has no places, and no weight of each pixel."""
    return not issubclass(leaf.needs, PLACES) and "weights" not in leaf.params


def untold(leaf: Leaf) -> bool:
    """The opposite."""
    return not tells(leaf)


def one_problem(image: PixelEvidence, binary: bool) -> bool:
    """Whether an image is one problem, of classes that exclude each other, and not one of each channel."""
    return not (binary or isinstance(image, ChannelCounts))


def measured(plan: Plan, every: Sequence[PixelEvidence], ids: Sequence[int], binary: bool) -> Measured:
    """The evidence of images (at least one) for the formulas that their counts tell.

    ids: all classes.  binary: they are background and foreground, and a prediction is of the second alone.
    """
    exclusive = one_problem(every[0], binary)
    if exclusive:
        found = placed(every, ids)
        counts = _floats(found.counts)
        cases = _cases_of_classes(counts, found.none)
    else:
        counts = _floats(type(every[0]).columns(every, ids).classes.values())
        counts = PixelCounts(*(each[:, 1:] for each in counts)) if binary else counts
        cases = _cases_of_channels(counts)
    seen = Seen(counts, cases, exclusive)
    background = ids.index(0) if exclusive and 0 in ids else None
    leaves = {key: leaf.placed(background if exclusive else 0) for key, leaf in plan.leaves.items() if tells(leaf)}
    eaten = {leaf.needs for leaf in leaves.values()}
    confused = functools.partial(_confusion, counts, every, ids, binary)
    confusion, unfit = None, {}
    if SoftConfusion in eaten:
        if exclusive or binary:
            confusion = confused()
        else:
            hard = {key: leaf for key, leaf in leaves.items() if leaf.needs is SoftConfusion}
            unfit = {key: wants_classes(leaf.formula.__name__) for key, leaf in hard.items()}
    return Measured(
        len(ids),
        binary,
        exclusive,
        background,
        seen.soft,
        confusion,
        {key: SUMMED[leaf.needs](leaf, seen) for key, leaf in leaves.items() if leaf.needs in SUMMED},
        {made.key: seen.classes(made, confused) for made in plan.made(ClassSums)},
        unfit=unfit,
    )


def of_sample(plan: Plan, image: Sample) -> Measured:
    """The evidence of a hard mask of hard labels: what its counts tell, and what has to see its pixels.

    The numbers of `plan.measure(image)`, but for rounding.
    """
    plan.check(image)
    # class 0 is treated apart: where it is none of the classes, no id is 0
    ids = (0, 1) if image.binary else tuple(0 if k == image.background else k + 1 for k in range(image.number))
    names, pairs = np.array([*ids, -1]), image.pairs
    cells = names[pairs.truth], names[np.minimum(pairs.pred, len(ids))], pairs.pixels
    with np.errstate(all="ignore"):  # an image of which all is ignored has no shares
        told = row(measured(plan, [Confusion.from_cells(cells, ids)], ids, image.binary), 0)
    with np.errstate(under="ignore"):
        return told.beside(Plan(plan.asked, untold, plan.together).apart(image, told.soft))


def row(found: Measured, n: int) -> Measured:
    """What the counts of one of several images tell."""
    return replace(
        found,
        soft=_row(found.soft, n),
        confusion=found.confusion and _row(found.confusion, n),
        sums={key: _row(sums, n) for key, sums in found.sums.items()},
        classes={key: _row(sums, n) for key, sums in found.classes.items()},
    )


S = TypeVar("S", bound=Sums)


def _row(sums: S, n: int) -> S:
    return type(sums)(*(each[n] for each in sums.fields))


def _floats(counts: Iterable[Array]) -> PixelCounts:
    return PixelCounts(*(each.astype(np.float64) for each in counts))


def _cases_of_classes(counts: PixelCounts, none: Array) -> Array:
    return np.stack([counts.tp, counts.fn - none, none], axis=-1)[:, None]


def _cases_of_channels(counts: PixelCounts) -> Array:
    no, yes = (
        [right, wrong, np.zeros_like(right)] for right, wrong in ((counts.tn, counts.fp), (counts.tp, counts.fn))
    )
    return np.stack([np.stack(no, axis=-1), np.stack(yes, axis=-1)], axis=-2)


def _confusion(counts: PixelCounts, every: Sequence[Any], ids: Sequence[int], binary: bool) -> SoftConfusion:
    if binary:
        rows = [np.concatenate([counts.tn, counts.fp], axis=-1), np.concatenate([counts.fn, counts.tp], axis=-1)]
        mass = np.stack(rows, axis=-2)
        return SoftConfusion(mass, mass.sum(axis=-1))
    found = matrices(every, ids).astype(np.float64)
    return SoftConfusion(found[..., :-1], found.sum(axis=-1))


@dataclass(frozen=True)
class Seen:
    """The pixels of N images in B problems of K outcomes: one of classes that exclude each other, or one a channel."""

    counts: PixelCounts  # (N, channels)
    cases: Array  # (N, B, K, CASES)
    exclusive: bool

    @cached_property
    def mass(self) -> Array:
        """(N, B, K) the pixels of each outcome."""
        return np.asarray(self.cases.sum(axis=-1))

    @cached_property
    def n(self) -> Array:
        """(N, 1) the pixels of each image."""
        return np.asarray(self.mass[:, 0].sum(axis=-1, keepdims=True))

    @property
    def soft(self) -> SoftCounts:
        tp, fp, fn, _ = self.counts
        p, t = tp + fp, tp + fn
        return SoftCounts(p, t, tp, p, t, tp, fn, np.broadcast_to(self.n, tp.shape))

    def classes(self, made: Made, confused: Callable[[], SoftConfusion]) -> ClassSums:
        if made.kind is SurprisalTable:
            found = self._table_of_classes(confused()) if self.exclusive else self._table_of_channels()
        else:
            found = self._summed(_SURPRISAL ** made.params.get("exponent", 1))
        return made.kind(found, self.mass, self.n[..., None])  # type: ignore[no-any-return]

    def _table_of_classes(self, confusion: SoftConfusion) -> Array:
        """(N, 1, K, K): a pixel predicted as an outcome, and one that is not, each of a true one."""
        yes, no, _ = _SURPRISAL
        given = np.swapaxes(confusion.mass, -1, -2)
        return np.asarray(yes * given + no * (confusion.pixels[..., None, :] - given))[:, None]

    def _table_of_channels(self) -> Array:
        """(N, B, 2, 2)"""
        return np.stack([self._summed(-np.log(1 - _OF_YES)), self._summed(-np.log(_OF_YES))], axis=-2)

    def sums(self, values: Array) -> PixelSums:
        """Of what each case costs, (…, CASES)."""
        each = self._summed(values)
        if each.shape[1] == 1:
            by, per = each[:, 0], self.mass[:, 0]
        else:
            by = each.sum(axis=-1)
            per = np.broadcast_to(self.n, by.shape)
        return PixelSums(by.sum(axis=-1), per.sum(axis=-1), by, per)

    def sums_of_channels(self, values: Array) -> PixelSums:
        """Of what a channel costs where it is tp, fp, fn and tn."""
        by = sum(value * each for value, each in zip(values, self.counts, strict=True))
        per = np.broadcast_to(self.n, by.shape)
        total, weight = by.sum(axis=-1), per.sum(axis=-1)
        if by.shape[-1] == 1 and not self.exclusive:  # the background has no channel of its own
            by, per = (np.concatenate([0 * each, each], axis=-1) for each in (by, per))
        return PixelSums(total, weight, by, per)

    def _summed(self, values: Array) -> Array:
        """(N, B, K) the sum over the cases of each outcome."""
        return np.asarray((self.cases * values).sum(axis=-1))


class Cases(Outcomes):
    """Each outcome in each case, (K, CASES), as a formula sees pixels."""

    def __init__(self, seen: Seen) -> None:
        number = seen.mass.shape[-1]
        labels = np.repeat(np.arange(number)[:, None], CASES, axis=1)
        p, surprisal = np.broadcast_to(_P, labels.shape), np.broadcast_to(_SURPRISAL, labels.shape)
        rows = number if seen.exclusive else seen.mass.shape[1]
        channels = Pixels(np.empty((rows, 0)), None, None, seen.exclusive, hard=True)
        super().__init__(p, surprisal, labels, None, channels, 0)

    def each(self, of_outcome: Any) -> Array:
        return np.asarray(np.asarray(of_outcome, np.float64)[..., self.labels])

    def own(self, value: Any) -> Any:
        """Of independent channels (B, 1, 1)."""
        return np.array(value)[:, None, None] if self.independent and isinstance(value, tuple) else super().own(value)

    @property
    def mean_surprisal(self) -> Array:
        if not self.pixels.exclusive:
            return np.asarray(-(np.log(_OF_YES) + np.log(1 - _OF_YES)) / 2)
        yes, no, _ = _SURPRISAL
        others = (self.number - 1) * no
        return np.array([others + yes, others + yes, others + no]) / self.number


def _of_outcomes(leaf: Leaf, seen: Seen) -> PixelSums:
    return seen.sums(np.asarray(leaf(Cases(seen))))


def _of_values(leaf: Leaf, seen: Seen) -> PixelSums:
    p, t = np.array([[1.0, 1, 0, 0]]), np.array([[1.0, 0, 1, 0]])
    return seen.sums_of_channels(leaf(Values(Pixels(p, None, t, exclusive=False, hard=True)))[0])


def _of_distributions(leaf: Leaf, seen: Seen) -> PixelSums:
    """Three outcomes stand for all: what is true, what was predicted instead, and any other, which has p = t = 0."""
    p, t = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 0]]), np.array([[1.0, 1, 1], [0, 0, 0], [0, 0, 0]])
    return seen.sums(np.asarray(leaf(Distributions(p, t, Cases(seen))).sum(axis=0)))


SUMMED: dict[type, Callable[[Leaf, Seen], PixelSums]] = {
    Outcomes: _of_outcomes,
    Values: _of_values,
    Distributions: _of_distributions,
}

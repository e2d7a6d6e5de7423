"""The objects of a pair of masks: how many pixels each true one shares with each predicted one, and matches."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from segeval.evidence.confusion import positions
from segeval.evidence.run_length import Array, cells_of, summed

VOID = -1  # in place of a true object: nothing is known there
_TABLE = 1 << 24  # ids up to which a table of all ids is cheaper than sorting


class Threshold(NamedTuple):
    """An IoU as a fraction: 0.6 in floating point is not what 3/5 is compared with."""

    part: int
    whole: int
    strict: bool = False  # the IoU must be above it

    def reached(self, both: Array, union: Array) -> Array:
        """Where both / union is at least that, or above it."""
        given, wanted = both * self.whole, union * self.part
        return given > wanted if self.strict else given >= wanted


HALF = Threshold(1, 2, strict=True)


class Pairs(NamedTuple):
    """True and predicted objects that may be matched, the pixels of both and of either: arrays of one length."""

    truth: Array
    pred: Array
    both: Array
    union: Array

    @property
    def iou(self) -> Array:
        return self.both / self.union

    def at(self, places: Array) -> "Pairs":
        """Some of them."""
        return Pairs(*(column[places] for column in self))


@dataclass(frozen=True, eq=False)
class Objects:
    """How many pixels (int64) each true object 1 … K shares with each predicted object 1 … L; sparse.

    truth, pred, pixels: the cells. Object 0 is none, true object `VOID` is where nothing is known.
    truth_kinds, pred_kinds: the class of each object, by its number (that of 0 means nothing).
    crowd: true objects that stand for many: they are neither matched nor missed.
    across: objects of different classes may be matched.  keep_void: void pixels count in the union of two objects.
    """

    truth: Array
    pred: Array
    pixels: Array
    truth_kinds: Array
    pred_kinds: Array
    crowd: Array
    across: bool = False
    keep_void: bool = False

    @cached_property
    def truth_area(self) -> Array:
        """The pixels of each true object, by its number; 0 for that of no object."""
        there = self.truth > 0
        return self._sum(self.truth[there], self.pixels[there], len(self.truth_kinds))

    @cached_property
    def _whole(self) -> Array:
        """The pixels of each predicted object, void ones too."""
        there = self.pred > 0
        return self._sum(self.pred[there], self.pixels[there], len(self.pred_kinds))

    @cached_property
    def _in_void(self) -> Array:
        there = (self.pred > 0) & (self.truth == VOID)
        return self._sum(self.pred[there], self.pixels[there], len(self.pred_kinds))

    @staticmethod
    def _sum(objects: Array, pixels: Array, number: int) -> Array:
        found = np.zeros(number, np.int64)
        np.add.at(found, objects, pixels)
        return found

    @cached_property
    def pred_area(self) -> Array:
        """The pixels of each predicted object as they count in unions."""
        return self._whole if self.keep_void else self._whole - self._in_void

    @cached_property
    def truths(self) -> Array:
        """The numbers of the true objects that can be found."""
        return np.flatnonzero((self.truth_area > 0) & ~self.crowd)

    @cached_property
    def preds(self) -> Array:
        """The numbers of the predicted objects."""
        return np.flatnonzero(self._whole > 0)

    @cached_property
    def forgiven(self) -> Array:
        """Of each predicted object whether more than half of it lies in void and in crowds of its class."""
        there = (self.pred > 0) & (self.truth > 0)
        truth, pred, pixels = self.truth[there], self.pred[there], self.pixels[there]
        crowds = self.crowd[truth] & (self.truth_kinds[truth] == self.pred_kinds[pred])
        beside = self._in_void + self._sum(pred[crowds], pixels[crowds], len(self.pred_kinds))
        found: Array = 2 * beside > self._whole
        return found

    def without_pred(self) -> "Objects":
        """The same true objects, and no predicted ones."""
        truth, pixels = summed(self.truth, self.pixels)
        kinds = self.pred_kinds[:1]
        return replace(self, truth=truth, pred=np.zeros_like(truth), pixels=pixels, pred_kinds=kinds)

    @cached_property
    def pairs(self) -> Pairs:
        """The objects that overlap and may be matched, in the order of their numbers."""
        there = (self.truth > 0) & (self.pred > 0)
        truth, pred, both = self.truth[there], self.pred[there], self.pixels[there]
        may = ~self.crowd[truth]
        if not self.across:
            may &= self.truth_kinds[truth] == self.pred_kinds[pred]
        truth, pred, both = truth[may], pred[may], both[may]
        return Pairs(truth, pred, both, self.truth_area[truth] + self.pred_area[pred] - both)

    def matched(self, threshold: Threshold, matching: str) -> Pairs:
        """One to one the objects whose IoU reaches a threshold.

        `optimal`: as many as can be, and among those the largest sum of IoU.  `greedy`: the largest IoU first.
        """
        near = self.pairs.at(threshold.reached(self.pairs.both, self.pairs.union))
        if 2 * threshold.part >= threshold.whole + (not threshold.strict):
            return near  # above one half no object has two partners
        return near.at(_greedy(near) if matching == "greedy" else _optimal(near, 1.0))

    @cached_property
    def overlapping(self) -> Pairs:
        """One to one the objects with the largest sum of IoU."""
        return self.pairs.at(_optimal(self.pairs, 0.0))

    @cached_property
    def nearest(self) -> Pairs:
        """For each true object that anything overlaps the predicted one of largest IoU; the first of several."""
        pairs = self.pairs
        order = np.lexsort((pairs.pred, -pairs.iou, pairs.truth))
        first = np.append(True, np.diff(pairs.truth[order]) != 0)[: order.size]
        return pairs.at(np.sort(order[first]))


def objects_of_cells(
    cells: tuple[Array, Array, Array], background: int | None, ignore: Collection[int], kind: int, **how: Any
) -> Objects:
    """The objects of masks whose ids are objects, all of one class, from (true ids, predicted ids, pixels)."""
    truth, pred, pixels = cells
    true_ids = [background, *ignore] if background is not None else ignore
    numbers, known = _numbered(truth, true_ids)
    numbers[np.isin(truth, list(ignore))] = VOID
    others, other = _numbered(pred, [] if background is None else [background])
    kinds = np.full(len(known) + 1, kind), np.full(len(other) + 1, kind)
    return Objects(*_cells(numbers, others, pixels), *kinds, np.zeros(len(known) + 1, bool), **how)


def _numbered(ids: Array, none: Collection[int]) -> tuple[Array, Array]:
    """The objects of some ids counted from 1, 0 for ids that are none; and the ids of the objects."""
    known = np.setdiff1d(ids, list(none))
    place = positions(ids, known)
    return np.where(place < len(known), place + 1, 0), known


def _cells(truth: Array, pred: Array, pixels: Array) -> tuple[Array, Array, Array]:
    """The same cells, sorted, each pair of objects once."""
    keys, sums = summed((truth.astype(np.int64) << 32) + pred, pixels)
    return keys >> 32, keys & 0xFFFFFFFF, sums


def objects_of_parts(
    pred: Array, truth: Array, background: int | None, ignore: Collection[int], connectivity: str, **how: Any
) -> Objects:
    """The objects of masks whose ids are classes: every connected part of a class is one."""
    none = [] if background is None else [background]
    true, true_kinds = _parts(truth, [*none, *ignore], connectivity)
    if ignore:
        true = np.where(np.isin(truth, list(ignore)), np.int32(VOID), true)
    predicted, kinds = _parts(pred, none, connectivity)
    return objects_of_maps(predicted, true, kinds, true_kinds, np.zeros(len(true_kinds), bool), **how)


def objects_of_maps(
    pred: Array, truth: Array, pred_kinds: Array, truth_kinds: Array, crowd: Array, **how: Any
) -> Objects:
    """The objects of two arrays of their numbers."""
    true, predicted, pixels = (column.astype(np.int64) for column in cells_of(pred, truth))
    return Objects(true, predicted, pixels, truth_kinds, pred_kinds, crowd, **how)


def _parts(labels: Array, none: Collection[int], connectivity: str) -> tuple[Array, Array]:
    """The connected parts of the classes in a mask, counted from 1; and the class of each, that of 0 first."""
    from segeval.distance.objects import parts  # with SciPy, which few runs need

    low, high = int(labels.min()), int(labels.max())
    if high - low < max(_TABLE, labels.size):
        table = np.zeros(high - low + 1, np.int32)
        table[labels - low if low else labels] = 1
        ids = np.flatnonzero(table) + low
        ids = ids[~np.isin(ids, list(none))]
        table[:] = 0
        table[ids - low] = np.arange(1, len(ids) + 1)
        numbers = table[labels - low if low else labels]
    else:
        places, ids = _numbered(labels, none)
        numbers = places.astype(np.int32)
    found, owners = parts(numbers, connectivity)
    return found, np.append([0], ids)[owners]


def _greedy(pairs: Pairs) -> Array:
    """The positions of the pairs that stay when the largest IoU goes first; the first object first of equal ones."""
    order = np.lexsort((pairs.pred, pairs.truth, -pairs.iou))
    taken: set[tuple[str, int]] = set()
    kept = []
    for n, truth, pred in zip(order.tolist(), pairs.truth[order].tolist(), pairs.pred[order].tolist(), strict=True):
        sides = {("truth", truth), ("pred", pred)}
        if not sides & taken:
            taken |= sides
            kept.append(n)
    return np.sort(np.array(kept, np.int64))


def _optimal(pairs: Pairs, each: float) -> Array:
    """The positions of one-to-one pairs with the largest Σ (each + IoU), where `each` outweighs all IoU if not 0."""
    alone = (_times(pairs.truth) == 1) & (_times(pairs.pred) == 1)
    others = np.flatnonzero(~alone)
    if not others.size:
        return np.flatnonzero(alone)
    from scipy.sparse import csgraph, csr_array

    near = pairs.at(others)
    truth, pred = (np.unique(column, return_inverse=True)[1] for column in (near.truth, near.pred))
    rows, columns = int(truth.max()) + 1, int(pred.max()) + 1
    gain = each + near.iou / (2 * rows if each else 1)
    top = each + 1  # costs must be above 0; a true object may also stay with a column of its own
    costs = np.append(top + 1 - gain, np.full(rows, top + 1))
    places = np.append(truth, np.arange(rows)), np.append(pred, columns + np.arange(rows))
    matrix = csr_array((costs, places), shape=(rows, columns + rows))
    row, column = csgraph.min_weight_full_bipartite_matching(matrix)
    key, chosen = truth * (columns + rows) + pred, row * (columns + rows) + column
    found: Array = np.sort(np.append(np.flatnonzero(alone), others[np.isin(key, chosen)]))
    return found


def _times(objects: Array) -> Array:
    """How often each object is there, for each place."""
    found: Array = np.bincount(objects)[objects]
    return found


def agreement(objects: Objects) -> dict[str, float]:
    """Sums for scores of two partitions of the pixels that are not void: over pairs of pixels, and in bits.

    Pairs are of pixels that have a true object; information is that of all pixels, those of no object too.
    """
    known = objects.truth != VOID
    truth, pred, pixels = objects.truth[known], objects.pred[known], objects.pixels[known]
    inside = truth > 0
    parts = {
        "pairs_both": pixels[inside],
        "pairs_truth": summed(truth[inside], pixels[inside])[1],
        "pairs_pred": summed(pred[inside], pixels[inside])[1],
    }
    pairs = {name: float(sum(n * (n - 1) for n in counts.tolist())) for name, counts in parts.items()}
    both = math.fsum((pixels * np.log2(pixels)).tolist())
    bits = {}
    for name, side in (("split_bits", truth), ("merge_bits", pred)):
        area = objects._sum(side, pixels, int(side.max(initial=0)) + 1)
        bits[name] = math.fsum((pixels * np.log2(area[side])).tolist()) - both
    return {**pairs, **bits, "known_pixels": float(pixels.sum())}

"""How often a prediction is right where it is as sure as it says: counts in bins of probability, which add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from segeval.evidence.binned import ALONE, Binned, sums
from segeval.evidence.kinds import EVIDENCE, Columns
from segeval.evidence.run_length import Array
from segeval.evidence.scores import Scores

BINS = 15  # of one width; each is closed above, the first below too
_OF_CLASSES = {"n": BINS, "y": BINS, "p": BINS, "squares": ALONE, "surprise": ALONE, "asked": ALONE}
_OF_IMAGE = {"top_n": BINS, "top_y": BINS, "top_p": BINS, "all_squares": ALONE, "all_surprise": ALONE, "pixels": ALONE}


@EVIDENCE.add(columns=sums(_OF_CLASSES), totals=sums(_OF_IMAGE), needs=("scores",))
@dataclass(frozen=True, eq=False)
class Calibration(Binned):
    """The probabilities of each class beside what is true, in 15 bins (…, C, 15); and those of the likeliest class.

    n: int64, the pixels with a probability in a bin.  y: int64, those that are of the class.  p: the sum of their
    probabilities.  squares: Σ (p − y)², y 0 or 1.  surprise: Σ −ln p of the pixels of the class (of classes that do not
    exclude each other also Σ −ln(1 − p) of the others).  asked: how many pixels that is of.
    top_n, top_y, top_p: (…, 15), the same of the largest probability of each pixel, the first of equal ones; 0 where
    classes do not exclude each other.  all_squares, all_surprise: the sums over all channels, also of no class.
    pixels: those that are not ignored.
    """

    kind: ClassVar[str] = "calibration"
    of_classes: ClassVar[Mapping[str, int]] = _OF_CLASSES
    of_image: ClassVar[Mapping[str, int]] = _OF_IMAGE

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
                squares[k] += np.square(wide, out=wide).sum()  # BLAS would sum in an order of its own
            if scores.exclusive:
                surprise += np.bincount(block.truth, block.surprise, size)
                asked += np.bincount(block.truth, minlength=size)
                largest, likeliest = _largest(block.p)
                _add([each[None] for each in top], 0, largest, likeliest == block.truth, edges)
            else:
                surprise += block.surprise.sum(axis=1)
                asked += block.p.shape[1]
        whole = (float(squares.sum()), float(surprise.sum()), pixels)
        return cls.made(scores.ids, [*found, squares, surprise, asked, *top, *whole])


def of_all(columns: Columns) -> tuple[Array, Array, Array]:
    """(…, 15) each: the bins of the likeliest classes, by the columns of images."""
    n, y, p = Calibration.gathered(columns.images, dict.fromkeys(("top_n", "top_y", "top_p"), BINS)).values()
    return n, y, p


def _largest(p: Array) -> tuple[Array, Array]:
    """The largest of each column and the first place that has it: a running maximum, which walks along memory."""
    largest, place = p[0].copy(), np.zeros(p.shape[1], np.intp)
    for k, own in enumerate(p[1:], 1):
        np.copyto(place, k, where=own > largest)
        np.maximum(largest, own, out=largest)
    return largest, place


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

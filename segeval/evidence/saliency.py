"""A foreground as the field of salient objects looks at it: each map stretched to 0 … 1, each image a curve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from segeval.evidence.binned import ALONE, Binned, sums
from segeval.evidence.curves import LEVELS, reaching
from segeval.evidence.kinds import EVIDENCE
from segeval.evidence.run_length import Array
from segeval.evidence.scores import Block, Scores

BETA2 = 0.3  # what the field weighs precision with

_OF_CLASSES = {"absolute": ALONE, "asked": ALONE}
_OF_IMAGE = {"f": LEVELS, "dice": LEVELS, "adaptive_f": ALONE, "error": ALONE, "images": ALONE}


@EVIDENCE.add(columns=sums(_OF_CLASSES), totals=sums(_OF_IMAGE), needs=("scores", "foreground"))
@dataclass(frozen=True, eq=False)
class Saliency(Binned):
    """What an image adds to the means of the field; p is stretched so that it goes from 0 to 1 in each image.

    absolute: Σ |p − y| over pixels, of both classes.  asked: their pixels.  f, dice: (256,) F with β² = 0.3 and Dice
    where p ≥ k / 255 is predicted; 0 where they have no value, as in an image without foreground.  adaptive_f: F above
    twice the mean of p.  error: the mean of |p − y|.  images: 1.
    """

    kind: ClassVar[str] = "saliency"
    of_classes: ClassVar[Mapping[str, int]] = _OF_CLASSES
    of_image: ClassVar[Mapping[str, int]] = _OF_IMAGE

    ids: tuple[int, ...]
    absolute: Array
    asked: Array
    f: Array
    dice: Array
    adaptive_f: Any
    error: Any
    images: Any

    @classmethod
    def from_scores(cls, scores: Scores) -> "Saliency":
        """That of an image."""
        ends = [(own.min(), own.max()) for own in map(_foreground, scores.blocks())]
        low, high = (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0.0, 0.0)
        width = high - low if high > low else 1.0
        low = low if high > low else 0.0
        levels, absolute, total, pixels = np.zeros((2, LEVELS), np.int64), 0.0, 0.0, 0
        for block in scores.blocks():
            p, yes = (_foreground(block) - low) / width, block.truth == 1
            level = (p * (LEVELS - 1)).astype(np.intp)
            levels += np.bincount(level + LEVELS * yes, minlength=2 * LEVELS).reshape(2, LEVELS)
            absolute += float(np.abs(p - yes).sum())
            total += float(p.sum())
            pixels += p.size
        fp, tp = reaching(levels)
        limit, hits, said = min(2 * total / pixels, 1.0) if pixels else 1.0, 0, 0
        for block in scores.blocks():
            above = (_foreground(block) - low) / width >= limit
            said += int(np.count_nonzero(above))
            hits += int(np.count_nonzero(above & (block.truth == 1)))
        size = len(scores.ids)
        curves = (_f(tp, tp + fp, tp[0]), _part(2 * tp, tp + fp + tp[0]))
        whole = (float(_f(hits, said, tp[0])), absolute / max(pixels, 1), int(pixels > 0))
        return cls.made(scores.ids, [np.full(size, absolute), np.full(size, pixels), *curves, *whole])


def _foreground(block: Block) -> Array:
    return np.asarray(block.p[-1], np.float64)


def _f(hits: Any, said: Any, there: Any) -> Array:
    precision, recall = _part(hits, said), _part(hits, there)
    return _part((1 + BETA2) * precision * recall, BETA2 * precision + recall)


def _part(part: Any, whole: Any) -> Array:
    """A ratio; 0 where there is none, as the field counts it."""
    return np.asarray(part / np.where(whole > 0, whole, 1))

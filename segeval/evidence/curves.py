"""How many pixels of each class, and of no class, have each of 256 levels of probability."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from segeval.evidence.binned import Binned, sums
from segeval.evidence.kinds import EVIDENCE
from segeval.evidence.run_length import Array
from segeval.evidence.scores import Scores

LEVELS = 256
_OF_CLASSES = {"pos": LEVELS, "neg": LEVELS}


@EVIDENCE.add(columns=sums(_OF_CLASSES), needs=("scores",))
@dataclass(frozen=True, eq=False)
class Curves(Binned):
    """The pixels of each class (pos) and all others (neg), by level: int64 (…, C, 256).

    A pixel has the level k of the largest threshold k / 255 that its probability reaches; grey of 8 bits is its own
    level. What is above a threshold, and so every curve over thresholds, is a sum over levels.
    """

    kind: ClassVar[str] = "curves"
    of_classes: ClassVar[Mapping[str, int]] = _OF_CLASSES
    of_image: ClassVar[Mapping[str, int]] = {}

    ids: tuple[int, ...]
    pos: Array
    neg: Array

    @classmethod
    def from_scores(cls, scores: Scores) -> "Curves":
        """Those of an image."""
        least = (np.arange(LEVELS) / (LEVELS - 1)).astype(scores.exact)
        least = np.append(least - np.finfo(least.dtype).eps, 2)  # 1 − k / 255 may be rounded down
        found = np.zeros((len(scores.ids), 2, LEVELS), np.int64)
        for block in scores.blocks():
            for k, p in enumerate(block.p):
                yes = block.truth == k if scores.exclusive else block.truth[k]
                level = (p * (LEVELS - 1)).astype(np.intp)
                level += p >= least[level + 1]  # what a product rounded down
                found[k] += np.bincount(level + LEVELS * yes, minlength=2 * LEVELS).reshape(2, LEVELS)
        return cls(scores.ids, found[:, 1], found[:, 0])

    @property
    def tp(self) -> Array:
        """(…, C, 256): pixels of the class whose probability is at least k / 255."""
        return reaching(self.pos)

    @property
    def fp(self) -> Array:
        """(…, C, 256): other pixels whose probability is at least k / 255."""
        return reaching(self.neg)

    @property
    def thresholds(self) -> Array:
        """(256,)"""
        return np.arange(LEVELS) / (LEVELS - 1)


def reaching(levels: Array) -> Array:
    """How many reach each level, from how many have it."""
    found: Array = np.flip(np.cumsum(np.flip(levels, -1), axis=-1), -1)
    return found

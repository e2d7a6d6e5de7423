"""How much of each true object was found, all objects of a class weighing the same: what iIoU is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from segeval.evidence.kinds import EVIDENCE, ClassColumns
from segeval.evidence.run_length import Array, Cells, cells_of, narrow_pair, summed


@EVIDENCE.add(
    columns=dict.fromkeys(("objects", "found", "area", "fp", "things"), "sum"), needs=("instances",), beside="instances"
)
@dataclass(frozen=True, eq=False)
class ObjectWeights(ClassColumns):
    """True objects of each class of an image, each (C,): how many, and how much of each was found.

    Object weights add up.
    """

    kind: ClassVar[str] = "object_weights"

    ids: tuple[int, ...]
    objects: Array  # int64: true objects
    found: Array  # float64: Σ over them of the share of their pixels that is predicted as their class
    area: Array  # float64: the pixels of so many objects of average size, or of these
    fp: Array  # int64: pixels predicted as the class where the truth is of another
    things: Array  # int64: 1 where the class is one of countable objects

    @classmethod
    def of(
        cls,
        pred: npt.ArrayLike,
        truth: npt.ArrayLike,
        *,
        ignore: Iterable[int] = (),
        sizes: Mapping[int, float] | None = None,
    ) -> "ObjectWeights":
        """That of predicted classes and a truth of Cityscapes' instance ids, two integer arrays of one shape.

        An id from 1000 on is an object of the class id div 1000; below it is the class itself, of no single object.
        sizes: how many pixels an average object of a class has, of the classes that have objects; without it the
        objects found here tell both.  ignore: classes whose true pixels are left out.  ShapesDiffer if the shapes do.
        """
        numbers, labels, pixels = cells_of(*narrow_pair(pred, truth))
        known, numbers = np.unique(numbers, return_inverse=True)
        kinds = np.where(known >= 1000, known // 1000, known)
        return cls.from_cells((numbers, labels, pixels), kinds, known >= 1000, frozenset(ignore), sizes or {})

    @classmethod
    def from_cells(
        cls, cells: Cells, kinds: Array, alone: Array, ignore: frozenset[int], sizes: Mapping[int, float]
    ) -> "ObjectWeights":
        """The same of (numbers of the truth, predicted classes, pixels).

        kinds: the class of each number; alone: whether it is a single object.
        """
        numbers, labels, pixels = cells
        truth = kinds[numbers]
        counted = ~np.isin(truth, list(ignore))
        right = counted & (labels == truth)
        whole, hit = (np.bincount(numbers[where], pixels[where], len(kinds)) for where in (counted, right))
        stray = counted & ~right
        strays = dict(zip(*(part.tolist() for part in summed(labels[stray], pixels[stray])), strict=True))
        ids = sorted(id_ for id_ in {*kinds[whole > 0].tolist(), *strays, *sizes} - ignore if id_ >= 0)
        rows = [
            _objects(whole[own], hit[own], sizes, id_) for id_ in ids for own in [alone & (whole > 0) & (kinds == id_)]
        ]
        objects, found, area, things = np.array(rows, np.float64).reshape(-1, 4).T
        fp = np.array([strays.get(id_, 0) for id_ in ids], np.int64)
        return cls(tuple(ids), objects.astype(np.int64), found, area, fp, things.astype(np.int64))

    @classmethod
    def measured(cls, image: Any, spec: Any) -> "ObjectWeights":  # noqa: ARG003 - one signature for all kinds
        """That of an image behind the door whose truth is made of instances."""
        numbers, *facts = image.true_objects
        return cls.from_cells(cells_of(image.labels.pred, numbers), *facts)

    @classmethod
    def missed(cls, image: Any, spec: Any) -> "ObjectWeights":  # noqa: ARG003
        """Nothing is found, and nothing is invented."""
        numbers, *facts = image.true_objects
        return cls.from_cells(cells_of(np.full(numbers.shape, -1, np.int32), numbers), *facts)


def _objects(whole: Array, hit: Array, sizes: Mapping[int, float], id_: int) -> tuple[float, float, float, float]:
    """Objects of a class, the sum of the shares found, the pixels that they stand for, whether it has objects at all.

    Where sizes are known, the classes without one have no objects.
    """
    if sizes and id_ not in sizes:
        return 0, 0, 0, 0
    number = len(whole)
    area = number * sizes[id_] if sizes else float(whole.sum())
    return number, float((hit / whole).sum()), area, bool(sizes) or number > 0

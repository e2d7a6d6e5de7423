"""How much of each true object was found, all objects of a class weighing the same: what iIoU is made of."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from segeval.evidence.kinds import EVIDENCE, ClassColumns, Columns
from segeval.evidence.run_length import Array, Cells, cells_of, narrow_pair, summed

GROUP = -2  # the id of the first group of classes, which stand beside classes as −2, −3, …


@EVIDENCE.add(
    columns=dict.fromkeys(("objects", "found", "area", "fp", "things"), "sum"), needs=("instances",), beside="instances"
)
@dataclass(frozen=True, eq=False)
class ObjectWeights(ClassColumns):
    """True objects of each class of an image, each (C,): how many, and how much of each was found.

    Groups of classes stand beside them, with ids from −2 down: an object of a group is found where any class of it is
    predicted.  Object weights add up.
    """

    kind: ClassVar[str] = "object_weights"

    ids: tuple[int, ...]
    objects: Array  # int64: true objects; of a group of classes with known sizes 0, as no average is taken
    found: Array  # float64: Σ over them of the share of their pixels that is predicted as their class
    area: Array  # float64: the pixels of so many objects of average size, or of these (then `found` is pixels too)
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
        groups: Sequence[Collection[int]] = (),
    ) -> "ObjectWeights":
        """That of predicted classes and a truth of Cityscapes' instance ids, two integer arrays of one shape.

        An id from 1000 on is an object of the class id div 1000; below it is the class itself, of no single object.
        sizes: how many pixels an average object of a class has, of the classes that have objects; without it the
        objects found here tell both.  ignore: classes whose true pixels are left out.  groups: the classes of each
        group, ignored ones too.  ShapesDiffer if the shapes do.
        """
        numbers, labels, pixels = cells_of(*narrow_pair(pred, truth))
        known, numbers = np.unique(numbers, return_inverse=True)
        kinds = np.where(known >= 1000, known // 1000, known)
        cells = numbers, labels, pixels
        return cls.from_cells(cells, kinds, known >= 1000, frozenset(ignore), sizes or {}, groups)

    @classmethod
    def from_cells(
        cls,
        cells: Cells,
        kinds: Array,
        alone: Array,
        ignore: frozenset[int],
        sizes: Mapping[int, float],
        groups: Sequence[Collection[int]] = (),
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
        fp = [strays.get(id_, 0) for id_ in ids]
        for members in map(list, groups):
            true, given = np.isin(kinds, members), counted & np.isin(labels, members)
            met = np.bincount(numbers[given], pixels[given], len(kinds))
            rows.append(_of_group(true & alone & (whole > 0), whole, met, kinds, sizes, {*members} - ignore))
            fp.append(int(met[~true].sum()))
        objects, found, area, things = np.array(rows, np.float64).reshape(-1, 4).T
        every = (*ids, *(GROUP - n for n in range(len(groups))))
        return cls(every, objects.astype(np.int64), found, area, np.array(fp, np.int64), things.astype(np.int64))

    @classmethod
    def columns(cls, every: Sequence[Any], ids: Sequence[int], spec: Any) -> Columns:
        """The columns of classes; those of groups are of images as a whole: `found@0` of the first."""
        number = max((sum(id_ <= GROUP for id_ in each.ids) for each in every if each is not None), default=0)
        groups = super().columns(every, [GROUP - n for n in range(number)], spec).classes
        beside = {f"{name}@{n}": values[:, n] for name, values in groups.items() for n in range(number)}
        return Columns(super().columns(every, ids, spec).classes, beside)

    @classmethod
    def grouped(cls, columns: Columns, groups: Mapping[str, Sequence[int]]) -> Columns:
        """The columns of groups of classes; nothing where a run kept those of other groups."""
        first = next(iter(columns.classes.values()))
        names, whole = cls._names(), columns.images
        if len(whole) != len(names) * len(groups):
            return Columns({name: np.zeros((len(first), len(groups))) for name in names}, {})
        stacked = {name: [whole[f"{name}@{n}"] for n in range(len(groups))] for name in names}
        return Columns({name: np.stack(each, axis=1) for name, each in stacked.items()}, {})

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


def _of_group(
    own: Array, whole: Array, met: Array, kinds: Array, sizes: Mapping[int, float], scored: Collection[int]
) -> tuple[float, float, float, float]:
    """The same of a group; where sizes are known each object has that of its class, and all its classes need one."""
    share = met[own] / whole[own]
    if not sizes:
        return len(share), float(share.sum()), float(whole[own].sum()), len(share) > 0
    if not sizes.keys() >= set(scored):
        return 0, 0, 0, 0
    size = np.array([sizes[id_] for id_ in kinds[own].tolist()])
    return 0, float((size * share).sum()), float(size.sum()), 1

"""Which pixels belong to which object of which class."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from segeval.catalog import check_choice
from segeval.distance.grid import Array, compact
from segeval.errors import BadOption, NegativeIds, UnclearLabels
from segeval.parameters import CONNECTIVITIES

KINDS = ("auto", "binary", "instances", "semantic")  # what the ids of a mask are
_ALIKE, _MANY = 1.2, 2.0  # parts per id up to which ids look like cells, and from which they look like classes


@dataclass(frozen=True)
class Cells:
    """The objects of a mask as 1 … K, 0 where there is none; the class of each of them, that of 0 first."""

    objects: Array  # int32
    kinds: Array
    ignored: Array | None = None  # where nothing is known

    @property
    def count(self) -> int:
        return len(self.kinds) - 1

    @property
    def classes(self) -> list[int]:
        """The classes that have objects."""
        return sorted(set(self.kinds[1:].tolist()))

    def of(self, kind: int) -> Array:
        """The objects of one class; 0 elsewhere."""
        if self.classes == [kind]:
            return self.objects
        return np.where(self.kinds == kind, np.arange(len(self.kinds), dtype=np.int32), np.int32(0))[self.objects]

    def pixels(self) -> dict[int, int]:
        """How many pixels each class has, background (0) included; ignored ones belong to none."""
        objects = self.objects if self.ignored is None else self.objects[~self.ignored]
        numbers = np.bincount(objects.ravel(), minlength=len(self.kinds))
        found: dict[int, int] = {0: 0}
        for kind, number in zip(self.kinds.tolist(), numbers.tolist(), strict=True):
            found[kind] = found.get(kind, 0) + number
        return found


def instances(labels: npt.ArrayLike, ignore: Iterable[int] = ()) -> Cells:
    """Every id but 0 is one object, in however many parts; all are of class 1."""
    known, ignored = _known(labels, ignore)
    objects, ids = compact(known)
    return Cells(objects, np.minimum(np.arange(len(ids)), 1), ignored)


def binary(labels: npt.ArrayLike, ignore: Iterable[int] = (), connectivity: str = "face") -> Cells:
    """Every connected part of what is not 0 is one object; all are of class 1."""
    known, ignored = _known(labels, ignore)
    objects, owners = parts((known != 0).astype(np.int32), connectivity)
    return Cells(objects, owners, ignored)


def semantic(labels: npt.ArrayLike, ignore: Iterable[int] = (), connectivity: str = "face") -> Cells:
    """Ids are classes, 0 is background; every connected part of a class is one object."""
    known, ignored = _known(labels, ignore)
    numbered, ids = compact(known)
    objects, owners = parts(numbered, connectivity)
    return Cells(objects, ids[owners], ignored)


def of_kind(kind: str, labels: npt.ArrayLike, ignore: Iterable[int] = (), connectivity: str = "face") -> Cells:
    """The cells of a mask whose ids are of that kind."""
    if kind == "instances":
        return instances(labels, ignore)
    return {"binary": binary, "semantic": semantic}[kind](labels, ignore, connectivity)


def likely_kind(ids: int, objects: int, found: int) -> str:
    """What ids are: cells if nearly each of them is one part in each mask, classes if they fall into many.

    ids: how many there are in all masks together.  objects: the same, counted in each mask.  found: connected parts.
    """
    if ids < 2:
        return "binary"
    if found <= _ALIKE * objects:
        return "instances"
    if found >= _MANY * objects:
        return "semantic"
    raise UnclearLabels(
        f"{ids} ids fall into {found / objects:.1f} parts each: cells or classes?",
        "say --labels instances, or --labels semantic",
    )


def contour(labels: Array, valid: Array | None = None, full: bool = False) -> Array:
    """The pixels with a neighbour of another label, both valid.

    full: neighbours share a face, an edge or a corner, and not only a face.
    """
    edge = np.zeros(labels.shape, bool)
    for here, before in _neighbours(labels.ndim, full):
        differs = labels[here] != labels[before]
        if valid is not None:
            differs &= valid[here] & valid[before]
        edge[here] |= differs
        edge[before] |= differs
    return edge


def parts(objects: Array, connectivity: str = "face") -> tuple[Array, Array]:
    """The connected parts of the objects 1, 2, …, counted from 1; and the object of each part, 0 first.

    connectivity: `face` joins pixels that share a face, `full` also those that share an edge or a corner.
    """
    from scipy import ndimage

    check_choice("--connectivity", connectivity, CONNECTIVITIES)
    structure = ndimage.generate_binary_structure(objects.ndim, 1 if connectivity == "face" else objects.ndim)
    found, owners = np.zeros(objects.shape, np.int32), [0]
    for object_, box in enumerate(ndimage.find_objects(objects), 1):
        if box is not None:
            labelled, number = ndimage.label(objects[box] == object_, structure)
            np.add(labelled, len(owners) - 1, out=found[box], where=labelled != 0)
            owners += [object_] * number
    return found, np.array(owners)


def separated(cells: Cells) -> Cells:
    """The cells with one-pixel gaps between objects of one class that touch.

    A pixel becomes background when one of its neighbours that come before it in the array (4 of 8 in 2-D, 13 of 26 in
    3-D) belongs to another object of its class. All neighbours are looked at as they were.
    """
    objects = cells.objects
    gap = np.zeros(objects.shape, bool)
    for here, before in _neighbours(objects.ndim):
        one, other = objects[here], objects[before]
        touching = (one != other) & (one != 0) & (other != 0)
        if len(cells.classes) > 1:
            touching &= cells.kinds[one] == cells.kinds[other]
        gap[here] |= touching
    return replace(cells, objects=np.where(gap, np.int32(0), objects))


def _neighbours(ndim: int, full: bool = True) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """Slices of all pixels that have a certain earlier neighbour, and of these neighbours; full: over corners too."""
    for offset in itertools.product((-1, 0, 1), repeat=ndim):
        if offset < (0,) * ndim and (full or sum(map(abs, offset)) == 1):
            here = tuple(slice(max(-step, 0), -step if step > 0 else None) for step in offset)
            before = tuple(slice(max(step, 0), step if step < 0 else None) for step in offset)
            yield here, before


def ids_of(ignore: Iterable[int]) -> list[int]:
    """The ids to leave out."""
    found = [*ignore] if isinstance(ignore, Iterable) else [None]
    if not all(isinstance(id_, int | np.integer) for id_ in found):
        raise BadOption(f"ignore is {ignore!r}", "give the ids to leave out, for example ignore=[255]")
    return [int(id_) for id_ in found if id_ is not None]


def _known(labels: npt.ArrayLike, ignore: Iterable[int]) -> tuple[Array, Array | None]:
    """The labels with 0 for ignored ids, and where those are."""
    array = np.asanyarray(labels)
    unwanted = sorted(set(ids_of(ignore)))
    ignored = np.isin(array, unwanted) if unwanted else None
    if ignored is not None:
        array = np.where(ignored, np.zeros(1, array.dtype), array)
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise NegativeIds(f"the labels hold the id {array.min()}", "ignore it, or use ids from 0")
    return array, ignored

"""Evidence of probabilities, counted in bins: how it adds up, is stored, and makes columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from segeval.evidence.kinds import Adds, Columns, joined, packed_text, split, united, unpacked_text
from segeval.evidence.run_length import Array
from segeval.evidence.scores import Scores

ALONE = 0  # of a field that is one number


def names(field: str, bins: int) -> list[str]:
    """The columns of a field."""
    return [f"{field}{b:0{len(str(bins - 1))}}" for b in range(bins)] if bins else [field]


def sums(parts: Mapping[str, int]) -> dict[str, Adds]:
    """The columns of some fields, which add up."""
    return {name: "sum" for field, bins in parts.items() for name in names(field, bins)}


class Binned:
    """Evidence whose fields are `ids`, then those of classes (C, bins), then those of the image (bins,).

    of_classes, of_image: how many bins each field has, ALONE for a single number.  For dataclasses to inherit from.
    """

    kind: ClassVar[str]
    of_classes: ClassVar[Mapping[str, int]]
    of_image: ClassVar[Mapping[str, int]]
    ids: tuple[int, ...]

    @classmethod
    def from_scores(cls, scores: Scores) -> Self:
        """That of an image."""
        raise NotImplementedError

    @classmethod
    def of(cls, probabilities: npt.ArrayLike, truth: npt.ArrayLike, **options: Any) -> Self:
        """That of probabilities (C, …) and labels (…), or of the foreground (…) and labels 0 and 1.

        Options: `ids`, the labels that the channels stand for, 0 … C − 1 unless said; `ignore`, labels whose pixels are
        left out; `logits=True` for numbers before a softmax or sigmoid; `multilabel=True` for a truth (C, …) of 0 and
        1, of classes that do not exclude each other.

        ShapesDiffer when the shapes do not fit; UnknownTruthIds for a label that is no class and not ignored.
        """
        return cls.from_scores(Scores.of(probabilities, truth, **options))

    @classmethod
    def measured(cls, image: Any, spec: Any) -> Self:  # noqa: ARG003 - one signature for all kinds
        """That of an image behind the door, whose prediction tells how sure it is."""
        return cls.from_scores(image.scores)

    @classmethod
    def nothing(cls) -> Self:
        """That of no image."""
        return cls.from_scores(Scores.none())

    @classmethod
    def made(cls, ids: Iterable[int], values: Iterable[Any]) -> Self:
        """With all fields in order."""
        own = [each.name for each in fields(cls) if each.name != "ids"]  # type: ignore[arg-type]
        return cls(ids=tuple(ids), **dict(zip(own, values, strict=True)))  # type: ignore[call-arg]

    def _all(self, parts: Iterable[str]) -> list[Any]:
        return [getattr(self, name) for name in parts]

    @classmethod
    def missed(cls, image: Any, spec: Any) -> Self | None:  # noqa: ARG003 - one signature for all kinds
        """Nothing is known where there is no prediction."""
        return None

    def over(self, ids: Sequence[int]) -> Self:
        """The same over other classes; those that it does not have count nothing."""
        known = {id_: k for k, id_ in enumerate(self.ids)}
        rows = [known.get(id_, len(known)) for id_ in ids]
        every = [
            np.concatenate([own, np.zeros_like(own[:1], shape=(1, *own.shape[1:]))])[rows]
            for own in self._all(self.of_classes)
        ]
        return self.made(ids, [*every, *self._all(self.of_image)])

    def __add__(self, other: Self) -> Self:
        ids = united([self, other])
        one, more = self.over(ids), other.over(ids)
        parts = [*self.of_classes, *self.of_image]
        return self.made(ids, [a + b for a, b in zip(one._all(parts), more._all(parts), strict=True)])

    @classmethod
    def summed(cls, every: Sequence[Any]) -> Any:
        """The sum of many."""
        there = [each for each in every if each is not None]
        return sum(there[1:], there[0])

    @classmethod
    def columns(cls, every: Sequence[Any], ids: Sequence[int], spec: Any) -> Columns:  # noqa: ARG003
        """A column for each bin of each field."""
        rows = [(cls.nothing() if each is None else each).over(ids) for each in every]

        def columns(parts: Mapping[str, int], *shape: int) -> dict[str, Array]:
            found: dict[str, Array] = {}
            for field, bins in parts.items():
                own = np.array([getattr(row, field) for row in rows]).reshape(len(rows), *shape, bins or 1)
                found |= {name: own[..., b] for b, name in enumerate(names(field, bins))}
            return found

        return Columns(columns(cls.of_classes, len(ids)), columns(cls.of_image))

    @classmethod
    def viewed(cls, **columns: Array) -> Self:
        """What metrics look at, from the columns of classes."""
        return cls.made((), [*cls.gathered(columns, cls.of_classes).values(), *cls.nothing()._all(cls.of_image)])

    @classmethod
    def gathered(cls, columns: Mapping[str, Array], parts: Mapping[str, int]) -> dict[str, Array]:
        """Fields (…, bins) from their columns."""
        found = {}
        for field, bins in parts.items():
            own = np.stack([columns[name] for name in names(field, bins)], axis=-1)
            found[field] = own if bins else own[..., 0]
        return found

    @classmethod
    def packed(cls, every: Sequence[Any]) -> dict[str, Array]:
        """All of all images, one after the other."""
        there = [each for each in every if each is not None]
        sizes = np.array([-1 if each is None else len(each.ids) for each in every], np.int64)
        arrays = {"sizes": sizes, "ids": packed_text([each.ids for each in there])}
        arrays |= {name: joined([getattr(each, name) for each in there]) for name in cls.of_classes}
        return arrays | {name: np.array([getattr(each, name) for each in there]) for name in cls.of_image}

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Array]) -> list[Any]:
        """What `packed` was given."""
        sizes = arrays["sizes"]
        parts = [split(arrays[name], np.maximum(sizes, 0)) for name in cls.of_classes]
        whole = [arrays[name] if bins else arrays[name].tolist() for name, bins in cls.of_image.items()]
        there = zip(unpacked_text(arrays["ids"]), *whole, strict=True)
        found: list[Any] = []
        for size, *own in zip(sizes.tolist(), *parts, strict=True):
            if size < 0:
                found.append(None)
                continue
            ids, *of_image = next(there)
            found.append(cls.made(ids, [*own, *of_image]))
        return found

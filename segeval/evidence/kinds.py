"""Kinds of evidence: what an image leaves behind for a family of scores, and the columns that many images make."""

import functools
import importlib.util
import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np

from segeval.catalog import Entry, Listed, Listing
from segeval.evidence.run_length import Array

Adds = Literal["sum", "value"]  # a column adds up over images, or is a value of each


@dataclass(frozen=True)
class Columns:
    """Named columns of many images: those of classes (images, classes), and those of images as a whole (images,).

    Sums of whole numbers are int64; a value that an image does not have is nan.
    """

    classes: Mapping[str, Array]
    images: Mapping[str, Array]

    def only(self, images: Array) -> "Columns":
        """Those of some images, by their positions."""
        return self.mapped(lambda _, values: values[images])

    def mapped(self, change: Callable[[str, Array], Array]) -> "Columns":
        """The same with every column changed, knowing its name."""
        parts = ({name: change(name, values) for name, values in part.items()} for part in (self.classes, self.images))
        return Columns(*parts)


class Evidence(Protocol):
    """What one image leaves behind, for one kind. It adds up, is stored without loss, and makes columns."""

    kind: ClassVar[str]

    def __add__(self, other: Any) -> Any: ...

    @classmethod
    def measured(cls, image: Any, spec: Any) -> Self:
        """The evidence of an image behind the door; spec: what a run asks of this kind."""

    @classmethod
    def missed(cls, image: Any, spec: Any) -> Self | None:
        """The same where the prediction is missing and counts as all wrong; None where that has no meaning."""

    @classmethod
    def summed(cls, every: Sequence[Any]) -> Self:
        """The sum of the evidence of many images."""

    @classmethod
    def columns(cls, every: Sequence[Any], ids: Sequence[int], spec: Any) -> Columns:
        """The columns of many images over the classes `ids`; None among `every` is an image without such evidence."""

    @classmethod
    def packed(cls, every: Sequence[Any]) -> Mapping[str, Array]:
        """The evidence of many images as a few arrays, without loss."""

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Array]) -> list[Any]:
        """What `packed` was given."""


@dataclass(frozen=True)
class Spec:
    """What a run asks of a kind: its metrics by their printed names, and the options that images are measured with.

    named: they were asked for by name or by family, and did not just come with `all`.
    """

    metrics: Mapping[str, Any]
    options: Mapping[str, Any]
    named: bool = True


@dataclass(frozen=True)
class Kind(Entry):
    """One kind of evidence; `func` is its class.

    columns, totals: the columns of classes and of images, and how each adds up; a run may know more of them (losses).
    eaten: the type that the metrics of it name first.  view: makes what they eat from columns by name.
    needs: what an image must have (`scores`, `foreground`, `instances`); one without it leaves no evidence, and is an
    error where metrics of the kind were asked for by name.  prefix: how the names of columns begin in files.
    valued: its columns of classes are the metrics of it themselves, by their printed names, since no columns could tell
    them.  options: those of a run that it goes by.
    settings: the class of what a run asks of it, if that is more than parameters of metrics: `of(**options)` gives it,
    or None where the kind is not asked for; `ask` says how to; `recorded` and `from_record` are its form in `run.json`.
    package: one of an extra that it is made with; where that is not installed, `all` does without the kind.
    beside: a kind with settings that must be asked for too.
    grouped: makes columns of groups of classes of its own columns of images and these groups, which tell them.
    beside_counts: its `columns` take the counts of pixels of each image too, and it keeps nothing that they tell.
    """

    columns: Mapping[str, Adds]
    totals: Mapping[str, Adds]
    eaten: Any
    view: Callable[..., Any]
    needs: tuple[str, ...]
    prefix: str
    valued: bool = False
    options: tuple[str, ...] = ()
    settings: Any = None
    package: str = ""
    beside_counts: bool = False
    beside: str = ""

    @property
    def grouped(self) -> "Callable[[Columns, Mapping[str, Sequence[int]]], Columns] | None":
        return getattr(self.func, "grouped", None)

    @property
    def installed(self) -> bool:
        """Whether it can be made here."""
        return not self.package or importlib.util.find_spec(self.package) is not None

    def adds(self, column: str) -> Adds:
        """How a column adds up over images; one of several, as `tp@0.5`, adds up as the declared `tp`."""
        name = column.partition("@")[0]
        return self.columns.get(name) or self.totals.get(name) or "value"

    @property
    def evidence(self) -> Any:
        """The class, whose methods make it, add it up, store it and table it."""
        return self.func


class Kinds(Listing[Kind]):
    """The kinds of evidence by name."""

    def add(
        self,
        *,
        columns: Mapping[str, Adds],
        totals: Mapping[str, Adds] | None = None,
        eaten: Any = None,
        view: Callable[..., Any] | None = None,
        needs: Sequence[str] = (),
        prefix: str | None = None,
        valued: bool = False,
        options: Sequence[str] = (),
        settings: Any = None,
        package: str = "",
        beside_counts: bool = False,
        beside: str = "",
    ) -> Callable[[Listed], Listed]:
        """List an evidence class, and give it back untouched; unless said otherwise, metrics eat the class itself."""

        def made(_: str, cls: Any) -> Kind:
            start = f"{cls.kind}." if prefix is None else prefix
            seen = view or getattr(cls, "viewed", cls)
            facts = (tuple(needs), start, valued, tuple(options), settings, package, beside_counts, beside)
            return Kind(cls.kind, cls, columns, totals or {}, eaten or cls, seen, *facts)

        return self._lister(made)


EVIDENCE = Kinds("kind of evidence")


class ClassColumns:
    """Evidence whose fields are `ids` and then its columns, each (classes,): for dataclasses to inherit from.

    What an image has not is 0 in a sum, and nan in a value; so is the value of a sum of images.
    """

    kind: ClassVar[str]
    ids: tuple[int, ...]

    @classmethod
    def _names(cls) -> list[str]:
        return [each.name for each in fields(cls) if each.name != "ids"]  # type: ignore[arg-type]

    @classmethod
    def viewed(cls, **columns: Array) -> Self:
        """Columns of any shape, as metrics eat them."""
        return cls(ids=(), **columns)  # type: ignore[call-arg]

    @classmethod
    def missed(cls, image: Any, spec: Any) -> Self | None:  # noqa: ARG003 - one signature for all kinds
        """Nothing is known where there is no prediction."""
        return None

    def over(self, ids: Sequence[int]) -> Mapping[str, Array]:
        """The columns over other classes."""
        known = {id_: n for n, id_ in enumerate(self.ids)}
        place = [known.get(id_, len(known)) for id_ in ids]
        return {
            name: np.append(values, np.zeros(1, values.dtype) if adds == "sum" else np.nan)[place]
            for name, adds in EVIDENCE[self.kind].columns.items()
            for values in [np.asarray(getattr(self, name))]
        }

    def __add__(self, other: Self) -> Self:
        ids = united([self, other])
        mine, its, kind = self.over(ids), other.over(ids), EVIDENCE[self.kind]
        each = {
            name: mine[name] + its[name] if kind.adds(name) == "sum" else np.full(len(ids), np.nan) for name in mine
        }
        return type(self)(ids=ids, **each)  # type: ignore[call-arg]

    @classmethod
    def summed(cls, every: Sequence[Any]) -> Any:
        """The sum of the evidence of many images."""
        return functools.reduce(operator.add, [each for each in every if each is not None])

    @classmethod
    def columns(cls, every: Sequence[Any], ids: Sequence[int], spec: Any) -> Columns:  # noqa: ARG003
        """The columns of many images, one below the other."""
        rows = [None if each is None else each.over(ids) for each in every]
        return Columns({name: cls._column(name, rows, len(ids)) for name in cls._names()}, {})

    @classmethod
    def _column(cls, name: str, rows: Sequence[Mapping[str, Array] | None], width: int) -> Array:
        there = [row[name] for row in rows if row is not None]
        if EVIDENCE[cls.kind].adds(name) == "sum":
            lacking: Array = np.zeros(width, there[0].dtype if there else np.int64)
        else:
            lacking = np.full(width, np.nan)
        return np.array([lacking if row is None else row[name] for row in rows]).reshape(len(rows), width)

    @classmethod
    def packed(cls, every: Sequence[Any]) -> dict[str, Array]:
        """The columns of all images, one after the other, with the number of classes of each."""
        there = [each for each in every if each is not None]
        columns = {name: joined([np.asarray(getattr(each, name)) for each in there]) for name in cls._names()}
        return packed_classes(every) | columns

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Array]) -> list[Any]:
        """What `packed` was given."""
        sizes = arrays["sizes"]
        parts = {name: split(arrays[name], np.maximum(sizes, 0)) for name in ("ids", *cls._names())}
        found = []
        for n, size in enumerate(sizes.tolist()):
            own = {name: part[n] for name, part in parts.items()}
            found.append(None if size < 0 else cls(**{**own, "ids": tuple(own["ids"].tolist())}))
        return found


class Valued:
    """Evidence of a kind that is `valued`: its columns are the metrics asked for, of many images in one go.

    Of images without such evidence they are those of no class at all.
    """

    AT_ONCE: ClassVar[int] = 256  # images that are looked at together

    @classmethod
    def stacked(cls, every: Sequence[Any], ids: Sequence[int]) -> Any:
        """The classes `ids` of many images one after the other; None among `every` is an image without any."""
        raise NotImplementedError

    @classmethod
    def whole(cls, every: Sequence[Any]) -> dict[str, Array]:  # noqa: ARG003 - one signature for all
        """The columns of images as a whole."""
        return {}

    @classmethod
    def summed(cls, every: Sequence[Any]) -> Any:
        """The sum of many."""
        return functools.reduce(operator.add, [each for each in every if each is not None])

    @classmethod
    def columns(cls, every: Sequence[Any], ids: Sequence[int], spec: Any) -> Columns:
        """The metrics asked for, of every image and class."""
        parts: dict[str, list[Array]] = {name: [np.zeros((0, len(ids)))] for name in spec.metrics}
        for start in range(0, len(every), cls.AT_ONCE):
            some = every[start : start + cls.AT_ONCE]
            stacked = cls.stacked(some, ids)
            for name, metric in spec.metrics.items():
                parts[name].append(metric.func(stacked, **metric.settings).reshape(len(some), len(ids)))
        return Columns({name: np.concatenate(part) for name, part in parts.items()}, cls.whole(every))


def unit_of(evidence: Any) -> str:
    """The unit of the distances that evidence holds; empty where it holds none."""
    return str(getattr(evidence, "unit", ""))


def united(every: Sequence[Any]) -> tuple[int, ...]:
    """The classes of several images together: in their own order where all have the same, else by number."""
    first: tuple[int, ...] = every[0].ids
    if all(each.ids == first for each in every):
        return first
    return tuple(sorted(set().union(*(each.ids for each in every))))


def joined(parts: Sequence[Array]) -> Array:
    """Arrays one after the other; an empty one of whole numbers where there are none."""
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def split(joined: Array, sizes: Array) -> list[Array]:
    """The parts of what was joined.  ValueError where they do not fill it."""
    if sizes.ndim != 1 or sizes.dtype.kind != "i" or (sizes < 0).any():
        raise ValueError("sizes of parts are not whole numbers from 0")
    ends = np.cumsum(sizes)
    if int(ends[-1] if ends.size else 0) != len(joined):
        raise ValueError(f"{len(joined)} numbers do not split into parts of {int(np.sum(sizes))}")
    return np.split(joined, ends[:-1]) if ends.size else []


def packed_classes(every: Sequence[Any]) -> dict[str, Array]:
    """The classes of many images one after the other, and how many each has: −1 for one without such evidence."""
    return {
        "sizes": np.array([-1 if each is None else len(each.ids) for each in every], np.int64),
        "ids": joined([np.array(each.ids, np.int64) for each in every if each is not None]),
    }


class InTurn(Mapping[str, Array]):
    """Arrays by name, each made when it is asked for: together they would be as large as the evidence itself."""

    def __init__(self, made: Mapping[str, Callable[[], Array]]) -> None:
        self._made = made

    def __getitem__(self, name: str) -> Array:
        return self._made[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def packed_text(document: Any) -> Array:
    """A document as an array of the bytes of its JSON."""
    return np.frombuffer(json.dumps(document, sort_keys=True).encode("ascii"), np.uint8)


def unpacked_text(array: Array) -> Any:
    """What `packed_text` was given; tuples are lists."""
    return json.loads(array.tobytes().decode("ascii"))

"""Sections of `run.json`: what a kind of evidence tells of all images, beside its metrics of each class."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from segeval.catalog import Entry, Listed, Listing
from segeval.evidence.kinds import Columns
from segeval.evidence.run_length import Array
from segeval.measures import Measure

Over = Literal["total", "images", "classes", "class"]


@dataclass(frozen=True)
class Told:
    """A number of a section. Rules call it `KIND.NAME`, or `KIND.NAME[CLASS]` where there is one of each class.

    of: the number by the columns of its kind, of any leading shape: (…,), or (…, classes) of classes.
    over: of the columns of all images together ("total", and of each "class"); the mean of the defined values of
    "images", or of "classes" of all images together.
    path: where it stands in the section; `*` is the name of the class.
    among: which classes, by id, are in a mean over them; None: all.
    detail: it stands in tables of details, and not among the main numbers.
    """

    name: str
    path: tuple[str, ...]
    of: Callable[[Columns], Array]
    measure: Measure | None = None  # range, best value and unit; None: a count
    best: float = math.nan  # of a count: the one that cannot be better
    over: Over = "total"
    among: Callable[[int], bool] | None = None
    detail: bool = False


@dataclass(frozen=True)
class Section(Entry):
    """The section of a kind; `func` makes its numbers from what a run asks of the kind; of None, all there may be.

    classes: under which key the metrics of each class stand there too.
    """

    classes: str


class Sections(Listing[Section]):
    """The sections by kind of evidence."""

    def add(self, kind: str, *, classes: str = "classes") -> Callable[[Listed], Listed]:
        """List a function (settings of the kind) -> numbers, and give it back untouched."""
        return self._lister(lambda _, func: Section(kind, func, classes))

    def told(self, kind: str, settings: Any) -> tuple[Told, ...]:
        """The numbers of a kind; none where it has no section.  ValueError where two have one name."""
        found: Iterable[Told] = self[kind].func(settings) if kind in self else ()
        every = tuple(found)
        names = [(each.name, each.over == "class") for each in every]
        if len(set(names)) < len(names):
            raise ValueError(f"the section {kind} has two numbers of one name")
        return every


SECTIONS = Sections("section")

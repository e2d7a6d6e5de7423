"""The class tables and id maps of known data sets: facts of `class_tables.json`, whose lines name their sources."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from segeval.catalog import did_you_mean
from segeval.data.classes import ClassTable, checked, class_of, colour
from segeval.documents import load, read
from segeval.errors import BadOption


@dataclass(frozen=True)
class Known:
    """A class table by name, and what is worth knowing of its files."""

    name: str
    title: str
    table: ClassTable
    background: int | None
    kind: str  # semantic | binary | volume | instance | panoptic
    shared_colors: bool  # several classes have one colour, so that masks in colour tell no ids
    raw_threshold: int | None  # grey from here on is the foreground
    object_sizes: Mapping[int, float]  # the pixels of an average object, of classes that have objects
    notes: tuple[str, ...]
    sources: tuple[str, ...]


@functools.cache
def _document() -> Mapping[str, Any]:
    path = Path(__file__).with_name("class_tables.json")
    found: Mapping[str, Any] = load(read(path), ".json", path.name)
    return found


@functools.cache
def names() -> tuple[str, ...]:
    """The names of the class tables."""
    return tuple(each["name"] for each in _document()["tables"])


@functools.cache
def known(name: str) -> Known:
    """The class table of that name; BadOption where there is none."""
    found = next((each for each in _document()["tables"] if each["name"] == name), None)
    if found is None:
        raise no_table(name)
    rows = [dict(zip(("id", "name", "color", "group"), row, strict=False)) for row in found["classes"]]
    regions = tuple((region, tuple(ids)) for region, ids in found.get("regions", {}).items())
    infos = tuple(class_of(row, n, name)[0] for n, row in enumerate(rows))
    table = checked(ClassTable(infos, regions=regions), name)
    void = {colour(text, found["void"][0], name): int(found["void"][0]) for text in found.get("void_colors", [])}
    return Known(
        name,
        found["title"],
        replace(table.ignoring(found["void"]), void_colors=tuple(void.items()), known_as=name),
        found.get("background"),
        found["kind"],
        found.get("shared_colors", False),
        found.get("raw_threshold"),
        {int(id_): float(size) for id_, size in found.get("object_sizes", {}).items()},
        tuple(found.get("notes", ())),
        tuple(found["sources"]),
    )


def no_table(name: str) -> BadOption:
    """The error for a name that no class table has: with those that it may stand for, which are never guessed."""
    family = [each for each in names() if each.startswith(f"{name}-")]
    hint = f"say which: {', '.join(family)}" if family else did_you_mean(name, list(names()))
    return BadOption(f"there is no class table called {name!r}", f"{hint} (see `segeval list classes`)")


@dataclass(frozen=True)
class IdMap:
    """Ids of one table as ids of another."""

    name: str
    source: str
    target: str
    pairs: Mapping[int, int]
    rest: int | str | None  # what all other ids become; "same": they stay; None: there are no others


@functools.cache
def id_maps() -> Mapping[str, IdMap]:
    """The id maps by name."""
    return {
        each["name"]: IdMap(each["name"], each["from"], each["to"], dict(each["pairs"]), each.get("rest"))
        for each in _document()["maps"]
    }

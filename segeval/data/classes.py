"""Which ids are classes, what they are called, which colours stand for them, and which ids are ignored."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from segeval.catalog import did_you_mean
from segeval.documents import load
from segeval.errors import BadClassTable, BadOption

MOST = 65536  # classes that `--num-classes` takes
SUFFIXES = (".csv", ".json", ".toml")
_KEYS = ["id", "name", "color", "group", "ignore"]
_ALIASES = {"colour": "color", "label": "name", "class": "name", "category": "group"}

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """One class."""

    id: int
    name: str
    color: Colour | None = None
    group: str | None = None


@dataclass(frozen=True)
class ClassTable:
    """The classes of a run, in the order of their columns, and the ids that are ignored in the truth."""

    classes: tuple[ClassInfo, ...]
    ignore: frozenset[int] = field(default=frozenset())

    @classmethod
    def numbered(cls, count: int) -> "ClassTable":
        """The ids 0 … count − 1, called by their numbers."""
        if not 1 <= count <= MOST:
            raise BadOption(f"--num-classes is {count}", f"give a number from 1 to {MOST}")
        return cls.found(range(count))

    @classmethod
    def named(cls, names: Iterable[str]) -> "ClassTable":
        """The ids 0, 1, 2, … with these names."""
        return checked(cls(tuple(ClassInfo(i, name.strip()) for i, name in enumerate(names))), "--classes")

    @classmethod
    def found(cls, ids: Iterable[int], ignore: Iterable[int] = ()) -> "ClassTable":
        """These ids, called by their numbers."""
        return cls(tuple(ClassInfo(i, str(i)) for i in ids), frozenset(ignore))

    @classmethod
    def binary(cls) -> "ClassTable":
        """Background 0 and foreground 1."""
        return cls.named(["background", "foreground"])

    @cached_property
    def ids(self) -> tuple[int, ...]:
        return tuple(c.id for c in self.classes)

    @cached_property
    def colors(self) -> dict[Colour, int]:
        """Which id each colour stands for; the colours of ignored ids are in it too."""
        return {c.color: c.id for c in self.classes if c.color}

    @cached_property
    def groups(self) -> dict[str, list[int]]:
        """The ids of each group, in order of first appearance."""
        groups: dict[str, list[int]] = {}
        for c in self.scored.classes:
            if c.group:
                groups.setdefault(c.group, []).append(c.id)
        return groups

    @cached_property
    def scored(self) -> "ClassTable":
        """The table without the ignored ids: an ignored id is not a class."""
        return ClassTable(tuple(c for c in self.classes if c.id not in self.ignore), self.ignore)

    def ignoring(self, ids: Iterable[int]) -> "ClassTable":
        """The same table with more ignored ids."""
        return ClassTable(self.classes, self.ignore | frozenset(ids))

    def only(self, ids: Iterable[int]) -> "ClassTable":
        """The classes with these ids."""
        wanted = set(ids)
        return ClassTable(tuple(c for c in self.classes if c.id in wanted), self.ignore)


def parse(text: str, suffix: str, name: str) -> ClassTable:
    """The class table in the text of a CSV, JSON or TOML file called `name`."""
    if suffix == ".csv":
        rows, ignored = _csv_rows(text, name), list[int]()
    else:
        rows, ignored = _rows(load(text, suffix, name, BadClassTable), name)
    rows = [_known_keys(row, name) for row in rows]
    if not rows:
        raise BadClassTable(
            f"{name} holds no classes", "give one row or table for each class, with at least an id or a name"
        )
    numbered = [_class(row, position, name) for position, row in enumerate(rows)]
    table = ClassTable(tuple(info for info, _ in numbered), frozenset(ignored))
    return checked(table, name).ignoring(info.id for info, skip in numbered if skip)


def _csv_rows(text: str, name: str) -> list[dict[str, Any]]:
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
        rows, head = list(reader), list(reader.fieldnames or [])
    except csv.Error as fault:
        raise BadClassTable(f"{name} is not valid CSV: {fault}", "see `segeval explain SEG104`") from fault
    if len(set(head)) < len(head):
        raise BadClassTable(f"{name} has a column twice: {', '.join(head)}", "remove one of them")
    if any(None in row or None in row.values() for row in rows):
        raise BadClassTable(f"{name} has rows of unequal length", "quote fields that hold a comma")
    return [{key: value for key, value in row.items() if value != ""} for row in rows]


def _rows(document: Any, name: str) -> tuple[list[dict[str, Any]], list[int]]:
    """The class entries and the ignored ids of a JSON or TOML document."""
    ignored: list[int] = []
    if isinstance(document, dict):
        unknown = [key for key in document if key not in ("classes", "ignore")]
        if unknown or "classes" not in document:
            found = f"the key {unknown[0]!r}" if unknown else "no key 'classes'"
            raise BadClassTable(f"{name} has {found} at the top", "wanted: 'classes' and, if needed, 'ignore'")
        ignored = document.get("ignore", [])
        if not (isinstance(ignored, list) and all(type(i) is int and abs(i) < 1 << 31 for i in ignored)):
            raise BadClassTable(f"{name}: 'ignore' is {_shown(ignored)}", "wanted: for example [255]")
        document = document["classes"]
    if isinstance(document, dict):
        document = [_keyed(key, value) for key, value in document.items()]
    if isinstance(document, list) and all(isinstance(entry, str) for entry in document):
        document = [{"name": entry} for entry in document]
    if not (isinstance(document, list) and all(isinstance(entry, dict) for entry in document)):
        raise BadClassTable(f"{name}: the classes are not a list of tables", "see `segeval explain SEG104`")
    return document, ignored


def _keyed(id_: str, value: Any) -> Any:
    """The entry of a class whose id is its key."""
    if isinstance(value, dict) and "id" not in value:
        return {"id": id_, **value}
    return {"id": id_, "name": value} if isinstance(value, str) else None


def _known_keys(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The row with canonical keys; `r`, `g`, `b` (CamVid) become a colour."""
    named = [(_ALIASES.get(key.strip().lower(), key.strip().lower()), value) for key, value in row.items()]
    known = dict(named)
    if {"r", "g", "b"} <= known.keys():
        named.append(("color", " ".join(str(known.pop(channel)) for channel in "rgb")))
        known["color"] = named[-1][1]
    twice = [key for key, times in Counter(key for key, _ in named).items() if times > 1]
    if twice:
        raise BadClassTable(f"{name} gives the {twice[0]} of a class twice", "remove one of them")
    for key in known:
        if key not in _KEYS:
            raise BadClassTable(f"{name} has an unknown key {key!r}", did_you_mean(key, _KEYS))
    return known


def _class(row: Mapping[str, Any], position: int, name: str) -> tuple[ClassInfo, bool]:
    """The class of one row, and whether it is ignored; without an id the position counts."""
    id_ = _whole_number(row.get("id", position), name)
    title, group = row.get("name", str(id_)), row.get("group")
    if not isinstance(title, str) or not isinstance(group, str | None):
        raise BadClassTable(f"{name}: class {id_} has a name or group that is not text", "quote it")
    color = _color(row["color"], id_, name) if row.get("color") else None
    return ClassInfo(id_, title.strip(), color, group.strip() if group else None), _truth_value(
        row.get("ignore"), id_, name
    )


def _whole_number(value: Any, name: str) -> int:
    if type(value) is int and value.bit_length() < 64:
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,9}\s*", value, re.ASCII):
        return int(value)
    kind = "class id" if type(value) is int else "whole number"
    raise BadClassTable(f"{name}: the id {_shown(value)} is not a {kind}", "ids are the numbers that stand in masks")


def _shown(value: Any) -> str:
    """A value in a message; numbers of thousands of digits have no text."""
    try:
        return repr(value)[:60]
    except ValueError:
        return "of thousands of digits"


def _truth_value(value: Any, id_: int, name: str) -> bool:
    text = str(value).strip().lower()
    if text in ("", "none", "0", "false", "no"):
        return False
    if text in ("1", "true", "yes"):
        return True
    raise BadClassTable(f"{name}: 'ignore' of class {id_} is {value!r}", "wanted: true or false")


def _color(value: Any, id_: int, name: str) -> Colour:
    """`#804080`, `128 64 128`, `128,64,128` or `[128, 64, 128]`."""
    text = " ".join(str(part) for part in value) if isinstance(value, list) else str(value).strip()
    if re.fullmatch("#[0-9a-fA-F]{6}", text):
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
    parts = text.replace(",", " ").split()
    if len(parts) == 3 and all(re.fullmatch("[0-9]{1,3}", part, re.ASCII) and int(part) < 256 for part in parts):
        return int(parts[0]), int(parts[1]), int(parts[2])
    raise BadClassTable(f"{name}: the colour of class {id_} is {value!r}", "wanted: '#804080' or '128 64 128'")


def checked(table: ClassTable, name: str) -> ClassTable:
    """The table, if its ids, names and colours are distinct and its ids can be classes."""
    columns: dict[str, list[Any]] = {
        "id": list(table.ids),
        "name": [c.name for c in table.classes],
        "color": [c.color for c in table.classes if c.color],
    }
    for column, values in columns.items():
        value, times = Counter(values).most_common(1)[0] if values else ("", 1)
        if times > 1:
            raise BadClassTable(
                f"{name}: the {column} {value!r} stands {times} times", f"each class needs a {column} of its own"
            )
    if any(c.name == "" for c in table.classes):
        raise BadClassTable(f"{name}: a class has an empty name", "leave the name out, or give one")
    wrong = [i for i in table.ids if not 0 <= i < 1 << 31]
    if wrong:
        raise BadClassTable(
            f"{name}: {wrong[0]} is not a class id", "ids are whole numbers from 0; name void ids with --ignore"
        )
    return table

"""Which ids are classes, what they are called, which colours stand for them, and which ids are ignored."""

import csv
import difflib
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from segeval.catalog import did_you_mean
from segeval.documents import load
from segeval.errors import BadClassTable, BadOption

MOST = 65536  # classes that `--num-classes` takes
SUFFIXES = (".csv", ".json", ".toml", ".txt")
_KEYS = ["id", "name", "color", "group", "ignore"]
_ALIASES = {
    **{"colour": "color", "label": "name", "class": "name", "class_name": "name"},
    **{"category": "group", "supercategory": "group", "idx": "id", "class_id": "id"},
}
_SEVERAL = "|"  # between the groups of a class that is in several

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
    void_colors: tuple[tuple[Colour, int], ...] = ()  # colours of ignored ids that are no classes
    known_as: str = ""  # the name of a table that comes with the program
    regions: tuple[tuple[str, tuple[int, ...]], ...] = ()  # groups that may overlap, beside those of the classes

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
        return {c.color: c.id for c in self.classes if c.color} | dict(self.void_colors)

    @cached_property
    def groups(self) -> dict[str, list[int]]:
        """The ids of each group, in order of first appearance."""
        groups: dict[str, list[int]] = {}
        for c in self.scored.classes:
            if c.group:
                groups.setdefault(c.group, []).append(c.id)
        return groups | self.scored_regions

    @property
    def families(self) -> list[frozenset[int]]:
        """The ids of each group, in the same order, with the ignored ones that belong to it."""
        beside: dict[str, set[int]] = {}
        for c in self.classes:
            if c.group:
                beside.setdefault(c.group, set()).add(c.id)
        return [frozenset(ids) | beside.get(name, set()) for name, ids in self.groups.items()]

    @cached_property
    def scored_regions(self) -> dict[str, list[int]]:
        """The ids of each region that are scored; regions without any are left out."""
        scored = set(self.scored.ids)
        found = {name: [id_ for id_ in ids if id_ in scored] for name, ids in self.regions}
        return {name: ids for name, ids in found.items() if ids}

    @cached_property
    def scored(self) -> "ClassTable":
        """The table without the ignored ids: an ignored id is not a class."""
        return replace(self, classes=tuple(c for c in self.classes if c.id not in self.ignore))

    def ignoring(self, ids: Iterable[int]) -> "ClassTable":
        """The same table with more ignored ids."""
        return replace(self, ignore=self.ignore | frozenset(ids))

    def only(self, ids: Iterable[int]) -> "ClassTable":
        """The classes with these ids."""
        wanted = set(ids)
        return replace(self, classes=tuple(c for c in self.classes if c.id in wanted))


def parse(text: str, suffix: str, name: str) -> ClassTable:
    """The class table in the text of a file called `name`: of our own columns and keys, or as other programs write it.

    CSV with commas, semicolons or tabs; JSON or TOML with `classes`, or with what `_ours` knows; a text with a name a
    line, or with the lines of a CVAT label map.
    """
    ignored: list[int] = []
    regions: dict[str, Any] = {}
    if suffix == ".csv":
        rows = _csv_rows(text, name)
    elif suffix == ".txt":
        rows = _lines(text, name)
    else:
        rows, ignored, regions = _rows(load(text, suffix, name, BadClassTable), name)
    rows = [_known_keys(row, name) for row in rows]
    if not rows:
        raise BadClassTable(
            f"{name} holds no classes", "give one row or table for each class, with at least an id or a name"
        )
    numbered = [class_of(row, position, name) for position, row in enumerate(rows)]
    infos = [info for info, _ in numbered]
    if any(info.group and _SEVERAL in info.group for info in infos):
        for info in infos:
            for part in info.group.split(_SEVERAL) if info.group else ():
                regions.setdefault(part.strip(), []).append(info.id)
        infos = [replace(info, group=None) for info in infos]
    table = ClassTable(tuple(infos), frozenset(ignored))
    table = replace(table, regions=_regions(regions, table, name))
    return checked(table, name).ignoring(info.id for info, skip in numbered if skip)


def _regions(found: Mapping[str, Any], table: ClassTable, name: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Groups of classes that may overlap, if they are lists of ids of the table."""
    for region, ids in found.items():
        if not isinstance(ids, list) or not ids or any(type(id_) is not int for id_ in ids):
            raise BadClassTable(f"{name}: the region {region!r} is {_shown(ids)}", "wanted: a list of ids")
        if strange := [id_ for id_ in ids if id_ not in table.ids]:
            raise BadClassTable(f"{name}: the region {region!r} holds {strange[0]}, which is no class", "list its id")
        if region in table.groups or len(set(ids)) < len(ids):
            raise BadClassTable(f"{name}: the region {region!r} is told twice, or an id in it", "remove one of them")
    return tuple((region, tuple(ids)) for region, ids in found.items())


def _csv_rows(text: str, name: str) -> list[dict[str, Any]]:
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)  # a comma where there is none of them
    try:
        stream = io.StringIO(text, newline="")
        reader = csv.DictReader(stream, strict=True, skipinitialspace=True, delimiter=separator)
        rows, head = list(reader), list(reader.fieldnames or [])
    except csv.Error as fault:
        raise BadClassTable(f"{name} is not valid CSV: {fault}", "see `segeval explain SEG104`") from fault
    if len(set(head)) < len(head):
        raise BadClassTable(f"{name} has a column twice: {', '.join(head)}", "remove one of them")
    if any(None in row or None in row.values() for row in rows):
        raise BadClassTable(f"{name} has rows of unequal length", "quote fields that hold a separator")
    return [{key: value for key, value in row.items() if value != ""} for row in rows]


def _lines(text: str, name: str) -> list[dict[str, Any]]:
    """A name a line, or the lines `name:r,g,b:parts:actions` of a CVAT label map; ids are positions.

    labelme begins with `__ignore__`, whose id is −1: it is no class, and the next has the id 0.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if lines and lines[0] == "__ignore__":
        lines = lines[1:]
    if lines and all(line.count(":") == 3 for line in lines):
        parts = [line.split(":") for line in lines]
        return [{"name": title, **({"color": color} if color else {})} for title, color, *_ in parts]
    numbered = [re.fullmatch(r"([0-9]{1,9})\s*[:;,\t ]\s*(\S.*)", line) for line in lines]
    if lines and all(numbered):  # "0: unlabeled"
        return [{"id": found[1], "name": found[2]} for found in numbered if found]
    if any("," in line for line in lines):
        raise BadClassTable(f"{name} has commas in its lines", "give a name a line, or call a table .csv")
    return [{"name": line} for line in lines]


def _rows(document: Any, name: str) -> tuple[list[dict[str, Any]], list[int], dict[str, Any]]:
    """The class entries, the ignored ids and the regions of a JSON or TOML document."""
    ignored: list[int] = []
    regions: dict[str, Any] = {}
    if isinstance(document, dict):
        document = _ours(document, name)
        unknown = [key for key in document if key not in ("classes", "ignore", "regions")]
        if unknown or "classes" not in document:
            found = f"the key {unknown[0]!r}" if unknown else "no key 'classes'"
            raise BadClassTable(
                f"{name} has {found} at the top", "wanted: 'classes' and, if needed, 'ignore' and 'regions'"
            )
        ignored = document.get("ignore", [])
        if not (isinstance(ignored, list) and all(type(i) is int and abs(i) < 1 << 31 for i in ignored)):
            raise BadClassTable(f"{name}: 'ignore' is {_shown(ignored)}", "wanted: for example [255]")
        regions = document.get("regions", {})
        if not isinstance(regions, dict):
            raise BadClassTable(f"{name}: 'regions' is {_shown(regions)}", 'wanted: for example {"tumour": [1, 3]}')
        document = document["classes"]
    if isinstance(document, dict):
        document = [_keyed(key, value) for key, value in document.items()]
    if isinstance(document, list) and all(isinstance(entry, str) for entry in document):
        document = [{"name": entry} for entry in document]
    if not (isinstance(document, list) and all(isinstance(entry, dict) for entry in document)):
        raise BadClassTable(f"{name}: the classes are not a list of tables", "see `segeval explain SEG104`")
    return document, ignored, dict(regions)


def _ours(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The document under our keys: of Hugging Face (`id2label`), COCO (`categories`) or nnU-Net (`labels`), or bare."""
    if "classes" in document:
        return document
    if isinstance(document.get("id2label"), dict):
        return {"classes": document["id2label"]}
    if isinstance(document.get("categories"), list):
        return {"classes": document["categories"]}
    if isinstance(document.get("labels"), dict):
        return _of_nnunet(document["labels"], name)
    values = list(document.values())
    if values and all(re.fullmatch("[0-9]+", key) for key in document) and all(isinstance(v, str) for v in values):
        return {"classes": document}
    if values and all(type(value) is int for value in values):
        return _of_nnunet(document, name)
    return document


def _of_nnunet(labels: dict[str, Any], name: str) -> dict[str, Any]:
    """`dataset.json`: an id, or the ids of a region, for each name; `ignore` is the void; or a name for each id."""
    if labels and all(isinstance(value, str) for value in labels.values()):
        return {"classes": labels}
    found: dict[str, list[Any]] = {
        title: value if isinstance(value, list) else [value] for title, value in labels.items()
    }
    if any(type(id_) is not int for ids in found.values() for id_ in ids):
        raise BadClassTable(f"{name}: 'labels' holds something else than ids", "wanted: an id, or a list of them")
    void = found.pop("ignore", [])
    names = {ids[0]: title for title, ids in reversed(found.items()) if len(ids) == 1}
    every = dict.fromkeys(id_ for ids in found.values() for id_ in ids)
    regions = {title: ids for title, ids in found.items() if len(ids) > 1}
    if regions:  # then single labels are regions too, but for the background
        regions = {title: ids for title, ids in found.items() if ids != [0]}
    elif len(names) < len(found):
        raise BadClassTable(f"{name}: two labels have one id", "each class needs an id of its own")
    classes = [{"id": id_, "name": names.get(id_, str(id_))} for id_ in sorted(every)]
    return {"classes": classes, "ignore": void, "regions": regions}


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
    for key in sorted(
        known.keys() - _KEYS, reverse=True
    ):  # tables have columns of many kinds, but none that looks like one of ours
        if key in "rgb" or difflib.get_close_matches(key, _KEYS, 1):
            raise BadClassTable(f"{name} has an unknown key {key!r}", did_you_mean(key, _KEYS))
    return {key: value for key, value in known.items() if key in _KEYS}


def class_of(row: Mapping[str, Any], position: int, name: str) -> tuple[ClassInfo, bool]:
    """The class of one row, and whether it is ignored; without an id the position counts."""
    id_ = _whole_number(row.get("id", position), name)
    title, group = row.get("name", str(id_)), row.get("group")
    if isinstance(group, list) and all(isinstance(part, str) for part in group):
        group = _SEVERAL.join(group)
    if not isinstance(title, str) or not isinstance(group, str | None):
        raise BadClassTable(f"{name}: class {id_} has a name or group that is not text", "quote it")
    color = colour(row["color"], id_, name) if row.get("color") else None
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


def colour(value: Any, id_: int, name: str) -> Colour:
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
                f"{name}: the {column} {value!r} stands {times} times", f"each class needs its own {column}"
            )
    if any(c.name == "" for c in table.classes):
        raise BadClassTable(f"{name}: a class has an empty name", "leave the name out, or give one")
    wrong = [i for i in table.ids if not 0 <= i < 1 << 31]
    if wrong:
        raise BadClassTable(
            f"{name}: {wrong[0]} is not a class id", "ids are whole numbers from 0; name void ids with --ignore"
        )
    return table

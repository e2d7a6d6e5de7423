"""Ids of one kind as ids of another: by a table, that of a known data set, or by adding a number."""

import csv
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segeval.catalog import did_you_mean
from segeval.data.class_tables import id_maps
from segeval.documents import load, read
from segeval.errors import BadOption, UnmappedIds
from segeval.io import Array
from segeval.text import some

SIDES = ("pred", "gt")
REST = "*"  # the id, in a file of ids, that stands for all that have no row
SAME = "same"  # what they become where they stay what they are


@dataclass(frozen=True)
class Translation:
    """What every id becomes."""

    shift: int | None = None
    table: Mapping[int, int] = field(default_factory=dict)
    rest: int | str | None = None  # what ids without a row become; SAME: they stay; None: there must be none

    @classmethod
    def parse(cls, text: str) -> "Translation":
        """From `shift:-1`, the name of a known map, or that of a CSV, JSON or TOML file of ids and what they become."""
        if text in id_maps():
            return cls(None, id_maps()[text].pairs, id_maps()[text].rest)
        if (found := re.fullmatch(r"shift:([+-]?[0-9]{1,9})", text)) and int(found[1]):
            return cls(int(found[1]))
        if text.startswith("shift:"):
            raise BadOption(f"--map has {text!r}", "give a number other than 0, as in pred:shift:-1")
        if not re.search(r"\.[A-Za-z]{2,5}$|/", text) and not os.path.isfile(text):
            hint = f"{did_you_mean(text, list(id_maps()))} (see `segeval list maps`)"
            raise BadOption(f"--map {text}: there is neither an id map nor a file of that name", hint)
        rows = _keyed_rows(text) if text.lower().endswith((".json", ".toml")) else _csv_rows(text)
        rests = [new for id_, new in rows if id_ is None]
        table = {id_: new for id_, new in rows if id_ is not None}
        if not table or len(table) + len(rests) < len(rows) or len(rests) > 1:
            raise BadOption(f"--map {text} has {'an id twice' if table else 'no rows'}", "give each id one row")
        return cls(None, table, rests[0] if rests else None)

    def of(self, labels: Array, ignore: Collection[int], name: str) -> Array:
        """The labels in their new ids; ignored ones without a row stay what they are."""
        ids = np.unique(labels)
        kept = np.isin(ids, list(ignore)) & ~np.isin(ids, list(self.table))
        if self.shift is not None:
            new = np.where(kept, ids, ids.astype(np.int64) + self.shift)
        else:
            strange = [str(id_) for id_ in ids[~kept].tolist() if id_ not in self.table]
            if strange and self.rest is None:
                hint = "give each id a row, or all others one: *,255; what is no class may become an id of --ignore"
                raise UnmappedIds(f"{name} holds ids that --map has no row for: {some(strange)}", hint)
            others = np.where(kept | (self.rest == SAME), ids, -1 if self.rest in (None, SAME) else self.rest)
            new = np.array(
                [self.table.get(*each) for each in zip(ids.tolist(), others.tolist(), strict=True)], np.int64
            )
        return new.astype(np.int32)[np.searchsorted(ids, labels)]

    def recorded(self) -> str | list[list[Any]]:
        """The same as it stands in `run.json`."""
        if self.shift is not None:
            return f"shift:{self.shift:+}"
        return [*sorted(map(list, self.table.items())), *([["*", self.rest]] if self.rest is not None else [])]

    @classmethod
    def from_record(cls, record: Any) -> "Translation":
        """The same from the options of a `run.json`."""
        if isinstance(record, str):
            return cls.parse(record)
        rows = dict(record)
        rest = rows.pop(REST, None)
        return cls(None, rows, rest)


def translations(texts: Iterable[str]) -> dict[str, Translation]:
    """One for each side, from `pred:FILE` and `gt:shift:1`."""
    found: dict[str, Translation] = {}
    for text in texts:
        side, colon, rest = text.partition(":")
        if side not in SIDES or not colon or not rest:
            raise BadOption(f"--map is {text!r}", "give pred:FILE, pred:NAME or pred:shift:-1, or the same of gt")
        if side in found:
            raise BadOption(f"--map names {side} twice", "give it once")
        found[side] = Translation.parse(rest)
    return found


def _csv_rows(path: str) -> list[tuple[int | None, Any]]:
    try:
        rows = [row for row in csv.reader(read(path).splitlines(), skipinitialspace=True) if any(row)]
    except csv.Error as fault:
        raise BadOption(f"--map {path} is not valid CSV: {fault}", "give two ids in each row") from fault
    numbers = [_numbers(row) for row in rows]
    if rows and numbers[0] is None:  # a header
        rows, numbers = rows[1:], numbers[1:]
    if None in numbers:
        raise BadOption(f"--map {path} has the row {','.join(rows[numbers.index(None)])!r}", "give two ids in each row")
    return [pair for pair in numbers if pair]


def _keyed_rows(path: str) -> list[tuple[int | None, Any]]:
    """The rows of a JSON or TOML file, whose keys are ids."""
    document = load(read(path), path[-5:].lower(), path, BadOption)
    numbers = [_numbers([key, str(value)]) for key, value in document.items()] if isinstance(document, dict) else [None]
    if None in numbers:
        raise BadOption(f"--map {path} is not an object of ids", 'for example {"7": 0, "8": 1, "*": 255}')
    return [pair for pair in numbers if pair]


def _numbers(row: list[str]) -> tuple[int | None, Any] | None:
    """An id, or None for all others, and what it becomes, if the row is that."""
    one, other = (cell.strip() for cell in row) if len(row) == 2 else ("", "")
    if not re.fullmatch(r"-?[0-9]{1,9}|\*", one, re.ASCII) or not re.fullmatch(
        r"-?[0-9]{1,9}" + ("|same" if one == REST else ""), other, re.ASCII
    ):
        return None
    return None if one == REST else int(one), other if other == SAME else int(other)

"""Ids of one kind as ids of another: by a table, or by adding a number."""

import csv
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segeval.documents import load, read
from segeval.errors import BadOption, UnmappedIds
from segeval.io import Array
from segeval.text import some

SIDES = ("pred", "gt")


@dataclass(frozen=True)
class Translation:
    """What every id becomes."""

    shift: int | None = None
    table: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Translation":
        """From `shift:-1`, or the name of a CSV or JSON file of ids and what they become."""
        if found := re.fullmatch(r"shift:([+-]?[0-9]{1,9})", text):
            return cls(int(found[1]))
        if text.startswith("shift:"):
            raise BadOption(f"--map has {text!r}", "for example pred:shift:-1")
        rows = _json_rows(text) if text.lower().endswith(".json") else _csv_rows(text)
        table = dict(rows)
        if not table or len(table) < len(rows):
            raise BadOption(f"--map {text} has {'an id twice' if table else 'no rows'}", "give each id one row")
        return cls(None, table)

    def of(self, labels: Array, ignore: Collection[int], name: str) -> Array:
        """The labels in their new ids; ignored ones stay what they are."""
        ids = np.unique(labels)
        kept = np.isin(ids, list(ignore))
        if self.shift is not None:
            new = np.where(kept, ids, ids.astype(np.int64) + self.shift)
        else:
            strange = [str(id_) for id_ in ids[~kept].tolist() if id_ not in self.table]
            if strange:
                hint = "give each id a row; what is no class may become an id of --ignore"
                raise UnmappedIds(f"{name} holds ids that --map has no row for: {some(strange)}", hint)
            new = np.array([self.table.get(id_, id_) for id_ in ids.tolist()], np.int64)
        return new.astype(np.int32)[np.searchsorted(ids, labels)]

    def recorded(self) -> str | list[list[int]]:
        """The same as it stands in `run.json`."""
        return f"shift:{self.shift:+}" if self.shift is not None else sorted(map(list, self.table.items()))

    @classmethod
    def from_record(cls, record: Any) -> "Translation":
        """The same from the options of a `run.json`."""
        return cls.parse(record) if isinstance(record, str) else cls(None, dict(record))


def translations(texts: Iterable[str]) -> dict[str, Translation]:
    """One for each side, from `pred:FILE` and `gt:shift:1`."""
    found: dict[str, Translation] = {}
    for text in texts:
        side, colon, rest = text.partition(":")
        if side not in SIDES or not colon or not rest:
            raise BadOption(f"--map is {text!r}", "give pred:FILE, gt:FILE, pred:shift:-1 or gt:shift:1")
        if side in found:
            raise BadOption(f"--map names {side} twice", "give it once")
        found[side] = Translation.parse(rest)
    return found


def _csv_rows(path: str) -> list[tuple[int, int]]:
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


def _json_rows(path: str) -> list[tuple[int, int]]:
    document = load(read(path), ".json", path, BadOption)
    numbers = [_numbers([key, str(value)]) for key, value in document.items()] if isinstance(document, dict) else [None]
    if None in numbers:
        raise BadOption(f"--map {path} is not an object of ids", 'for example {"7": 0, "8": 1}')
    return [pair for pair in numbers if pair]


def _numbers(row: list[str]) -> tuple[int, int] | None:
    """Two ids, if the row is that."""
    if len(row) == 2 and all(re.fullmatch(r"\s*-?[0-9]{1,9}\s*", cell, re.ASCII) for cell in row):
        return int(row[0]), int(row[1])
    return None

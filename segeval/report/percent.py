"""The numbers of a run in other words: shares as percentages. Nothing but what people read changes."""

import copy
import functools
import operator
from collections.abc import Mapping
from typing import Any, cast

from segeval.report.sections import Cell, Percent
from segeval.run.numbers import Number, columns, numbers
from segeval.run.results import outlined


def is_share(number: Number) -> bool:
    """Whether a number is a share: from 0 to 1, without a unit, and no loss, which has a scale of its own."""
    return (number.low, number.high, number.unit) == (0, 1, "") and not number.name.startswith("loss.")


def of(number: Number, value: Cell) -> Cell:
    """A value of a number as it is shown."""
    return Percent(value) if isinstance(value, int | float) and is_share(number) else value


def in_percent(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a run, to be shown, with its shares as percentages."""
    seen = copy.deepcopy(dict(document))
    outline = outlined(document)
    for part, own in (("classes", outline), ("groups", outline.merged)):
        rows = seen.get(part, [])
        for name, column in columns(own).items() if rows else ():
            for row in rows:
                if name in row:
                    row[name] = of(column.number(own, 0), row[name])
    for number in numbers(outline):
        if number.path and number.path[0] not in ("classes", "losses"):
            *parts, last = number.path
            place = functools.reduce(operator.getitem, parts, cast("Any", seen))
            place[last] = of(number, place[last])
        for part in seen.get("ci", {}).values():
            if isinstance(part, dict) and (found := part.get(number.title)):
                found |= {end: of(number, found[end]) for end in ("low", "high")}
    return seen

"""What a rule asks, from its short form or from a table of the configuration."""

import fnmatch
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from segeval.catalog import did_you_mean
from segeval.errors import BadRule, UnknownName
from segeval.run.bootstrap import Stat
from segeval.run.grouping import Slice
from segeval.run.numbers import Number, find
from segeval.run.results import Results

TESTS = ("none", "regression", "noninferiority")
LEVELS = ("error", "warn", "off")
ADJUSTMENTS = ("holm", "none")
OVER = ("pooled", "images", "groups")
# Blanks are taken whole (`++`), so that no text takes time that grows with its square.
_ASKED = r"\s*+(?P<name>[\w.@:%]+)(?:\s*+\[(?P<class>.*)\])?(?:\s++over\s++(?P<over>\w+)\s++(?P<stat>\S+))?"
_RULE = re.compile(_ASKED + r"(?P<drop>\s++drop\b)?\s*+(?P<op>>=|<=|>|<)\s*+(?P<limit>\S+)\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?%?")
_EXAMPLE = "an example: iou[person] drop <= 0.01"


@dataclass(frozen=True)
class Asked:
    """A number of a run, or one for each of some classes: `iou[*]`, `dice over images p05`."""

    metric: str
    classes: tuple[str, ...] = ()  # names, ids or patterns; none: the number is not of a class
    excluded: tuple[str, ...] = ()
    over: str = "pooled"
    stat: Stat | None = None

    @property
    def text(self) -> str:
        """The number as one line."""
        of = f"[{','.join([*self.classes, *(f'!{each}' for each in self.excluded)])}]" if self.classes else ""
        over = f" over {self.over} {self.stat.name}" if self.stat else ""
        return f"{self.metric}{of}{over}"

    @classmethod
    def parse(cls, text: str) -> "Asked":
        """The same from its text."""
        found = re.fullmatch(_ASKED + r"\s*", text)
        if not found:
            raise BadRule(
                f"the number {text!r} cannot be read", "NAME[CLASS] over images STAT; an example: iou[person]"
            )
        return cls.matched(" ".join(text.split()), found)

    @classmethod
    def matched(cls, id_: str, found: re.Match[str]) -> "Asked":
        """The same from what was found in a text called `id_`."""
        classes, *excluded = re.split(r"\s*,\s*!\s*", (found["class"] or "").strip())
        over, stat = _over(id_, found["over"] or "pooled", found["stat"])
        return cls(found["name"], () if found["class"] is None else (classes,), tuple(excluded), over, stat)

    def numbers(self, results: Results) -> list[Number]:
        """The numbers of a run that are meant.  BadRule where there are none."""
        try:
            return [
                find(results.outline, self.metric, k, self.over, self.stat) for k in self.positions(results.classes)
            ]
        except UnknownName as fault:
            raise BadRule(f"{self.text}: {fault.message}", fault.hint) from fault

    def positions(self, classes: Sequence[Mapping[str, Any]]) -> list[int | None]:
        """The positions of the classes in a class table; [None] for a number that is not of a class."""
        if not self.classes:
            return [None]
        out = {k for pattern in self.excluded for k in _matching(pattern, classes)}
        kept = [k for pattern in self.classes for k in _matching(pattern, classes) if k not in out]
        if not kept:
            raise BadRule(f"{self.text} is about no class", "its exceptions leave none")
        return list(dict.fromkeys(kept))

    def named(self, classes: Sequence[Mapping[str, Any]]) -> set[int]:
        """The positions of the classes that are asked for by their names or ids, and not by a pattern such as `*`."""
        return {k for k, row in enumerate(classes) if {row["name"], str(row["id"])} & set(self.classes)}


def _matching(pattern: str, classes: Sequence[Mapping[str, Any]]) -> list[int]:
    """The positions of the classes of that name, or of that id, or whose names match."""
    tests = (
        lambda row: pattern == "*" or row["name"] == pattern,
        lambda row: str(row["id"]) == pattern,
        lambda row: fnmatch.fnmatchcase(row["name"], pattern),
    )
    for test in tests:
        if found := [k for k, row in enumerate(classes) if test(row)]:
            return found
    if not classes:
        raise BadRule(f"there is no class {pattern!r}", "the run has none: no image was scored, so look at its faults")
    raise BadRule(f"there is no class {pattern!r}", did_you_mean(pattern, [row["name"] for row in classes]))


@dataclass(frozen=True)
class Limit:
    """What a number, or its drop from the baseline, may be."""

    op: str
    number: float
    drop: bool = False
    relative: bool = False  # the number is a share of the baseline's value

    def __str__(self) -> str:
        number = f"{100 * self.number:g} % of the baseline" if self.relative else f"{self.number:.12g}"
        return f"{'drop ' if self.drop else ''}{self.op} {number}"

    def always_holds(self, low: float, high: float) -> bool:
        """Whether every value within a range is within the limit."""
        return not self.drop and self.holds(low) and self.holds(high)

    def holds(self, value: float) -> bool:
        """Whether a value is within the limit; nan never is."""
        number = self.number
        holds = {">=": value >= number, "<=": value <= number, ">": value > number, "<": value < number}
        return holds[self.op]


@dataclass(frozen=True)
class Rule:
    """What one rule asks of a run."""

    id: str
    asked: Asked
    limits: tuple[Limit, ...]
    test: str = "regression"
    adjust: str = "holm"
    level: str = "error"
    where: Slice | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        if not self.limits:
            raise BadRule(f"rule {self.id!r} asks for nothing", "give min, max, max_drop or max_drop_rel")
        if (self.asked.over == "pooled") != (self.asked.stat is None):
            raise BadRule(f"rule {self.id!r}: `over` and `stat` go together", "an example: dice over images p05 >= 0.5")
        if self.asked.excluded and not self.asked.classes:
            raise BadRule(f"rule {self.id!r} excepts classes from none", 'add classes = "*"')
        low = max((limit.number for limit in self.limits if not limit.drop and ">" in limit.op), default=-math.inf)
        high = min((limit.number for limit in self.limits if not limit.drop and "<" in limit.op), default=math.inf)
        if low > high:
            raise BadRule(f"rule {self.id!r}: the least is {low:g} and the most {high:g}", "exchange min and max")
        if any(limit.drop and limit.number < 0 for limit in self.limits):
            raise BadRule(f"rule {self.id!r}: a drop of less than 0 is a gain", "ask for the value instead: >= LIMIT")

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """A rule in its short form: `iou[person] drop <= 0.01`."""
        found = _RULE.fullmatch(text)
        if not found:
            raise BadRule(
                f"the rule {text!r} cannot be read", f"NAME[CLASS] over images STAT drop <= LIMIT; {_EXAMPLE}"
            )
        drop, op, name = found["drop"] is not None, found["op"], " ".join(text.split())
        if drop and ">" in op:
            raise BadRule(f"the rule {text!r} asks for a drop", f"a drop has an upper limit; {_EXAMPLE}")
        limit = Limit(op, _number(name, "the limit", found["limit"]), drop)
        return cls(name, Asked.matched(name, found), (limit,))

    @classmethod
    def from_table(cls, table: Mapping[str, Any], number: int) -> "Rule":
        """A rule from a table `[[gate.rule]]` of the configuration; `number` counts them from 1."""
        id_ = table.get("id", f"rule {number}")
        if not isinstance(id_, str) or not id_:
            raise BadRule(f"rule {number}: id is {id_!r}", "wanted: a text")
        for key in table:
            if key not in _KEYS:
                raise BadRule(f"rule {id_!r}: unknown key {key!r}", did_you_mean(key, sorted(_KEYS)))
        for key in ("metric", "over", "stat", "test", "adjust", "level", "where", "unit"):
            if key in table and not isinstance(table[key], str):
                raise BadRule(f"rule {id_!r}: {key} is {table[key]!r}", "wanted: a text")
        if not table.get("metric"):
            raise BadRule(f"rule {id_!r} names no metric", 'an example: metric = "miou_dataset"')
        return cls(
            id_,
            Asked(
                table["metric"],
                _names(id_, "classes", table.get("classes", [])),
                _names(id_, "except", table.get("except", [])),
                *_over(id_, table.get("over", "pooled"), table.get("stat")),
            ),
            _limits(id_, table),
            _choice(id_, "test", table.get("test", "regression"), TESTS),
            _choice(id_, "adjust", table.get("adjust", "holm"), ADJUSTMENTS),
            _choice(id_, "level", table.get("level", "error"), LEVELS),
            Slice.parse(table["where"]) if "where" in table else None,
            table.get("unit"),
        )


_KEYS = {
    *("id", "metric", "classes", "except", "over", "stat", "min", "max", "max_drop", "max_drop_rel"),
    *("test", "adjust", "level", "where", "unit"),
}


def distinct(rules: Iterable[Rule]) -> list[Rule]:
    """The rules, none of whose ids may stand twice."""
    found: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in found:
            raise BadRule(f"two rules are called {rule.id!r}", "give each an id of its own")
        found[rule.id] = rule
    return list(found.values())


def _limits(id_: str, table: Mapping[str, Any]) -> tuple[Limit, ...]:
    if "max_drop" in table and "max_drop_rel" in table:
        raise BadRule(f"rule {id_!r} has max_drop and max_drop_rel", "give one of the two")
    kinds = {
        "min": (">=", False, False),
        "max": ("<=", False, False),
        "max_drop": ("<=", True, False),
        "max_drop_rel": ("<=", True, True),
    }
    return tuple(
        Limit(op, _number(id_, key, table[key]), drop, relative)
        for key, (op, drop, relative) in kinds.items()
        if key in table
    )


def _number(id_: str, key: str, given: Any) -> float:
    """A limit: a finite number, or a text with `%`."""
    text = given if isinstance(given, str) else repr(float(given)) if isinstance(given, Real) else repr(given)
    if isinstance(given, bool) or not _NUMBER.fullmatch(text) or not math.isfinite(float(text.rstrip("%"))):
        raise BadRule(f"rule {id_!r}: {key} is {given!r}", "wanted: a finite number, such as 0.01 or 1%")
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _over(id_: str, over: str, stat: str | None) -> tuple[str, Stat | None]:
    _choice(id_, "over", over, OVER)
    found = None if stat is None else Stat.find(stat)
    if stat is not None and found is None:
        known = "mean, median, min, max, p05 (any percentile), worst-mean:10 (any number)"
        raise BadRule(f"rule {id_!r}: there is no statistic {stat!r}", f"known: {known}")
    return over, found


def _names(id_: str, key: str, given: Any) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise BadRule(f"rule {id_!r}: {key} is {given!r}", 'wanted: names, such as ["person", "car"], or "*"')
    return tuple(names)


def _choice(id_: str, key: str, given: str, known: Sequence[str]) -> str:
    if given not in known:
        raise BadRule(f"rule {id_!r}: {key} is {given!r}", did_you_mean(given, list(known)))
    return given

"""Which images belong together (one patient, one scene), and which slice of them a rule is about."""

import contextlib
import re
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from segeval.errors import BadGroup, BadRule
from segeval.text import some

_CONDITION = re.compile(r"""\s*(\w+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)")\s*""")


@dataclass(frozen=True)
class Grouping:
    """Groups of images by their ids; without a pattern every image is a group of its own.

    The group is what the pattern's group called `group` matched, or else its first group, or else all of the match.
    """

    pattern: str | None = None
    option: str = "--group-by"  # that gave the pattern

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern or "")
        except (re.error, RecursionError, OverflowError) as fault:
            raise BadGroup(f"{self.option} {self.pattern!r} is no regular expression: {fault}", _EXAMPLE) from fault

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern or "")

    def of(self, id_: str) -> str:
        """The group of an image."""
        if self.pattern is None:
            return id_
        found = self._match(id_)
        if "group" in found.groupdict():
            return found["group"] or ""
        return (found[1] or "") if self._compiled.groups else found[0]

    def every(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The group of each image; one in which the pattern finds nothing is alone."""
        return tuple(self.of(id_) or id_ for id_ in ids)

    def named(self, id_: str) -> dict[str, str]:
        """What a slice can ask about: the id and the named groups of the pattern."""
        found = {} if self.pattern is None else self._match(id_).groupdict()
        return {"id": id_, **{name: value or "" for name, value in found.items()}}

    @property
    def names(self) -> list[str]:
        """The names of all that `named` gives."""
        return ["id", *self._compiled.groupindex]

    def _match(self, id_: str) -> re.Match[str]:
        slow = BadGroup(f"{self.option} {self.pattern!r} takes too long for the id {id_!r}", _SLOW)
        with _at_most(_PATIENCE, slow):
            found = self._compiled.search(id_)
        if not found:
            raise BadGroup(f"{self.option} {self.pattern!r} matches nothing in the id {id_!r}", _EXAMPLE)
        return found


_SLOW = "repeat nothing that is itself repeated, as (a+)+ does"
_PATIENCE = 5.0  # seconds for one id; patterns of good will need microseconds


@contextlib.contextmanager
def _at_most(seconds: float, error: Exception) -> Iterator[None]:
    """End the block with the error when it takes longer, where that can be done: a search cannot be told to stop.

    The timer belongs to the main thread, and to whoever set it first.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not (hasattr(signal, "setitimer") and in_main and signal.getitimer(signal.ITIMER_REAL) == (0, 0)):
        yield
        return

    def ring(*_: object) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


_EXAMPLE = "an example for ids such as berlin_000001: '^(?P<group>[^_]+)_'"


@dataclass(frozen=True)
class Slice:
    """Conditions on images that all must hold: `site == 'A' and id != 'x'`."""

    text: str
    conditions: tuple[tuple[str, bool, str], ...]  # (name, equal or not, value)

    @classmethod
    def parse(cls, text: str) -> "Slice":
        """The same from its text: names, == or !=, quoted values, `and`."""
        conditions, place = [], 0
        while True:
            found = _CONDITION.match(text, place)
            if not found:
                what = f"where = {text!r} cannot be read from column {place + 1} on"
                raise BadRule(what, "an example: site == 'A' and id != 'img_7'")
            conditions.append((found[1], found[2] == "==", found[3] if found[3] is not None else found[4]))
            place = found.end()
            if place == len(text):
                return cls(text, tuple(conditions))
            if not re.compile(r"and\b").match(text, place):
                raise BadRule(f"where = {text!r}: conditions are joined by `and`", f"see column {place + 1}")
            place += len("and")

    def check(self, known: list[str]) -> None:
        """Refuse names that no image has."""
        for name, _, _ in self.conditions:
            if name not in known:
                what = f"where = {self.text!r} asks for {name!r}"
                raise BadRule(what, f"known here: {some(known, 9)}; name groups of --group-by as (?P<{name}>…)")

    def holds(self, facts: Mapping[str, str]) -> bool:
        """Whether an image is in the slice."""
        return all((facts[name] == value) == equal for name, equal, value in self.conditions)

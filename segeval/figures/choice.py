"""What `segeval plot losses NAME…` draws: losses, figures of what they are made of, or all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from segeval.catalog import near_to
from segeval.errors import SegevalError, UnknownName
from segeval.figures.basics import BASICS
from segeval.figures.chart import Chart
from segeval.figures.curves import MOST, Drawn, drawn
from segeval.losses import LOSSES

ALL = "all"


@dataclass(frozen=True)
class Choice:
    """The losses and the charts that were asked for, and of `all` why some losses are not among them."""

    losses: list[Drawn]
    charts: list[Chart]
    left_out: dict[str, str]

    @property
    def number(self) -> int:
        """How many figures they make: curves of each loss, answers of those of probabilities, and each of several."""
        every, answering = len(self.losses), sum(not each.asked.entry.scores for each in self.losses)
        beside = 1 < every <= MOST and answering in (0, every)
        return every + beside + answering + (1 < answering <= MOST) + len(self.charts)


def chosen(names: Sequence[str], params: Sequence[str]) -> Choice:
    """What names stand for; without any, the losses that a run tells unasked.  Errors as of `drawn`."""
    asked = list(names) or [name for name, entry in LOSSES.items() if entry.default]
    left_out: dict[str, str] = {}
    if ALL in asked:
        left_out = {name: why for name in LOSSES if (why := _why_not(name))}
        asked = [*(name for name in LOSSES if name not in left_out), *BASICS]
    for name in asked:
        if LOSSES.known(name) is None and name not in BASICS and (near := near_to(name, [*LOSSES, *BASICS])) in BASICS:
            raise UnknownName(f"there is no figure called {name!r}", f"did you mean {near!r}?")
    return Choice(
        drawn([name for name in asked if name not in BASICS], params),
        [BASICS[name].func() for name in asked if name in BASICS],
        left_out,
    )


def _why_not(name: str) -> str:
    """Why a loss cannot be drawn; empty where it can."""
    try:
        drawn([name], [])
    except SegevalError as fault:
        return fault.message
    return ""

"""Runs -> a leaderboard: who is best by each number and by several, and how sure that is.

By means: of each number the ranks of the runs, then the mean of a run's ranks over the numbers.  By tests: how many
other runs each is better than by more than chance (test, then rank).  Equal values share the better rank.

Wiesenfarth, M. et al. (2021). Scientific Reports 11:2369
"""

import functools
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

import segeval
from segeval.data.folders import MISSING
from segeval.errors import BadOption
from segeval.evidence.run_length import Array
from segeval.gate.compare import alike, better, last, ranks, resampled, sides, together
from segeval.gate.decide import cautions
from segeval.gate.rules import Asked
from segeval.run.bootstrap import Draws, at_most, bounds, holm, known, p_change
from segeval.run.means import resample
from segeval.run.numbers import Number
from segeval.run.results import Results
from segeval.run.run import defined
from segeval.text import counted

SCHEMA = "segeval-rank/1"


@dataclass(frozen=True)
class Placed:
    """The runs by one number."""

    number: str
    better: str
    values: list[float]
    ranks: list[int]
    low: list[float]  # of the rank, under resampling; two-sided
    high: list[float]
    first: list[float]  # the share of resamples in which each run is first
    p: list[list[float]]  # of each pair, two-sided, adjusted (Holm) over all pairs; nan of a run with itself
    wins: list[int]  # how many runs each is better than by more than chance


@dataclass(frozen=True)
class Leaderboard:
    """The runs by all numbers together."""

    runs: list[Results]
    draws: Draws
    images: int
    groups: int
    numbers: list[Placed]
    mean_rank: list[float]
    ranks: list[int]  # by the mean of ranks
    low: list[float]
    high: list[float]
    wins: list[int]  # over all numbers
    by_tests: list[int]  # ranks by wins
    notes: list[str]

    def document(self) -> dict[str, Any]:
        """The leaderboard as JSON has it."""
        document = {
            "schema": SCHEMA,
            "segeval": segeval.__version__,
            "runs": [{"name": run.name, "fingerprint": run.document["fingerprint"]} for run in self.runs],
            "images": self.images,
            "groups": self.groups,
            "statistics": {**self.draws.how, "group_by": self.runs[0].group_by(self.draws)},
            "numbers": [asdict(number) for number in self.numbers],
            "overall": {
                "mean_rank": self.mean_rank,
                "ranks": self.ranks,
                "low": self.low,
                "high": self.high,
                "wins": self.wins,
                "by_tests": self.by_tests,
            },
            "notes": self.notes,
        }
        clean = defined(document)
        assert isinstance(clean, dict)
        return clean


def rank(
    runs: Sequence[Results],
    numbers: Iterable[str] = (),
    draws: Draws | None = None,
    intersect: bool = False,
    names: Sequence[str] = (),
) -> Leaderboard:
    """The leaderboard of runs of the same images; by `miou_dataset` unless other numbers are named.

    names: what the runs are called, in their order.
    Errors: BadOption, BadRule for numbers that a run does not have, OtherImages, OtherClasses, UnreadableRun.
    """
    draws = draws or Draws()
    runs = _named(runs, names)
    asked = [Asked.parse(text) for text in numbers] or [Asked("miou_dataset")]
    own = [number for family in together(asked, runs) for number in family]
    if odd := [number.title for number in own if math.isnan(number.best)]:
        raise BadOption(f"{odd[0]} has no better and worse", "rank by a number that has")
    same = alike([run.grouped(draws.grouping) for run in runs], asked, intersect)
    found = resample(draws, [run.rows for run in same], {n.title: functools.partial(sides, n) for n in own if n.drawn})
    drawn = [resampled(number, found) for number in own]
    many = [None if good is None else ranks(last(good)) for good in drawn]
    placed = [_placed(*each, same, draws) for each in zip(own, drawn, many, strict=True)]
    mean_rank = [float(np.mean([each.ranks[n] for each in placed])) for n in range(len(runs))]
    there = [each for each in many if each is not None]
    means = np.mean(there, axis=0) if len(there) == len(own) else None
    low, high = _intervals(means, len(runs), draws)
    wins = [sum(each.wins[n] for each in placed) for n in range(len(runs))]
    return Leaderboard(
        same,
        draws,
        len(same[0].rows.ids),
        same[0].rows.clusters,
        placed,
        mean_rank,
        ranks(-np.array(mean_rank)).tolist(),
        low,
        high,
        wins,
        ranks(np.array(wins)).tolist(),
        list(_notes(asked, same)),
    )


def _named(runs: Sequence[Results], names: Sequence[str]) -> list[Results]:
    """The runs under the names that were given."""
    if len(runs) < 2:
        raise BadOption("one run cannot be ranked", "give two or more")
    if names and len(names) != len(runs):
        raise BadOption(f"--names has {len(names)}, and there are {len(runs)} runs", "give one name for each, in order")
    called = [*names] or [run.name for run in runs]
    if len(set(called)) < len(called):
        twice = next(name for name in called if called.count(name) > 1)
        raise BadOption(f"two runs are called {twice!r}", "tell them apart with --names")
    return [replace(run, name=name) for run, name in zip(runs, called, strict=True)]


def _placed(number: Number, drawn: Array | None, many: Array | None, runs: Sequence[Results], draws: Draws) -> Placed:
    """The runs by a number, from their resampled values (runs, B), of which more is better, and the ranks by these."""
    values = [run.value(number) for run in runs]
    good = last(number.good(np.array(values)))
    low, high = _intervals(many, len(runs), draws)
    first = [math.nan] * len(runs) if many is None else [float((row == 1).mean()) for row in many]
    p = _pairs(drawn)
    adjusted = _adjusted(p, len(runs))
    wins = [
        sum(bool(good[n] > good[m]) and at_most(adjusted[n][m], draws.alpha) for m in range(len(runs)))
        for n in range(len(runs))
    ]
    return Placed(number.title, better(number), values, ranks(good).tolist(), low, high, first, adjusted, wins)


def _intervals(drawn: Array | None, runs: int, draws: Draws) -> tuple[list[float], list[float]]:
    """The two-sided bounds of resampled ranks (runs, B)."""
    if drawn is None:
        return [math.nan] * runs, [math.nan] * runs
    found = [known(*bounds(row.astype(np.float64), (1 + draws.confidence) / 2)) for row in drawn]
    return [low for low, _ in found], [high for _, high in found]


def _pairs(good: Array | None) -> dict[tuple[int, int], float]:
    """The p-value of each pair; none where nothing can be drawn anew."""
    if good is None:
        return {}
    pairs = itertools.combinations(range(len(good)), 2)
    differences = {(n, m): good[n] - good[m] for n, m in pairs}
    return {pair: p_change(each) for pair, each in differences.items() if np.isfinite(each).any()}


def _adjusted(p: dict[tuple[int, int], float], runs: int) -> list[list[float]]:
    """A table of the adjusted p-values of all pairs."""
    table = [[math.nan] * runs for _ in range(runs)]
    for (n, m), value in zip(p, holm(list(p.values())), strict=True):
        table[n][m] = table[m][n] = value
    return table


def _notes(asked: Iterable[Asked], runs: Sequence[Results]) -> Iterable[str]:
    for run in runs:
        if failed := len(run.document["images"]["failed"]):
            yield f"{run.name} is incomplete: {counted(failed, 'image')} not scored"
        if missing := len(run.document["images"]["missing"]):
            how = MISSING.get(run.document["options"]["missing"], MISSING["error"])
            yield f"{run.name}: {counted(missing, 'image')} without prediction ({how})"
        yield from run.cautions
    yield from cautions(runs[0].rows.clusters, (each.stat for each in asked))
    yield "p-values are adjusted (Holm) over all pairs of runs, of each number by itself"

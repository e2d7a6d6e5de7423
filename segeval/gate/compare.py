"""Runs -> paired differences: how each run differs from the first, and which of them is best. It judges nothing."""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

import segeval
from segeval.errors import BadOption, OtherClasses
from segeval.evidence.run_length import Array
from segeval.gate.baseline import check_number, paired
from segeval.gate.decide import Interval, cautions, change, smallest
from segeval.gate.rules import Asked
from segeval.run.bootstrap import Draws, holm, known, p_change
from segeval.run.means import Drawn, resample
from segeval.run.numbers import Number
from segeval.run.results import Results
from segeval.run.run import defined
from segeval.text import counted, some

SCHEMA = "segeval-compare/1"


@dataclass(frozen=True)
class Difference:
    """How a number of a run differs from that of the first run."""

    run: int
    difference: float
    low: float
    high: float
    p: float  # two-sided
    p_adjusted: float  # Holm, over the classes that were asked for together
    detectable: float  # the smallest true difference that is found in 80 % of cases
    undefined_resamples: float
    won: int | None  # images on which the run is better; None: the number is not of images
    lost: int | None
    tied: int | None
    undefined: int | None


@dataclass(frozen=True)
class Compared:
    """One number of all runs."""

    number: str
    better: str  # higher | lower | nearer to 0
    values: list[float]
    differences: list[Difference]


@dataclass(frozen=True)
class Mover:
    """An image whose score moved."""

    run: int
    id: str
    before: float
    after: float


@dataclass(frozen=True)
class Ranking:
    """Who is best, and how sure that is: the share of resamples in which each run has each rank."""

    number: str
    ranks: list[int]
    shares: list[list[float]]  # of each run, by rank from the first


@dataclass(frozen=True)
class Comparison:
    """What all runs have in common, and in what they differ."""

    runs: list[Results]
    draws: Draws
    groups: int
    images: int
    numbers: list[Compared]
    movers: list[Mover]
    moved: str  # the number by which images moved
    ranking: Ranking | None
    notes: list[str]

    def document(self) -> dict[str, Any]:
        """The comparison as JSON has it."""
        told = [
            {"name": run.name, "fingerprint": run.document["fingerprint"], "segeval": run.document["segeval"]}
            for run in self.runs
        ]
        document = {
            "schema": SCHEMA,
            "segeval": segeval.__version__,
            "runs": told,
            "images": self.images,
            "groups": self.groups,
            "statistics": {**self.draws.how, "group_by": self.runs[0].group_by(self.draws)},
            "numbers": [asdict(number) for number in self.numbers],
            "moved": self.moved,
            "movers": [asdict(mover) for mover in self.movers],
            "ranking": asdict(self.ranking) if self.ranking else None,
            "notes": self.notes,
        }
        clean = defined(document)
        assert isinstance(clean, dict)
        return clean


def compare(
    runs: Sequence[Results],
    numbers: Iterable[str] = (),
    draws: Draws | None = None,
    intersect: bool = False,
    movers: int = 5,
) -> Comparison:
    """How runs of the same images differ from the first of them.

    numbers: what to compare, as `iou[*]` or `dice over images p05`; by default every number of the summary, the IoU of
    each class, and every loss, as far as all runs have them.  movers: how many images to name for each run.
    Errors: BadRule for numbers that a run does not have, OtherImages, OtherClasses, UnreadableRun.
    """
    draws = draws or Draws()
    if len(runs) < 2:
        raise BadOption("one run cannot be compared", "give two or more")
    if movers < 0:
        raise BadOption(f"--images is {movers}", "give 0 or more")
    asked = [Asked.parse(text) for text in numbers] or _default(runs)
    families = together(asked, runs)
    same = alike([run.grouped(draws.grouping) for run in runs], asked, intersect)
    every = [number for family in families for number in family]
    found = resample(
        draws, [run.rows for run in same], {n.title: functools.partial(sides, n) for n in every if n.drawn}
    )
    moved = next((number for number in every if number.images), None)
    return Comparison(
        same,
        draws,
        same[0].rows.clusters,
        len(same[0].rows.ids),
        [each for family in families for each in _compared(family, same, found, draws)],
        _movers(moved, same, movers) if moved else [],
        moved.title if moved else "",
        _ranking(every[0], same, found) if len(same) > 2 else None,
        list(_notes(asked, same, every)),
    )


def together(asked: Sequence[Asked], runs: Sequence[Results]) -> list[list[Number]]:
    """The numbers that were asked for together, which every run must have."""
    first, *_ = [[each.numbers(run) for each in asked] for run in runs]
    return first


def _default(runs: Sequence[Results]) -> list[Asked]:
    """The main numbers that all runs have; miou_dataset first."""
    summary = [name for name in runs[0].document["summary"] if all(_alike_summary(name, run, runs[0]) for run in runs)]
    losses = [name for name in _losses(runs[0]) if all(_alike_loss(name, run, runs[0]) for run in runs)]
    names = sorted(summary, key=lambda name: (name != "miou_dataset", name.startswith("group_"), name))
    sections = [name for name in _told(runs[0]) if all(_alike_told(name, run, runs[0]) for run in runs)]
    return [
        *map(Asked, names),
        *([Asked("iou", ("*",))] if all(run.classes for run in runs) else []),
        *(Asked(f"loss.{name}") for name in losses),
        *map(Asked, sections),
    ]


def _told(run: Results) -> list[str]:
    """The main numbers of its sections."""
    sections = run.outline.sections.items()
    return [f"{kind}.{n.name}" for kind, every in sections for n in every if not n.detail and n.over != "class"]


def _alike_told(name: str, run: Results, first: Results) -> bool:
    """Whether both runs have a number of a section, computed alike."""
    return name in _told(run) and _computed_alike(name, run, first)


def _alike_summary(name: str, run: Results, first: Results) -> bool:
    """Whether both runs have a number of the summary, computed alike."""
    return name in run.document["summary"] and _computed_alike(name, run, first)


def _computed_alike(name: str, run: Results, first: Results) -> bool:
    try:
        check_number(name, run, first)
    except OtherClasses:
        return False
    return True


def _losses(run: Results) -> Any:
    return run.document.get("losses", {})


def _alike_loss(name: str, run: Results, first: Results) -> bool:
    """Whether both runs have the loss, computed alike."""
    return _computed_alike(f"loss.{name}", run, first) and name in _losses(run)


def alike(runs: Sequence[Results], asked: Sequence[Asked], intersect: bool) -> list[Results]:
    """The runs over the images that all of them have, in the groups of the first."""
    first = runs[0]
    for run in runs[1:]:
        for each in asked:
            check_number(each.metric, run, first)
        first = paired(first, run, intersect).run
    return [first, *(paired(first, run, intersect).baseline for run in runs[1:])]


def sides(number: Number, *drawn: Drawn) -> Array:
    """A number of all runs (runs, B)."""
    assert number.drawn
    return np.stack([number.drawn(side) for side in drawn])


def _compared(
    numbers: Sequence[Number], runs: Sequence[Results], found: dict[str, Array], draws: Draws
) -> list[Compared]:
    """The numbers that were asked for together, such as those of all classes."""
    values = [[run.value(number) for run in runs] for number in numbers]
    drawn = [_changes(found.get(number.title), len(runs)) for number in numbers]
    p_values = [[_p(change) for change in changes] for changes in drawn]
    compared = []
    adjusted = _adjusted(p_values)
    for number, row, changes, ps, qs in zip(numbers, values, drawn, p_values, adjusted, strict=True):
        differences = [
            _difference(n, number, runs, (row[0], row[n]), change, p, q, draws)
            for n, (change, p, q) in enumerate(zip(changes, ps, qs, strict=True), 1)
        ]
        compared.append(Compared(number.title, better(number), row, differences))
    return compared


def _p(change: Array) -> float:
    """The two-sided p-value; undefined where no resample has a value."""
    return p_change(change) if np.isfinite(change).any() else math.nan


def _changes(drawn: Array | None, runs: int) -> list[Array]:
    """The resampled differences of each run from the first; empty where there are none."""
    if drawn is None or not drawn.size:
        return [np.zeros(0)] * (runs - 1)
    return [change(drawn[n], drawn[0]) for n in range(1, runs)]


def _adjusted(p_values: Sequence[Sequence[float]]) -> list[list[float]]:
    """Holm's adjustment of each run over the numbers (rows) that have a p-value."""
    columns = []
    for column in zip(*p_values, strict=True):
        defined = [p for p in column if not math.isnan(p)]
        found = iter(holm(defined))
        columns.append([math.nan if math.isnan(p) else next(found) for p in column])
    return [list(row) for row in zip(*columns, strict=True)]


def _difference(
    n: int,
    number: Number,
    runs: Sequence[Results],
    values: tuple[float, float],
    change: Array,
    p: float,
    adjusted: float,
    draws: Draws,
) -> Difference:
    sure = (1 + draws.confidence) / 2  # two-sided
    found = Interval.of(change, sure, runs[0].rows.clusters)
    seen = smallest(found.spread, sure)
    counts = _won(number, runs[0], runs[n]) if number.images else (None,) * 4
    told = (*known(found.lower, found.upper), p, adjusted, seen, found.undefined)
    return Difference(n, values[1] - values[0], *told, *counts)


def _won(number: Number, first: Results, run: Results) -> tuple[int, int, int, int]:
    """On how many images a run is better, worse, equal, and on how many one of both has no value."""
    assert number.images
    then, now = (number.good(number.images(each.rows)) for each in (first, run))
    return (
        int((now > then).sum()),
        int((now < then).sum()),
        int((now == then).sum()),
        int((np.isnan(now) | np.isnan(then)).sum()),
    )


def better(number: Number) -> str:
    if math.isnan(number.best):
        return ""
    if number.best == number.high:
        return "higher"
    return "lower" if number.best == number.low else f"nearer to {number.best:g}"


def _movers(number: Number, runs: Sequence[Results], most: int) -> list[Mover]:
    """The images of each run that moved most against the first, the largest change first."""
    assert number.images
    before = number.images(runs[0].rows)
    found = []
    for n, run in enumerate(runs[1:], 1):
        after = number.images(run.rows)
        size = np.nan_to_num(np.abs(change(number.good(after), number.good(before))))
        order = np.argsort(-size, kind="stable")[:most]
        found += [Mover(n, run.rows.ids[k], float(before[k]), float(after[k])) for k in order if size[k] > 0]
    return found


def _ranking(number: Number, runs: Sequence[Results], found: dict[str, Array]) -> Ranking | None:
    """The ranks of the runs by a number, and how often each holds when images are drawn anew; equal runs share one."""
    good = resampled(number, found)
    if good is None:
        return None
    drawn = ranks(last(good))
    shares = [[float((row == place).mean()) for place in range(1, len(runs) + 1)] for row in drawn]
    values = last(number.good(np.array([run.value(number) for run in runs])))
    return Ranking(number.title, ranks(values).tolist(), shares)


def resampled(number: Number, found: Mapping[str, Array]) -> Array | None:
    """The resampled values of runs (runs, B), of which more is better; None where nothing can be drawn anew."""
    drawn = found.get(number.title)
    return None if drawn is None or not drawn.size else number.good(drawn)


def ranks(good: Array) -> Array:
    """The ranks of runs (runs, …) from values of which more is better: 1 and how many are better."""
    found: Array = 1 + (good[None] > good[:, None]).sum(axis=1)
    return found


def last(values: Array) -> Array:
    """The values to rank by: what is undefined is not best."""
    return np.where(np.isnan(values), -np.inf, values)


def _notes(asked: Iterable[Asked], runs: Sequence[Results], numbers: Sequence[Number]) -> Iterable[str]:
    for run in runs:
        endless = [number.title for number in numbers if number.endless and math.isinf(run.value(number))]
        if endless:
            yield f"infinite in {run.name}, where a class is in one mask alone: {some(endless, 4)}"
        if failed := len(run.document["images"]["failed"]):
            yield f"{run.name} is incomplete: {counted(failed, 'image')} not scored"
        yield from run.cautions
    yield from cautions(runs[0].rows.clusters, (each.stat for each in asked))
    yield "p-values are adjusted (Holm) over the classes asked for together, and for nothing else"

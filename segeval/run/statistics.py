"""Means that skip what is undefined, and say how much they skipped."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean (nan when nothing was defined) and how many of how many values were undefined."""

    value: float
    undefined: int
    of: int


def mean(values: Iterable[float], kind: str = "arithmetic") -> Mean:
    """The mean of the defined (not nan) values; exact sums, so that the order does not matter.

    arithmetic Σx/n ≥ geometric (Πx)^(1/n) ≥ harmonic n/Σ(1/x), for x ≥ 0; the last two are 0 when one value is 0.
    """
    every = list(values)
    defined = [float(x) for x in every if not math.isnan(x)]
    value = MEANS[kind](defined) if defined else math.nan
    return Mean(value, len(every) - len(defined), len(every))


def _arithmetic(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _geometric(values: list[float]) -> float:
    return 0.0 if 0 in values else math.exp(math.fsum(map(math.log, values)) / len(values))


def _harmonic(values: list[float]) -> float:
    return 0.0 if 0 in values else len(values) / math.fsum(1 / x for x in values)


MEANS: Mapping[str, Callable[[list[float]], float]] = {
    "arithmetic": _arithmetic,
    "geometric": _geometric,
    "harmonic": _harmonic,
}

"""Paired bootstrap over groups of images: draws, exact weighted sums, bounds, p-values, Holm's adjustment.

A resample draws as many groups as there are, with replacement; what it leaves behind is how often each group was drawn.
Everything here is the same to the last bit on every machine and for any number of threads: draws come from the frozen
stream of `RandomState` (NEP 19), sums are sums of whole numbers, bounds are order statistics.

Efron, B., Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segeval.errors import BadOption
from segeval.evidence.run_length import Array
from segeval.run.grouping import Grouping

BLOCK = 500  # resamples at a time: their weights stay in the cache
MOST = 10_000_000
FEW = 10  # groups of which fewer are compared by all their subsets
MANY = 30  # groups of which fewer are compared by subsets, drawn at random
_ALMOST = 1e-12  # relative: 1 − 0.9 is a little less than 0.1


@dataclass(frozen=True)
class Draws:
    """Which images are drawn together, how often, and how sure bounds are to be (one-sided unless said otherwise)."""

    group_by: str | None = None
    confidence: float = 0.95
    resamples: int = 10_000
    seed: int = 0
    ci: bool = False  # whether a run tells intervals of its summary

    def __post_init__(self) -> None:
        if not 0.5 < self.confidence < 1:
            raise BadOption(f"--confidence is {self.confidence:g}", "give a share between 0.5 and 1, such as 0.95")
        if not 100 <= self.resamples <= MOST:
            raise BadOption(f"--resamples is {self.resamples}", f"give a number from 100 to {MOST:,}")
        if not 0 <= self.seed < 1 << 32:
            raise BadOption(f"--seed is {self.seed}", "give a number from 0 to 4294967295")
        _ = self.grouping  # a pattern that is none is refused at once

    @property
    def alpha(self) -> float:
        return 1 - self.confidence

    @cached_property
    def grouping(self) -> Grouping:
        return Grouping(self.group_by)

    @property
    def how(self) -> dict[str, Any]:
        """How intervals are drawn, as documents have it."""
        return {"confidence": self.confidence, "resamples": self.resamples, "seed": self.seed}

    def recorded(self) -> dict[str, Any]:
        """The same as it stands in `run.json`: what can change a number in it."""
        return {**({"group_by": self.group_by} if self.group_by else {}), **({"ci": self.how} if self.ci else {})}

    @classmethod
    def from_record(cls, options: Mapping[str, Any]) -> "Draws":
        """The same from the options of a `run.json`."""
        return cls(options.get("group_by"), ci="ci" in options, **options.get("ci", {}))

    def blocks(self, groups: int) -> Iterator[Array]:
        """How often each group is drawn: float64 (resamples of the block, groups), whole numbers."""
        source = np.random.RandomState(self.seed)
        for start in range(0, self.resamples, BLOCK):
            rows = min(BLOCK, self.resamples - start)
            drawn = source.randint(0, groups, (rows, groups), dtype=np.int32)
            flat = (drawn + np.arange(rows)[:, None] * groups).ravel()
            yield np.bincount(flat, minlength=rows * groups).reshape(rows, groups).astype(np.float64)

    def paired(self, groups: int) -> Iterator[Array]:
        """How often each group stands where runs are compared: all subsets of few groups, random ones of more, and of
        many as they are drawn.

        The differences of all subsets are typical values: no difference is as likely to lie between any two neighbours
        of them as between any others. So p ≤ α happens to equal models in at most α of cases, where the bootstrap of
        few groups happens far more often. For a mean it is the test of all changes of signs.

        Hartigan, J. A. (1969). Journal of the American Statistical Association 64:1303–1317
        """
        if groups >= MANY:
            yield from self.blocks(groups)
            return
        every, source = 1 << groups, np.random.RandomState(self.seed)
        subsets = np.arange(1, every) if groups < FEW else source.randint(1, every, self.resamples, dtype=np.int64)
        for start in range(0, subsets.size, BLOCK):
            yield (subsets[start : start + BLOCK, None] >> np.arange(groups) & 1).astype(np.float64)


def exact_sums(weights: Array, values: Array, most: float) -> Array:
    """Σ_g w_bg v_gm, (B, M), the same on every machine.

    weights: (B, G) whole numbers, at most `most` in a row.  values: (G, M), finite.
    The values are rounded to whole multiples of one power of two, so small that no sum leaves the 53 bits of float64:
    the error is below the largest |value| · most · 2⁻⁵².
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0:
        return np.zeros((weights.shape[0], values.shape[1]))
    places = 52 - math.ceil(math.log2(largest) + math.log2(most))
    sums: Array = np.ldexp(weights @ np.rint(np.ldexp(values, places)), -places)
    return sums


def sums_with_inf(weights: Array, values: Array, most: float) -> Array:
    """The same of values that may be inf: so is every sum with one of them."""
    endless = np.isinf(values)
    sums = exact_sums(weights, np.where(endless, 0.0, values), most)
    return np.where(weights @ endless.astype(np.float64) > 0, np.inf, sums) if endless.any() else sums


@dataclass(frozen=True)
class Stat:
    """What is told of the scores of many images: their mean, a quantile, or the mean of the worst."""

    name: str
    kind: str  # mean | quantile | worst
    amount: float = 0.0  # the quantile within [0, 1], or how many of the worst

    @classmethod
    def find(cls, name: str) -> "Stat | None":
        """mean, median, min, max, p05 (any percentile), worst-mean:10; None for any other name."""
        fixed = {"mean": ("mean", 0.0), "median": ("quantile", 0.5), "min": ("quantile", 0.0), "max": ("quantile", 1.0)}
        if name in fixed:
            return cls(name, *fixed[name])
        if (found := re.fullmatch(r"p(\d{1,2}(?:\.\d+)?)", name)) or (found := re.fullmatch(r"p(100)", name)):
            return cls(name, "quantile", float(found[1]) / 100)
        if (found := re.fullmatch(r"worst-mean:(\d{1,9})", name)) and int(found[1]) > 0:
            return cls(name, "worst", float(found[1]))
        return None

    @property
    def rough(self) -> bool:
        """Whether bootstrap intervals of it are known to be poor (André et al. 2025 for the median)."""
        return self.kind != "mean"

    def of(self, weights: Array, values: Array, good: Callable[[Array], Array] = np.asarray) -> Array:
        """The statistic of the values (n,) that are not nan, each taken as often as `weights` (B, n) says: (B,).

        good: turns values so that more is better; only the worst depend on it.
        """
        defined = ~np.isnan(values)
        weights, values = weights[:, defined], values[defined]
        if not values.size:
            return np.full(weights.shape[0], math.nan)
        if self.kind == "mean":
            return _means(weights, values)
        order = np.argsort(good(values) if self.kind == "worst" else values, kind="stable")
        cumulated = np.cumsum(weights[:, order], axis=1)
        pick = _quantiles if self.kind == "quantile" else _worst
        return pick(cumulated, values[order], self.amount)


def _means(weights: Array, values: Array) -> Array:
    number = weights.sum(axis=1)
    total = sums_with_inf(weights, values[:, None], float(number.max(initial=1)))[:, 0]
    return total / np.where(number == 0, math.nan, number)


def _quantiles(cumulated: Array, values: Array, share: float) -> Array:
    """Linear between the two nearest of the N values drawn, at rank (N − 1)·share (Hyndman and Fan's type 7)."""
    number = cumulated[:, -1]
    rank = np.maximum(number - 1, 0) * share
    low = np.floor(rank)
    places = [(cumulated <= each[:, None]).sum(axis=1) for each in (low, np.minimum(low + 1, number - 1))]
    below, above = (values[np.minimum(place, values.size - 1)] for place in places)
    with np.errstate(invalid="ignore"):
        between = below + (above - below) * (rank - low)
    between = np.where((below == above) | (rank == low), below, between)  # also of two that are infinite
    return np.where(number == 0, math.nan, between)


def _worst(cumulated: Array, values: Array, most: float) -> Array:
    """The mean of the first `most` values drawn, or of all where they are fewer."""
    taken = np.diff(np.minimum(cumulated, most), axis=1, prepend=0.0)
    return _means(taken, values)


def reach(confidence: float, resamples: int) -> int:
    """How many resamples may lie beyond a one-sided bound; below 0: there are too few for any bound.

    p = (1 + number beyond) / (B + 1) is at most α just when the number is at most this.
    """
    return math.floor((1 - confidence) * (resamples + 1) * (1 + _ALMOST)) - 1


def bounds(values: Array, confidence: float) -> tuple[float, float]:
    """The one-sided lower and upper bound of resampled values (B,): order statistics; undefined ones widen them."""
    beyond = reach(confidence, values.size)
    if beyond < 0:
        return -math.inf, math.inf
    low = np.partition(np.where(np.isnan(values), -np.inf, values), beyond)[beyond]
    last = values.size - 1 - beyond
    high = np.partition(np.where(np.isnan(values), np.inf, values), last)[last]
    return float(low), float(high)


def known(low: float, high: float) -> tuple[float, float]:
    """Bounds as they are told: undefined where they leave everything open."""
    return (math.nan, math.nan) if low == -math.inf and high == math.inf else (low, high)


def p_drop(differences: Array) -> float:
    """How likely differences as low as these are without a drop: (1 + #{Δ* ≥ 0}) / (B + 1); undefined ones count."""
    return (1 + int((~(differences < 0)).sum())) / (differences.size + 1)


def p_change(differences: Array) -> float:
    """The two-sided p-value: twice the smaller of both sides, at most 1."""
    return min(1.0, 2 * min(p_drop(differences), p_drop(-differences)))


def at_most(p: float, alpha: float) -> bool:
    """p ≤ α, where α is 1 − confidence in floating point."""
    return p <= alpha * (1 + _ALMOST)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: at most α just where Holm's stepwise test rejects at α.

    Holm, S. (1979). Scandinavian Journal of Statistics 6:65–70
    """
    adjusted, least = [0.0] * len(p_values), 0.0
    for done, place in enumerate(sorted(range(len(p_values)), key=lambda n: (p_values[n], n))):
        least = max(least, min(1.0, (len(p_values) - done) * p_values[place]))
        adjusted[place] = least
    return adjusted

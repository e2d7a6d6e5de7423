"""The verdict on a drop, from its size and the bounds that the paired bootstrap or all subsets of few images give."""

import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from segeval.evidence.run_length import Array
from segeval.run.bootstrap import FEW, Stat, at_most, bounds, p_drop

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
NOT_APPLICABLE = "not applicable"  # of a class that only a pattern means, and that can have no value
ERROR, WARNING = "error", "warning"
POWER = 0.8
UNDEFINED = 0.05  # share of resamples without a value above which the interval is none


def change(now: Array, then: Array) -> Array:
    """now − then; undefined where both are infinite."""
    with np.errstate(invalid="ignore"):
        return np.asarray(now - then)


def standing(verdict: str, level: str, inconclusive: str) -> str:
    """Whether a verdict stops the pipeline, is worth a look, or passes, by its rule's level and `--inconclusive`."""
    if verdict in (PASS, NOT_APPLICABLE) or (verdict == INCONCLUSIVE and inconclusive == "pass"):
        return PASS
    stops = verdict == FAIL or inconclusive == "fail"
    return ERROR if stops and level == "error" else WARNING


def cautions(groups: int, stats: Iterable[Stat | None]) -> Iterator[str]:
    """What makes intervals doubtful: few groups, and statistics whose intervals are known to be poor."""
    if groups < FEW:
        yield f"few images or groups ({groups}): below {FEW} an exact test of all subsets, which sees large drops only"
    for stat in stats:
        if stat and stat.rough:
            yield f"bootstrap intervals of {stat.name} are known to be poor; the mean has better ones"


class Decision(NamedTuple):
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class Interval:
    """What resampling says about a change: one-sided bounds, how likely it is without a drop, what could be seen."""

    lower: float = -math.inf
    upper: float = math.inf
    p: float = 1.0
    spread: float = math.nan  # bootstrap standard error
    undefined: float = 0.0  # share of resamples without a value
    groups: int = 0

    @classmethod
    def of(cls, differences: Array, confidence: float, groups: int) -> "Interval":
        """The same from resampled differences (B,)."""
        defined = differences[~np.isnan(differences)]
        spread = float(defined.std(ddof=1)) if defined.size > 1 and np.isfinite(defined).all() else math.nan
        share = 1 - defined.size / differences.size if differences.size else math.nan
        return cls(*bounds(differences, confidence), p_drop(differences), spread, share, groups)

    @property
    def lacking(self) -> str:
        """Why it decides nothing; empty if it can."""
        if self.groups < 2:
            return "one image or group gives no interval"
        if self.undefined > UNDEFINED:
            return f"{self.undefined:.0%} of the resamples have no value"
        if self.groups < FEW and math.isinf(self.lower) and math.isinf(self.upper):
            return f"no exact paired test of {self.groups} images or groups can be that sure"
        return ""


def smallest(spread: float, confidence: float) -> float:
    """The smallest true difference that one-sided bounds find in 80 % of cases."""
    normal = statistics.NormalDist()
    return (normal.inv_cdf(confidence) + normal.inv_cdf(POWER)) * spread


def detectable(test: str, interval: Interval, drop: float, confidence: float) -> float:
    """The smallest true drop that the test finds in 80 % of cases; for noninferiority the smallest tolerance with which
    an equal model passes in 80 % of cases; nan without an interval."""
    if test == "none" or interval.lacking:
        return math.nan
    seen = smallest(interval.spread, confidence)
    return max(seen, drop + smallest(interval.spread, 0.5)) if test == "regression" else seen


def decide(test: str, change: float, drop: float, interval: Interval, p: float, alpha: float) -> Decision:
    """The verdict on a change (positive is better) where a drop up to `drop` is allowed; p is adjusted.

    | test | pass | fail | inconclusive |
    |---|---|---|---|
    | none | Δ ≥ −m | Δ < −m | |
    | regression | Δ ≥ −m | Δ < −m and p ≤ α | otherwise |
    | noninferiority | lower(Δ) ≥ −m | upper(Δ) < −m | otherwise |
    """
    if math.isnan(change):
        return Decision(FAIL, "undefined")
    enough = change >= -drop
    if test == "none":
        return Decision(PASS) if enough else Decision(FAIL, "the drop is too large")
    if test == "regression":
        if enough:
            return Decision(PASS)
        if interval.lacking:
            return Decision(INCONCLUSIVE, interval.lacking)
        if at_most(p, alpha):
            return Decision(FAIL, "the drop is too large, and more than chance")
        return Decision(INCONCLUSIVE, "the drop is too large, but may be chance")
    if interval.lacking:
        return Decision(INCONCLUSIVE, interval.lacking)
    if interval.lower >= -drop:
        return Decision(PASS)
    if interval.upper < -drop:
        return Decision(FAIL, "the drop is surely too large")
    return Decision(INCONCLUSIVE, "these images cannot show that the drop is small enough")

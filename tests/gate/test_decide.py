"""Tests of the verdict table."""

import math

import numpy as np
import pytest

from segeval.gate.decide import Interval, decide, detectable

NAN = math.nan
SURE = Interval(-0.05, -0.03, 0.001, 0.006, 0, 40)
CHANCE = Interval(-0.06, 0.01, 0.2, 0.02, 0, 40)
GAIN = Interval(0.0, 0.03, 0.9, 0.01, 0, 40)


@pytest.mark.parametrize(
    ("test", "change", "interval", "p", "verdict"),
    [
        ("none", -0.01, SURE, 0.001, "pass"),
        ("none", -0.011, GAIN, 0.9, "fail"),
        ("none", NAN, GAIN, 0.9, "fail"),
        ("regression", -0.01, SURE, 0.001, "pass"),
        ("regression", -0.04, SURE, 0.001, "fail"),
        ("regression", -0.04, SURE, 0.051, "inconclusive"),
        ("regression", -0.04, SURE, 0.05, "fail"),
        ("regression", -0.02, CHANCE, 0.2, "inconclusive"),
        ("regression", NAN, SURE, 0.001, "fail"),
        ("regression", 0.02, GAIN, 0.9, "pass"),
        ("noninferiority", -0.04, SURE, 0.001, "fail"),
        ("noninferiority", -0.02, CHANCE, 0.2, "inconclusive"),
        ("noninferiority", 0.02, CHANCE, 0.2, "inconclusive"),
        ("noninferiority", 0.02, GAIN, 0.9, "pass"),
        ("noninferiority", 0.0, Interval(-0.01, 0.01, 0.5, 0.006, 0, 40), 0.5, "pass"),
        ("noninferiority", -0.02, Interval(-0.03, -0.01, 0.001, 0.006, 0, 40), 0.001, "inconclusive"),
        ("noninferiority", NAN, GAIN, 0.9, "fail"),
    ],
)
def test_the_verdict_table(test, change, interval, p, verdict):
    """Every cell, with m = 0.01 and alpha = 0.05, at the edges too."""
    found = decide(test, change, 0.01, interval, p, 0.05)
    assert found.verdict == verdict
    assert bool(found.reason) == (verdict != "pass")


@pytest.mark.parametrize(
    ("interval", "reason"),
    [
        (Interval(-0.05, -0.03, 0.001, 0.006, 0, 1), "one image or group"),
        (Interval(-0.05, -0.03, 0.001, 0.006, 0.051, 40), "5% of the resamples have no value"),
    ],
)
def test_without_an_interval_nothing_is_decided(interval, reason):
    """A drop beyond the tolerance is then inconclusive, and one within it passes only the regression test."""
    for test in ("regression", "noninferiority"):
        found = decide(test, -0.04, 0.01, interval, 0.001, 0.05)
        assert (found.verdict, reason in found.reason) == ("inconclusive", True)
    assert decide("regression", 0, 0.01, interval, 0.001, 0.05).verdict == "pass"
    assert decide("noninferiority", 0, 0.01, interval, 0.001, 0.05).verdict == "inconclusive"
    assert math.isnan(detectable("regression", interval, 0.01, 0.95))


def test_an_interval_of_resampled_differences():
    """Bounds, p and spread of 39 values at 0.9 by hand."""
    found = Interval.of(np.concatenate([np.arange(-30.0, 8), [math.nan]]), 0.9, 12)
    assert (found.lower, found.upper) == (-28, 5)  # nan is the lowest and the highest: 3 may lie beyond
    assert found.p == 10 / 40  # 0 … 7 and nan
    assert found.spread == pytest.approx(math.sqrt(38 * 39 / 12))  # variance of 38 consecutive whole numbers
    assert found.undefined == pytest.approx(1 / 39)


def test_the_smallest_drop_that_can_be_seen():
    """At 0.95: max(2.49 s, m + 0.84 s) for regression, 2.49 s for noninferiority, from the normal distribution."""
    wide, narrow = Interval(spread=0.01, groups=40), Interval(spread=0.001, groups=40)
    assert detectable("regression", wide, 0.01, 0.95) == pytest.approx(0.02486, abs=1e-5)
    assert detectable("regression", narrow, 0.01, 0.95) == pytest.approx(0.01084, abs=1e-5)
    assert detectable("noninferiority", narrow, 0.01, 0.95) == pytest.approx(0.002486, abs=1e-6)
    assert detectable("noninferiority", narrow, 0.01, 0.9) == pytest.approx(0.002123, abs=1e-6)
    assert math.isnan(detectable("none", wide, 0.01, 0.95))

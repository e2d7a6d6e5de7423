"""Means that skip the undefined."""

import math
import random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from segeval.run.statistics import MEANS, mean

SCORES = st.lists(st.floats(0.001, 1), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("arithmetic", 7 / 12), ("geometric", (1 / 4) ** (1 / 3)), ("harmonic", 3 / 6)],
)
def test_by_hand(kind: str, expected: float) -> None:
    """Sum 7/4 of three; product 1/4 of three; reciprocals 1 + 2 + 3; the undefined value is skipped and counted."""
    values = {"arithmetic": [1, 1 / 2, 1 / 4], "geometric": [1, 1 / 2, 1 / 2], "harmonic": [1, 1 / 2, 1 / 3]}[kind]
    found = mean([*values, math.nan], kind)
    assert (found.undefined, found.of) == (1, 4)
    assert found.value == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("kind", MEANS)
def test_a_mean_of_nothing_is_undefined(kind: str) -> None:
    found = mean([math.nan, math.nan], kind)
    assert math.isnan(found.value)
    assert (found.undefined, found.of) == (2, 2)
    assert math.isnan(mean([], kind).value)


@pytest.mark.parametrize(("kind", "expected"), [("arithmetic", 0.5), ("geometric", 0.0), ("harmonic", 0.0)])
def test_one_zero(kind: str, expected: float) -> None:
    assert mean([0.0, 1.0], kind).value == expected


@given(SCORES)
def test_against_scipy_and_in_order(values: list[float]) -> None:
    """scipy.stats gmean and hmean give the same; harmonic ≤ geometric ≤ arithmetic."""
    a, g, h = (mean(values, kind).value for kind in ("arithmetic", "geometric", "harmonic"))
    assert (a, g, h) == pytest.approx(
        (np.mean(values), scipy.stats.gmean(values), scipy.stats.hmean(values)), rel=1e-12
    )
    assert h <= g * (1 + 1e-12)
    assert g <= a * (1 + 1e-12)


@given(st.lists(st.just(0.0) | st.floats(1e-15, 1), min_size=2, max_size=50), st.integers())
def test_the_order_does_not_matter(values: list[float], seed: int) -> None:
    shuffled = random.Random(seed).sample(values, len(values))
    assert [mean(values, kind).value for kind in MEANS] == [mean(shuffled, kind).value for kind in MEANS]

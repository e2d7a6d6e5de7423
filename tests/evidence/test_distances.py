"""Percentiles of weighed distances where rounding and infinity would show."""

import math

import numpy as np
import pytest

from segeval.evidence.distances import Distances


@pytest.mark.parametrize(("percent", "expected"), [(0, 0), (50, 0), (75, math.inf), (100, math.inf)])
def test_percentiles_beside_infinity(percent, expected):
    """Of 0, 0 and ∞, as images of which one is missed leave them: a rank between 0 and ∞ has ∞."""
    found = Distances.of([(np.array([0, math.inf]), np.array([2, 1]))])
    assert found.percentile(percent).tolist() == [expected]


@pytest.mark.parametrize("weight", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("number", [20, 40, 60])
def test_a_share_that_is_reached_exactly_is_reached(weight, number):
    """95 % of equal pieces are 19 of 20, however their sums are rounded."""
    found = Distances.of([(np.arange(number), np.full(number, weight))])
    assert found.reached(0.95).tolist() == [number * 19 // 20 - 1]

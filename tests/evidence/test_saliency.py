"""The threshold of a map of its own."""

import pytest

from segeval.evidence import Saliency


@pytest.mark.parametrize(("p", "expected"), [([0.2, 0.9, 0.9, 0.9], 1), ([0.2, 0.2, 0.2, 0.9], 1.3 / (0.9 + 1))])
def test_twice_the_mean_is_one_at_most(p, expected):
    """Stretched, the first map has the mean 3/4; of the second 1 of 3 pixels is found, and nothing else."""
    found = Saliency.of(p, [0, 1, 1, 1])
    assert found.adaptive_f == pytest.approx(expected)

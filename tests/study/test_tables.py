"""How numbers of a study are written for people."""

import pytest

from segeval.study.tables import percent, significant


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (2.2e-20, "< 0.1 %"),
        (0.00049, "< 0.1 %"),
        (0.0005, "0.1 %"),
        (0.1234, "12.3 %"),
        (0.9994, "99.9 %"),
        (0.9996, "> 99.9 %"),
        (1.0, "100 %"),
        (None, None),
    ],
)
def test_shares_are_percents(share: float | None, text: str | None) -> None:
    """Never 0 or 100 for what only comes near it."""
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.12345, "0.123"), (-4.4767, "-4.48"), (8.13e-5, "8.13e-05"), (16.118, "16.1"), (None, None)],
)
def test_values_have_three_digits(value: float | None, text: str | None) -> None:
    assert significant(value) == text

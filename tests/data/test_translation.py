"""Ids of one kind as ids of another; files of rows have their tests with the command."""

import numpy as np
import pytest

from segeval.data.translation import Translation
from segeval.errors import UnmappedIds


@pytest.mark.parametrize(
    ("translation", "wanted"),
    [
        (Translation(-3), [[4, 255, -1], [-1, 6, 4]]),
        (Translation(None, {7: 0, 2: 700, 9: 0}), [[0, 255, 700], [700, 0, 0]]),
    ],
    ids=["shift", "table"],
)
def test_ignored_ids_stay_what_they_are(translation: Translation, wanted: list[list[int]]) -> None:
    """And need no row; ids may meet in one."""
    labels = np.array([[7, 255, 2], [2, 9, 7]], np.uint8)
    assert translation.of(labels, {255}, "a.png").tolist() == wanted


def test_every_other_id_needs_a_row() -> None:
    with pytest.raises(UnmappedIds, match=r"a\.png holds ids that --map has no row for: 2, 9$"):
        Translation(None, {7: 0}).of(np.array([7, 255, 2, 9]), {255}, "a.png")

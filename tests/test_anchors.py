"""Numbers that the authors of data sets publish come out, of those whose masks are here."""

import pytest
from check_anchors import SETS
from support.reference import DATA


@pytest.mark.parametrize(
    ("name", "numbers"), [("scalabel-semseg", 5), ("ade20k-absent-classes", 3), ("bdd-seg-tiny", 8)]
)
def test_published_numbers(name, numbers):
    found = list(SETS[name](DATA))
    assert len(found) == numbers
    for each in found:
        assert each.here == pytest.approx(each.there, abs=1e-12), each.name

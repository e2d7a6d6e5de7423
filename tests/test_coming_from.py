"""The pages for people who come from other programs: our numbers are made anew, theirs stand there with a version."""

import re

import pytest
from coming_from import PACKAGES, PAGES, ours, rows

MANY = [path.stem for path in sorted(PAGES.glob("*.md"))]


def test_every_page_is_of_a_program():
    assert sorted(PACKAGES) == MANY


@pytest.mark.parametrize("name", MANY)
def test_both_numbers(name, root, monkeypatch):
    """Equal as far as the other program counts: most sum in single precision, some round."""
    monkeypatch.chdir(root)
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert re.search(rf"^{PACKAGES[name]} [\d.]+, run on \d{{4}}-\d\d-\d\d", page, re.MULTILINE)
    found = rows(page)
    assert len(found) >= 2
    for row in found:
        value = ours(page, row)
        assert value == pytest.approx(float(row.ours), abs=1e-10)
        rounded = 10.0 ** -len(row.theirs.partition(".")[2]) / 2
        assert float(row.theirs) == pytest.approx(value, abs=max(rounded, 1e-7)), row

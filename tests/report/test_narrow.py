"""Tests of tables on terminals of all widths, and of what is named below them."""

import io

import pytest

from segeval.report.sections import Table, largest_confusions
from segeval.report.table import draw, fitted

WIDE = Table(
    "t",
    ["id", "name", "IoU", "Dice", "truth pixels", "images"],
    [[0, "road", 0.5, 0.25, 1234, 7]],
    1,
    ("images", "truth pixels", "Dice"),
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def drawn(monkeypatch):
    """The text of the table on a terminal of this width."""

    def drawn(width, table=WIDE):
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        out = Terminal()
        draw([table], out)
        return out.getvalue()

    return drawn


def test_columns_are_left_out_by_priority(drawn):
    """As many as it takes, the least telling first; the rest whole, and named."""
    assert "narrow" not in drawn(80)
    for width, left_out in ((48, "images"), (34, "images, truth pixels"), (26, "images, truth pixels, Dice")):
        text = drawn(width)
        assert f"the terminal is too narrow for: {left_out}\n" in text
        heads = text.splitlines()[0].split()
        assert [head for head in ("IoU", "Dice", "images") if head in heads] == [
            head for head in ("IoU", "Dice", "images") if head not in left_out
        ]
        assert max(map(len, text.splitlines()[:3])) <= width


def test_a_terminal_that_is_far_too_narrow(drawn):
    """The whole table, in lines that the terminal breaks: nothing is lost."""
    assert "1,234" in drawn(10)


def test_without_a_terminal_everything_is_there():
    out = io.StringIO()
    draw([WIDE], out)
    assert "1,234" in out.getvalue()


def test_largest_confusions_by_hand():
    """Most pixels first, equal ones in the order of the classes; shares of the true class."""
    document = {
        "classes": [{"id": 3, "name": "a"}, {"id": 5, "name": "b"}],
        "confusion": {"truth_ids": [3, 5], "pred_ids": [3, 5, "other"], "counts": [[6, 2, 0], [5, 90, 5]]},
    }
    assert largest_confusions(document, 2) == [("b", "a", 5, 0.05), ("b", "no class", 5, 0.05)]
    assert largest_confusions(document, 9)[2:] == [("a", "b", 2, 0.25)]
    assert largest_confusions({**document, "confusion": {"counts": None, "truth_ids": [], "pred_ids": []}}, 3) == []


def test_a_fitted_table_goes_on_below():
    """Each part has the two first columns; headers are folded, long words keep their ends, numbers are whole."""
    headers = ["no.", "class", "balanced_cross_entropy", "dice", "mean_squared_error", "odd"]
    rows = [[1, "a" + "b" * 60 + "c", 0.5, 0.25, 0.125, "x" + "y" * 90 + "z"], [2, "sky", 8.0, None, 1e-20, ""]]
    out = io.StringIO()
    draw(fitted(Table("t", headers, rows, 2), 48), out)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 48
    assert text.count("class") == 3
    assert [text.count(each) for each in ("0.5000", "0.2500", "0.1250", "8.0000", "1e-20")] == [1, 1, 1, 1, 1]
    assert "balanced_\n" in text
    assert "  1  abbbbbbb…bbbbbbc  " in text  # a third of 48
    assert text.count("yz") == 1


def test_a_line_break_in_a_name_stays_visible(drawn):
    """Only headers that were folded have lines."""
    table = Table("t", ["id", "name", "sky\nroad"], [[0, "sky", 3]], 1)
    assert "sky\\x0aroad" in drawn(300, table)
    out = io.StringIO()
    draw(fitted(table, 40), out)
    assert "sky\\x0aroad" in out.getvalue()

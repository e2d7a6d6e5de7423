"""Tests of what each output format makes of a run, with golden outputs small enough to read."""

import csv as parser
import importlib
import io
import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from segeval.cli.main import cli
from segeval.report import FORMATS, in_format
from segeval.report.md import markdown_text
from segeval.report.sections import Percent, about_intervals, shown, worst_images
from segeval.text import csv_cell, marked

GOLDEN = Path(__file__).parent.parent / "golden"

# a: 0 0 0 0 1 1 1 1 against 0 0 0 1 1 1 0 0.  b: 0 0 1 1 void against 0 0 0 9 1.  c: 0 0 against 0 0.
# In all, rows truth (7 1 0 | 0), (3 2 0 | 1), (0 0 0 | 0).
IMAGES = {
    "a": ([0, 0, 0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]),
    "b": ([0, 0, 0, 9, 1], [0, 0, 1, 1, 255]),
    "c": ([0, 0], [0, 0]),
}
CLASSES = 'id,name,group\n0,"road, wet",surface\n1,café,surface\n2,ghost,nobody\n'
OPTIONS = ["--classes", "classes.csv", "--ignore", "255"]

# By hand, from tp 7 fp 3 fn 1 and tp 2 fp 1 fn 4.
POOLED = {
    "road, wet": {"iou": "7/11", "dice": "14/18", "precision": "7/10", "recall": "7/8"},
    "café": {"iou": "2/7", "dice": "4/9", "precision": "2/3", "recall": "2/6"},
}
# _image: the mean of (a + b + c) over images of the mean over classes; _class: means over images, then over classes.
#   iou        a (1/2 + 2/5) / 2   b (2/3 + 0) / 2     c 1      classes (1/2 + 2/3 + 1) / 3   (2/5 + 0) / 2
#   dice       a (2/3 + 4/7) / 2   b (4/5 + 0) / 2     c 1      classes (2/3 + 4/5 + 1) / 3   (4/7 + 0) / 2
#   precision  a (3/5 + 2/3) / 2   b 2/3, undefined    c 1      classes (3/5 + 2/3 + 1) / 3   2/3
#   recall     a (3/4 + 1/2) / 2   b (1 + 0) / 2       c 1      classes (3/4 + 1 + 1) / 3     (1/2 + 0) / 2
SUMMARY = {
    "pixel_accuracy": "9/14",
    "mean_accuracy": "29/48",
    "fw_iou": "524/1078",
    "miou_dataset": "71/154",
    "miou_image": "107/180",
    "miou_class": "83/180",
    "mdice_dataset": "11/18",
    "mdice_image": "212/315",
    "mdice_class": "349/630",
    "mprecision_dataset": "41/60",
    "mprecision_image": "69/90",
    "mprecision_class": "64/90",
    "mrecall_dataset": "29/48",
    "mrecall_image": "17/24",
    "mrecall_class": "14/24",
    # the group: tp 13 fn 1; images 1, b with tp 3 fn 1, and 1
    "group_miou_dataset": "13/14",
    "group_miou_image": "11/12",
    "group_mdice_dataset": "26/27",
    "group_mdice_image": "20/21",
}


@pytest.fixture
def score(tmp_path, monkeypatch):
    """Run `segeval score` in the test's folder; gives its stdout."""
    monkeypatch.chdir(tmp_path)

    def score(*args):
        result = CliRunner().invoke(cli, ["score", *map(str, args)], prog_name="segeval")
        assert result.exit_code == 0, result.output
        return result.stdout

    return score


@pytest.fixture
def small(score, save, tmp_path):
    """Score the images above in a format."""
    for name, sides in IMAGES.items():
        for side, row in zip(("pred", "truth"), sides, strict=True):
            save(f"{side}/{name}.png", np.array([row], np.uint8))
    (tmp_path / "classes.csv").write_text(CLASSES, encoding="utf-8")
    return lambda form, *args: score("pred", "truth", *OPTIONS, "--format", form, *args)


@pytest.fixture
def golden(request):
    """Compare a text with a file in `tests/golden`; `--update-golden` accepts it instead."""

    def golden(name, text):
        path = GOLDEN / name
        if request.config.getoption("--update-golden", default=False):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return golden


def test_the_numbers(small):
    """What the golden files show, against fractions by hand."""
    document = json.loads(small("json"))
    rows = {c["name"]: c for c in document["classes"]}
    for name, wanted in POOLED.items():
        for metric, value in wanted.items():
            assert rows[name][metric] == pytest.approx(float(Fraction(value)), abs=1e-15)
    for name, value in SUMMARY.items():
        assert document["summary"][name] == pytest.approx(float(Fraction(value)), abs=1e-15), name
    assert document["confusion"]["counts"] == [[7, 1, 0, 0], [3, 2, 0, 1], [0, 0, 0, 0]]
    assert rows["ghost"]["iou"] is None
    assert [group["ids"] for group in document["groups"]] == [[0, 1], [2]]


@pytest.mark.parametrize("form", ["table", "md", "csv"])
def test_golden(small, golden, form):
    """Classes, groups, means and sentences."""
    golden(f"small_{form}.txt", small(form))


@pytest.mark.parametrize(("form", "by"), [("table", "raw"), ("md", "truth"), ("csv", "pred")])
def test_golden_matrix(small, golden, form, by):
    """With the confusion matrix, as counts or shares."""
    golden(f"matrix_{by}_{form}.txt", small(form, "--confusion", by))


def test_golden_sample(score, root, golden):
    """The sample data; its mIoU, pixel accuracy and frequency-weighted IoU are published with it."""
    data = root / "sample_data"
    text = score(data / "pred", data / "truth", "--classes", data / "classes.csv", "--presence", "truth")
    golden("sample_table.txt", text)
    assert "0.7769" in text
    assert "pixel accuracy 0.9759" in text
    assert "frequency-weighted IoU 0.9597" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0.0000"),
        (1.0, "1.0000"),
        (0.5, "0.5000"),
        (2 / 3, "0.6667"),
        (0.99994, "0.9999"),
        (0.99996, "0.99996"),
        (0.9999999, "0.9999999"),
        (0.00004, "0.00004"),
        (0.00006, "0.0001"),
        (1e-20, "1e-20"),
        (-0.99999, "-0.99999"),
        (-0.00001, "-0.00001"),
        (12.34567, "12.3457"),
        (1.00001, "1.00001"),
        (1234567, "1,234,567"),
        ("name", "name"),
    ],
)
def test_shown_numbers_never_lie_at_the_edges(value, text):
    """0 and 1 are shown only for 0 and 1."""
    assert shown(value) == text


@pytest.mark.parametrize(
    ("drawn", "grouped", "said"),
    [(10, False, "10 images (seed 3)"), (9, True, "9 groups (seed 3); fewer than 10 make them rough")],
)
def test_what_intervals_are(drawn, grouped, said):
    """How many resamples of what; few make them rough."""
    text = about_intervals({"confidence": 0.9, "resamples": 10_000, "seed": 3}, drawn, grouped)
    assert text == f"intervals: 90 % two-sided, bootstrap of 10,000 resamples over {said}"


def test_worst_images():
    """The lowest first, equal ones by name, undefined ones never."""
    values = [0.5, float("nan"), 0.25, 0.25, 1.0]
    assert worst_images(["e", "d", "c", "b", "a"], values) == [("b", 0.25), ("c", 0.25), ("e", 0.5)]


HOSTILE = [
    *("a|b", "<b>bold</b>", "=1+1", "[x](http://evil.example)", "café", "+1", "-1", "@sum", "</script>", "![i](u)"),
    *("\x1b[31mred", "two\nlines", "\n::error::x", "*star*", "`code`", "~~gone~~", "https://evil.example", "a\\|b"),
    *("<https://evil.example>", "&lt;b&gt;", "a\u202eb", "\t=x", "::warning::x", "#1", "_u_", "$x$", '"q"', "a,b"),
    "www.evil.example",
]


@pytest.fixture
def hostile(score, save, tmp_path):
    """Score a run whose class names are hostile, in a format."""
    ids = np.arange(len(HOSTILE), dtype=np.uint8)[None]
    save("pred/a.png", ids)
    save("truth/a.png", ids)
    (tmp_path / "classes.json").write_text(json.dumps(HOSTILE))
    return lambda form, *args: score("pred", "truth", "--classes", "classes.json", "--format", form, *args)


NAMES = [name.strip() for name in HOSTILE]


@pytest.mark.parametrize(
    "form", ["table", "json", "csv", "md", "table --confusion raw", "csv --confusion raw", "md --confusion raw"]
)
def test_no_line_is_forged(hostile, form):
    """No command of a CI system, no control character, in any format."""
    text = hostile(*form.split())
    assert not [line for line in text.split("\n") if line.strip().startswith("::")]
    assert not set(text) & set("\x1b\x07\r\t\u202e\u2028")


def test_hostile_names_in_json(hostile):
    """The true names."""
    document = json.loads(hostile("json"), parse_constant=pytest.fail)
    assert [c["name"] for c in document["classes"]] == NAMES


def test_hostile_names_in_csv(hostile):
    """One cell a name, and none is a formula."""
    rows = list(parser.reader(io.StringIO(hostile("csv")), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    names = [row[1] for row in rows[1 : len(NAMES) + 1]]
    assert [n for n in names if n.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert names[NAMES.index("=1+1")] == "'=1+1"
    assert names[NAMES.index("-1")] == "'-1"
    assert names[NAMES.index("a|b")] == "a|b"
    assert names[NAMES.index("café")] == "café"
    matrix = list(parser.reader(io.StringIO(hostile("csv", "--confusion", "raw")), strict=True))
    assert not [cell for cell in matrix[0] if cell.startswith(("=", "+", "-", "@"))]
    assert len(matrix) == len(NAMES) + 1


def rendered(text):
    """The tokens of a Markdown text, inline ones included."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").parse(text)
    return [token for outer in tokens for token in (outer, *(outer.children or []))]


def cells(text):
    """The plain text of each table cell, row by row."""
    rows, inside = [], False
    for token in rendered(text):
        if token.type == "tr_open":
            rows.append([])
        if token.type in ("td_open", "th_open", "td_close", "th_close"):
            inside = token.type.endswith("open")
        if inside and token.type == "inline":
            rows[-1].append("".join(child.content for child in token.children).replace("\u2060", ""))
    return rows


FORBIDDEN = {"html_inline", "html_block", "link_open", "image", "em_open", "strong_open", "code_inline", "s_open"}


@pytest.mark.parametrize("matrix", [[], ["--confusion", "raw"]])
def test_hostile_names_in_markdown(hostile, matrix):
    """As a parser sees it: a table of equal rows with the very names, and no markup, link or element."""
    text = hostile("md", *matrix)
    assert {token.type for token in rendered(text)} & FORBIDDEN == set()
    rows = cells(text)
    assert [row[1] for row in rows[1 : len(NAMES) + 1]] == [safe(name) for name in NAMES]
    assert {len(row) for row in rows[: len(NAMES) + 4]} == {8}


def safe(name):
    """The name as it is to be seen."""
    name = "\\x3a" + name[1:] if name.startswith("::") else name
    return name.replace("\x1b", "\\x1b").replace("\n", "\\x0a").replace("\u202e", "\\u202e").replace("\t", "\\x09")


@pytest.mark.parametrize("start", ["www.", "http://", "https://"])
def test_no_bare_address_in_markdown(start):
    """GitHub makes links of `www.` and `https://` in plain text too."""
    assert start not in markdown_text(f"see {start}evil.example")


@pytest.mark.parametrize("name", ["@user", "@_user", "a @org/team", "#1", "!1", "@ user"])
def test_no_mention_in_markdown(name):
    """GitHub and GitLab look for these in the rendered text, where the backslashes are gone."""
    (inline,) = [token for token in rendered(markdown_text(name)) if token.type == "inline"]
    text = "".join(child.content for child in inline.children)
    assert text.replace("\u2060", "") == name
    assert not re.search(r"[@#!]\w", text)


def test_hostile_images_in_markdown(score, save):
    """The last line, with the names of the worst images, is Markdown too, and no part of the list above it."""
    for name in ("[x](y)", "<b>", "*star*", "a|b", "`c`"):
        for side in ("pred", "truth"):
            save(f"{side}/{name}.png", np.array([[len(name) * (side == "pred")]], np.uint8))
    for keep in ([], ["--confusion", "raw"]):
        text = score("pred", "truth", "--format", "md", *keep)
        assert {token.type for token in rendered(text)} & FORBIDDEN == set()


def test_the_last_line_of_markdown_is_its_own(small):
    """The summary line does not continue the last item of the list."""
    (last,) = [t for t in rendered(small("md")) if t.type == "inline" and "images scored" in t.content]
    assert "a class counts" not in last.content


@pytest.mark.parametrize("form", ["table", "md"])
def test_hostile_images(score, save, form):
    """Names of images cannot forge a line."""
    for name in ("\x1b]0;p\x07", "\n::error::x", "\udcff", "a\u202eb"):
        for side in ("pred", "truth"):
            save(f"{side}/{name}.png", np.array([[0, 1]], np.uint8))
    text = score("pred", "truth", "--format", form)
    assert "\\x0a" in text
    assert not [line for line in text.split("\n") if line.strip().startswith("::")]
    assert not set(text) & set("\x1b\x07\u202e\udcff")


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (float("nan"), ""), (-1.5, -1.5), (0, 0), ("-x", "'-x"), ("x-", "x-"), ("", "")]
)
def test_csv_cells(value, cell):
    """Numbers stay numbers, negative ones too; text is made safe; undefined is empty."""
    assert csv_cell(value) == cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_marked_text_is_no_formula(start):
    """CWE-1236."""
    assert not marked(f"{start}cmd()").startswith((start, "=", "+", "-", "@"))


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def on_terminal(small, monkeypatch):
    """The small table as a terminal of 100 columns gets it."""
    document = json.loads(small("json"))

    def on_terminal(name="café", **env):
        from segeval.report.table import table

        for key, value in ({"COLUMNS": "100", "TERM": "xterm-256color", "NO_COLOR": ""} | env).items():
            monkeypatch.setenv(key, value)
        document["classes"][1]["name"] = name
        stream = Terminal()
        table(document, stream, "raw")
        return stream.getvalue()

    return on_terminal


def test_a_terminal_gets_the_same_numbers(on_terminal):
    """And names as they are, not as markup of the table library."""
    text = on_terminal("[bold]x[/]", NO_COLOR="1")
    assert "[bold]x[/]" in text
    assert all(number in text for number in ("0.6364", "0.2857", "0.4610", "–"))


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_no_colour_means_none(on_terminal, env):
    """No escape sequence at all."""
    assert "\x1b" not in on_terminal(**env)


def test_colour_on_a_terminal(on_terminal):
    """Otherwise the header is bold, and a name brings no sequence of its own."""
    text = on_terminal("\x1b]0;p\x07[/]")
    assert "\x1b[1m" in text
    assert "\x1b]" not in text
    assert "\\x1b]0;p\\x07[/]" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.77694, "77.69 %"), (1.0, "100.00 %"), (0.999999, "99.9999 %"), (0.0000012, "0.0001 %"), (-0.02, "-2.00 %")],
)
def test_percentages(value, text):
    """With two digits, and never 0 or 100 for what only comes near."""
    assert shown(Percent(value)) == text
    assert shown(Percent("nan")) == "–"


@pytest.mark.parametrize("form", ["table", "md"])
def test_shares_as_percentages(small, score, tmp_path, form):
    """Scores from 0 to 1, in tables, sentences and the last line; kappa, losses and counts stay as they are."""
    asked = ["--metrics", "iou,kappa,precision", "--losses", "dice", "--ci", "--resamples", "100", "--worst", "1"]
    plain = small(form, *asked, "-o", "plain").replace("\\", "")
    text = small(form, *asked, "--percent", "-o", "out").replace("\\", "")
    for value in ("7/11", "2/7", "71/154", "9/14"):
        share = Fraction(value)
        assert f"{100 * float(share):.2f} %" in text
        assert f"{float(share):.4f}" in plain
        assert f"{float(share):.4f}" not in text
    document = json.loads((tmp_path / "out" / "run.json").read_text())
    assert document == json.loads((tmp_path / "plain" / "run.json").read_text())
    kappa, dice = document["classes"][1]["kappa"], document["losses"]["dice"]["value"]
    assert f"{kappa:.4f}" in text
    assert f"{dice:.4f}" in text
    assert f"mIoU {100 * 71 / 154:.2f} % (miou_dataset)" in text.splitlines()[-1]
    assert "b 33.33 %" in text.splitlines()[-1]


def test_every_format_has_a_module():
    """Which is imported when it is asked for."""
    assert [in_format(name).__name__ for name in FORMATS] == ["table", "json", "csv", "md"]


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("compare", "segeval.report.comparison"),
        ("rank", "segeval.report.ranking"),
        ("conventions", "segeval.report.conventions"),
        ("losses", "segeval.study.tables"),
        ("score", None),
        ("merge", None),
    ],
)
def test_every_command_knows_every_format_that_it_offers(command, module):
    """There is one list of them."""
    (offered,) = (param.type.choices for param in cli.get_command(None, command).params if param.name == "form")
    assert tuple(offered) == FORMATS
    assert module is None or importlib.import_module(module).FORMATS.keys() == {*FORMATS}

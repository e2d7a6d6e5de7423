"""Tests of `segeval plot` as users run it."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

from segeval.figures import choice, draw
from segeval.figures.answers import answers
from segeval.figures.basics import BASICS
from segeval.figures.chart import Chart, Line, Panel
from segeval.figures.curves import curves, drawn
from segeval.figures.style import styled, written
from segeval.losses import LOSSES
from segeval.report.html.page import Shown
from segeval.run.results import Results


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def scored(invoke, masks):
    """A run of three images of two classes, one called as mathematics is written."""
    masks(
        a=([[0, 0, 1, 1]], [[0, 0, 0, 1]]),
        b=([[1, 1, 1, 1]], [[1, 1, 1, 0]]),
        c=([[0, 0, 0, 0]], [[0, 0, 0, 0]]),
    )
    assert invoke("score", "pred", "truth", "--classes", "sky,$x$", "-o", "run").exit_code == 0
    return "run"


def test_losses(invoke, tmp_path):
    """Two files of the curves and answers of each loss, and of all together; the same bytes each time."""
    for folder in ("one", "two"):
        found = invoke("plot", "losses", "ce", "dice", "sigmoid", "-o", folder)
        assert found.exit_code == 0, found.output
    stems = [f"{name}{what}" for name in ("cross_entropy", "dice", "losses") for what in ("-answers", "")]
    assert names(tmp_path / "one") == [f"{stem}.{form}" for stem in [*stems, "sigmoid"] for form in ("png", "svg")]
    assert found.stdout.startswith("14 figures in two: cross_entropy.svg, cross_entropy.png, dice.svg")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert b"<dc:date>" not in (tmp_path / "one/dice.svg").read_bytes()
    assert Image.open(tmp_path / "one/dice.png").getpixel((0, 0))[:3] == (255, 255, 255)


def test_dark_svg_alone(invoke, tmp_path):
    """One format, in another style."""
    assert invoke("plot", "losses", "ce", "--format", "png", "--style", "dark", "-o", "out").exit_code == 0
    assert names(tmp_path / "out") == ["cross_entropy-answers.png", "cross_entropy.png"]
    assert Image.open(tmp_path / "out/cross_entropy.png").getpixel((0, 0))[:3] == (18, 18, 18)


def test_a_users_settings_change_nothing(tmp_path):
    """A matplotlibrc is left out."""
    import matplotlib

    def drawn_now():
        with styled("light"):
            return written(draw.of_curves(next(curves(drawn(["ce"], [])))), "svg")

    first = drawn_now()
    with matplotlib.rc_context({"font.size": 20, "axes.grid": False, "svg.hashsalt": "other"}):
        assert drawn_now() == first


def test_drawn_are_the_numbers():
    """The lines of the figure are −ln p and its derivative, through for truth 1 and dashed for truth 0."""
    figure = draw.of_curves(next(curves(drawn(["ce"], []))))
    left, right = figure.axes
    for ax, true, false in ((left, lambda p: -np.log(p), lambda p: -np.log(1 - p)), (right, lambda p: 1 / p, None)):
        one, zero = ax.lines
        p = np.arange(1, 100) / 100
        np.testing.assert_allclose(one.get_xdata(), p)
        np.testing.assert_allclose(one.get_ydata(), true(p), rtol=1e-12)
        np.testing.assert_allclose(zero.get_ydata(), false(p) if false else 1 / (1 - p), rtol=1e-12)
        assert (one.get_linestyle(), zero.get_linestyle()) == ("-", "--")
        assert one.get_color() == zero.get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "cross_entropy, truth 1",
        "cross_entropy, truth 0",
    ]


def test_a_chart_is_its_numbers():
    """A panel for each kind of error, one colour a label; a logarithmic axis has plain numbers."""
    figure = draw.of_chart(next(answers(drawn(["focal"], ["focal.gamma=0,3"]))))
    assert [ax.get_title() for ax in figure.axes] == ["erosion", "dilation", "shift", "blob", "hole", "softening"]
    chart = next(answers(drawn(["focal"], ["focal.gamma=0,3"])))
    for ax, panel in zip(figure.axes, chart.panels, strict=True):
        assert (ax.get_xlabel(), ax.get_ylabel()) == (panel.x, "loss")
        assert [line.get_color() for line in ax.lines] == ["C0", "C1"]
        for line, known in zip(ax.lines, panel.lines, strict=True):
            assert line.get_ydata().tolist() == known.y.tolist()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["gamma = 0", "gamma = 3"]
    nothing = Line("none", np.arange(3), np.full(3, np.nan))
    empty = draw.of_chart(Chart("x", "x", (Panel("", "x", "y", (nothing,)),)))
    assert [text.get_text() for text in empty.legends[0].get_texts()] == ["none (undefined)"]
    axis = draw.of_chart(BASICS["logarithm"].func()).axes[1]
    assert axis.get_xscale() == "log"
    assert "$" not in "".join(text.get_text() for text in axis.get_xticklabels())


def test_what_cannot_be_drawn_is_said(invoke, monkeypatch):
    """All but those that have no curve."""
    few = type("Few", (dict,), {"known": dict.get})({name: LOSSES[name] for name in ("minimax_gan", "dice")})
    monkeypatch.setattr(choice, "LOSSES", few)
    found = invoke("plot", "losses", "all", "--format", "svg", "-o", "out")
    assert found.exit_code == 0, found.output
    assert found.stderr == "minimax_gan: minimax_gan is a formula of other inputs\n"
    assert found.stdout.startswith("6 figures in out: dice.svg, dice-answers.svg, iou_dice.svg")


def test_a_run(invoke, scored, tmp_path):
    """Three figures, with the same bytes each time."""
    for folder in ("one", "two"):
        found = invoke("plot", scored, "-o", folder)
        assert (found.exit_code, found.stderr) == (0, ""), found.output
    stems = ("classes", "confusion", "images")
    assert names(tmp_path / "one") == [f"{stem}.{form}" for stem in stems for form in ("png", "svg")]
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_what_a_run_shows(scored, tmp_path):
    """Of sky 6 of 8 true pixels are right (2 of 3, 0 of 1, 4 of 4), and all 4 of $x$, which is taken for 2 more."""
    shown = Shown(Results.read(str(tmp_path / scored)))
    heat = draw.of_confusion(shown).axes[0]
    assert heat.images[0].get_array().tolist() == [[6 / 8, 2 / 8], [0, 1]]
    assert [text.get_text() for text in heat.get_yticklabels()] == ["sky", "$x$"]
    bars = draw.of_classes(shown).axes
    # IoU: sky 6 of 8, $x$ 4 of 6; Dice 12/14 and 8/10; precision 6/6 and 4/6; recall 6/8 and 4/4
    wanted = {"IoU": (6 / 8, 4 / 6), "Dice": (12 / 14, 8 / 10), "Precision": (1, 4 / 6), "Recall": (6 / 8, 1)}
    found = {ax.get_xlabel(): tuple(bar.get_width() for bar in ax.patches) for ax in bars}
    assert found.keys() == wanted.keys()
    for title, values in wanted.items():
        np.testing.assert_allclose(found[title], values, rtol=1e-12)
    document = json.loads((tmp_path / scored / "run.json").read_text())
    assert found["IoU"] == tuple(row["iou"] for row in document["classes"])
    # Of 3 images each is drawn thrice with probability 1/27 > 2.5 %: b alone has IoU 0, c alone 1, and c has no $x$.
    assert [line.get_xdata().tolist() for line in bars[0].lines] == [[0, 1]]
    spread = draw.of_images(shown).axes[0]
    # a: (2/3 + 1/2)/2 = 7/12, b: (0 + 3/4)/2 = 3/8, c: 1
    filled = [round(bar.get_x(), 2) for bar in spread.patches for _ in range(int(bar.get_height()))]
    assert filled == [0.35, 0.55, 0.95]
    assert spread.get_legend().get_texts()[0].get_text() == "median 0.5833"


def test_one_image_and_channels(invoke, save, tmp_path):
    """What a run has no numbers for is said, and costs nothing else."""
    save("pred/a.npy", np.array([[[1, 0]], [[1, 1]]], np.uint8))
    save("truth/a.npy", np.array([[[1, 1]], [[0, 1]]], np.uint8))
    assert invoke("score", "pred", "truth", "--multilabel", "-o", "run").exit_code == 0
    found = invoke("plot", "run", "-o", "out")
    assert found.exit_code == 0, found.output
    assert names(tmp_path / "out") == ["classes.png", "classes.svg"]
    assert found.stderr.splitlines() == [f"{name}: the run has no numbers for it" for name in ("confusion", "images")]


def test_losses_is_the_catalogue(invoke, scored, tmp_path):
    """A run in a folder called losses is ./losses."""
    (tmp_path / scored).rename(tmp_path / "losses")
    assert invoke("plot", "./losses", "-o", "out", "--format", "svg").exit_code == 0
    assert names(tmp_path / "out") == ["classes.svg", "confusion.svg", "images.svg"]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["losses", "dise"], 2, "did you mean 'dice'"),
        (["losses", "ce", "--by", "iou[sky]"], 2, "--by has no effect"),
        (["losses", "ce", "--format", "pdf"], 2, "give one of svg, png"),
        (["losses", "ce", "--format", "svg,"], 2, "give one of svg, png"),
        (["run", "-p", "focal.gamma=1"], 2, "--param has no effect"),
        (["run", "run"], 2, "two runs"),
        (["run", "--by", "nope"], 2, "nope"),
        (["absent"], 3, "absent"),
    ],
)
def test_wrong_input(invoke, scored, tmp_path, args, code, said):
    """An error of ours, before any file is written."""
    found = invoke("plot", *args, "-o", "out")
    assert said in found.output
    assert found.exit_code == code
    assert not (tmp_path / "out").exists()


def test_nothing_is_lost(invoke, tmp_path):
    """A folder with something in it is left alone without --force."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("kept")
    found = invoke("plot", "losses", "ce", "--format", "svg", "-o", "out")
    assert found.exit_code != 0
    assert "is not empty" in found.stderr
    assert names(tmp_path / "out") == ["mine.txt"]
    assert invoke("plot", "losses", "ce", "--format", "svg", "-o", "out", "--force").exit_code == 0
    assert names(tmp_path / "out") == ["cross_entropy-answers.svg", "cross_entropy.svg", "mine.txt"]


def test_without_the_extra(invoke, monkeypatch):
    """The line that installs it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found = invoke("plot", "losses", "ce", "-o", "out")
    assert found.exit_code == 2
    assert "SEG116 figures need matplotlib" in found.stderr
    assert "pip install 'segeval-masks[plot]'" in found.stderr


def test_diagrams(invoke, save, tmp_path):
    """Of probabilities: reliability as dots, precision and recall as steps below which the average precision lies."""
    p = np.array([[0.9, 0.4, 0.7, 0.2]])
    save("pred/a.npy", np.stack([1 - p, p]))
    save("truth/a.png", np.array([[1, 0, 0, 1]], np.uint8))
    args = ["score", "pred", "truth", "--classes", "sky,$x$", "--metrics", "curves,calibration", "-o", "run"]
    assert invoke(*args).exit_code == 0
    found = invoke("plot", "run", "-o", "out", "--format", "svg")
    assert found.exit_code == 0, found.output
    assert {"reliability.svg", "precision_recall.svg"} <= set(names(tmp_path / "out"))
    with styled("light"):
        figures = dict(draw.of_run(Shown(Results.read("run"))))
    dots = figures["reliability"].axes[2]
    assert dots.get_title() == f"$x$\nECE {(0.1 + 0.4 + 0.7 + 0.8) / 4:.4f}"
    np.testing.assert_allclose(dots.lines[1].get_xdata(), [0.2, 0.4, 0.7, 0.9])
    assert dots.lines[1].get_ydata().tolist() == [1, 0, 0, 1]
    steps = figures["precision_recall"].axes[1]
    x, y = steps.lines[0].get_data()
    assert np.sum(np.diff(x) * y[1:]) == pytest.approx((1 + 2 / 4) / 2)
    assert steps.get_title() == "$x$\nAP 0.7500"

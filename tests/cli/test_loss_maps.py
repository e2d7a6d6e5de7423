"""Pictures of a study: their pixels, and the page that lays them side by side."""

import contextlib
import io
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from segeval.io.pictures import TOP, Scale, figure, times

BLUE, RED, WHITE, GREY = "blue", "red", "white", "grey"
TRUTH = np.zeros((12, 20), np.uint8)
TRUTH[2:8, 3:11] = 1
TRUTH[9:, :4] = 255
PRED = TRUTH == 1
PRED[4, 5], PRED[6, 15] = False, True  # one missed, one invented


def hue(pixel: Any) -> str:
    """What a colour is called."""
    red, green, blue = (int(each) for each in pixel)
    if max(red, green, blue) - min(red, green, blue) < 12:
        return WHITE if min(red, green, blue) > 200 else GREY
    return BLUE if blue > red else RED


def middle(picture: Any, row: int, column: int, n: int) -> Any:
    """The middle of the square that a number is drawn as."""
    return picture[TOP + row * n + n // 2, column * n + n // 2]


@pytest.fixture
def maps(tmp_path: Path, invoke: Any) -> Any:
    """Draw the maps of one image, of a name with odd characters, and give their folder."""

    def draw(pred: Any, truth: Any, *options: str, id_: str = 'a"<b>& #1') -> Path:
        for side, array in (("pred", pred), ("gt", truth)):
            (tmp_path / side).mkdir(exist_ok=True)
            np.save(tmp_path / side / f"{id_}.npy", array)
        ignore = ["--ignore", "255"] if (truth == 255).any() else []
        line = ["losses", "pred", "gt", *ignore, "--steps", "1", "--maps", "maps", *options]
        result = invoke(*line)
        assert result.exit_code == 0, result.stderr
        return tmp_path / "maps"

    return draw


def test_the_pixels_of_a_signed_gradient(maps: Any) -> None:
    """|p − t|: +1/N where the foreground is not true and predicted, −1/N where it is missed, 0 where p is right.

    A border is drawn once, on the last pixel before it.
    """
    folder = maps(PRED.astype(np.uint8), TRUTH, "--binary", "--losses", "mean_absolute_error")
    with Image.open(folder / 'a"<b>& #1' / "mean_absolute_error.gradient.png") as file:
        shown = np.asarray(file.convert("RGB"))
    n = times(TRUTH.shape)
    assert n == 16
    found = [hue(middle(shown, *place, n)) for place in ((4, 5), (6, 15), (5, 7), (1, 17), (10, 1))]
    assert found == [BLUE, RED, WHITE, WHITE, GREY]
    assert (shown[TOP + 2 * n - 1, 3 * n : 11 * n] == 0).all()
    assert (shown[TOP + 2 * n, 5 * n] != 0).all()
    bar = shown[TOP + 12 * n + 9 + 5]
    assert [hue(bar[place]) for place in (0, len(bar) // 2, -1)] == [BLUE, WHITE, RED]


def test_the_pixels_of_a_loss(maps: Any) -> None:
    """What costs most is the brightest, what costs nothing the darkest; ignored is grey."""
    folder = maps(PRED.astype(np.uint8), TRUTH, "--binary", "--losses", "mean_squared_error,boundary")
    with Image.open(folder / 'a"<b>& #1' / "mean_squared_error.loss.png") as file:
        shown = np.asarray(file.convert("RGB")).astype(int)
    wrong, right, ignored = (middle(shown, *place, 16) for place in ((6, 15), (1, 17), (10, 1)))
    assert min(wrong) > 200
    assert max(right) < 40
    assert hue(ignored) == GREY
    assert not (folder / 'a"<b>& #1' / "boundary.loss.png").exists()  # it is no mean over pixels


def test_the_gradient_of_classes_is_that_of_the_true_one(maps: Any) -> None:
    """Cross entropy pulls on nothing but the true class: −1/p/N, most where p is least; scores of channels too."""
    truth = np.array([[0, 1, 2, 2]], np.uint8)
    pred = np.array([[[0.5, 0.25, 0.3, 0.1]], [[0.25, 0.5, 0.3, 0.2]], [[0.25, 0.25, 0.4, 0.7]]])
    folder = maps(pred, truth, "--num-classes", "3", "--losses", "cross_entropy", id_="a")
    with Image.open(folder / "a" / "cross_entropy.gradient.png") as file:
        shown = np.asarray(file.convert("RGB")).astype(int)
    blues = [middle(shown, 0, column, times((1, 4))) for column in range(4)]
    assert [hue(each) for each in blues] == [BLUE] * 4
    lightness = [each.sum() for each in blues]
    assert lightness[2] < lightness[0] == lightness[1] < lightness[3]  # −2.5, −2, −2 and −1.43


def test_the_scale_leaves_out_a_few() -> None:
    """Of 1000 numbers 1 … 1000 the last ten lie beyond; signed ones have two equal ends, and 0 in the middle."""
    numbers = np.arange(1.0, 1001)
    scale = Scale.of(numbers, signed=False)
    assert (scale.low, scale.beyond) == (0.0, (False, True))
    assert scale.high == pytest.approx(990, abs=1)
    assert scale.ends[1].startswith(">= 99")
    signed = Scale.of(np.append(-numbers, 5.0), signed=True)
    assert signed.low == -signed.high == pytest.approx(-990, abs=1)
    assert signed.beyond == (True, False)
    nothing = Scale.of(np.full(3, np.nan), signed=True)
    assert (nothing.low, nothing.high) == (0, 0)
    assert [hue(each) for each in nothing.drawn(np.array([0.0, np.nan]))] == [WHITE, GREY]


def test_infinite_numbers_and_one_row_are_drawn() -> None:
    for signed in (True, False):
        data = figure(np.array([[np.inf, -np.inf, 1.0, np.nan]]), np.zeros((1, 4), int), signed, "t", ["α"])
        assert data.startswith(b"\x89PNG")


class Page(HTMLParser):
    """Its pictures, its tags and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.sources += [given[key] for key in ("src", "href") if key in given]
        self.policy = given["content"] if given.get("http-equiv") == "Content-Security-Policy" else self.policy

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_shows_every_picture_beside_the_masks(maps: Any) -> None:
    folder = maps(PRED.astype(np.uint8), TRUTH, "--binary", "--losses", "mean_squared_error,dice")
    page = Page()
    page.feed((folder / "index.html").read_text(encoding="utf-8"))
    files = {unquote(source) for source in page.sources if not source.startswith("data:")}
    assert files == {str(path.relative_to(folder)) for path in folder.rglob("*.png")}
    names = ["truth", "prediction", "dice.gradient", "mean_squared_error.gradient", "mean_squared_error.loss"]
    assert [unquote(each) for each in dict.fromkeys(page.sources) if "data:" not in each] == [
        f'a"<b>& #1/{name}.png' for name in names
    ]
    assert "b" not in page.tags
    assert 'a"<b>& #1' in page.words
    assert {"background", "foreground"} <= {word.strip() for word in page.words}
    assert page.policy.startswith("default-src 'none'")
    assert not re.search("unsafe|script|http", page.policy)
    assert "script" not in page.tags


def test_volumes_show_the_plane_of_most_errors(maps: Any) -> None:
    truth, pred = (np.zeros((3, 8, 9), np.uint8) for _ in range(2))
    truth[:, 2:6, 2:6] = pred[:, 2:6, 2:6] = 1
    pred[2, 0, 7] = 1
    folder = maps(pred, truth, "--num-classes", "2", "--losses", "mean_absolute_error", id_="v")
    with Image.open(folder / "v" / "mean_absolute_error.loss.png") as file:
        shown = np.asarray(file.convert("RGB")).astype(int)
    assert min(middle(shown, 0, 7, times((8, 9)))) > 200
    assert "v, plane 2" in (folder / "index.html").read_text(encoding="utf-8")


def test_a_folder_of_something_else_is_refused(maps: Any, invoke: Any, tmp_path: Path) -> None:
    """That of maps is written again; one of the study itself holds both."""
    given = PRED.astype(np.uint8), TRUTH, "--binary", "--losses", "dice"
    maps(*given)
    maps(*given, "-o", "maps", "--force")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine", encoding="utf-8")
    line = ["losses", "pred", "gt", "--binary", "--ignore", "255", "--losses", "dice", "--maps", "other"]
    result = invoke(*line)
    assert (result.exit_code, "SEG107 other is not empty" in result.stderr) == (2, True)
    assert invoke(*line, "--force").exit_code == 0
    assert (tmp_path / "other" / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_every_stage_tells_its_steps(maps: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One image: its values, its gradients, 1 + 6 × 1 spoilt truths, and its maps."""
    told: dict[str, list[tuple[int, int]]] = {}

    @contextlib.contextmanager
    def stages() -> Any:
        yield lambda name, total: lambda done, of: told.setdefault(f"{name} {total}", []).append((done, of))

    monkeypatch.setattr("segeval.cli.output.stages", stages)
    maps(PRED.astype(np.uint8), TRUTH, "--binary", "--losses", "dice", "-j", "2")
    assert {name: [done for done, _ in steps] for name, steps in told.items()} == {
        "values 1": [1],
        "gradients 1": [1],
        "errors 7": [1, 2, 3, 4, 5, 6, 7],
        "maps 1": [1],
    }
    assert all(of == int(name.split()[1]) for name, steps in told.items() for _, of in steps)


def test_stages_are_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its name and how far it is; nothing elsewhere, and nothing of a single step."""
    from segeval.cli.output import stages

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    with stages() as stage:
        first, second = stage("values", 4), stage("errors", 25)
        assert first is not None
        assert second is not None
        assert stage("maps", 1) is None
        first(4, 4)
        second(5, 25)
    assert re.search(r"values.*4/4", shown.getvalue())
    assert re.search(r"errors.*5/25", shown.getvalue())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with stages() as stage:
        assert stage("values", 4) is None

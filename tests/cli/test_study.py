"""`segeval losses` as its users run it."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from segeval import losses
from segeval.io.pictures import TOP, signed_colours, times
from segeval.io.preview import colours
from segeval.losses import LOSSES
from segeval.text import columns

R = np.random.RandomState(4)
P = R.rand(3, 16, 18) * 0.9 + 0.05
T = (R.rand(3, 16, 18) > 0.6).astype(np.uint8)
LINE = ["losses", "pred", "gt", "--binary", "--losses", "dice,focal,boundary", "--steps", "2", "--images", "2"]


@pytest.fixture
def folders(save):
    for n in range(3):
        save(f"pred/{n}.npy", P[n])
        save(f"gt/{n}.npy", T[n])


def test_the_document(folders, invoke, tmp_path):
    result = invoke(*LINE, "--format", "json", "-o", "out", "--maps", "maps")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document == json.loads((tmp_path / "out/losses.json").read_text(encoding="utf-8"))
    expected = np.mean([losses.value("focal", P[n], T[n]) for n in range(3)])
    assert document["losses"]["focal"]["value"] == pytest.approx(expected)
    assert document["gradient_images"] == ["0", "2"]
    assert sum(document["gradient_shares"]["dice"]["zones"].values()) == pytest.approx(1)
    assert document["agreement"]["dice"]["dice"]["images"] == 3
    assert len(document["sensitivity"]["dice"]["shift"]["values"]) == 3
    rows = list(csv.DictReader((tmp_path / "out/losses_images.csv").read_text(encoding="utf-8").splitlines()))
    (row,) = [r for r in rows if (r["id"], r["loss"], r["class"]) == ("1", "dice", "")]
    assert float(row["value"]) == pytest.approx(losses.value("dice", P[1], T[1]))
    assert sorted(path.name for path in (tmp_path / "maps/1").iterdir()) == [
        *("boundary.gradient.png", "dice.gradient.png", "focal.gradient.png", "focal.loss.png"),
        *("prediction.png", "truth.png"),
    ]


@pytest.mark.parametrize("form", ["table", "md", "csv"])
def test_other_formats(folders, invoke, form):
    result = invoke(*LINE, "--format", form)
    assert result.exit_code == 0, result.stderr
    assert f"{losses.value('dice', P[1], T[1])!r}" in result.stdout or form != "csv"
    assert "boundary" in result.stdout


def test_an_image_smaller_than_a_window_costs_only_itself(folders, save, invoke, tmp_path):
    """The others are shown; `ssim` of the small one is undefined and counted."""
    save("pred/3.npy", P[0][:6, :5])
    save("gt/3.npy", T[0][:6, :5])
    line = ["losses", "pred", "gt", "--binary", "--losses", "ssim,dice", "--steps", "1", "--maps", "maps"]
    result = invoke(*line, "--format", "json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["losses"]["ssim"]["images"], document["losses"]["ssim"]["undefined"]) == (4, 1)
    assert document["losses"]["dice"]["undefined"] == 0
    names = {path.name for path in (tmp_path / "maps/3").iterdir()}
    assert names == {"dice.gradient.png", "prediction.png", "truth.png"}


def test_classes_need_no_name(folders, invoke):
    """They are those of the channels, with a word."""
    result = invoke("losses", "pred", "gt", "--losses", "dice")
    assert result.exit_code == 0
    assert "SEG259" in result.stderr


def test_the_document_says_which_image_was_spoilt(folders, save, invoke):
    """The first that holds more than class 0, or else the first; names that could be markup are shown as text."""
    save("gt/0.npy", 0 * T[0])
    document = json.loads(invoke(*LINE, "--format", "json").stdout)
    assert document["sensitivity_image"] == "2"
    assert document["study"] == {"images": 2, "steps": 2}
    save("gt/2.npy", 0 * T[0])
    assert json.loads(invoke(*LINE, "--format", "json").stdout)["sensitivity_image"] == "0"
    save("pred/A_b.npy", P[0])
    save("gt/A_b.npy", T[0])
    save("gt/1.npy", 0 * T[0])
    line = [*LINE[:-1], "9"]
    assert "the truth of A_b, spoilt by the largest step\n" in invoke(*line).stdout
    assert "### The truth of A\\_b, spoilt by the largest step\n" in invoke(*line, "--format", "md").stdout


def test_workers_change_nothing(folders, invoke, tmp_path):
    """Neither the document nor a picture."""
    found = [invoke(*LINE, "--format", "json", "--maps", f"m{j}", "-j", j) for j in (1, 3)]
    assert found[0].stdout == found[1].stdout
    pictures = [
        {p.relative_to(tmp_path / m): p.read_bytes() for p in (tmp_path / m).rglob("*.png")} for m in ("m1", "m3")
    ]
    assert len(pictures[0]) == 18
    assert pictures[0] == pictures[1]


def test_another_study_is_not_overwritten(folders, save, invoke, tmp_path):
    """Of other options or files: refused before any work; of other content: after it. The same is written again."""
    line = [*LINE, "-o", "out"]
    assert invoke(*line).exit_code == 0
    before = (tmp_path / "out/losses.json").read_bytes()
    assert invoke(*line).exit_code == 0
    for other in (["--threshold", "0.4"], ["--steps", "3"], ["--images", "3"]):
        result = invoke(*line, *other)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "holds a study of other inputs or options" in result.stderr
        assert "--force" in result.stderr
    save("gt/1.npy", 1 - T[1])
    result = invoke(*line, "--maps", "maps")
    assert result.exit_code == 2
    assert "it was left as it is" in result.stderr
    assert "dice" in result.stdout
    assert not (tmp_path / "maps").exists()
    assert (tmp_path / "out/losses.json").read_bytes() == before
    assert invoke(*line, "--force").exit_code == 0
    assert (tmp_path / "out/losses.json").read_bytes() != before
    assert invoke(*line, "--force", "--steps", "3").exit_code == 0
    save("gt/3.npy", T[1])
    save("pred/3.npy", P[1])
    assert "other inputs or options" in invoke(*line).stderr


def test_stray_tables_and_empty_names(folders, invoke, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/losses_images.csv").write_text("mine", encoding="utf-8")
    result = invoke(*LINE, "-o", "out")
    assert result.exit_code == 2
    assert "losses_images.csv but no losses.json" in result.stderr
    assert (tmp_path / "out/losses_images.csv").read_text(encoding="utf-8") == "mine"
    (tmp_path / "out/losses.json").write_text("{", encoding="utf-8")
    assert "other inputs or options" in invoke(*LINE, "-o", "out").stderr
    for option in ("-o", "--maps"):
        result = invoke(*LINE, option, "")
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{option} is empty" in result.stderr


def _drawn(path, columns):
    """The colours of the numbers of a map of one row, at the middle of each square."""
    n = times((1, columns))
    with Image.open(path) as file:
        return np.asarray(file.convert("RGB"))[TOP + n // 2, n // 2 : n * columns : n].tolist()


def test_pictures_by_hand(save, invoke, tmp_path):
    """−ln p of 1/2, 4/5 and 5/8, from 0, dark, to the largest, bright; and −1/(3 p), white at 0. Ignored: grey."""
    save("pred/a.npy", np.array([[0.5, 0.8, 0.625, 0.3]]))
    save("gt/a.npy", np.array([[1, 1, 1, 255]], np.uint8))
    line = ["losses", "pred", "gt", "--binary", "--ignore", "255", "--losses", "cross_entropy", "--maps", "maps"]
    assert invoke(*line).exit_code == 0
    loss, pull = (_drawn(tmp_path / f"maps/a/cross_entropy.{kind}.png", 4) for kind in ("loss", "gradient"))
    # ln 5/4 and ln 8/5 over ln 2: 0.3219 and 0.6781 of 255; of −5/4 and −8/5 over −2, half of 254 less 0.625 and 0.8
    assert loss[:3] == colours()[[255, 82, 173]].tolist()
    assert loss[3] == pull[3] == [150, 150, 150]
    assert pull[:3] == signed_colours()[[0, 48, 25]].tolist()


def test_of_the_gradient_of_a_pixel_the_strongest_channel_is_shown(save, invoke, tmp_path):
    """2 r / 6 of residuals (−3/4, −1/4), (−3/4, 1) and (0, 0): −1/4, 1/3 and 0, of ends at 1/3."""
    save("pred/a.npy", np.array([[[0.25, 0.25, 1.0]], [[0.75, 1.0, 1.0]]]))
    save("gt/a.npy", np.array([[[1, 1, 1]], [[1, 0, 1]]], np.uint8))
    line = ["losses", "pred", "gt", "--multilabel", "--num-classes", "2", "--losses", "mean_squared_error"]
    assert invoke(*line, "--maps", "maps").exit_code == 0
    pull = _drawn(tmp_path / "maps/a/mean_squared_error.gradient.png", 3)
    assert pull == signed_colours()[[32, 254, 127]].tolist()


def test_a_dozen_unasked(folders, invoke):
    """The losses that `score` tells; none of them is nothing to study."""
    found = json.loads(invoke("losses", "pred", "gt", "--steps", "1", "--format", "json").stdout)
    assert set(found["losses"]) == {name for name, loss in LOSSES.items() if loss.default}
    assert "nothing to study" in invoke("losses", "pred", "gt", "--losses", "none").stderr


def test_a_hundred_columns(save, invoke, tmp_path):
    """Whatever the names and however many classes and losses; classes are rows, and the first of them are shown."""
    r = np.random.RandomState(6)
    for n in range(3):
        save(f"gt/{'image' * 20}{n}.npy", r.randint(0, 15, (9, 11)).astype(np.uint8))
        save(f"pred/{'image' * 20}{n}.npy", r.randint(0, 15, (9, 11)).astype(np.uint8))
    rows = [f"{k},{'日本' * 40 if k else 'road'}{k}" for k in range(15)]
    (tmp_path / "names.csv").write_text("\n".join(["id,name", *rows]), encoding="utf-8")
    line = ["losses", "pred", "gt", "--classes", "names.csv", "--steps", "1"]
    result = invoke(*line)
    assert result.exit_code == 0, result.stderr
    assert max(map(columns, result.stdout.splitlines())) <= 100
    assert result.stdout.splitlines()[-1] == "shown: 12 of 15 classes; --top 15 shows all"
    whole = invoke(*line, "--top", "15", "--sort", "given").stdout
    assert "shown:" not in whole
    (first,) = {
        row.split()[1] for row in whole.split("losses per class")[1].splitlines() if row.startswith("  1  road")
    }
    assert first == "road0"
    two = invoke(*line, "--top", "2", "--losses", "dice,jaccard,focal", "--sort", "name").stdout
    assert two.splitlines()[-1] == "shown: 2 of 3 losses and 2 of 15 classes; --top 15 shows all"
    assert [row.split()[1] for row in two.split("\n\n")[1].splitlines()[2:]] == ["dice", "focal"]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_holds_everything_has_no_order(folders, invoke, form):
    """`--sort` and `--top` are of what people read."""
    for option in (["--sort", "name"], ["--top", "3"]):
        result = invoke(*LINE, "--format", form, *option)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{option[0]} has no effect: --format {form} holds everything" in result.stderr


def test_the_words_close_the_tables(folders, invoke):
    """In plain text and in Markdown."""
    assert "\nof 3 images such ranks are alike by chance too easily" in invoke(*LINE).stdout
    assert "\n- of 3 images such ranks are alike by chance too easily" in invoke(*LINE, "--format", "md").stdout

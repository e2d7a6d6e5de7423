"""`segeval losses` as its users run it."""

import csv
import json

import numpy as np
import pytest

from segeval import losses

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
        *("boundary.gradient.png", "dice.gradient.png", "focal.gradient.png", "focal.loss.png")
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
    assert [path.name for path in (tmp_path / "maps/3").iterdir()] == ["dice.gradient.png"]


def test_classes_are_needed(folders, invoke):
    result = invoke("losses", "pred", "gt")
    assert result.exit_code == 2
    assert "--num-classes" in result.stderr

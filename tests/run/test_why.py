"""Tests of what a class loses, by hand."""

import json
from fractions import Fraction as F

import numpy as np
import pytest
from click.testing import CliRunner

from segeval.cli.main import cli
from segeval.errors import BadOption, NoMatrix
from segeval.evaluate.api import score
from segeval.run.results import Results
from segeval.run.why import why

# Pixels (truth, prediction) of two images of the classes road, cat, dog.
IMAGES = {
    "a": [(0, 0)] * 5 + [(1, 1)] * 3 + [(1, 0)] * 2 + [(0, 1)],
    "b": [(1, 1)] * 4 + [(1, 2)] * 3 + [(1, 9)] + [(2, 1)] * 2 + [(2, 2)],
}


@pytest.fixture
def results(save, tmp_path):
    for name, pixels in IMAGES.items():
        truth, pred = (np.array([[each[side] for each in pixels]], np.uint8) for side in (0, 1))
        save(f"truth/{name}.png", truth)
        save(f"pred/{name}.png", pred)
    return Results.of(score(tmp_path / "pred", tmp_path / "truth", classes=["road", "cat", "dog"]))


def test_confusions_and_images(results):
    """cat: tp 7, fn 2 + 3 + 1, fp 1 + 2. Its IoU 7/16; without the three of cat → dog 10/16; of dog → cat 7/14."""
    found = why(results, 1)
    assert (found.name, found.metric, found.score) == ("cat", "iou", 7 / 16)
    assert found.counts == {"tp": 7, "fp": 3, "fn": 6, "tn": 6}
    told = [(each.truth, each.pred, each.pixels, each.score, each.image) for each in found.confusions]
    assert told == [
        ("cat", "dog", 3, 10 / 16, "b"),
        ("cat", "road", 2, 9 / 16, "a"),
        ("dog", "cat", 2, 7 / 14, "b"),  # as good as the next, of more pixels
        ("cat", "no class", 1, 8 / 16, "b"),
        ("road", "cat", 1, pytest.approx(7 / 15), "a"),
    ]
    images = [(each.id, each.missed, each.invented, each.score) for each in found.images]
    assert images == [("b", 4, 2, pytest.approx(11 / 14)), ("a", 2, 1, pytest.approx(9 / 15))]
    assert found.images[0].gain == pytest.approx(float(F(11, 14) - F(7, 16)))


def test_another_metric_and_fewer_rows(results):
    """Recall does not mind what is invented; and a gain of nothing comes last."""
    found = why(results, 1, "recall", 2)
    assert found.score == pytest.approx(7 / 13)
    assert [(each.pred, each.score) for each in found.confusions] == [
        ("dog", pytest.approx(10 / 13)),
        ("road", pytest.approx(9 / 13)),
    ]
    with pytest.raises(BadOption, match="only pixels tell"):
        why(results, 1, "hd")


def test_a_metric_of_what_is_rightly_left_alone(results):
    """Specificity is tn / (tn + fp), 6/9: an error of another class that is none has one more pixel of tn."""
    found = why(results, 1, "specificity", 2)
    assert found.score == pytest.approx(6 / 9)
    assert [(each.truth, each.pred, each.score) for each in found.confusions] == [
        ("dog", "cat", pytest.approx(8 / 9)),
        ("road", "cat", pytest.approx(7 / 9)),
    ]
    assert [(each.id, each.score) for each in found.images] == [
        ("b", pytest.approx(8 / 9)),
        ("a", pytest.approx(7 / 9)),
    ]


def test_the_parameters_of_the_run(results, tmp_path):
    """F3 is 10 tp / (10 tp + 9 fn + fp)."""
    run = score(tmp_path / "pred", tmp_path / "truth", classes=["road", "cat", "dog"], beta=3)
    assert why(Results.of(run), 1, "f_beta").score == pytest.approx(70 / (70 + 54 + 3))


def test_classes_that_overlap(save, tmp_path):
    """No pixel is one class rather than another."""
    save("pred/a.npy", np.ones((2, 3, 3), np.uint8))
    save("truth/a.npy", np.ones((2, 3, 3), np.uint8))
    run = score(tmp_path / "pred", tmp_path / "truth", multilabel=True, num_classes=2)
    with pytest.raises(NoMatrix):
        why(Results.of(run), 0)


def test_the_command_reads_a_stored_run(results, tmp_path, monkeypatch):
    """The same numbers from the files, as a table and as JSON."""
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(cli, ["score", "pred", "truth", "--classes", "road,cat,dog", "-o", "out"])
    assert run.exit_code == 0
    found = CliRunner().invoke(cli, ["why", "out", "--class", "cat", "--format", "json"])
    assert json.loads(found.stdout) == json.loads(json.dumps(why(results, 1).document()))
    text = CliRunner().invoke(cli, ["why", "out", "--class", "1", "-n", "1"]).stdout
    assert "cat → dog" in text
    assert "cat → road" not in text
    assert text.splitlines()[-1].startswith("iou[cat] 0.4375: 7 pixels right, 6 missed, 3 invented")
    assert CliRunner().invoke(cli, ["why", "out", "--class", "cta"]).exit_code == 2
    perfect = CliRunner().invoke(cli, ["why", "out", "--class", "road", "--metric", "specificity"])
    assert perfect.exit_code == 0


def test_incomplete_runs_and_classes_in_no_mask(save, tmp_path, monkeypatch):
    """What is not scored is told, and ends with 3; a class that no mask holds is not called free of errors."""
    monkeypatch.chdir(tmp_path)
    for side, size in (("pred", 2), ("truth", 3)):
        save(f"{side}/a.png", np.array([[0, 1]], np.uint8))
        save(f"{side}/b.png", np.zeros((1, size), np.uint8))
    assert CliRunner().invoke(cli, ["score", "pred", "truth", "--num-classes", "3", "-o", "out"]).exit_code == 3
    for class_, said in (("2", "2 is in no mask"), ("1", "1 has no errors")):
        found = CliRunner().invoke(cli, ["why", "out", "--class", class_])
        lines = found.stdout.splitlines()
        assert (found.exit_code, lines[0], lines[-1]) == (3, said, "the run is incomplete: 1 image not scored")

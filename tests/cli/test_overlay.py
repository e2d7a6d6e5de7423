"""Tests of `segeval overlay` as users run it."""

import numpy as np
import pytest
from PIL import Image

ORANGE, BLUE, PURPLE = (213, 94, 0), (0, 114, 178), (204, 121, 167)


@pytest.fixture
def pair(save):
    """One pair, with one error of each kind off the lines; and a photograph."""
    truth, pred = np.zeros((2, 6), np.uint8), np.zeros((2, 6), np.uint8)
    pred[1, 1], truth[1, 2], (pred[1, 3], truth[1, 3]) = 1, 1, (1, 2)
    save("pred/sub/a.png", pred)
    save("truth/sub/a.png", truth)
    save("photos/sub/a.png", np.full((2, 6, 3), 100, np.uint8))


def shown(path):
    return np.asarray(Image.open(path).convert("RGBA"))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_pictures(invoke, pair, tmp_path):
    """One file of each layer below the name; colours by hand; what the colours mean is told."""
    found = invoke("overlay", "pred", "truth", "--num-classes", "3", "-o", "out")
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == [
        "invented: false positive: truth is 0, prediction is not",
        "missed: false negative: prediction is 0, truth is not",
        "confused: one class taken for another, neither 0",
        "3 pictures of 1 image in out · most errors: sub/a (25.00 % of its pixels)",
    ]
    assert names(tmp_path / "out/sub") == [
        "a.errors.png",
        "a.pred.png",
        "a.truth.png",
    ]
    errors = shown(tmp_path / "out/sub/a.errors.png")
    assert [tuple(each[:3]) for each in errors[1, 1:4]] == [ORANGE, BLUE, PURPLE]
    assert errors[0, :, 3].tolist() == [0] * 6
    truth = shown(tmp_path / "out/sub/a.truth.png")
    assert len({tuple(each) for row in truth for each in row}) == 3


def test_one_class_and_a_photograph(invoke, pair, tmp_path):
    """Of class 2 alone the third error is missed; the photograph shows through."""
    args = ["--num-classes", "3", "--class", "2", "--layers", "errors", "--images", "photos", "-o", "out"]
    assert invoke("overlay", "pred", "truth", *args).exit_code == 0
    assert names(tmp_path / "out/sub") == ["a.errors.png", "a.over.jpg"]
    errors = shown(tmp_path / "out/sub/a.errors.png")
    assert (tuple(errors[1, 3][:3]), errors[1, 1, 3], errors[1, 2, 3]) == (BLUE, 0, 0)


def test_a_volume(invoke, save, tmp_path):
    """The slice with most errors, and all of them behind each other."""
    truth = np.zeros((4, 3, 9), np.uint8)
    pred = truth.copy()
    pred[2, 1, 1:4] = 1
    pred[1, 2, 4] = 1
    save("pred/v.npy", pred)
    save("truth/v.npy", truth)
    assert invoke("overlay", "pred", "truth", "--binary", "--layers", "errors", "-o", "out").exit_code == 0
    assert names(tmp_path / "out") == ["v.projection.errors.png", "v.slice002.errors.png"]
    for name, count in (("v.slice002.errors.png", 3), ("v.projection.errors.png", 4)):
        assert (shown(tmp_path / "out" / name)[..., 3] > 0).sum() == count


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_a_bad_file_costs_only_itself(invoke, save, tmp_path, jobs):
    for name in "abc":
        for side in ("pred", "truth"):
            save(f"{side}/{name}.png", np.zeros((4, 4), np.uint8))
    (tmp_path / "pred/b.png").write_bytes(b"")
    found = invoke("overlay", "pred", "truth", "-o", "out", "-j", jobs)
    assert found.exit_code == 3
    assert "SEG201" in found.stderr
    assert len(list((tmp_path / "out").iterdir())) == 6


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--class", "5"], 2, "--class is '5'"),
        (["--class", "roda"], 2, "--class is 'roda'"),
        (["--layers", "errors,photo"], 2, "--layers names 'photo'"),
        (["--background", "x"], 2, "--background is 'x'"),
        (["--images-pattern", "{id}.jpg"], 2, "--images-pattern without --images"),
        (["-o", "photos"], 2, "photos is not empty"),
        (["-o", "pred/x"], 2, "inside the input folder"),
    ],
)
def test_what_is_refused(invoke, pair, args, code, said):
    found = invoke(
        "overlay", "pred", "truth", "--num-classes", "3", *(["-o", "out"] if "-o" not in args else []), *args
    )
    assert (found.exit_code, found.stdout) == (code, "")
    assert said in found.stderr


def test_a_photograph_of_another_size(invoke, pair, save):
    """It would show errors where there are none."""
    save("photos/sub/a.png", np.full((4, 12, 3), 100, np.uint8))
    found = invoke("overlay", "pred", "truth", "--num-classes", "3", "--images", "photos", "-o", "out")
    assert found.exit_code == 3
    assert "the photograph of sub/a is 4 x 12, its mask 2 x 6" in found.stderr


def test_no_errors(invoke, save):
    """No image is named as the worst where all are right."""
    for side in ("pred", "truth"):
        save(f"{side}/a.png", np.array([[0, 1, 2]], np.uint8))
    found = invoke("overlay", "pred", "truth", "--num-classes", "3", "-o", "out")
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (0, "3 pictures of 1 image in out · no errors")


def test_a_background_that_is_no_class(invoke, pair):
    """Refused by both commands; an ignored id may be one."""
    classes = ["--num-classes", "3", "--ignore", "2"]
    assert invoke("score", "pred", "truth", *classes, "-o", "run").exit_code == 0
    page = ["report", "run", "--pred", "pred", "--truth", "truth", "-o", "page.html"]
    for command in (["overlay", "pred", "truth", *classes, "-o", "out"], page):
        found = invoke(*command, "--background", "77")
        assert (found.exit_code, found.stdout) == (2, "")
        assert "--background is 77, and there is no such class" in found.stderr
    assert invoke("overlay", "pred", "truth", *classes, "-o", "out", "--background", "2").exit_code == 0

"""Tests that nothing but inputs and options changes a byte."""

import os
import shutil

import numpy as np
import pytest
from support.files import content

import segeval

NAMES = ["b", "a", "sub/c", "café", "Z", "_x", "10", "9"]


def noisy(seed, ids=5):
    """A pair of small masks with void, one mostly right."""
    random = np.random.RandomState(seed)
    truth = random.randint(0, ids, (9, 11)).astype(np.uint8)
    pred = np.where(random.rand(9, 11) < 0.6, truth, random.randint(0, ids + 1, (9, 11))).astype(np.uint8)
    truth[random.rand(9, 11) < 0.1] = 255
    return pred, truth


@pytest.fixture
def folders(save):
    """Save the same pairs in any order, below any place."""

    def folders(place, names=NAMES):
        for name in names:
            pred, truth = noisy(NAMES.index(name))
            save(f"{place}/pred/{name}.png", pred)
            save(f"{place}/truth/{name}.npy", truth)

    return folders


OPTIONS = ["--num-classes", "5", "--ignore", "255"]


@pytest.mark.slow
def test_workers_seed_zone_and_order_change_nothing(run, folders, tmp_path):
    """Every file of the output is the same byte for byte."""
    folders("one")
    folders("two", NAMES[::-1])
    base = run("score", "one/pred", "one/truth", *OPTIONS, "-o", "out0", "-j", "1")
    variants = [
        ("one", ["-j", "2"], {"PYTHONHASHSEED": 1}),
        ("one", ["-j", "5"], {"PYTHONHASHSEED": 2, "TZ": "Asia/Tokyo"}),
        ("two", [], {"LC_ALL": "C", "TZ": "America/New_York"}),
        ("two", ["-j", "3"], {"COLUMNS": "20", "NO_COLOR": "1"}),
    ]
    for n, (place, options, env) in enumerate(variants, 1):
        found = run("score", f"{place}/pred", f"{place}/truth", *OPTIONS, "-o", f"out{n}", *options, **env)
        assert content(tmp_path / f"out{n}") == content(tmp_path / "out0"), (place, options, env)
        assert found == base
    tables = {"images.csv", "records.csv", "confusion.csv", "confusion_long.csv", "confusion_images.csv"}
    assert content(tmp_path / "out0").keys() == {"run.json", "metrics.json", "evidence.npz", *tables}


def test_an_ascii_locale_changes_nothing(run, folders, tmp_path):
    """The id of `café` does not depend on the locale that reads its name."""
    folders("one")
    run("score", "one/pred", "one/truth", *OPTIONS, "-o", "out0")
    run("score", "one/pred", "one/truth", *OPTIONS, "-o", "out1", LC_ALL="C", PYTHONUTF8=0, PYTHONCOERCECLOCALE=0)
    assert content(tmp_path / "out1") == content(tmp_path / "out0")


def halves(tmp_path, ignore=(255,)):
    """The runs of both halves and of the whole."""
    options = {"num_classes": 6, "ignore": ignore, "missing": "skip"}
    return [segeval.score(tmp_path / f"{place}/pred", tmp_path / f"{place}/truth", **options) for place in "xyw"]


@pytest.mark.parametrize("cut", [1, 4, 7])
def test_two_halves_are_the_whole(folders, tmp_path, cut):
    """Runs of disjoint images add up to the run of all, byte for byte and in any order."""
    for place, names in (("x", NAMES[:cut]), ("y", NAMES[cut:]), ("w", NAMES)):
        folders(place, names)
    first, second, whole = halves(tmp_path)
    assert (first + second).to_json() == whole.to_json()
    assert (second + first).to_json() == whole.to_json()
    assert whole.summary["pixel_accuracy"] < 1


def test_two_halves_with_found_classes_are_the_whole(folders, tmp_path):
    """Also where each half finds other ids."""
    folders("w", ["a", "b"])
    folders("x", ["a"])
    folders("y", ["b"])
    runs = [segeval.score(tmp_path / f"{place}/pred", tmp_path / f"{place}/truth") for place in "xyw"]
    assert (runs[0] + runs[1]).to_json() == runs[2].to_json()


def test_two_halves_with_remarks_are_the_whole(save, tmp_path):
    """A remark about the data set is about the sum, with the numbers of the sum."""
    for name, place in (("a", "x"), ("b", "y")):
        truth = np.array([[1, 2, 3, 4] + [5] * (name == "b")], np.uint8)
        for side, array in (("truth", truth), ("pred", truth - 1)):
            array = array.copy()
            array[0, 0] = 1  # one right: of 4 in a, of 5 in b
            save(f"{place}/{side}/{name}.png", array)
            save(f"w/{side}/{name}.png", array)
    first, second, whole = halves(tmp_path, ignore=())
    assert [note.code for note in whole.notes] == ["SEG253"]
    assert (first + second).to_json() == whole.to_json()


def test_runs_that_share_images_do_not_add_up(folders, tmp_path):
    """The same image twice would count twice."""
    folders("x", ["a", "b"])
    folders("y", ["b"])
    folders("w", ["a", "b"])
    first, second, _ = halves(tmp_path)
    with pytest.raises(ValueError, match="share images"):
        first + second


def test_moved_folders_are_the_same_inputs(folders, run, tmp_path):
    """No path, owner or time gets into the result."""
    folders("one")
    run("score", "one/pred", "one/truth", *OPTIONS, "-o", "out0")
    shutil.copytree(tmp_path / "one", tmp_path / "far/away/two", copy_function=shutil.copyfile)
    os.rename(tmp_path / "far/away/two/pred", tmp_path / "far/away/two/other name")
    run("score", "far/away/two/other name", "far/away/two/truth", *OPTIONS, "-o", "out1")
    assert content(tmp_path / "out1") == content(tmp_path / "out0")

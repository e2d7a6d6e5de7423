"""`Run.to_dataframe`: runs for pandas."""

import csv
import sys

import numpy as np
import pytest

import segeval
from segeval.errors import BadOption, MissingPackage
from segeval.run import folder

OPTIONS = {"classes": ["=road", "b", "nobody"], "ignore": [255], "losses": "dice", "group_by": "(.)/", "beta": 3}


@pytest.fixture
def run():
    """Two images of two groups; `=road` would be a formula in a spreadsheet, and `nobody` is in no mask."""
    evaluator = segeval.Evaluator(**OPTIONS)
    evaluator.update(np.array([[0, 1, 1]]), np.array([[0, 0, 1]]), id="x/1", batch=False)
    evaluator.update(np.array([[1, 1, 0, 0]]), np.array([[0, 1, 255, 1]]), id="y/2", batch=False)
    return evaluator.compute()


def test_classes(run):
    """By hand: class 0 is 1 tp, 1 fp, 2 fn in both images together; class 1 is 2 tp, 2 fp, 1 fn."""
    pytest.importorskip("pandas")
    found = run.to_dataframe()
    assert list(found["name"]) == ["=road", "b", "nobody"]
    assert list(found["tp"]) == [1, 2, 0]
    assert list(found["iou"][:2]) == [1 / 4, 2 / 5]
    assert np.isnan(found["iou"][2])


def test_images(run, tmp_path):
    """Every cell of `images.csv`: names without the apostrophe, counts whole, and nan for what is empty there."""
    pytest.importorskip("pandas")
    folder.write(run, tmp_path)
    with open(tmp_path / "images.csv", encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    found = run.to_dataframe("images")
    assert list(found.columns) == head
    assert [*zip(found["id"], found["group"], found["class_id"], found["class"], strict=True)] == [
        (id_, id_[0], n, name) for id_ in ("x/1", "y/2") for n, name in enumerate(OPTIONS["classes"])
    ]
    assert list(found["tp"]) == [1, 1, 0, 0, 1, 0]
    assert found["tp"].dtype == np.int64
    for name in head[4:]:
        wanted = [float(row[head.index(name)] or "nan") for row in rows]
        assert np.array_equal(found[name].astype(float), wanted, equal_nan=True), name


@pytest.mark.parametrize("of", ["classes", "images"])
def test_without_pandas(run, of, monkeypatch):
    """An error of ours says what to install."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackage) as caught:
        run.to_dataframe(of)
    assert caught.value.hint == "pip install 'segeval-masks[pandas]'"


def test_of_something_else(run):
    with pytest.raises(BadOption, match="'groups'"):
        run.to_dataframe("groups")

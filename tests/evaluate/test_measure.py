"""Pairs -> records: binary masks, missing predictions, the order and number of what is handed out."""

from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Save

import segeval
from segeval.data.folders import Pair
from segeval.errors import Doubtful
from segeval.evaluate import measure as evaluate
from segeval.evaluate.measure import in_order, workers
from segeval.evidence.regions import Regions
from segeval.io.files import MaskFile
from segeval.run.options import Options


def score(save: Save, pred: Any, truth: Any, **options: Any) -> segeval.Run:
    """The run of one pair."""
    folder = save("pred/a.npy", np.asarray(pred)).parent
    return segeval.score(folder, save("gt/a.npy", np.asarray(truth)).parent, **options)


def test_binary_takes_every_other_id_for_one(save: Save) -> None:
    """Ids 3, −2 and 255 are foreground, in the prediction also where the truth ignores that id."""
    run = score(save, [0, -2, 255, 0, 7, 255], [0, 3, 9, 9, 0, 0], binary=True)
    assert run.confusion.matrix.tolist() == [[1, 2, 0], [1, 2, 0]]
    assert [row["name"] for row in run.classes] == ["background", "foreground"]


def test_strict_raises_what_the_numbers_may_mean(save: Save) -> None:
    """Foreground and background are swapped: a note without it."""
    pred, truth = [[1, 1, 1, 0, 0, 1]], [[0, 0, 0, 1, 1, 1]]
    assert [note.code for note in score(save, pred, truth, binary=True).doubts] == ["SEG285"]
    with pytest.raises(Doubtful, match="swapping 0 and 1") as caught:
        score(save, pred, truth, binary=True, strict=True)
    assert (caught.value.code, caught.value.exit_code) == ("SEG287", 3)
    assert caught.value.hint


def test_binary_with_ignored_ids(save: Save) -> None:
    """The ignored id leaves before the others become one."""
    run = score(save, [0, 1, 255, 0, 1, 1], [0, 3, 255, 255, 5, 0], binary=True, ignore=[255])
    assert run.confusion.matrix.tolist() == [[1, 1, 0], [0, 2, 0]]
    assert run.confusion.ignored == 2


def test_a_bad_square_binary_mask_is_scored(save: Save) -> None:
    """Looking whether the transpose fits better must see it as binary too."""
    truth, pred = np.zeros((2, 8, 8), np.uint8)
    truth[:2, :4], pred[5:, 5:] = 255, 255
    run = score(save, pred, truth, binary=True)
    assert run.complete
    assert run.confusion.matrix.tolist() == [[47, 9, 0], [8, 0, 0]]
    half = np.repeat([[0, 0, 255, 255]], 4, axis=0)
    turned = score(save, half.T, half, binary=True)
    assert [(note.code, note.message) for note in turned.notes] == [
        ("SEG255", "a: transposing the prediction raises mIoU 0.33 → 1.00")
    ]


def test_saturated_probabilities_are_probabilities(save: Save) -> None:
    """0 and 1 alone mean the same as fractions, also where the two classes have other ids."""
    truth = np.array([[0, 7, 7, 0]])
    for values in ([0.1, 0.9, 0.2, 0.3], [0, 1, 0, 0]):
        run = score(save, np.array([values], np.float32), truth, classes=str(class_file(save)))
        assert run.confusion.matrix.tolist() == [[2, 0, 0], [1, 1, 0]]
    labelled = score(save, np.array([[0, 7, 0, 0]], np.float32), truth, classes=str(class_file(save)))
    assert labelled.confusion.matrix.tolist() == [[2, 0, 0], [1, 1, 0]]


def class_file(save: Save) -> Path:
    """Two classes, 0 and 7."""
    path = save("x.npy", [0]).with_name("classes.csv")
    path.write_text("id,name\n0,ground\n7,roof\n")
    return path


def test_python_options_in_their_natural_forms(save: Save) -> None:
    """NumPy numbers, paths and a single name work as their plain forms do."""
    masks = [0, 7], [255, 7]
    plain = score(save, *masks, classes=str(class_file(save)), ignore=[255], beta=3.0, metrics=["f_beta"])
    other = score(save, *masks, classes=class_file(save), ignore=np.array([255]), beta=np.float32(3), metrics="f_beta")
    assert plain.to_json() == other.to_json()


def test_a_missing_prediction_is_all_wrong_also_when_binary(save: Save, tmp_path: Path) -> None:
    """Nothing is predicted, not even background."""
    save("pred/a.npy", np.array([0, 1]))
    save("gt/a.npy", np.array([0, 1]))
    save("gt/b.npy", np.array([0, 4, 255, 4]))
    run = segeval.score(tmp_path / "pred", tmp_path / "gt", binary=True, ignore=[255], missing="worst")
    assert run.confusion.matrix.tolist() == [[1, 0, 1], [0, 1, 2]]
    assert (run.complete, run.missing, run.paired, len(run.records)) == (True, ("b",), 1, 2)


def test_remarks_on_a_truth_without_prediction_are_kept(save: Save, tmp_path: Path) -> None:
    """As those on any other file."""
    save("pred/a.png", np.zeros((2, 3), np.uint8))
    for name in "ab":
        path = save(f"gt/{name}.png", np.zeros((2, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:-12])
    run = segeval.score(tmp_path / "pred", tmp_path / "gt", missing="worst")
    assert [(note.id, note.code, note.message) for note in run.notes] == [
        ("b", "SEG205", "gt/b.png: the PNG has no end mark")
    ]


def test_runs_add_up_with_all_that_went_wrong(save: Save, tmp_path: Path) -> None:
    """Failed, missing and extra files of both halves are in the sum, in order, whichever comes first."""
    ones = np.ones((2, 2), np.uint8)
    for half, names in (("x", "mb"), ("y", "na")):
        for name in names:
            save(f"{half}/pred/{name}.npy", ones)
            save(f"{half}/gt/{name}.npy", ones)
        save(f"{half}/pred/{half}extra.npy", ones)
        save(f"{half}/gt/{half}missing.npy", ones)
        save(f"{half}/gt/{names[1]}.npy", ones[:1])
    with pytest.warns(segeval.IncompleteRun):
        x, y = (segeval.score(tmp_path / half / "pred", tmp_path / half / "gt") for half in "xy")
    for run in (x + y, y + x):
        images = run.document()["images"]
        assert (images["paired"], images["scored"]) == (4, 2)
        assert (images["missing"], images["extra"]) == (["xmissing", "ymissing"], ["xextra", "yextra"])
        assert [f["id"] for f in images["failed"]] == ["a", "b", "xmissing", "ymissing"]
        assert [record.id for record in run.records] == ["m", "n"]
    assert (x + y).to_json() == (y + x).to_json()


class Recording(Executor):
    """Runs a task when its result is asked for, and remembers how many were waiting."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.result = lambda timeout=None: self.run(fn, args)  # type: ignore[method-assign]
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return future

    def run(self, task: Any, args: Any) -> Any:
        self.waiting -= 1
        return task(*args)


@pytest.mark.parametrize("count", [0, 1, 5, 30])
def test_results_come_in_order_and_only_so_many_wait(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Any executor will do; all of its workers are kept busy, and memory does not grow with the folder."""
    monkeypatch.setattr(evaluate, "AHEAD", 8)
    pairs = [Pair(str(n), None, MaskFile.at("", "")) for n in range(count)]
    executor = Recording()
    found = list(in_order(executor, lambda each, job: each.id, pairs, Options()))
    assert found == [str(n) for n in range(count)]
    assert executor.most == min(count, 8)


def test_workers() -> None:
    assert workers(3) == 3
    assert workers(None) >= 1
    with pytest.raises(segeval.SegevalError, match="--jobs is 0"):
        workers(0)


def test_pairs_are_taken_out_where_nobody_needs_them(save: Save) -> None:
    """The run is the same one, of as many pairs; a second look at the pairs finds them unless they were taken."""
    for n in range(3):
        folders = [save(f"{side}/{n}.npy", np.array([[n % 2, 1]])).parent for side in ("pred", "gt")]
    runs = []
    for forget in (False, True):
        found = evaluate.find_pairs(*map(str, folders), Options().layout)
        runs.append(evaluate.evaluate(found, Options(), jobs=1, forget=forget))
        assert len(found.pairs) == (0 if forget else 3)
    assert runs[0].to_json() == runs[1].to_json()
    assert runs[1].paired == 3


def test_kinds_of_evidence_share_the_places_of_classes(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are looked for once in each pair, with or without its prediction."""
    looked: list[Any] = []
    found = Regions.of_labels
    monkeypatch.setattr(
        Regions, "of_labels", lambda pred, *args, **more: looked.append(pred) or found(pred, *args, **more)
    )
    truth = np.kron([[0, 1], [2, 1]], np.ones((4, 4), int))
    save("gt/b.npy", truth)
    run = score(save, truth.T, truth, metrics="hd,boundary_iou", missing="worst", jobs=1)
    assert [pred is None for pred in looked] == [False, True]
    assert all(np.isfinite(row["boundary_iou@2%"]) for row in run.classes if row["id"])

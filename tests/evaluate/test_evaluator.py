"""Arrays in memory give the run that files of the same arrays give."""

import concurrent.futures
import json
import pickle
from typing import Any

import numpy as np
import pytest

import segeval
from segeval.errors import (
    BadOption,
    ForegroundIgnored,
    NotFinite,
    NothingMatched,
    SegevalError,
    ShapesDiffer,
    TwoReadings,
    UnfitChannels,
    UnknownTruthIds,
)

R = np.random.RandomState(5)
LABELS = R.randint(0, 3, (4, 6, 5)).astype(np.uint8)
PRED = np.where(R.rand(4, 6, 5) < 0.7, LABELS, R.randint(0, 4, (4, 6, 5))).astype(np.int16)
SCORES = R.normal(size=(4, 3, 6, 5)).astype(np.float32)
SOFTMAX = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
VOID = np.where(R.rand(4, 6, 5) < 0.1, 255, LABELS).astype(np.uint8)
CHANNELS = (R.rand(4, 3, 6, 5) < 0.4).astype(np.uint8)

WITH_VOID = {"num_classes": 3, "ignore": [255]}
CASES: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("labels", PRED, LABELS, {"num_classes": 3, "beta": 0.7}),
    ("found", PRED, LABELS, {"metrics": "dice,kappa", "presence": "truth"}),
    ("softmax", SOFTMAX, VOID, {**WITH_VOID, "losses": "dice,focal", "params": ["focal.gamma=1.5"]}),
    ("logits", SCORES, VOID, {**WITH_VOID, "logits": True, "losses": "cross_entropy", "loss_over": "batch"}),
    ("binary", SOFTMAX[:, 1], (LABELS == 1).astype("u1"), {"binary": True, "threshold": 0.3, "ci": True, "seed": 4}),
    ("multilabel", CHANNELS[::-1].copy(), CHANNELS, {"multilabel": True, "num_classes": 3, "group_by": r"(\d)$"}),
    ("names", PRED, LABELS, {"classes": ["road", "sky", "tree"], "mean_without": [0], "undefined": ["absent=one"]}),
]  # fmt: skip


def scored(pred: Any, truth: Any, options: dict[str, Any], **given: Any) -> segeval.Run:
    evaluator = segeval.Evaluator(**options)
    evaluator.update(pred, truth, **given)
    return evaluator.compute()


def without_inputs(run: segeval.Run) -> Any:
    """The document, less what tells files from arrays."""
    text = json.dumps(run.document() | {"inputs": ""})
    for side in ("pred", "truth"):
        for n in range(4):
            text = text.replace(f"{side}/{n:06}.npy", f"{side}[{n}] ({n:06})")
    return json.loads(text)


@pytest.mark.parametrize(("name", "pred", "truth", "options"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.filterwarnings("ignore::segeval.IncompleteRun")
def test_a_batch_is_the_files(name: str, pred: Any, truth: Any, options: dict[str, Any], tmp_path: Any) -> None:
    """Every number, note and digest: by batch, image by image, and from a list."""
    for side, arrays in (("pred", pred), ("truth", truth)):
        (tmp_path / side).mkdir()
        for n, array in enumerate(arrays):
            np.save(tmp_path / side / f"{n:06}.npy", array)
    files = without_inputs(segeval.score(tmp_path / "pred", tmp_path / "truth", **options))
    assert without_inputs(scored(pred, truth, options, batch=True)) == files
    one_by_one = segeval.Evaluator(**options)
    for n in (2, 0, 3, 1):
        one_by_one.update(pred[n], truth[n], id=f"{n:06}", batch=False)
    assert one_by_one.compute().summary == pytest.approx(
        segeval.score(list(pred), list(truth), **options).summary, nan_ok=True
    )
    found = segeval.score(dict(enumerate(pred)), dict(enumerate(truth)), **options)
    assert [record.id for record in found.records] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("batch", [None, True])
def test_batches_of_channels_are_seen_by_their_shapes(batch: bool | None) -> None:
    """(N, C, H, W) beside (N, H, W) has one reading."""
    assert len(scored(SOFTMAX, LABELS, {"num_classes": 3}, batch=batch).records) == 4


def test_integers_of_three_axes_want_a_word() -> None:
    """A volume, or images: nothing tells, but a spacing does."""
    with pytest.raises(TwoReadings, match=r"4 x 6 x 5: a volume, or 4 images") as caught:
        scored(PRED, LABELS, {"num_classes": 3})
    assert "batch=True" in caught.value.hint
    assert len(scored(PRED, LABELS, {"num_classes": 3}, spacing=(3, 0.5, 0.5)).records) == 1
    assert len(scored(PRED, LABELS, {"num_classes": 3}, batch=False).records) == 1


def test_as_many_images_as_classes() -> None:
    """(3, 3, H, W) beside (3, H, W): neither reading is taken in silence. By hand: the argmax over axis 1."""
    pred, truth = SOFTMAX[:3], SOFTMAX[:3].argmax(axis=1).astype(np.uint8)
    with pytest.raises(TwoReadings):
        scored(pred[:, :, :3, :3], truth[:, :3, :3], {"num_classes": 3})
    assert scored(pred, truth, {"num_classes": 3}, batch=True).summary["pixel_accuracy"] == 1


def test_evaluators_add_up_and_travel() -> None:
    """The sum of two halves is the whole; a pickled one goes on; a reset one knows nothing."""
    options = {"num_classes": 3, "ignore": [255], "losses": "dice"}
    whole, first, second = (segeval.Evaluator(**options) for _ in range(3))
    whole.update(SOFTMAX, VOID, id=list("abcd"), batch=True)
    first.update(SOFTMAX[1:3], VOID[1:3], id=["b", "c"], batch=True)
    second.update(SOFTMAX[[0, 3]], VOID[[0, 3]], id=["a", "d"], batch=True)
    assert callable(segeval.metrics.iou)  # looking a formula up changes nothing about that
    again = pickle.loads(pickle.dumps(second)) + first
    assert again.compute().to_json() == whole.compute().to_json()
    assert (len(again), repr(again)) == (4, "Evaluator(4 images)")
    again.reset()
    assert len(again) == 0
    with pytest.raises(ValueError, match=r"share images.*id="):
        _ = first + whole
    with pytest.raises(ValueError, match="other options"):
        _ = first + segeval.Evaluator(num_classes=3)


def test_runs_travel_whatever_was_asked_of_them() -> None:
    """What a run has found out about itself, such as its tables by group, is no part of a copy, and is found again."""
    options = {"losses": "dice", "ci": True, "resamples": 100, "group_by": "^(.)"}
    evaluator = segeval.Evaluator(num_classes=3, ignore=[255], **options)
    evaluator.update(SOFTMAX, VOID, id=["a1", "a2", "b1", "b2"], batch=True)
    run = evaluator.compute()
    text = run.to_json()
    assert run.criteria
    copy = pickle.loads(pickle.dumps(run))
    assert set(vars(copy)) < set(vars(run))
    assert copy.to_json() == text


def test_in_processes() -> None:
    """One evaluator in each of two processes."""
    context = __import__("multiprocessing").get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        parts = list(pool.map(_half, [0, 2]))
    assert (parts[0] + parts[1]).compute().to_json() == scored(
        PRED, LABELS, {"num_classes": 3}, id=list("0123"), batch=True
    ).to_json()


def _half(start: int) -> segeval.Evaluator:
    evaluator = segeval.Evaluator(num_classes=3)
    part = slice(start, start + 2)
    evaluator.update(PRED[part], LABELS[part], id=[str(start), str(start + 1)], batch=True)
    return evaluator


BAD: list[tuple[Any, Any, dict[str, Any], dict[str, Any], type[SegevalError], str]] = [
    (PRED[0], LABELS[1, :5], {}, {}, ShapesDiffer, "6 x 5 but truth is 5 x 5"),
    (PRED[0], np.full((6, 5), 7, np.uint8), {}, {}, UnknownTruthIds, r"truth.*7"),
    (np.full((3, 6, 5), np.nan), LABELS[0], {}, {}, NotFinite, "NaN"),
    (PRED, LABELS, {}, {"batch": True, "id": ["a"]}, BadOption, "id is"),
    (PRED, LABELS, {}, {"batch": True, "id": list("aaaa")}, BadOption, "'a' already"),
    (PRED[0], LABELS[0], {}, {"id": 7}, BadOption, "id is 7"),
    (PRED[0], LABELS[0], {}, {"spacing": (1, 2, 3)}, BadOption, "spacing"),
    (PRED[0], LABELS[0], {}, {"spacing": (1, 0)}, BadOption, "spacing"),
    (PRED[0], LABELS[0], {}, {"spacing": (1e-60, 1)}, BadOption, "spacing"),
    (PRED[0], LABELS[0], {}, {"batch": "yes"}, BadOption, "batch is 'yes'"),
    ([[0, 1], [1]], LABELS[0], {}, {}, SegevalError, "rows of different lengths"),
    (PRED[0].astype(complex), LABELS[0], {}, {}, SegevalError, "complex"),
    (CHANNELS[0], CHANNELS[0, :2], {"multilabel": True}, {}, SegevalError, "3 x 6 x 5"),
]


@pytest.mark.parametrize(("pred", "truth", "options", "given", "error", "said"), BAD)
def test_bad_arrays(pred: Any, truth: Any, options: Any, given: Any, error: type[SegevalError], said: str) -> None:
    """Errors of ours, and nothing of a batch is added where one of its images is wrong."""
    evaluator = segeval.Evaluator(num_classes=3, **options)
    with pytest.raises(error, match=said):
        evaluator.update(pred, truth, **given)
    assert len(evaluator) == 0


def test_one_bad_image_keeps_a_batch_out() -> None:
    evaluator = segeval.Evaluator(num_classes=3)
    truth = LABELS.copy()
    truth[3, 0, 0] = 9
    with pytest.raises(UnknownTruthIds, match=r"truth\[3\]"):
        evaluator.update(PRED, truth, batch=True)
    assert len(evaluator) == 0


def test_images_that_do_not_belong_together() -> None:
    evaluator = segeval.Evaluator(multilabel=True)
    for channels in (2, 3):
        evaluator.update(CHANNELS[0, :channels], CHANNELS[1, :channels])
    with pytest.raises(UnfitChannels):
        evaluator.compute()
    binary = segeval.Evaluator(num_classes=2, ignore=[255])
    binary.update(np.array([[0, 1]]), np.array([[0, 255]]))
    with pytest.raises(ForegroundIgnored):
        binary.compute()


def test_a_metric_of_two_arrays() -> None:
    """By hand: 4 pixels, one of class 1 taken for 0; F with β = 2 is 5 tp / (5 tp + 4 fn + fp)."""
    pred, truth = np.array([[0, 0, 1, 1]]), np.array([[0, 1, 1, 1]])
    assert segeval.metrics.value("iou", pred, truth).tolist() == [1 / 2, 2 / 3]
    assert segeval.metrics.value("f_beta", pred, truth, num_classes=3)[:2] == pytest.approx([5 / 6, 10 / 14])
    assert np.isnan(segeval.metrics.value("iou", pred, truth, num_classes=3)[2])
    found = segeval.metrics.value("f_beta", pred, truth, params={"f_beta.beta": 1.0})
    assert found == pytest.approx(segeval.metrics.value("dice", pred, truth))


@pytest.mark.parametrize(("pred", "truth"), [(PRED, LABELS), (list(PRED), "folder"), (3, 4), (b"a", b"b")])
def test_what_score_does_not_take(pred: Any, truth: Any) -> None:
    """A stack of arrays is a batch for the Evaluator, and the message says so."""
    with pytest.raises(TypeError, match="Evaluator"):
        segeval.score(pred, truth, num_classes=3)


def test_collections_of_other_lengths_and_ids() -> None:
    with pytest.raises(ValueError, match="shorter|longer"):
        segeval.score(list(PRED), list(LABELS[:3]), num_classes=3)
    with pytest.raises(ValueError, match="'x'"):
        segeval.score({"x": PRED[0]}, {"y": LABELS[0]}, num_classes=3)
    with pytest.raises(TypeError, match="dict"):
        segeval.score({"x": PRED[0]}, [LABELS[0]], num_classes=3)
    with pytest.raises(TypeError, match="num_clases"):
        segeval.Evaluator(num_clases=3)


def test_generators_and_other_libraries() -> None:
    """Whatever has `__array__` or DLPack."""

    class Lazy:
        def __init__(self, array: Any) -> None:
            self.array = array

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return self.array

    class Capsule:
        def __init__(self, array: Any) -> None:
            self.array = array

        def __dlpack__(self, **options: Any) -> Any:
            return self.array.__dlpack__(**options)

        def __dlpack_device__(self) -> Any:
            return self.array.__dlpack_device__()

    expected = scored(PRED, LABELS, {"num_classes": 3}, batch=True).summary
    for kind in (Lazy, Capsule, lambda array: array.tolist()):
        found = segeval.score((kind(each) for each in PRED), (kind(each) for each in LABELS), num_classes=3)
        assert found.summary == expected


def test_the_options_are_shown() -> None:
    """`help(segeval.score)` names them, though they stand in one place."""
    import inspect

    names = list(inspect.signature(segeval.score).parameters)
    assert names[:4] == ["pred", "truth", "profile", "num_classes"]
    assert {"ignore", "losses", "jobs", "strict"} <= set(names)
    assert "options" not in names


A = np.array([[0, 1], [2, 1]])


@pytest.mark.parametrize(
    ("pred", "truth", "fault", "said"),
    [
        ([], [], NothingMatched, "no image"),
        ({}, {}, NothingMatched, "no image"),
        (iter([]), iter([]), NothingMatched, "no image"),
        ([A], [A, A, A], ValueError, "truth is longer: pred has 1 image, and truth 3"),
        (iter([A, A]), [A], ValueError, "pred is longer: truth ends after 1 image"),
        (["lab"], ["gt"], TypeError, r"pred holds 'lab'.*segeval.score\('pred', 'truth'\)"),
    ],
)
def test_collections_that_are_no_pairs(pred: Any, truth: Any, fault: type[Exception], said: str) -> None:
    """Told in words of ours, and before anything is scored where the lengths are known."""
    with pytest.raises(fault, match=said):
        segeval.score(pred, truth, num_classes=3)


def test_a_run_of_nothing_is_none() -> None:
    with pytest.raises(NothingMatched, match="no image") as caught:
        segeval.Evaluator(num_classes=3).compute()
    assert "update" in caught.value.hint


@pytest.mark.parametrize("number", ["3", 3.0, True])
def test_a_number_of_classes_that_is_none(number: Any) -> None:
    with pytest.raises(BadOption, match="--num-classes is"):
        segeval.Evaluator(num_classes=number)


def test_names_of_options_are_checked() -> None:
    """Those of both callers, in their name."""
    with pytest.raises(TypeError, match="Evaluator has no option 'num_clases'; is 'num_classes' meant"):
        segeval.Evaluator(num_clases=3)
    either: list[Any] = [[A], "folder"]
    for given in either:
        with pytest.raises(TypeError, match="score has no option 'ingore'; is 'ignore' meant"):
            segeval.score(given, given, ingore=[3])


@pytest.mark.parametrize(("kind", "half"), [(np.uint8, 127), (np.int16, 16383), (np.uint16, 32767)])
def test_grey_arrays_are_shares_of_what_their_type_holds(kind: Any, half: int) -> None:
    """Above one half of its largest value is foreground."""
    evaluator = segeval.Evaluator(binary=True, probability=True)
    evaluator.update(np.array([[0, half, half + 1]], kind), np.array([[0, 0, 1]]), batch=False)
    assert evaluator.compute().summary["pixel_accuracy"] == 1


def test_one_value_to_ignore_needs_no_list() -> None:
    """A truth of 2 at one of four pixels: three are left."""
    values: list[Any] = [2, np.int64(2), [2], "2"]
    for two in values:
        assert segeval.score([A], [A], num_classes=3, ignore=two).confusion.total == 3

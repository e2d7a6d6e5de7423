"""The door for channels: one for each class, 0 or 1."""

from typing import Any

import numpy as np
import pytest

from segeval import errors
from segeval.data.class_selection import ClassChoice, choose
from segeval.data.door import read_pair
from segeval.data.labels import Labels
from segeval.data.reading import Reading
from segeval.evidence.multilabel import IGNORED
from segeval.io import Mask

P = np.array([[[0.2, 0.7, 0.6]], [[0.9, 0.61, 0.4]]], np.float32)  # (2, 1, 3)
T = np.array([[[0, 1, 1]], [[1, 0, 1]]], np.uint8)
PLAIN, FREE = Reading(), choose(multilabel=True)


def door(pred: Any, truth: Any = T, reading: Reading = PLAIN, classes: ClassChoice = FREE, **facts: Any) -> Labels:
    """A pair through the door; `facts` are those of the prediction's mask."""
    return read_pair(
        Mask("pred/a.npy", np.asarray(pred), **facts), Mask("gt/a.npy", np.asarray(truth)), reading, classes
    )


@pytest.mark.parametrize("threshold", [0.5, 0.65, 0.7])
def test_above_the_threshold_is_yes(threshold: float) -> None:
    """Strictly: 0.5 is not above 0.5."""
    pred = P.astype(np.float64)
    pred[0, 0, 0] = threshold
    expected = {0.5: [[[0, 1, 1]], [[1, 1, 0]]], 0.65: [[[0, 1, 0]], [[1, 0, 0]]], 0.7: [[[0, 0, 0]], [[1, 0, 0]]]}
    assert door(pred, reading=Reading(threshold=threshold)).pred.tolist() == expected[threshold]


def test_logits_are_compared_with_the_score_of_the_threshold() -> None:
    """sigmoid(x) > 0.7 is x > ln(7/3) = 0.8473."""
    scores = np.array([[[0.8472, 0.8474, -3.0]], [[2.0, 0.0, 0.8]]])
    found = door(scores, reading=Reading(logits=True, threshold=0.7)).pred
    assert found.tolist() == [[[0, 1, 0]], [[1, 0, 0]]]
    assert door(scores, reading=Reading(logits=True)).pred.tolist() == [[[1, 1, 0]], [[1, 0, 1]]]


@pytest.mark.parametrize(("dtype", "levels"), [("u1", 255), ("u2", 65535)])
def test_grey_of_8_and_16_bits(dtype: str, levels: int) -> None:
    """0.6 and 0.61 of the levels, on both sides of 0.605."""
    grey = np.round(P * levels).astype(dtype)
    assert door(grey, reading=Reading(True, threshold=0.605), levels=levels).pred.tolist() == [[[0, 1, 0]], [[1, 1, 0]]]


@pytest.mark.parametrize("dtype", ["u1", "i2", "i8", "?", "f4"])
def test_hard_channels_of_any_kind(dtype: str) -> None:
    found = door(T.astype(dtype), T.astype(dtype))
    assert found.pred.tolist() == found.truth.tolist() == T.tolist()
    assert found.pred.dtype == found.truth.dtype == np.uint8


def test_a_stored_true_may_be_any_byte() -> None:
    """NumPy takes every byte but 0 for true."""
    odd = (T * 3).view(bool)
    found = door(odd, odd)
    assert found.pred.tolist() == found.truth.tolist() == T.tolist()


def test_an_ignored_value_takes_the_whole_pixel() -> None:
    """In any channel, whatever the others hold; also where the value is negative or floating point."""
    for value, kind in ((255, np.uint8), (-1, np.int16), (7, np.float32)):
        truth = T.astype(kind)
        truth[1, 0, 2] = value
        found = door(P, truth, classes=choose(multilabel=True, ignore=[value]))
        assert found.truth.tolist() == [[[0, 1, IGNORED]], [[1, 0, IGNORED]]]


def test_a_class_that_the_file_ignores_is_left_out(tmp_path: Any) -> None:
    """Its channel stays in the files; an ignored id that is no class is a value."""
    (tmp_path / "classes.json").write_text(
        '{"classes": [{"id": 4, "name": "a"}, {"id": 2, "name": "b", "ignore": true}, {"id": 3, "name": "c"}],'
        ' "ignore": [255]}'
    )
    choice = choose(classes=tmp_path / "classes.json", multilabel=True)
    assert choice.ignore == {255}
    assert choice.scored is not None
    assert choice.scored.ids == (4, 3)
    pred, truth = np.stack([P[0], P[0], P[1]]), np.stack([T[0], 1 - T[0], T[1]])
    truth[1, 0, 0] = 255
    found = door(pred, truth, classes=choice)
    assert found.pred.tolist() == [[[0, 1, 1]], [[1, 1, 0]]]
    assert found.truth.tolist() == [[[IGNORED, 1, 1]], [[IGNORED, 0, 1]]]


LABELS = np.array([[0, 1, 1]], np.uint8)
THREE = choose(num_classes=3, multilabel=True)
BAD: list[tuple[Any, Any, Reading, ClassChoice, type[Exception], str]] = [
    (P, LABELS, PLAIN, FREE, errors.UnfitChannels, "gt/a.npy is 1 x 3, without channels"),
    (P, LABELS, PLAIN, choose(num_classes=2, multilabel=True), errors.UnfitChannels, "want neither --multilabel"),
    (LABELS, T, PLAIN, FREE, errors.UnfitChannels, "pred/a.npy is 1 x 3, without channels"),
    (LABELS, LABELS, PLAIN, FREE, errors.UnfitChannels, "--binary"),
    (LABELS[0], LABELS[0], PLAIN, FREE, errors.UnfitChannels, "gt/a.npy is 3: not"),
    (P, T, PLAIN, THREE, errors.UnfitChannels, "gt/a.npy is 2 x 1 x 3: not a channel for each of 3 classes"),
    (P[[0, 1, 0]], T, PLAIN, FREE, errors.UnfitChannels, "pred/a.npy has 3 channels, but gt/a.npy has 2"),
    (P, T[[0, 1, 0]], PLAIN, THREE, errors.UnfitChannels, "pred/a.npy is 2 x 1 x 3: not"),
    (
        np.zeros((4, 5, 3)),
        np.zeros((4, 5, 3), int),
        PLAIN,
        THREE,
        errors.UnfitChannels,
        "numpy.moveaxis(mask, -1, 0)",
    ),
    (P, T[:, :, :2], PLAIN, FREE, errors.ShapesDiffer, "2 x 1 x 3 but gt/a.npy is 2 x 1 x 2"),
    (P, T * 255, PLAIN, FREE, errors.UnknownTruthIds, "255 (4 times)"),
    (P, T * 255, PLAIN, FREE, errors.UnknownTruthIds, "--ignore 255"),
    (P, T + np.arange(3, dtype=np.uint8), PLAIN, FREE, errors.UnknownTruthIds, "2 (1 time), 3 (2 times)"),
    (P, T * 0.5, PLAIN, FREE, errors.FractionalTruth, "fractions"),
    (P, T * np.nan, PLAIN, FREE, errors.NotFinite, "gt/a.npy"),
    (P * np.inf, T, PLAIN, FREE, errors.NotFinite, "pred/a.npy"),
    (P + 0.2, T, PLAIN, FREE, errors.NotProbabilities, "--logits"),
    (T * 2, T, PLAIN, FREE, errors.NotProbabilities, "--probability"),
    (T.astype(int) - 1, T, PLAIN, FREE, errors.NotProbabilities, "from -1 to 0"),
    (T.astype(np.int32), T, Reading(True), FREE, errors.UnfitPixels, "up to 16 bits"),
]


@pytest.mark.parametrize(("pred", "truth", "reading", "classes", "kind", "said"), BAD)
def test_bad_input(
    pred: Any, truth: Any, reading: Reading, classes: ClassChoice, kind: type[Exception], said: str
) -> None:
    levels = int(np.iinfo(np.asarray(pred).dtype).max) if np.asarray(pred).dtype.kind in "iu" else 1
    with pytest.raises(kind) as caught:
        door(pred, truth, reading, classes, levels=levels)
    assert isinstance(caught.value, errors.SegevalError)
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_masks_in_colour_hold_no_channels() -> None:
    with pytest.raises(errors.ColoursNeedTable, match="pred/a.npy is in colour"):
        door(P, colour=True)
    with pytest.raises(errors.ColoursNeedTable, match="gt/a.npy is in colour"):
        read_pair(Mask("pred/a.npy", P), Mask("gt/a.npy", T, colour=True), PLAIN, FREE)

"""Which arrays are one image, and how they are read."""

from typing import Any

import numpy as np
import pytest

from segeval import losses
from segeval.errors import BadOption, NotProbabilities, UnknownTruthIds
from segeval.losses.engine.inputs import sample

P = np.array([[0.2, 0.7], [0.9, 0.4], [0.1, 0.3]])
T = np.array([[0, 1], [1, 0], [1, 1]])
BOTH = np.stack([1 - P, P])


def dice(pred: Any, truth: Any, **options: Any) -> float:
    return float(losses.value("dice", pred, truth, **options))


def test_one_channel_is_a_binary_problem() -> None:
    expected = dice(P, T)
    assert expected == pytest.approx(1 - 2 * 2.0 / (2.6 + 4))
    for pred, truth in ((P[None], T), (P[None], T[None]), (P, T.astype(float)), (P, T == 1), (P.tolist(), T.tolist())):
        assert dice(pred, truth) == expected
    assert sample(P[None], T).binary
    assert not sample(BOTH, T).binary


def test_truths_are_labels_or_numbers_of_each_channel() -> None:
    """Labels may be of any kind; one-hot numbers are a soft target that is hard."""
    expected = dice(BOTH, T)
    for truth in (T.astype(np.uint8), T.astype(np.float32), T == 1, np.stack([1 - T, T]), np.stack([1.0 - T, T])):
        assert dice(BOTH, truth, channels=True) == pytest.approx(expected, rel=1e-12)
    assert sample(BOTH, np.stack([1.0 - T, T]), channels=True).hard
    assert not sample(BOTH, np.stack([1.0 - T / 2, T / 2]), channels=True).hard


def test_labels_of_other_kinds_are_ignored_alike() -> None:
    void = np.where(T == 1, 255, T)
    expected = dice(BOTH, void, ignore=(255,))
    for ignore in ([255], {255}, np.array([255]), (n for n in [255]), range(255, 256)):
        assert dice(BOTH, void, ignore=ignore) == expected
    assert dice(BOTH, np.where(T == 1, -3, T), ignore=(-3, 7)) == expected


def test_hard_masks_have_up_to_65536_classes() -> None:
    assert dice(T * 65535, T * 65535) == 0
    with pytest.raises(NotProbabilities, match="from 0 to 65536"):
        dice(T * 65536, T * 2)
    ids = sample(T * 2, T * 2)
    assert (ids.number, ids.hard_pred, ids.exclusive) == (3, True, True)
    assert sample(np.array([0, 1]), np.array([0, 0])).binary


def test_an_ignored_class_leaves_hard_masks_too() -> None:
    """Ids 0, 1, 2 without 1: the pixel of truth 1 is out, a prediction of 1 is nobody's."""
    pred, truth = np.array([0, 1, 2, 2, 1]), np.array([0, 0, 2, 0, 1])
    first, last = 1 - 2 * 1 / (1 + 3), 1 - 2 * 1 / (2 + 1)
    assert dice(pred, truth, ignore=(1,)) == pytest.approx((first + last) / 2)


def test_sums_may_be_rounded() -> None:
    """By 0.005, as float16 does."""
    pred = BOTH.copy()
    pred[0, 0, 0] += 0.0049
    assert np.isfinite(dice(pred, T))
    pred[0, 0, 0] += 0.0002
    with pytest.raises(NotProbabilities, match="1 … 1.0051"):
        dice(pred, T)
    pred[0, 0, 0] -= 0.0102
    with pytest.raises(NotProbabilities, match="0.9949 … 1"):
        dice(pred, T)


def test_logits_within_0_and_1_are_logits() -> None:
    """mean(max(x, 0) − x y + ln(1 + e^−|x|)), with NumPy."""
    x = np.linspace(0.05, 0.95, 64).reshape(8, 8)
    truth = (np.arange(64).reshape(8, 8) % 3 == 0).astype(int)
    assert losses.value("cross_entropy", x, truth, inputs="logits") == pytest.approx(0.8103503535, abs=1e-10)


def test_channels_last_are_recognised() -> None:
    square = np.moveaxis(BOTH[:, :2], 0, -1)
    with pytest.raises(NotProbabilities) as caught:  # 2 × 2 × 2: only the sums tell
        dice(square, T[:2], batch=False)
    assert "moveaxis" in caught.value.hint


def test_values_may_be_rounded_too() -> None:
    """By as much as their sums; they are cut to [0, 1], and the number that is too much is shown."""
    assert dice([0.5, 1.0000001], [1, 1]) == 1 - 2 * 1.5 / 3.5
    rounded = np.array([[1.003, 0.2], [-0.003, 0.8]])
    assert losses.value("focal", rounded, [0, 1]) == pytest.approx(0.2**2 * -np.log(0.8) / 2)
    found = losses.gradient("mse_cross_entropy", [0.5, 1.003], [1, 0], ce_weight=0)
    assert found.tolist() == [-0.5, 1.0]
    for wrong in (1.0051, -0.0051):
        with pytest.raises(NotProbabilities, match=str(wrong)):
            dice([0.5, wrong], [1, 0])


def test_several_labels_have_channels() -> None:
    """By hand: 1 − 2 · 0.9/2.2 and 1 − 2 · 1.7/3.8."""
    pred, truth = [[0.9, 0.2, 0.1], [0.1, 0.8, 0.9]], [[1, 0, 0], [0, 1, 1]]
    assert dice(pred, truth, multilabel=True) == pytest.approx((0.4 / 2.2 + 0.4 / 3.8) / 2)
    assert dice(pred, truth, channels=False) == pytest.approx(1 - 2 * 2.6 / 6)


@pytest.mark.parametrize("kind", [int, float])
def test_a_pixel_is_ignored_where_any_channel_is(kind: Any) -> None:
    """As `--multilabel --ignore 255` does: the second pixel is out, of both channels."""
    pred, truth = np.array([[0.9, 0.2, 0.1], [0.3, 0.8, 0.6]]), np.array([[1, 255, 0], [0, 1, 1]], kind)
    each = -np.log([0.9, 0.9, 0.7, 0.6])
    assert losses.value("cross_entropy", pred, truth, multilabel=True, ignore=(255,)) == pytest.approx(each.mean())
    soft = np.array([[0.25, 255, 1], [0.75, 0, 0]])
    exclusive = np.array([[0.9, 0.2, 0.5], [0.1, 0.8, 0.5]])
    expected = -(0.25 * np.log(0.9) + 0.75 * np.log(0.1) + np.log(0.5)) / 2
    found = losses.value("cross_entropy", exclusive, soft, channels=True, ignore=(255,))
    assert found == pytest.approx(expected)
    with pytest.raises(BadOption, match="ignore holds 1"):
        dice(pred, truth, multilabel=True, ignore=(1, 255))


def test_integers_that_are_no_classes_of_the_truth_are_no_labels() -> None:
    """Neither a mask of 0 and 255 beside 0 and 1 nor grey probabilities; of more classes they may be."""
    truth = np.array([[0, 1, 1], [0, 0, 1]])
    for pred in (255 * truth, np.array([[3, 250, 255], [0, 128, 31]])):
        with pytest.raises(NotProbabilities, match="255, and truth just 0 and 1") as caught:
            dice(pred.astype(np.uint8), truth)
        assert "pred / 255" in caught.value.hint
        assert "pred > 0" in caught.value.hint
    with pytest.raises(NotProbabilities, match="up to 255"):
        dice(255 * truth, np.where(truth == 0, 255, truth), ignore=(255,))
    assert dice(truth * 3, truth * 2) == pytest.approx((0 + 1 + 1) / 3)
    assert dice((255 * truth > 0), truth) == 0


def test_signs_are_no_ids() -> None:
    """−1 is background here and unknown there: the hint says both."""
    x, signs = np.array([0.3, -1.2, 2.0]), np.array([1, -1, -1])
    with pytest.raises(UnknownTruthIds) as caught:
        losses.value("soft_margin", x, signs, inputs="scores")
    assert "truth > 0" in caught.value.hint
    expected = np.log1p(np.exp(-signs * x)).mean()
    assert losses.value("soft_margin", x, signs > 0, inputs="scores") == pytest.approx(expected)


def test_regression_takes_numbers_of_any_range() -> None:
    """By hand, of residuals 1 and 8; −9999 is ignored by its value."""
    pred, truth = [2.0, 5.0, 7.0], [1, -3, -9999]
    for kind in (int, float):
        numbers = np.array(truth, kind)
        options: dict[str, Any] = {"ignore": (-9999,)}
        assert losses.value("mean_squared_error", pred, numbers, **options) == 32.5
        assert losses.value("mean_absolute_error", pred, numbers, **options) == 4.5
        assert losses.value("huber", pred, numbers, delta=2, **options) == (0.5 + (2 * 8 - 2)) / 2
        assert losses.gradient("mean_squared_error", pred, numbers, **options).tolist() == [1, 8, 0]
    two = np.array([[1.5, -2], [3, 4]])
    assert losses.value("smooth_l1", two, two + 3, channels=True) == 2.5
    with pytest.raises(NotProbabilities):
        losses.value("mse_cross_entropy", pred, np.array([1, 0, 0]))

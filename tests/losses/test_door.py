"""Which arrays are one image, and how they are read."""

from typing import Any

import numpy as np
import pytest

from segeval import losses
from segeval.errors import NotProbabilities
from segeval.losses.door import sample

P = np.array([[0.2, 0.7], [0.9, 0.4]])
T = np.array([[0, 1], [1, 0]])
BOTH = np.stack([1 - P, P])


def dice(pred: Any, truth: Any, **options: Any) -> float:
    return float(losses.value("dice", pred, truth, **options))


def test_one_channel_is_a_binary_problem() -> None:
    expected = dice(P, T)
    assert expected == pytest.approx(1 - 2 * 1.6 / (2.2 + 2))
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
        dice(T * 65536, T)
    ids = sample(T * 2, T)
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
    with pytest.raises(NotProbabilities, match="1 … 1.005"):
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
    square = np.moveaxis(BOTH, 0, -1)
    with pytest.raises(NotProbabilities) as caught:  # 2 × 2 × 2: only the sums tell
        dice(square, T)
    assert "moveaxis" in caught.value.hint

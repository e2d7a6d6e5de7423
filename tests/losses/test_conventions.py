"""Choices of other libraries that are options here; expected numbers by hand or from the library named."""

import math
from typing import Any

import numpy as np
import pytest

from segeval import losses
from segeval.errors import BadOption, BadParameter, NotProbabilities

P = np.array([[0.6, 0.1, 0.3, 0.2], [0.3, 0.7, 0.2, 0.1], [0.1, 0.2, 0.5, 0.7]])
T = np.array([0, 1, 2, 0])
TORCH, MONAI = 0.9290915, 0.2243649
DICE = 1 - 2 * np.array([0.8, 0.7, 0.5]) / (P.sum(axis=1) + np.array([2, 1, 1]))


@pytest.mark.parametrize("weights", [(0.5, 2.0, 3.25), {2: 3.25, 0: 0.5, 1: 2.0}])
def test_classes_weigh_in_their_mean(weights: Any) -> None:
    """Σ w d / Σ w, by hand; the values of single classes stay."""
    w = np.array([0.5, 2, 3.25])
    assert losses.value("dice", P, T, mean_weights=weights) == pytest.approx((w * DICE).sum() / w.sum())
    assert losses.per_class("dice", P, T, mean_weights=weights) == pytest.approx(DICE)
    without = (w[1:] * DICE[1:]).sum() / w[1:].sum()
    assert losses.value("dice", P, T, mean_weights=weights, background=False) == pytest.approx(without)


def test_weights_of_an_absent_class_are_not_counted() -> None:
    """Class 2 is nowhere: of the two others one weighs three times the other."""
    pred = np.array([[0.6, 0.2, 0.3], [0.4, 0.8, 0.7], [0, 0, 0]])
    each = 1 - 2 * np.array([0.6, 1.5]) / (np.array([1.1, 1.9]) + np.array([1, 2]))
    found = losses.value("dice", pred, np.array([0, 1, 1]), mean_weights=(1, 3, 100))
    assert found == pytest.approx((each[0] + 3 * each[1]) / 4)


def test_the_mean_of_lovasz_and_of_places_weighs_too() -> None:
    each = losses.per_class("lovasz_softmax", P, T)
    found = losses.value("lovasz_softmax", P, T, mean_weights=(4, 1, 0.5))
    assert found == pytest.approx((4 * each[0] + each[1] + 0.5 * each[2]) / 5.5)
    slope = losses.gradient("lovasz_softmax", P, T, mean_weights=(0, 1, 0))
    assert np.abs(slope[[0, 2]]).max() == 0 < np.abs(slope[1]).max()


@pytest.mark.parametrize(
    ("name", "weights", "error", "said"),
    [
        ("cross_entropy", (1, 2, 3), BadOption, "mean_weights has no effect on cross_entropy"),
        ("dice", (1, 2), BadOption, r"is \(1, 2\), for 3 classes"),
        ("dice", (0, 0, 0), BadOption, r"is \(0, 0, 0\), for 3 classes"),
        ("dice", {0: 1, 1: 2}, BadParameter, "no number for class 2"),
        ("dice", (1, -2, 1), BadParameter, "mean_weights is"),
    ],
)
def test_weights_that_cannot_be_used(name: str, weights: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        losses.value(name, P, T, mean_weights=weights)


def test_smoothing_above_and_below() -> None:
    """mmsegmentation 1.2.2 DiceLoss: 1 − 2I/(Q + R + 2e-3) of all classes together: by hand."""
    shared, squares = 0.8 + 0.7 + 0.5, (P**2).sum() + 4
    found = losses.value("squared_dice", P, T, average="micro", smooth_below=2e-3)
    assert found == pytest.approx(1 - 2 * shared / (squares + 2e-3), rel=1e-12)
    empty = np.zeros((2, 2))
    assert losses.value("dice", empty, empty.astype(int), smooth_below=1) == 1
    assert math.isnan(losses.value("dice", empty, empty.astype(int)))


def test_each_channel_has_its_own_pos_weight() -> None:
    """torch.nn.BCEWithLogitsLoss(pos_weight=…) is the mean over channels and pixels: by hand."""
    truth = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1]])
    w = np.array([[2.0], [0.5], [3.0]])
    expected = -(w * truth * np.log(P) + (1 - truth) * np.log(1 - P)).mean()
    options = {"multilabel": True, "batch": False, "pos_weight": (2, 0.5, 3)}
    assert losses.value("weighted_cross_entropy", P, truth, **options) == pytest.approx(expected)
    with pytest.raises(BadParameter, match="2 numbers for 3 problems"):
        losses.value("weighted_cross_entropy", P, truth, multilabel=True, batch=False, pos_weight=(2, 0.5))


def test_label_smoothing_and_weights_of_classes() -> None:
    """torch 2.13.0 CrossEntropyLoss(weight=(0.5, 2, 3.25), label_smoothing=0.3) of ln P."""
    w, smooth = (0.5, 2, 3.25), 0.3
    spread = 0.7 * np.eye(3)[T].T + 0.3 / 3
    by_hand = -(np.array(w)[:, None] * spread * np.log(P)).sum()
    given = {"class_weights": w, "label_smoothing": smooth}
    assert losses.value("weighted_cross_entropy", P, T, **given) == pytest.approx(by_hand / 4, rel=1e-12)
    found = losses.value("weighted_cross_entropy", P, T, normalize="weights", **given)
    assert found == pytest.approx(by_hand / (0.5 + 2 + 3.25 + 0.5), rel=1e-12)
    assert found == pytest.approx(TORCH, rel=1e-6)


def test_each_class_has_its_own_focus_and_price() -> None:
    """By hand: −α_y (1 − p)^γ_y ln p, and 1 − I/(I + α_c FP + β_c FN) to the power γ_c."""
    gamma, alpha, p = np.array([0.5, 2, 3]), np.array([1.5, 0.25, 4]), P[T, np.arange(4)]
    expected = (-alpha[T] * (1 - p) ** gamma[T] * np.log(p)).mean()
    assert losses.value("focal", P, T, gamma=gamma, alpha={2: 4, 0: 1.5, 1: 0.25}) == pytest.approx(expected)
    shared, pred, true = np.array([0.8, 0.7, 0.5]), P.sum(axis=1), np.array([2, 1, 1])
    each = (1 - shared / (shared + alpha * (pred - shared) + gamma * (true - shared))) ** gamma
    options = {"fp_weight": alpha, "fn_weight": gamma, "gamma": gamma}
    assert losses.value("focal_tversky", P, T, **options) == pytest.approx(each.mean())
    found = losses.per_class("tversky", P, T, fp_weight=alpha, fn_weight=gamma)
    assert found == pytest.approx(each ** (1 / gamma))


def test_each_channel_has_its_own_focus() -> None:
    truth, gamma, alpha = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1]]), (0.5, 2, 3), (0.9, 0.25, 0.4)
    options = {"multilabel": True, "batch": False}
    each = [losses.value("focal", P[c], truth[c], gamma=gamma[c], alpha=alpha[c]) for c in range(3)]
    found = losses.value("focal", P, truth, gamma=gamma, alpha=alpha, **options)
    assert found == pytest.approx(np.mean(each))
    for given, said in (({"gamma": (1, 2)}, "2 numbers for 3 classes"), ({"alpha": (0.5, 2, 0.1)}, "alpha holds 2")):
        with pytest.raises(BadParameter, match=said):
            losses.value("focal", P, truth, **given, **options)


@pytest.mark.parametrize(
    ("name", "given"),
    [("tversky", {"fn_weight": (1, 2)}), ("focal_tversky", {"gamma": (1, 2, 3, 4)}), ("focal", {"gamma": (1,)})],
)
def test_numbers_of_classes_are_one_for_each(name: str, given: Any) -> None:
    with pytest.raises(BadParameter, match=f"{name}.*numbers for 3 classes"):
        losses.value(name, P, T, **given)
    with pytest.raises(BadOption, match="average has no effect"):
        losses.value("tversky", P, T, fn_weight=(1, 2, 3), average="micro")


def test_wasserstein_of_volumes() -> None:
    """MONAI 1.6.1 GeneralizedWassersteinDiceLoss(costs, weighting_mode="GDL", smooth_nr=0, smooth_dr=0) of ln P."""
    costs = np.array([[0, 0.5, 1], [0.25, 0, 0.75], [1, 0.4, 0]])
    found = losses.value("generalized_wasserstein_dice", P, T, distances=costs, weight="volume")
    wrong = np.array([costs[t] @ P[:, n] for n, t in enumerate(T)])
    w = 1 / (np.array([2, 1, 1])[T] + 1)
    assert found == pytest.approx(1 - 2 * (w * (1 - wrong)).sum() / (w * (2 - wrong)).sum(), rel=1e-12)
    assert found == pytest.approx(MONAI, rel=1e-6)


def test_the_weights_of_pixels_and_of_classes_multiply() -> None:
    maps, w = np.array([0.5, 2, 1, 3]), np.array([0.25, 4, 1.5])
    expected = -(maps * w[T] * np.log(P[T, np.arange(4)])).mean()
    assert losses.value("unet_cross_entropy", P, T, weights=maps, class_weights=w) == pytest.approx(expected)


def test_log_probabilities() -> None:
    """torch.nn.NLLLoss of them is the cross entropy: by hand."""
    expected = -np.log(P[T, np.arange(4)]).mean()
    assert losses.value("cross_entropy", np.log(P), T, inputs="logprobs") == pytest.approx(expected)
    assert losses.value("dice", np.log(P), T, inputs="logprobs") == pytest.approx(DICE.mean())
    batch = np.log(np.stack([P, P[:, ::-1]]))
    found = losses.value("dice", batch, np.stack([T, T[::-1]]), inputs="logprobs", batch=True, reduction="none")
    assert found == pytest.approx([DICE.mean()] * 2)
    with pytest.raises(NotProbabilities, match="no log-probabilities"):
        losses.value("cross_entropy", P * 3, T, inputs="logprobs")
    with pytest.raises(BadOption, match="exclude each other"):
        losses.value("cross_entropy", np.log(P[0]), T > 0, inputs="logprobs")


def test_rates_are_one_minus_the_balanced_accuracy() -> None:
    """Of a hard mask: sensitivity 2/3, specificity 3/5."""
    truth, pred = np.array([1, 1, 1, 0, 0, 0, 0, 0]), np.array([1, 1, 0, 1, 1, 0, 0, 0])
    assert losses.value("rates", pred, truth) == pytest.approx(1 - (2 / 3 + 3 / 5) / 2)
    assert losses.value("rates", pred, truth, sensitivity_weight=0.25) == pytest.approx(1 - 2 / 12 - 0.75 * 3 / 5)

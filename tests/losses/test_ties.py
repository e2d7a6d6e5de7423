"""Losses that are the same formula at some setting."""

import math
from typing import Any

import numpy as np
import pytest

from segeval import losses

KIN: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("tversky", {"fp_weight": 0.5, "fn_weight": 0.5, "smooth": 0.7}, "dice", {"smooth": 1.4}),
    ("tversky", {"fp_weight": 1, "fn_weight": 1, "smooth": 0.3}, "jaccard", {"smooth": 0.3}),
    (
        "focal_tversky",
        {"gamma": 1, "fp_weight": 0.2, "fn_weight": 0.9},
        "tversky",
        {"fp_weight": 0.2, "fn_weight": 0.9},
    ),
    ("focal", {"gamma": 0}, "cross_entropy", {}),
    ("poly1_cross_entropy", {"epsilon": 0}, "cross_entropy", {}),
    ("generalized_cross_entropy", {"q": 1e-8}, "cross_entropy", {}),
    ("topk_cross_entropy", {"fraction": 1.0}, "cross_entropy", {}),
    ("kl_divergence", {}, "cross_entropy", {}),
    ("skew_kl", {"alpha": 1}, "kl_divergence", {}),
    ("skew_jensen_shannon", {"alpha": 0.5}, "jensen_shannon", {}),
    ("soft_margin", {}, "multilabel_soft_margin", {}),
    ("smooth_l1", {"beta": 1}, "huber", {"delta": 1}),
    ("dice", {"overlap": "min"}, "dice", {}),
    ("dice_cross_entropy", {"dice_weight": 0, "ce_weight": 1}, "cross_entropy", {}),
    ("dice_cross_entropy", {"dice_weight": 1, "ce_weight": 0, "smooth": 0.4}, "dice", {"smooth": 0.4}),
    ("dice_cldice", {"cldice_weight": 1, "iterations": 4}, "soft_cldice", {"iterations": 4}),
    ("combo", {"alpha": 0, "smooth": 0.6}, "dice", {"smooth": 0.6}),
    ("mse_cross_entropy", {"ce_weight": 0}, "mean_squared_error", {}),
    ("topk_cross_entropy", {"threshold": 1.0}, "cross_entropy", {}),
    ("unet_cross_entropy", {"weights": np.ones((9, 11))}, "cross_entropy", {}),
    (
        "dice_cldice",
        {"cldice_weight": 0, "smooth": 0.3},
        "tversky",
        {"fp_weight": 0.5, "fn_weight": 0.5, "smooth": 0.15},
    ),
]
BINARY = [
    ("generalized_wasserstein_dice", {"smooth": 0.8}, "dice", {"smooth": 0.8}),
    ("weighted_cross_entropy", {"pos_weight": 1.0}, "cross_entropy", {}),
    ("soft_margin", {}, "cross_entropy", {}),
    ("blob", {"global_weight": 1, "blob_weight": 0}, "dice", {}),
    ("blob", {"global_weight": 0, "base": "cross_entropy"}, "cross_entropy", {}),  # one object: all there is
    ("correlation_ssim", {"ce_weight": 1}, "cross_entropy", {}),
    (
        "unified_focal",
        {"weight": 0, "gamma": 0, "delta": 0.3},
        "unified_focal",
        {"weight": 0, "gamma": 0, "delta": 0.3, "variant": "symmetric"},
    ),
]


@pytest.mark.parametrize(("one", "its", "other", "theirs"), KIN + BINARY)
def test_kin(one: str, its: dict[str, Any], other: str, theirs: dict[str, Any]) -> None:
    r = np.random.RandomState(8)
    truth = np.zeros((9, 11), int)
    truth[2:6, 3:9] = 1
    pred = r.rand(9, 11) * 0.98 + 0.01
    assert losses.value(one, pred, truth, **its) == pytest.approx(losses.value(other, pred, truth, **theirs))
    if (one, its, other, theirs) in KIN:
        x = r.randn(3, 9, 11)
        pred, truth[7:, :4] = np.exp(x) / np.exp(x).sum(axis=0), 2
        its, theirs = (
            ({"background": False, **its}, {"background": False, **theirs}) if "cldice" in one else (its, theirs)
        )
        assert losses.value(one, pred, truth, **its) == pytest.approx(losses.value(other, pred, truth, **theirs))


def test_jeffreys_is_twice_skew_jensen_shannon_at_one() -> None:
    r = np.random.RandomState(9)
    pred, truth = r.rand(40) * 0.9 + 0.05, r.rand(40) * 0.9 + 0.05
    both = losses.value("skew_jensen_shannon", pred, truth, alpha=1.0)
    assert losses.value("jeffreys_divergence", pred, truth) == pytest.approx(2 * both)


def test_dice_and_jaccard_and_generalized_means() -> None:
    """dice = 2J/(1 + J) for one class."""
    r = np.random.RandomState(10)
    pred, truth = r.rand(6, 7), (r.rand(6, 7) > 0.6).astype(int)
    j = 1 - losses.value("jaccard", pred, truth)
    assert 1 - losses.value("dice", pred, truth) == pytest.approx(2 * j / (1 + j))


def _images() -> list[tuple[Any, Any]]:
    """A binary problem, and three classes."""
    r = np.random.RandomState(14)
    x = r.randn(3, 7, 8)
    return [
        (r.rand(7, 8), (r.rand(7, 8) < 0.4).astype(int)),
        (np.exp(x) / np.exp(x).sum(axis=0), r.randint(0, 3, (7, 8))),
    ]


@pytest.mark.parametrize(("pred", "truth"), _images(), ids=["binary", "classes"])
def test_losses_are_functions_of_others(pred: Any, truth: Any) -> None:
    def of(name: str, **params: Any) -> float:
        return float(losses.value(name, pred, truth, **params))

    ce, outcomes = of("cross_entropy"), 2 if pred.ndim == 2 else 3
    uniform = np.full((outcomes, 7, 8), 1 / outcomes)
    p = np.stack([1 - pred, pred]) if pred.ndim == 2 else pred
    blind = losses.value("cross_entropy", p, uniform, channels=True)
    assert of("cross_entropy", label_smoothing=0.3) == pytest.approx(0.7 * ce + 0.3 * blind)
    assert of("dice_cross_entropy", dice_weight=0.4, ce_weight=3, smooth=0.2) == pytest.approx(
        0.4 * of("dice", smooth=0.2) + 3 * ce
    )
    assert of("weighted_cross_entropy", class_weights=[3.0] * outcomes) == pytest.approx(3 * ce)
    assert of("weighted_cross_entropy", class_weights=[3.0] * outcomes, normalize="weights") == pytest.approx(ce)
    assert of("combo", alpha=1, beta=0.5) == pytest.approx(ce / 2)
    assert of("mse_cross_entropy", ce_weight=0.3) == pytest.approx(0.7 * of("mean_squared_error") + 0.3 * ce)
    assert of("smooth_l1", beta=0.3) == pytest.approx(of("huber", delta=0.3) / 0.3)
    assert of("log_hausdorff_dt", alpha=1.5) == pytest.approx(math.log1p(of("hausdorff_dt", alpha=1.5)))
    assert of("exp_log", dice_weight=0, ce_weight=2, gamma=1.0) == pytest.approx(
        2 * of("weighted_cross_entropy", class_weights=[math.sqrt(56 / (truth == c).sum()) for c in range(outcomes)])
    )
    assert of("dice_cldice", cldice_weight=0.25, iterations=1, background=False) == pytest.approx(
        0.75 * of("dice", background=False) + 0.25 * of("soft_cldice", iterations=1, background=False)
    )
    if pred.ndim == 2:
        assert of("log_dice") == pytest.approx(-math.log(1 - of("dice")))
        assert of("log_cosh_dice") == pytest.approx(math.log(math.cosh(of("dice"))))
        assert of("focal_tversky", gamma=1.3) == pytest.approx(of("tversky") ** 1.3)
        assert of("balanced_cross_entropy", beta=0.5) == pytest.approx(ce / 2)
        assert of("weighted_cross_entropy", pos_weight=2.5) == pytest.approx(
            of("weighted_cross_entropy", class_weights=[1, 2.5])
        )
        b2 = 4  # F₂ weighs misses four times as much as false alarms
        tp, fp, fn = (pred * truth).sum(), (pred * (1 - truth)).sum(), ((1 - pred) * truth).sum()
        f2 = (1 + b2) * tp / ((1 + b2) * tp + b2 * fn + fp)
        assert of("tversky", fn_weight=b2 / (1 + b2), fp_weight=1 / (1 + b2)) == pytest.approx(1 - f2)
    else:
        pooled = losses.value("dice", pred, truth, average="micro", smooth=0.7)
        assert of("generalized_dice", weight="uniform", smooth=0.7) == pytest.approx(pooled)
        assert pooled == pytest.approx(1 - (2 * np.take_along_axis(pred, truth[None], 0).sum() + 0.7) / (2 * 56 + 0.7))


def test_multilabel_soft_margin_is_the_cross_entropy_of_independent_labels() -> None:
    r = np.random.RandomState(15)
    x, truth = r.randn(3, 7, 8), (r.rand(3, 7, 8) < 0.5).astype(int)
    options: dict[str, Any] = {"inputs": "logits", "channels": True, "multilabel": True}
    expected = losses.value("cross_entropy", x, truth, **options)
    assert losses.value("multilabel_soft_margin", x, truth, **options) == pytest.approx(expected)
    each = [losses.value("cross_entropy", x[c], truth[c], inputs="logits") for c in range(3)]
    assert expected == pytest.approx(np.mean(each))

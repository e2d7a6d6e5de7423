"""Losses that are the same formula at some setting."""

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
]
BINARY = [
    ("generalized_wasserstein_dice", {"smooth": 0.8}, "dice", {"smooth": 0.8}),
    ("weighted_cross_entropy", {"pos_weight": 1.0}, "cross_entropy", {}),
    ("soft_margin", {}, "cross_entropy", {}),
    ("blob", {"global_weight": 1.5, "blob_weight": 0}, "dice", {}),
]


@pytest.mark.parametrize(("one", "its", "other", "theirs"), KIN + BINARY)
def test_kin(one: str, its: dict[str, Any], other: str, theirs: dict[str, Any]) -> None:
    r = np.random.RandomState(8)
    truth = np.zeros((9, 11), int)
    truth[2:6, 3:9] = 1
    scale = 1.5 if one == "blob" else 1
    pred = r.rand(9, 11) * 0.98 + 0.01
    assert losses.value(one, pred, truth, **its) == pytest.approx(scale * losses.value(other, pred, truth, **theirs))
    if (one, its, other, theirs) in KIN:
        x = r.randn(3, 9, 11)
        pred, truth[7:, :4] = np.exp(x) / np.exp(x).sum(axis=0), 2
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


def test_logits_equal_their_probabilities() -> None:
    r = np.random.RandomState(11)
    x, truth = r.randn(3, 12, 13), r.randint(0, 3, (12, 13))
    p = np.exp(x) / np.exp(x).sum(axis=0)
    for name in losses.names():
        if name in ("faster_rcnn", "mask_rcnn_mask", "minimax_gan"):
            continue
        extra: dict[str, Any] = {"weighted_cross_entropy": {"class_weights": (1.0, 2.0, 5.0)}}.get(name, {})
        extra = {"weights": r.rand(12, 13)} if name == "unet_cross_entropy" else extra
        by_logits = losses.value(name, x, truth, inputs="logits", **extra)
        assert by_logits == pytest.approx(losses.value(name, p, truth, **extra), rel=1e-9), name

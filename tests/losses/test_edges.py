"""What every loss says about images without foreground, without background, and without anything."""

import math

import numpy as np
import pytest

from segeval import losses
from segeval.losses import LOSSES

U = math.nan
NAMES = LOSSES.asked_by_name()
# both empty | truth empty, p = 0.1 everywhere | all foreground and perfect | truth full, p = 0; on 8 × 8, as tabled in
# the papers' formulas by hand: 0.105 is −ln 0.9, 16.12 is −ln 1e-7
EDGES = {
    "cross_entropy": (0, 0.105, 0, 16.12),
    "weighted_cross_entropy": (0, 0.105, 0, 48.35),
    "balanced_cross_entropy": (0, 0, 0, 0),
    "focal": (0, 0.00105, 0, 16.12),
    "unet_cross_entropy": (0, 0.211, 0, 32.24),
    "distance_penalized_cross_entropy": (0, 0.105, 0, 16.12),
    "topk_cross_entropy": (0, 0.105, 0, 16.12),
    "poly1_cross_entropy": (0, 0.305, 0, 18.12),
    "generalized_cross_entropy": (0, 0.1016, 0, 1.4286),
    "shape_aware": (0, 0.105, 0, 16.12),
    "soft_margin": (0, 0.105, 0, 16.12),
    "multilabel_soft_margin": (0, 0.105, 0, 16.12),
    "kl_divergence": (0, 0.105, 0, 16.12),
    "jeffreys_divergence": (0, 1.392, 0, 32.24),
    "jensen_shannon": (0, 0.0360, 0, 0.6931),
    "skew_kl": (0, 0.0513, 0, 0.6931),
    "skew_jensen_shannon": (0, 0.0360, 0, 0.6931),
    "entropy": (0, 0.325, 0, 0),
    "dice": (U, 1, 0, 1),
    "squared_dice": (U, 1, 0, 1),
    "log_squared_dice": (U, 16.12, 0, 16.12),
    "rates": (U, U, U, U),
    "log_dice": (U, 16.12, 0, 16.12),
    "log_cosh_dice": (U, 0.434, 0, 0.434),
    "generalized_dice": (0, 0.1, 0, 1),
    "generalized_wasserstein_dice": (U, 1, 0, 1),
    "jaccard": (U, 1, 0, 1),
    "tversky": (U, 1, 0, 1),
    "focal_tversky": (U, 1, 0, 1),
    "sensitivity_specificity": (U, U, U, U),
    "mcc": (U, U, 0, U),
    "lovasz_hinge": (0, 0, 0, 17.12),
    "lovasz_softmax": (0, 0.1, 0, 1),
    "boundary": (U, U, U, U),
    "hausdorff_dt": (U, U, U, U),
    "log_hausdorff_dt": (U, U, U, U),
    "hausdorff_er": (0, 0, 0, 30.5),
    "weighted_hausdorff": (U, U, 0, 11.3),
    "ssim": (0, 0.990, 0, 1.000),
    "correlation_ssim": (0, 0.0527, 0, 8.06),
    "soft_cldice": (U, U, U, U),
    "dice_cross_entropy": (U, 1.105, 0, 17.12),
    "dice_cldice": (U, U, U, U),
    "combo": (U, 0.526, 0, 4.53),
    "exp_log": (0.00159, 1.190, 0.00159, 2.302),
    "unified_focal": (0, 0.272, 0, 5.335),
    "mse_cross_entropy": (0, 0.0577, 0, 8.56),
    "blob": (U, 2, 0, 3),
    "t_loss": (-14.30, -7.24, -14.30, 92.47),
    "mean_squared_error": (0, 0.01, 0, 1),
    "mean_absolute_error": (0, 0.1, 0, 1),
    "huber": (0, 0.005, 0, 0.5),
    "smooth_l1": (0, 0.005, 0, 0.5),
    "pseudo_huber": (0, 0.004988, 0, 0.4142),
    "log_cosh": (0, 0.004992, 0, 0.4338),
}
EMPTY, FULL = np.zeros((8, 8)), np.ones((8, 8))
IMAGES = [(EMPTY, EMPTY), (EMPTY + 0.1, EMPTY), (FULL, FULL), (EMPTY, FULL)]


def _params(name: str) -> dict[str, object]:
    return {
        "weighted_cross_entropy": {"pos_weight": 3.0},
        "unet_cross_entropy": {"weights": 2 * FULL},
        "ssim": {"window": 7},
    }.get(name, {})


def test_every_loss_is_in_the_table() -> None:
    assert set(EDGES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_edges(name: str) -> None:
    """Tabled figures have three or four digits; zero means the clip's 1e-7 or what a formula makes of it."""
    for (pred, truth), expected in zip(IMAGES, EDGES[name], strict=True):
        found = losses.value(name, pred, truth.astype(int), **_params(name))
        assert found == pytest.approx(expected, rel=4e-3, abs=2e-6, nan_ok=True)


def test_an_ignored_class_0_hides_no_other_class() -> None:
    """Of the classes 0, 1, 2 without 0 the foreground is 1 and 2, for losses that leave out class 0 and on demand."""
    r = np.random.RandomState(3)
    x, truth = r.randn(3, 9, 10), r.randint(0, 3, (9, 10))
    pred, valid = np.exp(x) / np.exp(x).sum(axis=0), truth != 0
    each = [1 - 2 * pred[c][truth == c].sum() / (pred[c][valid].sum() + (truth == c).sum()) for c in (1, 2)]
    for background in (None, True, False):
        found = losses.value("dice", pred, truth, ignore=(0,), background=background)
        assert found == pytest.approx(np.mean(each))
    both, one = (losses.value("boundary", pred, truth, ignore=(0,), background=b) for b in (True, None))
    assert one == both
    masks = np.array([1, 2, 2, 0]), np.array([1, 1, 2, 0])
    assert losses.value("dice", *masks, ignore=(0,), background=False) == pytest.approx((1 / 3 + 1 / 3) / 2)


def test_smooth_defines_what_is_empty() -> None:
    """(0 + 1)/(0 + 1); 1 − 1/7.4; 0; 1 − 1/65."""
    found = [losses.value("dice", pred, truth.astype(int), smooth=1.0) for pred, truth in IMAGES]
    assert found == pytest.approx([0, 1 - 1 / 7.4, 0, 1 - 1 / 65], rel=1e-12)


def test_a_class_in_neither_is_left_out_and_one_that_is_only_predicted_counts() -> None:
    pred = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 1.0], [0.0, 0.0, 0.0]])
    truth = np.array([0, 0, 1])
    zero, one = 1 - 2 * 1.0 / (1 + 2), 1 - 2 * 1.0 / (2 + 1)
    assert losses.value("dice", pred, truth) == pytest.approx((zero + one) / 2)
    stray = np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 1.0], [0.25, 0.0, 0.0]])
    one = 1 - 2 * 1.0 / (1.75 + 1)
    assert losses.value("dice", stray, truth) == pytest.approx((zero + one + 1) / 3)
    assert losses.value("dice", stray, truth, presence="truth") == pytest.approx((zero + one) / 2)
    assert losses.value("dice", stray, truth, background=False) == pytest.approx((one + 1) / 2)
    pooled = 1 - 2 * (1.0 + 1.0) / (3 + 3)
    assert losses.value("dice", stray, truth, average="micro") == pytest.approx(pooled)


def test_correlation_without_a_second_value() -> None:
    """Perfect and all foreground is 0, of one pixel too; one error beside a constant is undefined."""
    assert losses.value("mcc", np.ones(1), np.ones(1, int)) == 0
    assert math.isnan(losses.value("mcc", np.array([1.0, 1.0]), np.array([1, 0])))
    assert math.isnan(losses.value("mcc", np.array([0.0, 0.0]), np.array([1, 0])))


def test_correlation_with_a_cell() -> None:
    """smp 0.6.0 MCCLoss on full masks, its ε = 1e-5: by paper 3/2 and 1/2 but for ε."""
    full = np.ones(8)
    assert losses.value("mcc", 0 * full, full.astype(int), cell=1e-5) == pytest.approx(1.5, abs=2e-5)
    assert losses.value("mcc", full, full.astype(int), cell=1e-5) == pytest.approx(0.5, abs=2e-5)


def test_windows_of_one_pixel_have_no_variance() -> None:
    """SSIM is then the mean of (2pg + c₁)/(p² + g² + c₁)."""
    p, g, c = np.array([0.3, 0.8]), np.array([0, 1]), 0.01**2
    expected = 1 - ((2 * p * g + c) / (p**2 + g**2 + c)).mean()
    assert losses.value("ssim", p, g, window=1) == pytest.approx(expected, rel=1e-12)


def test_without_class_0_every_class_is_foreground() -> None:
    """p is 1/2 for class 1 and 1/4 for class 2 in the pixels 1, 2, 1 that are left: no term has a weight of class 0.

    I, FP, FN are 1, 1/2, 1 of class 1 and 1/4, 1/2, 3/4 of class 2.
    """
    pred = np.array([[[0.25, 0.25, 0.25, 0.8]], [[0.5, 0.5, 0.5, 0.1]], [[0.25, 0.25, 0.25, 0.1]]])
    truth = np.array([[1, 2, 1, 0]])
    options = {"ignore": (0,)}
    logs = (2 * math.log(2) + math.log(4)) / 3  # −ln p of what is true
    dices = ((1 - 2 * 1 / (1.5 + 2)) + (1 - 2 * 0.25 / (0.75 + 1))) / 2
    found = losses.value("combo", pred, truth, alpha=0.75, beta=0.875, **options)
    assert found == pytest.approx(0.75 * 0.875 * logs + 0.25 * dices)
    tversky = [1 - 1 / (1 + 0.2 * 0.5 + 0.8 * 1), 1 - 0.25 / (0.25 + 0.2 * 0.5 + 0.8 * 0.75)]
    enhanced = (tversky[0] ** 0.75 + tversky[1] ** 0.75) / 2
    found = losses.value("unified_focal", pred, truth, weight=0.25, delta=0.8, gamma=0.25, **options)
    assert found == pytest.approx(0.25 * 0.8 * logs + 0.75 * enhanced)
    wrong = 0.25 + 0.5 + 0.25  # the mass that is given to the other of both classes
    found = losses.value("generalized_wasserstein_dice", pred, truth, **options)
    assert found == pytest.approx(1 - 2 * (3 - wrong) / (2 * (3 - wrong) + wrong))
    chosen = losses.value("generalized_wasserstein_dice", pred, truth, background_class=1, **options)
    assert chosen == pytest.approx(1 - 2 * (2 - 0.5) / (2 * (2 - 0.5) + wrong))

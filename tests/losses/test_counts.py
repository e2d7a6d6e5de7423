"""Losses of hard masks come from their pixel counts: the same numbers as of every pixel looked at."""

import numpy as np
import pytest

from segeval.evidence.confusion import Confusion
from segeval.evidence.multilabel import ChannelCounts
from segeval.evidence.sample import Sample
from segeval.losses import LOSSES
from segeval.losses.engine import counts
from segeval.losses.engine.evidence import Asked, Caller, Plan, values

SETTINGS = {
    "cross_entropy": {"label_smoothing": 0.13},
    "weighted_cross_entropy": {"class_weights": "balanced", "normalize": "weights"},
    "focal": {"gamma": 1.7},
    "generalized_wasserstein_dice": {"weight": "volume", "smooth": 0.4},
    "poly1_cross_entropy": {"epsilon": 0.6},
    "generalized_cross_entropy": {"q": 0.45},
    "dice": {"smooth": 0.3},
    "squared_dice": {"smooth": 0.7},
    "generalized_dice": {"weight": "simple", "smooth": 0.2},
    "tversky": {"fp_weight": 0.45, "fn_weight": 0.85},
    "focal_tversky": {"gamma": 0.9, "fp_weight": 0.2, "fn_weight": 0.65},
    "sensitivity_specificity": {"sensitivity_weight": 0.3},
    "combo": {"alpha": 0.3, "beta": 0.8},
    "exp_log": {"dice_weight": 0.55, "ce_weight": 0.35, "gamma": 0.4},
    "unified_focal": {"weight": 0.35, "delta": 0.75, "gamma": 0.3},
    "skew_kl": {"alpha": 0.3},
    "skew_jensen_shannon": {"alpha": 0.7},
    "huber": {"delta": 0.4},
}
CALLERS = [Caller(), Caller("micro", "truth", True), Caller("macro", "union", False)]


def told(name, given=None):
    """A loss with settings off its defaults, if counts tell it."""
    entry = LOSSES[name]
    params = entry.completed(SETTINGS.get(name, {}) if given is None else given)
    asked = Asked(entry, params)
    return asked if all(map(counts.tells, Plan([asked]).leaves.values())) else None


NAMES = [name for name in LOSSES.asked_by_name() if told(name)]


def test_which_losses_counts_tell():
    """All but those that look at places, at all pixels in order, or at weights of pixels."""
    assert set(LOSSES.asked_by_name()) - set(NAMES) == {
        *("boundary", "hausdorff_dt", "log_hausdorff_dt", "hausdorff_er", "weighted_hausdorff", "ssim", "soft_cldice"),
        *("correlation_ssim", "dice_cldice", "blob", "lovasz_hinge", "lovasz_softmax", "topk_cross_entropy"),
        *("shape_aware", "distance_penalized_cross_entropy", "unet_cross_entropy"),
    }


def classes(seed, number, shape=(9, 11)):
    """A truth with ignored pixels and a prediction with ids that are no classes (−1)."""
    random = np.random.RandomState(seed)
    truth = random.randint(0, number, shape)
    pred = np.where(random.rand(*shape) < 0.6, truth, random.randint(-1, number, shape))
    truth[random.rand(*shape) < 0.1] = -1
    return pred, truth


def of_classes(seed, number):
    pred, truth = classes(seed, number)
    sample = Sample(pred, truth, tuple(range(number)))
    ids = tuple(range(number))
    return sample, Confusion.of(pred, np.where(truth < 0, 200, truth), ids=ids, ignore=[200]), ids, False


def of_absent(seed, number):
    """Class 0 is the third, and the last class is in neither mask."""
    pred, truth = classes(seed, number - 1)
    ids = (4, 3, 0, *range(5, 2 + number))[:number]
    sample = Sample(pred, truth, tuple(range(number)), background=2)
    named = [np.where(each < 0, 200, np.array(ids)[each]) for each in (pred, truth)]
    return sample, Confusion.of(*named, ids=ids, ignore=[200]), ids, False


def of_binary(seed, number):
    pred, truth = (np.maximum(each, -1) for each in classes(seed, 2))
    pred = np.maximum(pred, 0)
    sample = Sample(pred, truth, (0,), exclusive=False)
    return sample, Confusion.of(pred, np.where(truth < 0, 200, truth), ids=(0, 1), ignore=[200]), (0, 1), True


def of_channels(seed, number):
    random = np.random.RandomState(seed)
    truth = (random.rand(number, 7, 8) < 0.4).astype(np.uint8)
    pred = np.where(random.rand(number, 7, 8) < 0.7, truth, 1 - truth).astype(np.uint8)
    void = random.rand(7, 8) < 0.1
    target = np.where(void, 0.0, truth)
    sample = Sample(pred.astype(float), target, tuple(range(number)), exclusive=False, kept=~void)
    found = ChannelCounts.of(pred, np.where(void, 2, truth).astype(np.uint8), ids=tuple(range(number)))
    return sample, found, tuple(range(number)), False


@pytest.mark.parametrize("make", [of_classes, of_absent, of_binary, of_channels], ids=lambda make: make.__name__)
@pytest.mark.parametrize("number", [4, 9])
@pytest.mark.parametrize("name", NAMES)
def test_counts_are_enough(name, number, make):
    """Each image of several side by side has the value that a sweep over its pixels gives, and so has each alone."""
    _equals_a_sweep(told(name), make, number)


BY_CLASS = [
    ("focal", {"gamma": [0.5, 2.1, 3.3, 1.2], "alpha": [0.9, 0.35, 0.7, 0.15]}),
    ("tversky", {"fp_weight": [0.4, 2.2, 0.7, 1.3], "fn_weight": [1.5, 0.2, 0.8, 0.6]}),
    ("focal_tversky", {"gamma": [0.5, 2.1, 3.3, 1.2]}),
    ("weighted_cross_entropy", {"class_weights": "balanced", "normalize": "weights", "label_smoothing": 0.3}),
]


@pytest.mark.parametrize("make", [of_classes, of_absent, of_binary, of_channels], ids=lambda make: make.__name__)
@pytest.mark.parametrize(("name", "given"), BY_CLASS)
def test_counts_are_enough_for_numbers_of_each_class(name, given, make):
    two = {key: each[:2] if make is of_binary and isinstance(each, list) else each for key, each in given.items()}
    _equals_a_sweep(told(name, two), make, 4)


def _equals_a_sweep(asked, make, number):
    name, plan = asked.name, Plan([asked])
    images = [make(seed, number) for seed in range(3)]
    ids, binary = images[0][2:]
    together = counts.measured(plan, [each for _, each, _, _ in images], ids, binary)
    assert bool(together.unfit) is (LOSSES[name].hard and make is of_channels)
    for caller in () if together.unfit else CALLERS:
        found = values(asked, together, caller)
        for n, (sample, each, _, _) in enumerate(images):
            swept = plan.measure(sample)
            np.testing.assert_allclose(found[n], values(asked, swept, caller), rtol=1e-12, atol=1e-14)
            alone = values(asked, counts.measured(plan, [each], ids, binary), caller)[0]
            np.testing.assert_array_equal(found[n], alone)
            row = counts.row(together, n)
            np.testing.assert_allclose(found[n], values(asked, row, caller), rtol=1e-13, atol=1e-15)


def test_an_image_that_is_ignored_is_undefined():
    """Beside one that is not."""
    every = [Confusion.of(np.zeros((2, 3), int), np.full((2, 3), v), ids=(0, 1), ignore=[9]) for v in (9, 1)]
    asked = Asked(LOSSES["dice_cross_entropy"], LOSSES["dice_cross_entropy"].completed({}))
    with np.errstate(all="ignore"):
        found = values(asked, counts.measured(Plan([asked]), every, (0, 1), False), Caller())
    assert np.isnan(found[0]).all()
    assert found[1, 0] == pytest.approx(1 - np.log(1e-7))  # both classes are wrong everywhere, as is every pixel

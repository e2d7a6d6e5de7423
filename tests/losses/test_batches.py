"""A batch is its images: their mean, their values, or their evidence together."""

import re
from typing import Any

import numpy as np
import pytest
from support.loss_reference import REFERENCE
from support.loss_reference.cases import SHAPE, WEIGHTS, Case, fits, settings, softmax

from segeval import losses
from segeval.errors import BadOption, NotFinite, SegevalError, ShapesDiffer, TwoReadings
from segeval.losses import LOSSES
from segeval.losses.engine.evidence import Plan
from segeval.losses.functional import ask

NAMES = LOSSES.asked_by_name()
R = np.random.RandomState(12)
X = 2 * R.randn(2, 3, *SHAPE)
P = np.stack([softmax(x) for x in X])
LABELS = R.randint(0, 3, (2, *SHAPE))
FOREGROUND = (R.rand(2, *SHAPE) < 0.4).astype(int)
KINDS = {
    "classes": (P, LABELS),
    "binary": (P[:, 1], FOREGROUND),
    "multilabel": (P, R.randint(0, 2, (2, 3, *SHAPE))),
}


def images(kind: str) -> list[Case]:
    return [Case(kind, pred, truth) for pred, truth in zip(*KINDS[kind], strict=True)]


def expected(name: str, kind: str, params: dict[str, Any]) -> list[float]:
    return [REFERENCE[name](case.image, **params) for case in images(kind)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_every_loss_is_that_of_each_image(name: str, kind: str) -> None:
    """Those with places too: an axis of images is none of theirs."""
    pred, truth = KINDS[kind]
    options = {"batch": True, "multilabel": kind == "multilabel"}
    for params in settings(name, images(kind)[0])[-1:] if fits(name, images(kind)[0]) else ():
        each = expected(name, kind, params)
        assert losses.value(name, pred, truth, reduction="none", **options, **params) == pytest.approx(each, rel=1e-9)
        assert losses.value(name, pred, truth, **options, **params) == pytest.approx(np.mean(each), rel=1e-9)


def test_the_foreground_may_have_an_axis_of_its_own() -> None:
    """(N, 1, H, W) as networks give it, beside (N, H, W) or (N, 1, H, W)."""
    pred, truth = KINDS["binary"]
    each = expected("hausdorff_dt", "binary", {})
    assert losses.value("hausdorff_dt", pred[:, None], truth) == pytest.approx(np.mean(each), rel=1e-9)
    found = losses.value("hausdorff_dt", pred[:, None], truth[:, None], batch=True)
    assert found == pytest.approx(np.mean(each), rel=1e-9)
    volume = Case("binary", pred, truth)  # and equal shapes are one volume, as long as nothing else is said
    assert losses.value("hausdorff_dt", pred, truth) == pytest.approx(REFERENCE["hausdorff_dt"](volume.image), rel=1e-9)


def test_what_the_shapes_allow_need_not_be_said() -> None:
    each = expected("dice", "classes", {})
    assert losses.value("dice", P, LABELS) == pytest.approx(np.mean(each), rel=1e-9)
    deep = np.stack([P, P[::-1]], axis=2)  # 5-D: (2, 3, 2, 5, 6)
    first = Case("classes", deep[0], np.stack([LABELS[0], LABELS[1]]))
    second = Case("classes", deep[1], np.stack([LABELS[1], LABELS[0]]))
    truth = np.stack([first.truth, second.truth])
    both = [REFERENCE["boundary"](case.image) for case in (first, second)]
    assert losses.value("boundary", deep, truth, batch=True) == pytest.approx(np.mean(both), rel=1e-9)


ORDERED = ("lovasz_hinge", "lovasz_softmax")  # of all pixels, wherever they are


def test_pooled_is_the_image_of_all_pixels() -> None:
    """Of losses that know no places: two images side by side."""
    for name in NAMES:
        case = Case("classes", np.concatenate(P, axis=1), np.concatenate(LABELS))
        params = settings(name, case)[-1] if name != "unet_cross_entropy" else {"weights": WEIGHTS[SHAPE]}
        theirs = params if name != "unet_cross_entropy" else {"weights": np.concatenate([WEIGHTS[SHAPE]] * 2)}
        if name not in ORDERED and not Plan([ask(name, params)]).adds_up:
            continue
        if name in ("topk_cross_entropy", "shape_aware", "distance_penalized_cross_entropy", "ssim"):
            continue  # these look at each image by itself, then add
        found = losses.value(name, P, LABELS, reduction="pooled", **params)
        assert found == pytest.approx(REFERENCE[name](case.image, **theirs), rel=1e-9), name


@pytest.mark.parametrize(
    "name", ["boundary", "hausdorff_dt", "soft_cldice", "weighted_hausdorff", "blob", "ssim", "hausdorff_er"]
)
def test_pooled_values_with_places_are_the_mean_of_each_class_first(name: str) -> None:
    """Of the plain loops: each class of each image alone; class 2 is missing in the first image."""
    labels = np.stack([np.where(LABELS[0] == 2, 0, LABELS[0]), LABELS[1]])
    params = {"window": 3} if name == "ssim" else {}
    each = np.array([[_alone(name, P[n, c], labels[n] == c, params) for c in range(3)] for n in range(2)])
    expected = np.nanmean(np.nanmean(each, axis=0)[0 if LOSSES[name].background else 1 :])
    assert losses.value(name, P, labels, reduction="pooled", **params) == pytest.approx(expected, rel=1e-9)


def _alone(name: str, pred: Any, truth: Any, params: dict[str, Any]) -> float:
    return REFERENCE[name](Case("binary", pred, truth.astype(int)).image, **params)


def test_the_logarithm_of_hausdorff_is_of_the_mean_of_images() -> None:
    """And not the mean of logarithms, as that of single images is."""
    pred, truth = KINDS["binary"]
    each = np.array(expected("hausdorff_dt", "binary", {"alpha": 1.5}))
    found = losses.value("log_hausdorff_dt", pred, truth, batch=True, reduction="pooled", alpha=1.5)
    assert found == pytest.approx(np.log1p(each.mean()), rel=1e-9)
    assert found != pytest.approx(np.log1p(each).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("pred", "truth", "iou"),
    [
        ([[0, 1, 1, 0], [2, 2, 0, 1]], [[0, 0, 1, 0], [2, 1, 0, 255]], [3 / 4, 1 / 3, 1 / 2]),
        ([[0, 1, 1, 0, 1], [2, 2, 0, 1, 0]], [[0, 0, 1, 0, 0], [2, 1, 0, 255, 1]], [3 / 6, 1 / 5, 1 / 2]),
    ],
    ids=["each error once", "an error twice"],
)
def test_hard_masks_of_images_are_put_in_order_together(pred: Any, truth: Any, iou: Any) -> None:
    """Errors are 0 and 1 and fall by class: the Jaccard loss of all pixels, by hand; hinge errors are 0 and 17.118."""
    pred, truth, iou = np.array(pred), np.array(truth), np.array(iou)
    options = {"batch": True, "ignore": (255,), "reduction": "pooled"}
    assert losses.value("lovasz_softmax", pred, truth, **options) == pytest.approx(1 - iou.mean())
    margin = 1 + np.log((1 - 1e-7) / 1e-7)
    assert losses.value("lovasz_hinge", pred, truth, **options) == pytest.approx(margin * (1 - iou.mean()))


@pytest.mark.parametrize("hard", [False, True])
def test_both_outcomes_of_a_binary_problem_are_put_in_order_together(hard: bool) -> None:
    """The value of images together, that of each outcome, and the derivative are those of one image of all pixels."""
    random = np.random.RandomState(4)
    pred, truth = random.rand(2, 6, 7), (random.rand(2, 6, 7) < 0.4).astype(int)
    pred = (pred > 0.5).astype(int) if hard else pred
    whole, together = {"batch": False}, {"batch": True, "reduction": "pooled"}
    for of in (losses.value, losses.per_class) if hard else (losses.value, losses.per_class, losses.gradient):
        found = of("lovasz_softmax", pred, truth, **together)
        one = of("lovasz_softmax", pred.reshape(12, 7), truth.reshape(12, 7), **whole)
        assert np.ravel(found) == pytest.approx(np.ravel(one), rel=1e-12)


def test_hard_masks_of_images_together_share_their_derivative() -> None:
    """Two false pixels beside two true ones are half of the union, each a quarter; 1/(p (1 − p)) is of the score."""
    pred, truth = np.array([[0, 0, 1, 0], [1, 1, 0, 1]]), np.array([[0, 0, 1, 0], [0, 1, 0, 0]])
    found = losses.gradient("lovasz_hinge", pred, truth, batch=True, reduction="pooled")
    assert found == pytest.approx(np.where(pred > truth, 0.25 / (1e-7 * (1 - 1e-7)), 0))


def test_undefined_images_are_left_out_of_the_mean() -> None:
    """Dice by hand: the first image is empty on both sides, 1 − 2 · 0.5/(1.5 + 1) of the second."""
    pred, truth = np.array([[0.0, 0.0], [0.5, 1.0]]), np.array([[0, 0], [1, 0]])
    assert losses.value("dice", pred, truth, batch=True) == pytest.approx(0.6)
    each = losses.value("dice", pred, truth, batch=True, reduction="none")
    assert np.isnan(each[0])
    assert each[1] == pytest.approx(0.6)
    found = losses.gradient("dice", pred, truth, batch=True)
    assert found == pytest.approx(np.array([[0, 0], [-(2 * 2.5 - 1) / 2.5**2, 1 / 2.5**2]]))
    assert np.isnan(losses.value("dice", 0 * pred, 0 * truth, batch=True))
    assert np.isnan(losses.gradient("dice", 0 * pred, 0 * truth, batch=True)).all()


@pytest.mark.parametrize("reduction", ["mean", "pooled"])
@pytest.mark.parametrize(
    "name",
    [
        *("dice", "cross_entropy", "dice_cross_entropy", "generalized_wasserstein_dice", "t_loss", "exp_log"),
        *("lovasz_softmax", "log_hausdorff_dt", "soft_cldice", "boundary", "dice_cldice"),
    ],
)
def test_gradients_of_batches_equal_central_differences(name: str, reduction: str) -> None:
    move = 1e-6 * R.choice([-1, 1], X.shape)
    options = {"inputs": "logits", "batch": True, "reduction": reduction}
    up, down = (losses.value(name, X + sign * move, LABELS, **options) for sign in (1, -1))
    found = losses.gradient(name, X, LABELS, **options)
    assert found.shape == X.shape
    assert (found * move).sum() == pytest.approx((up - down) / 2, rel=1e-5, abs=1e-12)


def test_the_sum_of_images() -> None:
    """Dice by hand: 0.6 and 1 − 2 · 0.5/(0.5 + 1); the third image is empty on both sides and left out."""
    pred, truth = np.array([[0.5, 1.0], [0.5, 0.0], [0, 0]]), np.array([[1, 0], [1, 0], [0, 0]])
    assert losses.value("dice", pred, truth, batch=True, reduction="sum") == pytest.approx(0.6 + 1 / 3)
    each = losses.gradient("dice", pred, truth, batch=True, reduction="none")
    each[2] = 0
    assert losses.gradient("dice", pred, truth, batch=True, reduction="sum") == pytest.approx(each)
    assert np.isnan(losses.value("dice", 0 * pred, 0 * truth, batch=True, reduction="sum"))


def test_gradients_and_maps_of_each_image() -> None:
    each = np.stack([losses.gradient("focal", p, t) for p, t in zip(P, LABELS, strict=True)])
    assert losses.gradient("focal", P, LABELS, reduction="none") == pytest.approx(each)
    assert losses.gradient("focal", P, LABELS) == pytest.approx(each / 2)
    maps = losses.pixel_map("cross_entropy", P, LABELS)
    assert maps == pytest.approx(-np.log(np.take_along_axis(P, LABELS[:, None], 1)[:, 0]), rel=1e-12)


def test_values_of_each_class() -> None:
    """1 − 2I/(P + G) with NumPy; of a batch the mean of both images."""
    one_hot = (np.arange(3)[:, None, None] == LABELS[:, None]).astype(float)
    i, p, g = ((each).sum(axis=(2, 3)) for each in (P * one_hot, P, one_hot))
    dice = 1 - 2 * i / (p + g)
    assert losses.per_class("dice", P[0], LABELS[0]) == pytest.approx(dice[0], rel=1e-12)
    assert losses.per_class("dice", P, LABELS, reduction="none") == pytest.approx(dice, rel=1e-12)
    assert losses.per_class("dice", P, LABELS) == pytest.approx(dice.mean(axis=0), rel=1e-12)
    pooled = 1 - 2 * i.sum(axis=0) / (p + g).sum(axis=0)
    assert losses.per_class("dice", P, LABELS, reduction="pooled") == pytest.approx(pooled, rel=1e-12)
    binary = losses.per_class("dice", *KINDS["binary"], batch=True, reduction="none")
    assert binary.shape == (2, 2)
    assert np.isnan(binary[:, 0]).all()


def test_hard_masks_of_a_batch_have_the_same_classes() -> None:
    """Class 2 is in the second image only; Dice of labels by hand."""
    pred, truth = np.array([[0, 1, 1], [0, 2, 2]]), np.array([[0, 0, 1], [2, 2, 2]])
    found = losses.per_class("dice", pred, truth, batch=True, reduction="none")
    assert found == pytest.approx(np.array([[1 / 3, 1 / 3, np.nan], [1, np.nan, 1 - 4 / 5]]), nan_ok=True)


def test_weight_maps_are_of_each_image_or_of_all() -> None:
    maps = R.rand(2, *SHAPE)
    each = [losses.value("unet_cross_entropy", P[n], LABELS[n], weights=maps[n]) for n in (0, 1)]
    assert losses.value("unet_cross_entropy", P, LABELS, weights=maps, reduction="none") == pytest.approx(each)
    each = [losses.value("unet_cross_entropy", P[n], LABELS[n], weights=maps[0]) for n in (0, 1)]
    assert losses.value("unet_cross_entropy", P, LABELS, weights=maps[0], reduction="none") == pytest.approx(each)


ONE_HOT = (np.arange(3)[:, None, None] == LABELS[:, None]).astype(int)  # (2, 3, 5, 6)
TWO_READINGS: list[tuple[Any, Any, dict[str, Any], str]] = [
    (X[:, :2], LABELS % 2, {}, "batch=False for one image .* batch=True"),  # N = C
    (np.concatenate([X, X[:1]]), LABELS[[0, 1, 0]], {"channels": True}, "batch=True"),
    (P[:, :1], LABELS[:, None] % 2, {}, "batch=True for images, batch=False"),  # (N, 1, H, W) on both sides
    (P[:, :1], LABELS[:, None] % 2, {"channels": False}, "batch=True"),
    (P[0], ONE_HOT[0], {}, "channels=True for 3 classes .* multilabel=True .* channels=False"),
    (X[0], ONE_HOT[0].astype(float), {"inputs": "logits"}, "channels=True"),
    (P[0], P[1], {}, "channels=True"),  # a soft truth
    (ONE_HOT[0], ONE_HOT[1], {}, "channels=True"),  # one-hot on both sides
    (P, ONE_HOT, {}, "batch=True and channels=True for 2 images of 3 classes"),
    (P, ONE_HOT, {"channels": True}, "batch=True"),
    (P, ONE_HOT, {"batch": True}, "channels=True"),
]


@pytest.mark.parametrize(("pred", "truth", "options", "said"), TWO_READINGS)
def test_two_readings_are_named(pred: Any, truth: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(TwoReadings) as caught:
        losses.value("cross_entropy", pred, truth, **{"inputs": "logits", **options})
    assert re.search(said, caught.value.hint)


def test_what_is_said_decides() -> None:
    """−ln p of the true class, and of each channel by itself, with NumPy."""
    true = -np.log((P * ONE_HOT).sum(axis=1)).mean()
    each = -np.log(np.where(ONE_HOT, P, 1 - P)).mean()
    assert losses.value("cross_entropy", P, ONE_HOT, batch=True, channels=True) == pytest.approx(true, rel=1e-12)
    assert losses.value("cross_entropy", P, ONE_HOT, batch=True, multilabel=True) == pytest.approx(each, rel=1e-12)
    assert losses.value("cross_entropy", P, ONE_HOT, batch=True, channels=False) == pytest.approx(each, rel=1e-12)
    assert losses.value("cross_entropy", P, ONE_HOT, batch=False, channels=False) == pytest.approx(each, rel=1e-12)
    one = -np.log((P[0] * ONE_HOT[0]).sum(axis=0)).mean()
    assert losses.value("cross_entropy", P[0], ONE_HOT[0], channels=True) == pytest.approx(one, rel=1e-12)


def test_one_hot_logits() -> None:
    """Softmax, not a sigmoid for each: the mean of −ln softmax(x) at the label, with NumPy."""
    z = np.random.default_rng(1).normal(size=(3, 16, 16))
    truth = np.arange(3)[:, None, None] == np.random.default_rng(2).integers(0, 3, (16, 16))
    found = losses.value("cross_entropy", z, truth, inputs="logits", channels=True)
    assert found == pytest.approx(np.log(np.exp(z).sum(axis=0))[None].mean() - (z * truth).sum() / 256, rel=1e-12)
    assert found == pytest.approx(1.3364, abs=5e-5)


def test_what_is_said_must_fit() -> None:
    wrong: list[tuple[Any, Any, dict[str, Any], type[SegevalError], str]] = [
        (P, LABELS, {"batch": False}, ShapesDiffer, "batch=True"),
        (P[0], LABELS[0], {"batch": True}, ShapesDiffer, "batch=False"),
        (P, LABELS, {"channels": False}, ShapesDiffer, "channels=True and batch=True"),
        (np.moveaxis(P, 1, -1), LABELS, {}, ShapesDiffer, r"moveaxis\(pred, -1, 0\)"),
        (np.moveaxis(P, 1, -1), LABELS, {"batch": True}, ShapesDiffer, r"moveaxis\(pred, -1, 1\)"),
        (P[0], LABELS[:1], {}, ShapesDiffer, r"truth\[0\]"),
        (P, LABELS[:, None], {}, ShapesDiffer, r"truth\[:, 0\]"),
        (P[0, 0, 0], LABELS[0, 0] % 2, {"channels": True}, ShapesDiffer, "an axis beside"),
        (P[0], LABELS[0], {"reduction": "none"}, BadOption, "batch=True"),
        (P, LABELS, {"reduction": "total"}, BadOption, "pooled"),
        (P, LABELS, {"batch": "yes"}, BadOption, "None"),
        (P[0], P[0], {"multilabel": True, "channels": False}, BadOption, "a channel each"),
        (np.where(0.999 * P[1].max() < P, np.nan, P), LABELS, {}, NotFinite, "pred"),
    ]
    for pred, truth, options, kind, said in wrong:
        with pytest.raises(kind) as caught:
            losses.value("dice", pred, truth, **options)
        assert re.search(said, f"{caught.value.message} {caught.value.hint}"), said

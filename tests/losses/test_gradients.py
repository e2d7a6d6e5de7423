"""Gradients are the derivatives of the values: by differences, and by the closed forms of the papers."""

from typing import Any

import numpy as np
import pytest
from support.loss_reference.cases import CASES, Case, fits, of_family, settings, softmax, with_effect

from segeval import losses
from segeval.errors import NoGradient, SegevalError, Unfit
from segeval.losses import LOSSES

NAMES = LOSSES.asked_by_name()
SATURATED = {"classes", "classes-void", "binary"}  # a derivative at the clip is no difference of values
STEP = 1e-6
MORE = ["binary", "multilabel"]


def _directions(shape: tuple[int, ...], r: np.random.RandomState) -> list[Any]:
    """A move of everything, and one of few numbers."""
    return [r.choice([-1, 1], shape), r.randn(*shape) * (r.rand(*shape) < 4 / np.prod(shape))]


def _slope(name: str, case: Case, options: dict[str, Any], move: Any) -> float:
    up, down = (losses.value(name, case.pred + s * STEP * move, case.truth, **options) for s in (1, -1))
    return (up - down) / (2 * STEP)


@pytest.mark.parametrize("family", ["classes", *(pytest.param(each, marks=pytest.mark.slow) for each in MORE)])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_equal_central_differences(name: str, family: str) -> None:
    r = np.random.RandomState(len(name))
    for kind, case in of_family(family):
        for params in settings(name, case) if kind not in SATURATED and fits(name, case) else ():
            options = {**case.options, **params}
            found = losses.gradient(name, case.pred, case.truth, **options)
            assert found.shape == case.pred.shape
            for move in _directions(case.pred.shape, r):
                slope = _slope(name, case, options, move)
                if np.isnan(slope):
                    assert np.isnan(found).all(), kind
                else:
                    size = max(np.abs(found * move).sum(), 1e-2)
                    assert (found * move).sum() == pytest.approx(slope, abs=1e-5 * size), kind


def test_a_truth_that_a_loss_cannot_take_is_refused() -> None:
    for kind in ("classes-soft", "multilabel", "binary-soft"):
        case = CASES[kind]
        with pytest.raises(Unfit, match="generalized_wasserstein_dice"):
            losses.gradient("generalized_wasserstein_dice", case.pred, case.truth, **case.options)


@pytest.mark.parametrize("caller", [{"average": "micro"}, {"presence": "truth", "background": False}])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_other_averages_too(name: str, caller: dict[str, Any]) -> None:
    case = Case("classes", CASES["classes-absent"].pred, CASES["classes-absent"].truth, caller=caller)
    move = _directions(case.pred.shape, np.random.RandomState(13))[0]
    for params in settings(name, case)[-1:]:
        case = with_effect(name, case, params)
        options = {**case.options, **params}
        found = (losses.gradient(name, case.pred, case.truth, **options) * move).sum()
        assert found == pytest.approx(_slope(name, case, options, move), rel=1e-5, abs=1e-7)


CLIP = 1e-7
# By the closed forms, for the true class at p = 0 and another at p = 1, g = 0: times N
AT_THE_CLIP: list[tuple[str, dict[str, Any], float, float]] = [
    ("cross_entropy", {}, -1 / CLIP, 0),
    ("cross_entropy", {"label_smoothing": 0.3}, -0.8 / CLIP, -0.1 / (1 - CLIP)),
    ("weighted_cross_entropy", {"class_weights": (5, 0.25, 7)}, -0.25 / CLIP, 0),
    ("balanced_cross_entropy", {}, -0.5 / CLIP, 0),  # half of the pixels are of that class
    ("focal", {}, 2 * (1 - CLIP) * np.log(CLIP) - (1 - CLIP) ** 2 / CLIP, 0),
    ("poly1_cross_entropy", {"epsilon": 3.0}, -1 / CLIP - 3, 0),
    ("generalized_cross_entropy", {"q": 0.25}, -(CLIP**-0.75), 0),
    ("kl_divergence", {}, -1 / CLIP, 0),
    ("jeffreys_divergence", {}, np.log(CLIP) + 1 - 1 / CLIP, -np.log(CLIP) + 1),
    ("jensen_shannon", {}, np.log(2 * CLIP) / 2, np.log(2) / 2),
    ("skew_kl", {"alpha": 0.25}, -0.25 / 0.75, 0),
    ("entropy", {}, -(np.log(CLIP) + 1), -1),
    ("mse_cross_entropy", {"ce_weight": 0.75}, 0.25 * -2 / 3 - 0.75 / CLIP, 0.25 * 2 / 3),
]


@pytest.mark.parametrize(("name", "params", "true", "other"), AT_THE_CLIP)
def test_closed_forms_at_the_clip(name: str, params: dict[str, Any], true: float, other: float) -> None:
    """Such a pixel keeps a large derivative: it is taken at the clipped probability, not cut."""
    pred = np.array([[0, 0.7, 0.4, 0.5], [0, 0.1, 0.4, 0.25], [1, 0.2, 0.2, 0.25]])
    found = 4 * losses.gradient(name, pred, np.array([1, 0, 1, 2]), **params)
    assert found[1, 0] == pytest.approx(true, rel=1e-6)
    assert found[2, 0] == pytest.approx(other, rel=1e-6, abs=1e-6)


def test_closed_forms_of_region_losses() -> None:
    """On a saturated image too: −[2g(P + G + s) − (2I + s)]/(P + G + s)² of Dice, and its kin."""
    p, g = np.array([0.0, 1, 0.3, 0.8, 0]), np.array([1, 0, 1, 1, 0])
    i, a, b, n = (p * g).sum(), p.sum(), g.sum(), 5
    u, q, s = a + b - i, (p * p).sum() + b, 0.4
    tversky = i + 0.2 * (a - i) + 0.9 * (b - i) + s
    root = np.sqrt(a * b * (n - a) * (n - b))
    mcc = (n * i - a * b) / root
    expected = {
        "dice": -(2 * g * (a + b + s) - (2 * i + s)) / (a + b + s) ** 2,
        "squared_dice": -(2 * g * (q + s) - 2 * p * (2 * i + s)) / (q + s) ** 2,
        "jaccard": -(g * (u + s) - (1 - g) * (i + s)) / (u + s) ** 2,
        "tversky": -(g * tversky - (i + s) * (0.2 * (1 - g) + 0.1 * g)) / tversky**2,
        "sensitivity_specificity": 2 * (p - g) * (0.05 * g / (b + s) + 0.95 * (1 - g) / (n - b + s)),
        "mcc": -((n * g - b) / root - mcc * (n - 2 * a) / (2 * a * (n - a))),
    }
    for name, slope in expected.items():
        params = {"smooth": s} if name != "mcc" else {}
        params |= {"fp_weight": 0.2, "fn_weight": 0.9} if name == "tversky" else {}
        assert losses.gradient(name, p, g, **params) == pytest.approx(slope, rel=1e-12, abs=1e-15)


def test_a_saturated_wrong_pixel_keeps_its_gradient() -> None:
    """−1/(N p) of cross entropy at p clipped to 1e-7; its mirror on the background."""
    pred, truth = np.array([0.0, 1.0, 0.5, 0.5]), np.array([1, 0, 1, 0])
    found = losses.gradient("cross_entropy", pred, truth)
    assert found == pytest.approx(np.array([-1e7, 1e7, -2, 2]) / 4, rel=1e-9)
    by_logits = losses.gradient("cross_entropy", np.array([-50.0, 60.0, 0.0]), np.array([1, 0, 1]), inputs="logits")
    assert by_logits == pytest.approx(np.array([-1, 1, -0.5]) / 3, rel=1e-12)


def test_the_gradient_of_softmax_cross_entropy() -> None:
    """(softmax(x) − g)/N."""
    r = np.random.RandomState(5)
    x, truth = r.randn(4, 3, 5) * 3, r.randint(0, 4, (3, 5))
    expected = (softmax(x) - (np.arange(4)[:, None, None] == truth)) / 15
    assert losses.gradient("cross_entropy", x, truth, inputs="logits") == pytest.approx(expected, abs=1e-15)


EMPTY, FULL = np.zeros((5, 6)), np.ones((5, 6))
LABELS = np.where(CASES["classes"].truth == 2, 0, CASES["classes"].truth)
DEGENERATE = {
    "perfect": Case("classes", np.stack([c == LABELS for c in range(3)]).astype(np.float64), LABELS),
    "class 2 nowhere": Case("classes", np.stack([EMPTY + 0.3, EMPTY + 0.7, EMPTY]), LABELS),
    "class 2 predicted": Case("classes", np.stack([EMPTY + 0.2, EMPTY + 0.7, EMPTY + 0.1]), LABELS),
    "class 2 missed": Case("classes", np.stack([EMPTY + 0.3, EMPTY + 0.7, EMPTY]), CASES["classes"].truth),
    "both empty": Case("binary", EMPTY, EMPTY.astype(int)),
    "both full": Case("binary", FULL, FULL.astype(int)),
    "all wrong": Case("binary", FULL, EMPTY.astype(int)),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_is_finite_where_the_value_is_and_nan_elsewhere(name: str) -> None:
    """Classes that are left out of a mean must not spoil the others."""
    for kind, case in DEGENERATE.items():
        for params in settings(name, case):
            found = losses.gradient(name, case.pred, case.truth, **case.options, **params)
            if np.isfinite(losses.value(name, case.pred, case.truth, **case.options, **params)):
                assert np.isfinite(found).all(), kind
            else:
                assert np.isnan(found).all(), kind


def test_the_gradient_of_what_is_undefined_is_nan() -> None:
    nothing = np.zeros((4, 5))
    assert np.isnan(losses.gradient("dice", nothing, nothing.astype(int))).all()
    assert np.isnan(losses.gradient("boundary", nothing + 0.3, nothing.astype(int))).all()


@pytest.mark.parametrize("name", ["faster_rcnn", "mask_rcnn_mask", "minimax_gan"])
def test_formulas_of_other_inputs_have_none(name: str) -> None:
    for function in (losses.value, losses.gradient):
        with pytest.raises(NoGradient, match=name):
            function(name, np.full((2, 2), 0.5), np.eye(2, dtype=int))


def test_a_label_map_has_none() -> None:
    with pytest.raises(SegevalError, match="label map"):
        losses.gradient("dice", np.array([[0, 1, 2]]), np.array([[0, 2, 2]]))
    assert losses.gradient("dice", np.array([0, 1, 1]), np.array([0, 0, 1])).shape == (3,)

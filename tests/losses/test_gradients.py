"""Gradients are the derivatives of the values: by central differences, and by the closed forms of the papers."""

from typing import Any

import numpy as np
import pytest

from segeval import losses
from segeval.errors import NoGradient, SegevalError, Unfit
from segeval.losses import LOSSES

NAMES = [name for name, entry in LOSSES.items() if not entry.facts.get("direct")]
KINDS = ["classes", "binary", "logits", "binary logits", "scores", "soft", "multilabel", "volume"]
STEP = 1e-6


def _softmax(x: Any) -> Any:
    return np.exp(x) / np.exp(x).sum(axis=0)


def _case(kind: str, name: str) -> tuple[Any, Any, dict[str, Any]]:
    """pred, truth and options, inside the clip and away from ties."""
    r = np.random.RandomState(KINDS.index(kind) * 100 + len(name))
    options: dict[str, Any] = {"ssim": {"window": 5}}.get(name, {})
    weight: dict[str, Any] = {"class_weights": (1.0, 2.5, 0.3)}
    if kind in ("classes", "logits", "soft"):
        pred, truth = r.randn(3, 6, 7), r.randint(0, 3, (6, 7))
        if kind == "soft":
            truth, options = _softmax(r.randn(3, 6, 7)), {**options, "channels": True}
        pred, options = (pred, {**options, "inputs": "logits"}) if kind == "logits" else (_softmax(pred), options)
    elif kind == "multilabel":
        pred, truth = r.rand(3, 6, 7) * 0.9 + 0.05, (r.rand(3, 6, 7) > 0.5).astype(float)
        options, weight = {**options, "channels": True, "multilabel": True}, {"class_weights": (0.7, 2.0)}
    else:
        shape = (5, 6, 7) if kind == "volume" else (6, 7)
        pred, truth, weight = r.randn(*shape), np.zeros(shape, int), {"pos_weight": 3.0}
        truth[..., 1:4, 2:6] = 1
        if kind == "volume":
            truth[0] = 0
        if "binary logits" in kind or kind == "scores":
            options = {**options, "inputs": "scores" if kind == "scores" else "logits"}
        else:
            pred = 1 / (1 + np.exp(-pred))
    extra = {
        "weighted_cross_entropy": weight,
        "unet_cross_entropy": {"weights": r.rand(*pred.shape[-truth.ndim :]) + 1},
    }
    if name == "unet_cross_entropy" and kind in ("soft", "multilabel"):
        extra["unet_cross_entropy"] = {"weights": r.rand(*pred.shape[1:]) + 1}
    return pred, truth, {**options, **extra.get(name, {})}


def _differences(name: str, pred: Any, truth: Any, options: dict[str, Any]) -> Any:
    found = np.zeros(pred.shape)
    for index in np.ndindex(pred.shape):
        up, down = pred.copy(), pred.copy()
        up[index] += STEP
        down[index] -= STEP
        found[index] = losses.value(name, up, truth, **options) - losses.value(name, down, truth, **options)
    return found / (2 * STEP)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_gradients_equal_central_differences(name: str, kind: str) -> None:
    pred, truth, options = _case(kind, name)
    if name == "generalized_wasserstein_dice" and kind in ("soft", "multilabel"):
        with pytest.raises(Unfit):
            losses.gradient(name, pred, truth, **options)
        return
    found = losses.gradient(name, pred, truth, **options)
    expected = _differences(name, pred, truth, options)
    assert found.shape == pred.shape
    assert np.abs(found - expected).max() <= 1e-5 * max(1e-3, np.abs(expected).max())


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
    expected = (_softmax(x) - (np.arange(4)[:, None, None] == truth)) / 15
    assert losses.gradient("cross_entropy", x, truth, inputs="logits") == pytest.approx(expected, abs=1e-15)


def test_ignored_pixels_have_no_gradient() -> None:
    r = np.random.RandomState(6)
    pred, truth = _softmax(r.randn(3, 8, 9)), r.randint(0, 3, (8, 9))
    truth[2:5, 3:6] = 255
    for name in NAMES:
        options = {"ssim": {"window": 3}, "weighted_cross_entropy": {"class_weights": (1.0, 2.0, 3.0)}}.get(name, {})
        if name == "unet_cross_entropy":
            options = {"weights": np.ones((8, 9))}
        found = losses.gradient(name, pred, truth, ignore=(255,), **options)
        assert (found[:, truth == 255] == 0).all(), name
        changed = np.where(truth == 255, _softmax(r.randn(3, 8, 9)), pred)
        before, after = (losses.value(name, each, truth, ignore=(255,), **options) for each in (pred, changed))
        assert after == pytest.approx(before, rel=1e-12, nan_ok=True), name


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

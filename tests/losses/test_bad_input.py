"""Bad input gives an error that says what is wrong, never a number."""

import math
import re
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segeval import errors, losses, metrics
from segeval.losses import LOSSES

P = np.array([[0.2, 0.7], [0.9, 0.4], [0.1, 0.3]])
T = np.array([[0, 1], [1, 0], [1, 1]])
SOFTMAX = np.stack([P, 1 - P])

BAD: list[tuple[str, Any, Any, dict[str, Any], type[Exception], str]] = [
    ("dice", P + 0.5, T, {}, errors.NotProbabilities, "1.4"),
    ("dice", P - 0.3, T, {}, errors.NotProbabilities, "logits"),
    ("dice", np.where(P > 0.8, np.nan, P), T, {}, errors.NotFinite, r"first at \(1, 0\)"),
    ("dice", P, np.where(P > 0.8, np.nan, 0.5), {}, errors.NotFinite, "truth"),
    ("dice", P, np.where(P > 0.8, 1.5, 0.5), {}, errors.NotProbabilities, "truth"),
    ("dice", SOFTMAX * 0.9, T, {}, errors.NotProbabilities, "multilabel"),
    ("dice", np.moveaxis(SOFTMAX.repeat(2, 2), 0, -1), T.repeat(2, 1), {}, errors.ShapesDiffer, "moveaxis"),
    ("dice", P[:1], T, {}, errors.ShapesDiffer, "1 x 2 but truth is 3 x 2"),
    ("dicee", P, T, {}, errors.UnknownName, "dice"),
    ("dice", P, T, {"smoth": 1}, errors.BadParameter, "smooth"),
    ("dice", P, T, {"smooth": -1}, errors.BadParameter, "from 0"),
    ("dice", P, T, {"smooth": math.nan}, errors.BadParameter, "finite"),
    ("dice", P, T, {"overlap": "max"}, errors.BadParameter, "'min'"),
    ("dice", P, T, {"inputs": "probs"}, errors.BadOption, "logits"),
    ("dice", P, T, {"average": "mean"}, errors.BadOption, "micro"),
    ("dice", P, T, {"presence": "pred"}, errors.BadOption, "union"),
    ("dice", P, T * 3, {}, errors.UnknownTruthIds, "3"),
    ("dice", SOFTMAX, T - 1, {}, errors.UnknownTruthIds, r"ignore=\(-1,\)"),
    ("dice", P, P / 2, {"ignore": (1,)}, errors.BadOption, "ignore"),
    ("dice", np.ma.masked_array(P, P > 0.8), T, {}, errors.UnfitPixels, "MaskedArray"),
    ("dice", P.astype(object), T, {}, errors.UnfitPixels, "object"),
    ("dice", P * 1j, T, {}, errors.UnfitPixels, "complex"),
    ("dice", np.zeros((0, 3)), np.zeros((0, 3), int), {}, errors.UnfitPixels, "no pixels"),
    ("dice", 0.5, 1, {}, errors.UnfitPixels, "no pixels"),
    ("ssim", P, T, {}, errors.Unfit, "window"),
    ("correlation_ssim", P, T, {"window": 4}, errors.BadParameter, "odd"),
    ("weighted_cross_entropy", P, T, {}, errors.BadParameter, "pos_weight"),
    ("weighted_cross_entropy", P, T, {"class_weights": (1.0, 2.0, 3.0)}, errors.BadParameter, "3 numbers for 2"),
    ("weighted_cross_entropy", P, T, {"class_weights": "median"}, errors.BadParameter, "balanced"),
    ("weighted_cross_entropy", P, T, {"class_weights": (1.0, -2.0)}, errors.BadParameter, "each class"),
    ("unet_cross_entropy", P, T, {}, errors.BadParameter, "weights"),
    ("unet_cross_entropy", P, T, {"weights": np.ones((2, 3))}, errors.ShapesDiffer, "2 x 3"),
    ("unet_cross_entropy", P, T, {"weights": P - 0.5}, errors.NotProbabilities, "below 0"),
    ("unet_cross_entropy", P, T, {"weights": P * np.inf}, errors.NotFinite, "weights"),
    (
        "focal",
        np.stack([P, P, P]) / (3 * P),
        T,
        {"alpha": 0.25, "batch": False},
        errors.BadParameter,
        "one for each class",
    ),
    ("generalized_wasserstein_dice", SOFTMAX, T, {"distances": [[0, 1, 1]] * 3}, errors.BadParameter, "3 x 3"),
    ("generalized_wasserstein_dice", SOFTMAX, T, {"distances": [["a", 0], [1, 0]]}, errors.BadParameter, "square"),
    ("generalized_wasserstein_dice", SOFTMAX, T, {"distances": [[0, 1]]}, errors.BadParameter, "square"),
    ("ssim", P, T, {"window": 0}, errors.BadParameter, "from 1"),
    ("generalized_wasserstein_dice", SOFTMAX, T, {"distances": [[1, 1], [1, 0]]}, errors.BadParameter, "diagonal"),
    ("generalized_wasserstein_dice", SOFTMAX, T, {"background_class": 2}, errors.BadParameter, "count from 0"),
    ("generalized_wasserstein_dice", P, P / 2, {}, errors.Unfit, "hard"),
    ("dice", [[0.1, 0.2], [0.3]], T, {}, errors.UnfitPixels, "rows of different lengths"),
    ("dice", P, [[0], [1, 0]], {}, errors.UnfitPixels, "truth has rows"),
    ("dice", None, T, {}, errors.UnfitPixels, "pred has no pixels"),
    ("dice", [["a", "b"]], T, {}, errors.UnfitPixels, "U1"),
    ("dice", P, T.astype("M8[s]"), {}, errors.UnfitPixels, "datetime64"),
    ("dice", SOFTMAX, T / 2, {}, errors.ShapesDiffer, "fractions"),
    ("dice", SOFTMAX, T * 1e300, {}, errors.UnknownTruthIds, "0 and 1"),
    ("dice", SOFTMAX, SOFTMAX * 0.9, {"channels": True}, errors.NotProbabilities, "truth sums to 0.9"),
    ("dice", T * 2 - 1, T, {}, errors.NotProbabilities, "ids from -1 to 1"),
    ("dice", T * 70000, T, {}, errors.NotProbabilities, "65535"),
    ("dice", P, T, {"ignore": 255}, errors.BadOption, r"ignore=\(255,\)"),
    ("dice", P, T, {"ignore": "255"}, errors.BadOption, "labels to leave out"),
    ("dice", P, T, {"ignore": (1.5,)}, errors.BadOption, "1.5"),
    ("dice", SOFTMAX, T, {"ignore": (0, 1)}, errors.BadOption, "every class"),
    ("dice", T, T, {"ignore": (0, 1)}, errors.BadOption, "every class"),
    ("dice", P, T, {"background": "no"}, errors.BadOption, "True, False"),
    ("dice", P[0], T[0], {"channels": True}, errors.ShapesDiffer, "pred is 2"),
    (5, P, T, {}, errors.UnknownName, "5"),
    ("mean_squared_error", P * 1e200, T, {"inputs": "scores"}, errors.NotFinite, "9e.199"),
    ("t_loss", P, T, {"log_nu": 1e4}, errors.BadParameter, "up to 100"),
    ("hausdorff_er", P, T, {"erosions": 10**9}, errors.BadParameter, "up to 10000"),
    ("hausdorff_dt", P, T, {"alpha": 1e300}, errors.BadParameter, "up to 32"),
    ("focal", P, T, {"gamma": 10**400}, errors.BadParameter, "from 0"),
    ("focal", P, T, {"gamma": True}, errors.BadParameter, "True"),
    ("huber", P, T, {"delta": 0}, errors.BadParameter, "1e-09"),
    ("ssim", P, T, {"window": 2.5}, errors.BadParameter, "whole number"),
    ("cross_entropy", P, T, {"label_smoothing": 1.01}, errors.BadParameter, "up to 1"),
    ("weighted_cross_entropy", P, T, {"class_weights": {0: 1}}, errors.BadParameter, "no number for class 1.* 0, 1"),
    ("weighted_cross_entropy", P, T, {"class_weights": {0: 1, 1: 2, 7: 1}}, errors.BadParameter, "class 7, which is"),
    ("weighted_cross_entropy", P, T, {"class_weights": {0: 1, "1": 2}}, errors.BadParameter, "no number for class 1"),
    ("weighted_cross_entropy", P, T, {"class_weights": b"ab"}, errors.BadParameter, "each class"),
    ("weighted_cross_entropy", P, T, {"class_weights": (1, 1), "pos_weight": 2}, errors.BadParameter, "one of them"),
    (
        "balanced_cross_entropy",
        np.stack([P, P, P]) / (3 * P),
        T,
        {"beta": 0.5, "batch": False},
        errors.BadParameter,
        "binary",
    ),
    ("unet_cross_entropy", P, T, {"weights": [[1, 2], [3, 4]]}, errors.BadParameter, "map of the image"),
    ("unet_cross_entropy", P, T, {"weights": np.array(2.0)}, errors.BadParameter, "map of the image"),
    ("unet_cross_entropy", P, T, {"weights": P.astype(str)}, errors.UnfitPixels, "numbers"),
    ("unet_cross_entropy", T, T, {"weights": np.ones((4, 1))}, errors.ShapesDiffer, "4 x 1"),
]


@pytest.mark.parametrize(("name", "pred", "truth", "options", "kind", "said"), BAD)
def test_what_is_wrong_is_named(
    name: str, pred: Any, truth: Any, options: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind) as caught:
        losses.value(name, pred, truth, **options)
    assert isinstance(caught.value, errors.SegevalError)
    assert re.search(said, f"{caught.value.message} {caught.value.hint}")
    assert caught.value.hint


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_narrow_floats_are_probabilities_too(kind: Any) -> None:
    """A float16 softmax of 100 classes sums to 1 only roughly; the value is near that of double precision."""
    x = np.random.RandomState(4).randn(100, 9, 8)
    p, truth = np.exp(x) / np.exp(x).sum(axis=0), np.random.RandomState(5).randint(0, 100, (9, 8))
    expected = losses.value("cross_entropy", p, truth)
    assert losses.value("cross_entropy", p.astype(kind), truth) == pytest.approx(expected, rel=2e-3)


def test_formulas_of_evidence_name_what_takes_arrays() -> None:
    for call in (losses.dice, losses.dice_cross_entropy, losses.hausdorff_dt):
        for pred in (P, P.tolist()):
            with pytest.raises(TypeError, match=rf"segeval.losses.value\('{call.__name__}', pred, truth\)"):
                call(pred, T)
    with pytest.raises(TypeError, match=r"iou is a formula of Counts; .*segeval.metrics.value\('iou', pred, truth\)"):
        metrics.iou(T, T)


SHAPES = [(), (0,), (1,), (3,), (2, 3), (1, 2, 3), (2, 2, 3), (3, 2, 3), (2, 3, 4, 5)]
TYPES = ["bool", "uint8", "int64", "float16", "float32", "float64", "complex128", "U3", "object"]
NAMES = LOSSES.asked_by_name()
odd_arrays = st.builds(
    lambda shape, kind, scale, seed: (np.random.RandomState(seed).rand(*shape) * scale * np.ones(())).astype(kind),
    st.sampled_from(SHAPES),
    st.sampled_from(TYPES),
    st.sampled_from([0, 1, 1, 3, -1, 1e4]),
    st.integers(0, 9),
)
odd_options = st.fixed_dictionaries(
    {},
    optional={
        "inputs": st.sampled_from(["probabilities", "logits", "scores", "p", 7]),
        "channels": st.sampled_from([True, False, None]),
        "multilabel": st.booleans(),
        "average": st.sampled_from(["macro", "micro", "both"]),
        "presence": st.sampled_from(["union", "truth"]),
        "background": st.sampled_from([True, False, None]),
        "ignore": st.sampled_from([(), (0,), (1,), (255,), (0, 1), 3]),
        "smooth": st.sampled_from([0, 1.5, -1, "x", None]),
        "weights": st.sampled_from([np.ones((2, 3)), np.ones(3), "w"]),
        "class_weights": st.sampled_from([(1, 2), "balanced", (1, 2, 3)]),
    },
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from(NAMES), odd_arrays, odd_arrays, odd_options)
def test_whatever_comes_in_out_comes_a_number_or_one_of_our_errors(
    name: str, pred: Any, truth: Any, options: dict[str, Any]
) -> None:
    for function, kind in ((losses.value, float), (losses.gradient, np.ndarray), (losses.pixel_map, np.ndarray)):
        given = options if function is not losses.pixel_map else _of_maps(options)
        try:
            assert isinstance(function(name, pred, truth, **given), kind)
        except errors.SegevalError as fault:
            assert fault.message


def _of_maps(options: dict[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in options.items() if key not in ("average", "presence", "background")}


def test_a_module_without_torch_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "segeval.losses.engine.module", raising=False)
    with pytest.raises(errors.MissingPackage) as caught:
        losses.module("dice")
    assert "segeval-masks[torch]" in caught.value.hint

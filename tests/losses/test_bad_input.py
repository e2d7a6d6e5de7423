"""Bad input gives an error that says what is wrong, never a number."""

import math
from typing import Any

import numpy as np
import pytest

from segeval import errors, losses

P = np.array([[0.2, 0.7], [0.9, 0.4]])
T = np.array([[0, 1], [1, 0]])
SOFTMAX = np.stack([P, 1 - P])

BAD: list[tuple[str, Any, Any, dict[str, Any], type[Exception], str]] = [
    ("dice", P + 0.5, T, {}, errors.NotProbabilities, "1.4"),
    ("dice", P - 0.3, T, {}, errors.NotProbabilities, "logits"),
    ("dice", np.where(P > 0.8, np.nan, P), T, {}, errors.NotFinite, r"first at \(1, 0\)"),
    ("dice", P, np.where(P > 0.8, np.nan, 0.5), {}, errors.NotFinite, "truth"),
    ("dice", P, np.where(P > 0.8, 1.5, 0.5), {}, errors.NotProbabilities, "truth"),
    ("dice", SOFTMAX * 0.9, T, {}, errors.NotProbabilities, "multilabel"),
    (
        "cross_entropy",
        np.tile(SOFTMAX, (1, 6, 6)),
        np.tile(T, (6, 6)),
        {"inputs": "logits"},
        errors.NotProbabilities,
        "already",
    ),
    ("cross_entropy", np.tile(P, (6, 6)), np.tile(T, (6, 6)), {"inputs": "logits"}, errors.NotProbabilities, "already"),
    ("dice", np.moveaxis(SOFTMAX.repeat(2, 1), 0, -1), T.repeat(2, 0), {}, errors.ShapesDiffer, "moveaxis"),
    ("dice", P[:1], T, {}, errors.ShapesDiffer, "1 x 2 but truth is 2 x 2"),
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
    ("unet_cross_entropy", P, T, {"weights": np.ones((3, 2))}, errors.ShapesDiffer, "3 x 2"),
    ("unet_cross_entropy", P, T, {"weights": P - 0.5}, errors.NotProbabilities, "below 0"),
    ("unet_cross_entropy", P, T, {"weights": P * np.inf}, errors.NotFinite, "weights"),
    ("focal", np.stack([P, P, P]) / (3 * P), T, {"alpha": 0.25}, errors.BadParameter, "one for each class"),
    ("generalized_wasserstein_dice", SOFTMAX, T, {"distances": [[0, 1, 1]] * 3}, errors.BadParameter, "3 x 3"),
    ("generalized_wasserstein_dice", SOFTMAX, T, {"distances": [[1, 1], [1, 0]]}, errors.BadParameter, "diagonal"),
    ("generalized_wasserstein_dice", SOFTMAX, T, {"background_class": 2}, errors.BadParameter, "count from 0"),
    ("generalized_wasserstein_dice", P, P / 2, {}, errors.Unfit, "hard"),
]


@pytest.mark.parametrize(("name", "pred", "truth", "options", "kind", "said"), BAD)
def test_what_is_wrong_is_named(
    name: str, pred: Any, truth: Any, options: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind) as caught:
        losses.value(name, pred, truth, **options)
    assert isinstance(caught.value, errors.SegevalError)
    assert __import__("re").search(said, f"{caught.value.message} {caught.value.hint}")


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_narrow_floats_are_probabilities_too(kind: Any) -> None:
    """A float16 softmax of 100 classes sums to 1 only roughly; the value is near that of double precision."""
    x = np.random.RandomState(4).randn(100, 9, 8)
    p, truth = np.exp(x) / np.exp(x).sum(axis=0), np.random.RandomState(5).randint(0, 100, (9, 8))
    expected = losses.value("cross_entropy", p, truth)
    assert losses.value("cross_entropy", p.astype(kind), truth) == pytest.approx(expected, rel=2e-3)


def test_odd_inputs_never_end_in_anything_else() -> None:
    """Whatever comes in, out comes a number or one of our errors."""
    r = np.random.RandomState(12)
    shapes = [(), (0,), (1,), (3,), (2, 3), (1, 2, 3), (3, 2, 3), (2, 3, 4, 5)]
    kinds = [bool, np.uint8, np.int64, np.float16, np.float64, complex, "U3"]
    scales = [1, -1, 3, 1e9]
    names = [name for name in losses.names() if name not in ("faster_rcnn", "mask_rcnn_mask", "minimax_gan")]
    for _ in range(1500):
        with np.errstate(all="ignore"):
            pred, truth = (
                (r.rand(*shapes[r.randint(len(shapes))]) * scales[r.randint(4)] * np.ones(())) for _ in range(2)
            )
            pred, truth = (np.asarray(each).astype(kinds[r.randint(len(kinds))]) for each in (pred, truth))
        try:
            found = losses.value(names[r.randint(len(names))], pred, truth, multilabel=bool(r.randint(2)))
            assert isinstance(found, float)
        except errors.SegevalError:
            pass

"""Curves over thresholds, by plain loops and by scikit-learn 1.9.1 on the same numbers."""

import math

import numpy as np
import pytest

from segeval import metrics
from segeval.evidence import Curves
from segeval.evidence.scores import Scores
from segeval.metrics.curves import dice_curve, iou_curve, precision_curve, recall_curve

AUROC = [0.7192171501922086, 0.7076524216524216, 0.7261035203325619]
AP = [0.5379791450953312, 0.5361074274841988, 0.5664621585843734]


def numbers():
    rng = np.random.default_rng(8)
    grey = rng.integers(0, 256, (3, 2000))
    return grey, np.where(rng.random(2000) < 0.6, grey.argmax(0), rng.integers(0, 3, 2000))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "grey"])
def test_scikit_learn_on_the_same_numbers(dtype):
    """roc_auc_score and average_precision_score of each class against the rest."""
    grey, y = numbers()
    if dtype == "grey":
        found = Curves.from_scores(Scores(grey.astype(np.uint8), y, (0, 1, 2), levels=255))
    else:
        found = Curves.of((grey / 255).astype(dtype), y)
    assert metrics.auroc(found) == pytest.approx(AUROC, abs=1e-12)
    assert metrics.average_precision(found) == pytest.approx(AP, abs=1e-12)


def test_every_threshold_by_loops():
    """p ≥ k / 255, on probabilities between thresholds and on them; some pixels are ignored."""
    dice = np.random.default_rng(1)
    p = np.concatenate([dice.random(40), dice.integers(0, 256, 40) / 255, [0, 1]])
    y = dice.integers(0, 3, 82)
    found = Curves.of(p, y, ignore={2})
    p, y = p[y != 2], y[y != 2] == 1
    curves = {curve.__name__: curve(found)[1] for curve in (precision_curve, recall_curve, dice_curve, iou_curve)}
    dices = []
    for k in range(256):
        said = p >= k / 255
        tp, fp, fn = (int(part.sum()) for part in (said & y, said & ~y, ~said & y))
        precision = tp / (tp + fp) if tp + fp else math.nan
        assert curves["precision_curve"][k] == pytest.approx(precision, nan_ok=True)
        assert curves["recall_curve"][k] == pytest.approx(tp / (tp + fn))
        assert curves["dice_curve"][k] == pytest.approx(2 * tp / (2 * tp + fp + fn))
        assert curves["iou_curve"][k] == pytest.approx(tp / (tp + fp + fn))
        dices.append(2 * tp / (2 * tp + fp + fn))
    assert metrics.best_dice(found)[1] == pytest.approx(max(dices))
    assert metrics.best_threshold(found)[1] == pytest.approx(dices.index(max(dices)) / 255)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_sides_of_a_foreground(dtype):
    """1 − k / 255 is the threshold (255 − k) / 255, though it may be rounded down."""
    levels = (np.arange(256) / 255).astype(dtype)
    found = Curves.of(levels, np.zeros(256, int))
    np.testing.assert_array_equal(found.pos[0], np.ones(256))
    np.testing.assert_array_equal(found.neg[1], np.ones(256))


def test_undefined_without_the_class_or_without_others():
    found = Curves.of([0.2, 0.7], [0, 0])
    assert [math.isnan(metrics.auroc(found)[k]) for k in (0, 1)] == [True, True]
    for metric in (metrics.average_precision, metrics.best_dice, metrics.best_threshold):
        assert [math.isnan(value) for value in metric(found)] == [False, True]


def test_parts_add_up(monkeypatch):
    grey, y = numbers()
    whole = Curves.of(grey / 255, y)
    added = Curves.of(grey[:, :900] / 255, y[:900]) + Curves.of(grey[[2, 0, 1], 900:] / 255, y[900:], ids=[2, 0, 1])
    added = added.over((0, 1, 2))
    monkeypatch.setattr("segeval.evidence.scores.BLOCK", 101)
    for other in (added, Curves.of(grey / 255, y), Curves.unpacked(Curves.packed([None, whole]))[1]):
        for name in ("pos", "neg"):
            np.testing.assert_array_equal(getattr(whole, name), getattr(other, name), strict=True)

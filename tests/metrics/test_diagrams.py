"""What diagrams draw, by hand."""

import numpy as np
import pytest

from segeval.evidence.calibration import Calibration
from segeval.evidence.curves import Curves
from segeval.evidence.kinds import EVIDENCE
from segeval.metrics.calibration import reliability
from segeval.metrics.curves import average_precision, precision_recall
from segeval.metrics.diagrams import DIAGRAMS

P = np.array([[0.7, 0.45, 0.1, 0.2, 0.45], [0.2, 0.5, 0.1, 0.6, 0.35], [0.1, 0.05, 0.8, 0.2, 0.2]])
TRUTH = np.array([0, 0, 2, 1, 1])


def of(evidence):
    """The columns of one image."""
    found = EVIDENCE[evidence.kind].evidence.columns([evidence], (0, 1, 2), None)
    return found.mapped(lambda _, values: values[0])


def test_precision_and_recall():
    """Class 0 has probabilities 0.7 and 0.45; another pixel 0.45 too, and two less: from thresholds of 0.46 on, half of
    it is found, and all that is predicted is right; at 0.4 three are predicted, and two of them are right."""
    found = precision_recall(of(Curves.of(P, TRUTH))).classes
    at = {round(t * 255): n for n, t in enumerate(found["threshold"][0])}
    for k, recall, precision in ((0, 1, 2 / 5), (26, 1, 2 / 4), (102, 1, 2 / 3), (117, 0.5, 1), (178, 0.5, 1)):
        assert (found["recall"][0, at[k]], found["precision"][0, at[k]]) == pytest.approx((recall, precision))
    assert np.isnan(found["precision"][0, at[200]])
    assert found["recall"][0, at[200]] == 0


def test_the_area_below_the_steps_is_the_average_precision():
    random = np.random.default_rng(4)
    p = random.dirichlet([1, 1, 1], 300).T
    curves = Curves.of(p, random.integers(0, 3, 300))
    found = precision_recall(of(curves)).classes
    for recall, precision, area in zip(found["recall"], found["precision"], average_precision(curves), strict=True):
        there = np.isfinite(precision)
        x, y = np.append(0, recall[there][::-1]), precision[there][::-1]
        assert np.sum(np.diff(x) * y) == pytest.approx(area, abs=1e-12)


def test_reliability():
    """Bins of 1/15. Class 0: 0.45 twice in (6/15, 7/15], of which one is right; 0.1 and 0.2 alone, both wrong."""
    found = reliability(of(Calibration.of(P, TRUTH)))
    own = {name: values[0] for name, values in found.classes.items()}
    assert own["pixels"].tolist() == [0, 1, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0]
    kept = own["pixels"] > 0
    assert own["mean probability"][kept] == pytest.approx([0.1, 0.2, 0.45, 0.7])
    assert own["observed frequency"][kept].tolist() == [0, 0, 0.5, 1]
    assert np.isnan(own["mean probability"][~kept]).all()
    # The likeliest: 0.7 right, 0.5 wrong, 0.8 right, 0.6 right, 0.45 wrong
    whole = {name: values[found.whole["pixels"] > 0].tolist() for name, values in found.whole.items()}
    assert whole["mean probability"] == pytest.approx([0.45, 0.5, 0.6, 0.7, 0.8])
    assert whole["observed frequency"] == [0, 0, 1, 1, 1]


def test_what_is_declared_is_there():
    """Every diagram names a kind that there is, and numbers that its points have."""
    made = {"curves": Curves.of(P, TRUTH), "calibration": Calibration.of(P, TRUTH)}
    for diagram in DIAGRAMS.values():
        lines = diagram.func(of(made[diagram.kind]))
        for points in (lines.classes, *([lines.whole] if lines.whole else [])):
            assert {diagram.x, diagram.y, *([diagram.weight] if diagram.weight else [])} <= set(points)

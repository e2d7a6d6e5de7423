"""Overlap metrics: tables by hand, and every metric through the same laws."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import reference

from segeval import metrics
from segeval.evidence import Confusion
from segeval.evidence.confusion import PixelCounts
from segeval.metrics import METRICS
from segeval.metrics.overlap import f_beta

nan = math.nan
OVERLAP = [name for name, metric in METRICS.items() if metric.eats is METRICS["iou"].eats]
COUNT = st.one_of(st.integers(0, 9), st.integers(0, 10**9))


def counts(tp: int = 0, fp: int = 0, fn: int = 0, tn: int = 0) -> PixelCounts:
    return PixelCounts(*(np.array([n], np.int64) for n in (tp, fp, fn, tn)))


@pytest.mark.parametrize(
    ("name", "c", "expected"),
    [
        ("iou", counts(2, 1, 3, 4), 2 / 6),
        ("iou", counts(tn=9), nan),
        ("iou", counts(fp=1), 0),
        ("dice", counts(2, 1, 3, 4), 4 / 8),
        ("precision", counts(2, 1, 3, 4), 2 / 3),
        ("precision", counts(fn=3), nan),
        ("recall", counts(2, 1, 3, 4), 2 / 5),
        ("recall", counts(fp=3), nan),
        ("specificity", counts(2, 1, 3, 4), 4 / 5),
        ("specificity", counts(tp=3), nan),
        ("accuracy", counts(2, 1, 3, 4), 6 / 10),
        ("balanced_accuracy", counts(2, 1, 3, 4), (2 / 5 + 4 / 5) / 2),
        ("balanced_accuracy", counts(tp=2, fn=1), nan),
        ("f_beta", counts(2, 1, 3, 4), 10 / 23),  # 5·2 / (5·2 + 4·3 + 1)
        ("mcc", counts(2, 1, 3, 4), (8 - 3) / math.sqrt(3 * 5 * 5 * 7)),
        ("mcc", counts(tp=5), nan),
        ("mcc", counts(fp=2, fn=3), -1),
        ("kappa", counts(2, 1, 3, 4), 2 * (8 - 3) / (3 * 5 + 5 * 7)),
        ("kappa", counts(tn=5), nan),
        ("volume_similarity", counts(2, 1, 3, 4), 1 - 2 / 8),
        ("relative_volume_difference", counts(2, 1, 3, 4), -2 / 5),
        ("relative_volume_difference", counts(fp=2, tn=1), nan),
    ],
)
def test_by_hand(name: str, c: PixelCounts, expected: float) -> None:
    np.testing.assert_allclose(METRICS[name].func(c), [expected], rtol=1e-15)


@pytest.mark.parametrize("name", OVERLAP)
@given(tp=COUNT, fp=COUNT, fn=COUNT, tn=COUNT)
def test_every_metric_equals_its_plain_formula(name: str, tp: int, fp: int, fn: int, tn: int) -> None:
    """Exact rational arithmetic in tests/support/reference.py, also where products leave int64."""
    found = float(METRICS[name].func(counts(tp, fp, fn, tn))[0])
    expected = getattr(reference, name)(tp, fp, fn, tn)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("name", OVERLAP)
@given(tp=COUNT, fp=COUNT, fn=COUNT, tn=COUNT)
def test_every_metric_stays_in_its_range(name: str, tp: int, fp: int, fn: int, tn: int) -> None:
    entry = METRICS[name]
    found = float(entry.func(counts(tp, fp, fn, tn))[0])
    assert math.isnan(found) or entry.low - 1e-12 <= found <= entry.high + 1e-12


@pytest.mark.parametrize("name", OVERLAP)
def test_every_metric_is_best_at_the_truth(name: str) -> None:
    assert METRICS[name].func(counts(tp=7, tn=5))[0] == pytest.approx(METRICS[name].best, abs=1e-15)


@pytest.mark.parametrize("name", OVERLAP)
def test_every_metric_takes_a_confusion(name: str) -> None:
    """`segeval.metrics.NAME(confusion)` gives one value for each class, equal to that of its four counts."""
    confusion = Confusion.of(np.array([0, 1, 1, 2, 0]), np.array([0, 1, 2, 2, 1]), num_classes=3)
    by_class = getattr(metrics, name)(confusion)
    one_by_one = [
        getattr(reference, name)(*c) for c in zip(confusion.tp, confusion.fp, confusion.fn, confusion.tn, strict=True)
    ]
    np.testing.assert_allclose(by_class, one_by_one, rtol=1e-14)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_formula_and_source(name: str) -> None:
    doc = inspect.getdoc(METRICS[name].func) or ""
    assert f"\n    {name} = " in doc
    assert any(source in doc for source in ("doi:", "arXiv:", "chapter"))


@given(tp=COUNT, fp=COUNT, fn=COUNT, tn=COUNT)
def test_kin(tp: int, fp: int, fn: int, tn: int) -> None:
    """f_beta with β = 1 is dice; dice = 2 iou / (1 + iou)."""
    c = counts(tp, fp, fn, tn)
    np.testing.assert_allclose(f_beta(c, beta=1), METRICS["dice"].func(c), rtol=1e-14)
    iou = METRICS["iou"].func(c)
    np.testing.assert_allclose(METRICS["dice"].func(c), 2 * iou / (1 + iou), rtol=1e-14)


@pytest.mark.parametrize(("beta", "expected"), [(0.5, 2.5 / 4.25), (3.0, 20 / 48)])
def test_beta_weighs_recall(beta: float, expected: float) -> None:
    """(1 + β²) tp / ((1 + β²) tp + β² fn + fp) for tp 2, fp 1, fn 3."""
    assert f_beta(counts(2, 1, 3), beta=beta)[0] == pytest.approx(expected, rel=1e-15)


@given(tp=st.integers(1, 10**9), tn=st.integers(1, 10**9))
def test_mcc_of_the_truth_is_not_above_one(tp: int, tn: int) -> None:
    assert 1 - 1e-15 <= METRICS["mcc"].func(counts(tp=tp, tn=tn))[0] <= 1

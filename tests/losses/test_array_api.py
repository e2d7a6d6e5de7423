"""The formulas run on any array of the array API standard, and give what NumPy gives."""

from typing import Any

import array_api_strict as strict
import numpy as np
import pytest
from support.loss_reference.cases import CASES, Case, fits, settings

from segeval import losses
from segeval.errors import SegevalError
from segeval.losses import LOSSES

NAMES = LOSSES.asked_by_name()
KINDS = ["classes-void", "classes-logits-soft", "binary", "binary-logits", "binary-scores", "multilabel"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_strict_arrays_give_what_numpy_gives(name: str, kind: str) -> None:
    case = CASES[kind]
    for params in settings(name, case)[-2:] if fits(name, case) else ():
        expected = losses.value(name, case.pred, case.truth, **case.options, **params)
        pred, truth = strict.asarray(np.ascontiguousarray(case.pred)), strict.asarray(case.truth)
        found = losses.value(name, pred, truth, **case.options, **params)
        assert float(found) == pytest.approx(expected, rel=1e-12)


def test_whole_numbers_and_what_is_wrong() -> None:
    """One-hot channels, hard masks, and an error as for NumPy."""
    mask, truth = np.array([[0, 1, 1]]), np.array([[0, 1, 0]])
    one_hot = np.stack([1 - mask, mask])
    for pred in (mask, one_hot):
        expected = losses.value("dice", pred, truth)
        assert float(losses.value("dice", strict.asarray(pred), strict.asarray(truth))) == expected
    wrong: list[tuple[Any, Any]] = [(mask - 0.5, truth), (mask[:, :2], truth), (one_hot, truth + 1)]
    for pred, labels in wrong:
        with pytest.raises(SegevalError):
            losses.value("dice", strict.asarray(pred), strict.asarray(labels))


def test_single_precision_stays_single() -> None:
    case: Case = CASES["classes-inside"]
    found = losses.value("focal", strict.asarray(case.pred.astype(np.float32)), strict.asarray(case.truth))
    assert found.dtype == strict.float32
    assert float(found) == pytest.approx(losses.value("focal", case.pred, case.truth), rel=1e-5)

"""The formulas run on any array of the array API standard, and give what NumPy gives."""

from typing import Any

import array_api_strict as strict
import numpy as np
import pytest

from segeval import losses
from segeval.losses import LOSSES

NAMES = [name for name, entry in LOSSES.items() if not entry.facts.get("direct")]
R = np.random.RandomState(3)
X = R.randn(3, 7, 8)
TRUTH = R.randint(0, 3, (7, 8))
CASES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "classes": (np.exp(X) / np.exp(X).sum(axis=0), TRUTH, {}),
    "logits": (X, TRUTH, {"inputs": "logits"}),
    "binary": (1 / (1 + np.exp(-X[0])), (TRUTH == 1).astype(int), {}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", NAMES)
def test_strict_arrays_give_what_numpy_gives(name: str, case: str) -> None:
    pred, truth, options = CASES[case]
    weights = {"pos_weight": 3.0} if case == "binary" else {"class_weights": (1.0, 2.5, 0.3)}
    extra: dict[str, Any] = {"weighted_cross_entropy": weights, "ssim": {"window": 5}}.get(name, {})
    extra = {"weights": R.rand(7, 8)} if name == "unet_cross_entropy" else extra
    expected = losses.value(name, pred, truth, **options, **extra)
    found = losses.value(name, strict.asarray(pred), strict.asarray(truth), **options, **extra)
    assert float(found) == pytest.approx(expected, rel=1e-12)

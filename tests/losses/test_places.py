"""Losses with places look only where their class is: the numbers are those of the whole image."""

from typing import Any

import numpy as np
import pytest

from segeval import losses
from segeval.evidence import sample
from segeval.evidence.sample import Field
from segeval.losses import LOSSES
from segeval.losses.engine.evidence import Leaf, Plan
from segeval.losses.functional import ask

NAMES = [name for name in LOSSES.asked_by_name() if name != "weighted_cross_entropy"]  # which needs prices
PLACED = [name for name in NAMES if Plan([ask(name, {})]).of(Field)]
NEEDED: dict[str, dict[str, Any]] = {"ssim": {"window": 5, "sigma": 1.2}, "soft_cldice": {"iterations": 3}}


def images() -> dict[str, tuple[Any, Any]]:
    """A class in the middle, one at two edges, one of a single pixel; and fractions that are 0 elsewhere."""
    random = np.random.RandomState(6)
    truth = np.zeros((19, 26), int)
    truth[6:13, 9:15], truth[0:4, 20:26], truth[16, 4] = 1, 2, 3
    hard = np.roll(truth, (1, 2), (0, 1))
    hard[random.rand(19, 26) < 0.02] = 3
    one_hot = (np.arange(4)[:, None, None] == hard).astype(float)
    mixed = 0.7 * one_hot + 0.3 * (np.arange(4)[:, None, None] == np.roll(truth, 3, 1))
    void = truth.copy()
    void[8:11, 10:20] = 255
    return {"hard": (one_hot, truth), "mixed": (mixed, truth), "void": (mixed, void)}


def both(name: str, pred: Any, truth: Any) -> tuple[float, Any]:
    given = {"ignore": (255,), **NEEDED.get(name, {})}
    return losses.value(name, pred, truth, **given), losses.gradient(name, pred, truth, **given)


@pytest.mark.parametrize("name", PLACED)
def test_values_and_gradients_are_those_of_the_whole_image(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {kind: both(name, *each) for kind, each in images().items()}
    monkeypatch.setattr("segeval.losses.engine.evidence.LOCAL", {})
    for kind, each in images().items():
        value, slope = both(name, *each)
        assert found[kind][0] == pytest.approx(value, rel=1e-12), kind
        assert np.abs(found[kind][1] - slope).max() <= 1e-13 * np.abs(slope).max(), kind


def test_what_is_local_looks_at_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the class and as far around it as its formula says, and not at the whole image."""
    seen: list[tuple[int, ...]] = []
    formula = LOSSES["hausdorff_er"].func

    def noted(f: Field, **params: Any) -> Any:
        seen.append(f.shape)
        return formula(f, **params)

    monkeypatch.setitem(sample.LOCAL, noted, sample.LOCAL[formula])
    truth = np.zeros((40, 50))
    truth[7:12, 9:15] = 1
    leaf = Leaf(noted, {"alpha": 2.0, "erosions": 2})
    whole = Field(np.roll(truth, 1, 1) * 0.5, truth, None, None)
    value = whole.value(leaf, leaf.margin(derived=False))
    assert float(value) == pytest.approx(float(formula(whole, alpha=2.0, erosions=2)))
    box, slope = whole.slope(leaf, leaf.margin(derived=True))
    assert seen == [(7, 9), (7, 9)]
    assert (box, slope.shape) == ((slice(6, 13), slice(8, 17)), (7, 9))

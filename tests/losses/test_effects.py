"""An option acts where it is defined, and is an error where it changes nothing."""

from typing import Any

import numpy as np
import pytest

from segeval import losses
from segeval.errors import BadOption
from segeval.losses.engine.selection import Inputs, LossChoice

P = np.array([[0.6, 0.1, 0.3], [0.3, 0.7, 0.2], [0.1, 0.2, 0.5]])
T = np.array([0, 1, 2])
TWO = np.array([[0.3, 0.8, 0.6], [0.7, 0.2, 0.4]])
ONE = np.array([1, 0, 1])


def test_generalized_dice_without_background() -> None:
    """1 − 2 Σ w I / Σ w (P + G), w = 1/G² = 1, over classes 1 and 2."""
    found = losses.value("generalized_dice", P, T, background=False)
    assert found == pytest.approx(1 - 2 * (0.7 + 0.5) / (1.2 + 1 + 0.8 + 1))
    alone = 1 - 2 * (0.7 + 0.4) / (0.7 + 0.2 + 0.4 + 2)
    assert losses.value("generalized_dice", TWO, ONE, background=False) == pytest.approx(alone)
    assert losses.value("generalized_dice", TWO[1], ONE, background=False) == pytest.approx(alone)


def test_both_outcomes_of_a_binary_problem_or_one() -> None:
    """Lovász: errors .6, .3, .2; the Jaccard losses are 1/2, 1, 1 of the foreground and 1/2, 2/3, 1 of the rest."""
    foreground = (0.6 + 0.3) / 2
    assert losses.value("lovasz_softmax", TWO[1], ONE, background=False) == pytest.approx(foreground)
    background = 0.6 * 0.5 + 0.3 * (2 / 3 - 1 / 2) + 0.2 * (1 - 2 / 3)
    assert losses.value("lovasz_softmax", TWO[1], ONE) == pytest.approx((foreground + background) / 2)
    dice, pixels = -np.log(2 * 1.1 / 3.3), -np.log([0.7, 0.8, 0.4])
    rare = np.sqrt([3 / 2, 3, 3 / 2])
    expected = 0.8 * dice**0.3 + 0.2 * (rare * pixels**0.3).mean()
    assert losses.value("exp_log", TWO[1], ONE, background=False) == pytest.approx(expected)


WITHOUT_EFFECT: list[tuple[str, Any, Any, dict[str, Any], str]] = [
    ("lovasz_softmax", P, T, {"average": "micro"}, "average"),
    ("hausdorff_dt", P, T, {"average": "micro"}, "average"),
    ("generalized_wasserstein_dice", P, T, {"average": "micro"}, "average"),
    ("soft_cldice", P, T, {"average": "micro"}, "average"),
    ("generalized_dice", P, T, {"average": "micro"}, "average"),
    ("cross_entropy", P, T, {"background": False}, "ignore="),
    ("cross_entropy", P, T, {"presence": "truth"}, "presence"),
    ("dice", P, np.eye(3, dtype=int), {"multilabel": True, "background": False}, "exclude each other"),
    ("dice", TWO[1], ONE, {"background": True}, "foreground alone"),
]


@pytest.mark.parametrize(("name", "pred", "truth", "options", "said"), WITHOUT_EFFECT)
def test_what_changes_nothing_is_an_error(name: str, pred: Any, truth: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadOption, match=said):
        losses.value(name, pred, truth, **options)


@pytest.mark.parametrize(
    ("option", "some", "none"),
    [
        ({"loss_average": "micro"}, "dice,hausdorff_dt", "focal,hausdorff_dt"),
        ({"loss_background": "exclude"}, "dice,focal", "focal,cross_entropy"),
    ],
)
def test_a_run_refuses_an_option_that_changes_no_loss(option: dict[str, Any], some: str, none: str) -> None:
    assert LossChoice.of(some, **option).allowed(Inputs((0, 1, 2)))
    assert LossChoice.of("all", **option).allowed(Inputs((0, 1, 2)))
    with pytest.raises(BadOption, match=next(iter(option)).replace("_", "-")):
        LossChoice.of(none, **option).allowed(Inputs((0, 1, 2)))

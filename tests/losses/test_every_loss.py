"""What must hold for every loss. A new one is covered when it exists, and fails without a reference."""

from typing import Any

import numpy as np
import pytest
from loss_reference import REFERENCE
from loss_reference.cases import CASES, Case, settings

from segeval import losses
from segeval.errors import Unfit
from segeval.losses import LOSSES
from segeval.losses.parameters import parameters

NAMES = [name for name, entry in LOSSES.items() if not entry.facts.get("direct")]
NOT_ZERO = {"boundary", "t_loss", "entropy", "soft_margin", "multilabel_soft_margin", "exp_log", "weighted_hausdorff"}
HARD_ONLY = {"generalized_wasserstein_dice"}

every_loss = pytest.mark.parametrize("name", NAMES)
every_case = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


def value(name: str, case: Case, params: dict[str, Any], **changes: Any) -> float:
    return float(losses.value(name, case.pred, case.truth, **(case.options | changes), **params))


def fits(name: str, case: Case) -> bool:
    return name not in HARD_ONLY or not (case.soft or case.kind == "multilabel")


@every_loss
def test_it_has_a_reference_and_settings_off_the_defaults(name: str) -> None:
    assert name in REFERENCE
    tried: dict[str, list[Any]] = {}
    for case in (CASES["binary"], CASES["classes"]):
        for params in settings(name, case):
            for key, each in params.items():
                tried.setdefault(key, []).append(each)
    for key, parameter in parameters(LOSSES[name].func).items():
        assert any(each is not parameter.default and np.any(each != parameter.default) for each in tried[key]), key


@every_case
@every_loss
def test_it_equals_the_plain_loop(name: str, case: Case) -> None:
    for params in settings(name, case):
        if fits(name, case):
            expected = REFERENCE[name](case.image, **params)
            assert value(name, case, params) == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
        else:
            with pytest.raises(Unfit):
                value(name, case, params)

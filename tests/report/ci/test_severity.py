"""Tests of the one word that every surface goes by."""

import pytest

from segeval.report.ci.severity import standing, told


@pytest.mark.parametrize(
    ("verdict", "level", "policy", "word"),
    [
        *(("pass", level, policy, "pass") for level in ("error", "warn") for policy in ("pass", "warn", "fail")),
        *(("fail", "error", policy, "error") for policy in ("pass", "warn", "fail")),
        *(("fail", "warn", policy, "warning") for policy in ("pass", "warn", "fail")),
        *(("inconclusive", level, "pass", "pass") for level in ("error", "warn")),
        *(("inconclusive", level, "warn", "warning") for level in ("error", "warn")),
        ("inconclusive", "error", "fail", "error"),
        ("inconclusive", "warn", "fail", "warning"),
    ],
)
def test_the_table(verdict, level, policy, word):
    """By verdict, level of the rule, and what an inconclusive rule does."""
    assert standing({"inconclusive": policy}, {"level": level}, {"verdict": verdict}) == word


def test_a_check_in_one_line():
    """With what there is of change, interval and detectable drop."""
    bare = {"number": "iou[a]", "value": 0.5, "limit": ">= 0.75", "reason": "", "change": None}
    bare |= {"lower": None, "upper": None, "detectable": None}
    assert told(bare) == "iou[a] 0.5000, >= 0.75"
    full = bare | {"reason": "no", "change": -0.25, "lower": -0.5, "upper": 0.125, "detectable": 0.375}
    assert told(full) == (
        "iou[a] 0.5000 (−0.2500 against the baseline), >= 0.75: no; interval −0.5000 … +0.1250; detectable 0.3750"
    )
    assert told(full | {"lower": None}).endswith("interval – … +0.1250; detectable 0.3750")

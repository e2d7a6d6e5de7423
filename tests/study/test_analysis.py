"""Where losses pull, how they rank images, how they answer to errors."""

import math
from dataclasses import replace

import numpy as np
import pytest

from segeval.losses.engine.evidence import Caller, Plan
from segeval.losses.engine.inputs import sample
from segeval.losses.functional import ask
from segeval.study.analysis import Sensitivity, agreement, sensitivity, shares, zones

TRUTH = np.zeros((20, 24), int)
TRUTH[6:14, 8:16] = 1
PRED = np.where(TRUTH == 1, 0.7, 0.2)
PRED[0, 0] = 0.9
IMAGE = sample(PRED, TRUTH)


def test_zones_by_hand() -> None:
    """Of the 8 × 8 object the outer 2 pixels are band; outside 2 more, without the far corners; one stray pixel."""
    found = zones(IMAGE)
    assert (found[8:12, 10:14] == 1).all()
    assert (found == 1).sum() == 16
    assert (found[4:6, 8:16] == 0).all()
    assert found[3, 10] == 3
    assert found[0, 0] == 2
    assert (found == 2).sum() == 1
    ignored = sample(PRED, np.where(TRUTH == 1, 255, TRUTH), ignore=(255,))
    assert (zones(ignored)[TRUTH == 1] == -1).all()


def test_shares_by_hand() -> None:
    """|∂CE/∂p| is 1/p on the foreground and 1/(1 − p) elsewhere, each over N."""
    found = shares([ask("cross_entropy", {})], IMAGE, zones(IMAGE), Caller())[0]
    pull = np.where(TRUTH == 1, 1 / PRED, 1 / (1 - PRED))
    assert found.classes == pytest.approx((pull[TRUTH == 0].sum() / pull.sum(), pull[TRUTH == 1].sum() / pull.sum()))
    assert found.zones[2] == pytest.approx(10 / pull.sum())
    assert sum(found.zones) == pytest.approx(1)
    empty = replace(IMAGE, given=0 * PRED[None], truth=0 * TRUTH)
    nothing = shares([ask("dice", {})], empty, zones(empty), Caller())[0]
    assert all(math.isnan(each) for each in nothing.classes)


def test_agreement_by_hand() -> None:
    """Losses 1, 2, 3, 4 beside scores of ranks 4, 3, 1, 2: ρ = 1 − 6·2/(4·15) = 0.8, τ = (5 − 1)/6; nan is left out."""
    found = agreement(["a", "b", "c", "d", "e"], [1, 2, 3, 4, 5], [0.9, 0.8, 0.1, 0.2, math.nan])
    assert (found.spearman, found.kendall, found.images) == (pytest.approx(0.8), pytest.approx(2 / 3), 4)
    assert found.disagree == ("c", "d")
    assert math.isnan(agreement(["a", "b"], [1, 1], [0.1, 0.2]).spearman)


def answers(name: str, steps: int, **params: object) -> dict[str, Sensitivity]:
    """Beside another loss, in one sweep for both."""
    return sensitivity(Plan([ask("jaccard", {}), ask(name, params)]), IMAGE, Caller(), steps)[name]


def test_answers_to_errors_by_hand() -> None:
    """Dice of the 8 × 8 square: eroded by k it keeps (8 − 2k)², shifted by k it keeps 8 (8 − k)."""
    found = answers("dice", 3)
    assert found["erosion"].values == pytest.approx(
        [1 - 2 * (8 - 2 * k) ** 2 / ((8 - 2 * k) ** 2 + 64) for k in range(4)]
    )
    assert found["shift"].values == pytest.approx([k / 8 for k in range(4)])
    assert found["blob"].values[1] == pytest.approx(1 - 2 * 64 / 129)
    assert found["hole"].values[1] == pytest.approx(1 - 2 * 63 / 127)
    assert [each.flag for each in found.values()] == [""] * 6
    assert found["dilation"].values[1] == pytest.approx(1 - 2 * 64 / (64 + 96))
    # a box of 3 leaves 6 × 6 whole; an edge pixel keeps 6/9, a corner 4/9; the mass is 8 × 8 still
    kept = 36 + 24 * 6 / 9 + 4 * 4 / 9
    assert found["softening"].values[1] == pytest.approx(1 - 2 * kept / 128)
    never = answers("ssim", 1, window=30)
    assert {each.flag for each in never.values()} == {"undefined"}
    blind = answers("entropy", 3)
    assert {blind[kind].flag for kind in ("erosion", "dilation", "shift", "blob", "hole")} == {"blind"}
    assert answers("hausdorff_er", 4)["shift"].flag == "not monotone"


TWO = np.zeros((2, 9, 30))
TWO[0, 2:7, 2:9] = 1
TWO[1, 0:9, 20:30] = 1
SURE = np.where(TWO == 1, [[[0.75]], [[0.875]]], [[[0.25]], [[0.5]]])
BOTH = sample(SURE, TWO, channels=True, multilabel=True)


def test_zones_of_classes_that_do_not_exclude_each_other() -> None:
    """A band inside and outside every channel's border; class 0 is a class, not background."""
    found = zones(BOTH)
    assert (found[4, 4:7] == 1).all()
    assert (found[4, [0, 1, 2, 3, 7, 8, 9, 10, 18, 19, 20, 21]] == 0).all()
    assert (found[4, 11:18] == 3).all()
    assert (found[:, 22:] == 1).all()
    stray = SURE.copy()
    stray[0, 4, 14] = 0.9
    assert zones(sample(stray, TWO, channels=True, multilabel=True))[4, 14] == 2
    void = np.zeros((9, 30), bool)
    void[3] = True
    assert (zones(replace(BOTH, kept=~void))[3] == -1).all()


def test_shares_of_classes_that_do_not_exclude_each_other() -> None:
    """|∂CE/∂p| is 1/p and 1/(1 − p): class 0 4/3 everywhere, class 1 8/7 in its 90 pixels and 2 outside."""
    found = shares([ask("cross_entropy", {})], BOTH, zones(BOTH), Caller())[0]
    first, second = 270 * 4 / 3, 90 * 8 / 7 + 180 * 2
    assert found.classes == pytest.approx((first / (first + second), second / (first + second)))
    assert found.zones[1] == pytest.approx((3 * (4 / 3 + 2) + 72 * (4 / 3 + 8 / 7)) / (first + second))


def test_shares_of_some_of_the_channels() -> None:
    """The first of three channels is no class here: nothing falls on it."""
    image = replace(BOTH, given=np.stack([0 * SURE[0], SURE[1], SURE[0]]), channels=(2, 1))
    assert shares([ask("cross_entropy", {})], image, zones(image), Caller())[0].classes == pytest.approx(
        (0.4375, 0.5625)
    )


def test_answers_of_classes_that_do_not_exclude_each_other() -> None:
    """Eroded by 1, a 5 × 7 object keeps 3 × 5, and one at three edges loses only its fourth side; Dice of each."""
    found = sensitivity(Plan([ask("dice", {})]), BOTH, Caller(), 1)["dice"]
    expected = ((1 - 2 * 15 / (15 + 35)) + (1 - 2 * 81 / (81 + 90))) / 2
    assert found["erosion"].values == pytest.approx((0, expected))
    moved = ((1 - 2 * 30 / 70) + (1 - 2 * 81 / (81 + 90))) / 2
    assert found["shift"].values == pytest.approx((0, moved))

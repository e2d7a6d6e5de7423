"""The replay of other libraries' cases tells the same from another number, and from what has no way here."""

import json
import math

import pytest
from peer_recipes import OUTSIDE, RECIPES, WITH_A_STEP
from replay_peer_cases import outcome, read, same
from support.reference import DATA

import segeval

CASES = json.loads((DATA / "peer_cases.json").read_text(encoding="utf-8"))["cases"]

# Two masks of a line: of class 1 two pixels are true, and two of the three predicted are right: 2·2/(3 + 2).
MASKS = [{"pred": [[0, 1, 1, 1]], "truth": [[0, 0, 1, 1]]}]
SCORE = {"api": "score", "options": {"num_classes": 2}, "images": MASKS, "read": "classes.dice", "pick": -1}
# 1 − dice of a foreground: half of it given with 0.5, none elsewhere: 1 − 2·0.5/(0.5 + 1).
LOSS = {
    "api": "losses.value",
    "loss": "dice",
    "images": [{"pred": [0.5, 0.0], "truth": [1, 0]}],
    "scale": 3,
    "offset": -2,
}


@pytest.mark.parametrize(
    ("case", "word"),
    [
        ({"recipe": SCORE, "expected": 0.8, "tol": 1e-9}, "the same"),
        ({"recipe": SCORE, "expected": 0.81, "tol": 1e-3}, "another number"),
        ({"recipe": LOSS, "expected": [-1.0], "tol": 1e-9}, "the same"),
        ({"recipe": SCORE | {"options": {"num_classes": 1}}, "expected": 0.8, "tol": 1e-9}, "refused"),
        ({"expected": 0.8, "tol": 1e-9}, "no recipe"),
    ],
)
def test_a_case_comes_out_in_a_word(case, word):
    assert outcome(case)[0] == word


def test_what_is_the_same():
    assert same([[1000.5]], [1000.0], 1e-3)
    assert not same([2.5], [2.0], 1e-1)
    assert same(["nan", "inf"], [math.nan, math.inf], 1e-9)
    assert not same([0.0], ["nan"], 1e-9)


def test_what_can_be_read_of_a_run():
    run = segeval.score([[[0, 1, 1, 1]]], [[[0, 0, 1, 1]]], num_classes=2, losses="jaccard")
    assert read(run, "matrix") == [[1, 1, 0], [0, 2, 0]]  # the last column: what is no class
    assert read(run, "summary.pixel_accuracy") == 0.75
    assert read(run, "images.iou").tolist() == [[1 / 2, 2 / 3]]
    assert read(run, "loss.jaccard") == pytest.approx(5 / 12)  # of both classes
    assert read(run, "lossclass.jaccard") == [1 / 2, pytest.approx(1 / 3)]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_cases_of_other_suites_come_out(case):
    """What their tests and documentation expect, each with its source in the file."""
    assert outcome(case) == ("the same", "")


def test_no_case_is_both_reached_and_outside():
    assert not RECIPES.keys() & OUTSIDE.keys()
    assert {case["id"] for case in CASES} == RECIPES.keys() >= WITH_A_STEP

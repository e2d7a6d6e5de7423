"""Tests of leaderboards: against ranks by hand, and against what a comparison of the same runs says."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from support.models import model

from segeval.errors import BadOption, BadRule, OtherImages
from segeval.gate.compare import compare
from segeval.gate.rank import rank, ranks
from segeval.report.ranking import FORMATS
from segeval.run.bootstrap import Draws

FEW = Draws(resamples=999, seed=5, confidence=0.9)


@pytest.fixture(scope="module")
def runs():
    """Three models, the second best; b is a again."""
    return [model(wrong=0.3, seed=1), model(wrong=0.1, seed=2), model(wrong=0.6, seed=3)]


def named(runs, *names, **settings):
    return rank(runs, draws=FEW, names=names or ["a", "b", "c"], **settings)


def test_ranks_by_hand():
    """1 and how many are better; equal values share a rank, and the next one is left out."""
    good = np.array([[0.5, 0.1], [0.7, 0.1], [0.5, 0.2], [-np.inf, 0.0]])
    assert ranks(good).tolist() == [[2, 2], [1, 2], [2, 1], [4, 4]]


def test_one_number(runs):
    """Values, ranks and shares as the comparison has them."""
    found, beside = named(runs).document(), compare(runs, ["miou_dataset"], FEW).document()
    (number,) = found["numbers"]
    assert number["values"] == beside["numbers"][0]["values"]
    assert number["ranks"] == beside["ranking"]["ranks"] == [2, 1, 3] == found["overall"]["ranks"]
    assert number["first"] == [shares[0] for shares in beside["ranking"]["shares"]]
    assert [run["name"] for run in found["runs"]] == ["a", "b", "c"]


def test_pairs_are_tested_and_adjusted(runs):
    """The p-values of comparisons two by two, times how many are left (Holm, by hand)."""
    (number,) = named(runs).document()["numbers"]
    pairs = [(0, 1), (0, 2), (1, 2)]
    alone = [compare([runs[n], runs[m]], ["miou_dataset"], FEW).numbers[0].differences[0].p for n, m in pairs]
    order, least, wanted = sorted(range(3), key=lambda n: alone[n]), 0.0, [0.0] * 3
    for done, n in enumerate(order):
        least = wanted[n] = max(least, min(1.0, alone[n] * (3 - done)))
    for (n, m), p in zip(pairs, wanted, strict=True):
        assert number["p"][n][m] == number["p"][m][n] == pytest.approx(p)
    assert number["wins"] == [1, 2, 0]
    assert [number["p"][n][n] for n in range(3)] == [None] * 3


def test_wins_are_by_adjusted_values():
    """A pair that differs by more than chance when it stands alone is no win among three."""
    runs = [model(wrong=0.3, seed=1), model(wrong=0.36, seed=4), model(wrong=0.36, seed=14)]
    alone = compare(runs[:2], ["miou_dataset"], FEW).numbers[0].differences[0].p
    (number,) = named(runs).document()["numbers"]
    assert alone <= FEW.alpha < number["p"][0][1]
    assert number["wins"] == [0, 0, 0]


def test_several_numbers(runs):
    """The mean of ranks: by the IoU of each class the ranks of all runs, then their mean, by hand."""
    found = named(runs, numbers=["iou[*]", "n_missed[0]"]).document()
    places = np.array([number["ranks"] for number in found["numbers"]])
    assert found["overall"]["mean_rank"] == pytest.approx(places.mean(axis=0).tolist())
    assert found["overall"]["wins"] == np.sum([number["wins"] for number in found["numbers"]], axis=0).tolist()
    least = found["numbers"][-1]
    assert least["better"] == "lower"
    assert least["ranks"] == [1 + sum(v < value for v in least["values"]) for value in least["values"]]


def test_equal_runs_tie(runs):
    """Nobody wins by chance, and the interval holds both."""
    found = rank([runs[0], replace(runs[0], name="again"), runs[2]], draws=FEW, names=["x", "y", "z"]).document()
    assert found["overall"]["ranks"] == [1, 1, 3]
    assert found["overall"]["by_tests"] == [1, 1, 3]
    assert found["numbers"][0]["p"][0][1] == 1


def test_intervals_of_ranks(runs):
    """They hold the rank; a sure order has none."""
    overall = named(runs).document()["overall"]
    for low, place, high in zip(overall["low"], overall["ranks"], overall["high"], strict=True):
        assert low <= place <= high
    assert (overall["low"][2], overall["high"][2]) == (3, 3)


@pytest.mark.parametrize(
    ("numbers", "names", "error", "said"),
    [
        ([], ["a", "b"], BadOption, "--names has 2, and there are 3 runs"),
        ([], ["a", "b", "a"], BadOption, "two runs are called 'a'"),
        (["images[0]"], [], BadOption, "no better and worse"),
        (["iuo[0]"], [], BadRule, "iuo"),
    ],
)
def test_what_is_refused(runs, numbers, names, error, said):
    with pytest.raises(error, match=said.replace("[", r"\[")) as fault:
        rank([replace(run, name=str(n)) for n, run in enumerate(runs)], numbers, FEW, names=names)
    assert said in f"{fault.value.message} {fault.value.hint}"


def test_other_images(runs):
    """Refused, unless what both have is enough."""
    short = model(wrong=0.2, seed=9, images=range(25))
    with pytest.raises(OtherImages):
        named([runs[0], runs[1], short])
    assert named([runs[0], runs[1], short], intersect=True).images == 25


def test_formats_agree(runs):
    """JSON, CSV, table and Markdown hold the same order; the same bytes each time."""
    document = named(runs, numbers=["miou_dataset", "pixel_accuracy"]).document()
    texts = {}
    for form, write in FORMATS.items():
        texts[form] = [io.StringIO(), io.StringIO()]
        for out in texts[form]:
            write(document, out)
        assert texts[form][0].getvalue() == texts[form][1].getvalue()
    assert json.loads(texts["json"][0].getvalue()) == json.loads(json.dumps(document))
    rows = list(csv.DictReader(io.StringIO(texts["csv"][0].getvalue())))
    assert [(row["run"], row["rank"]) for row in rows if row["number"] == "mean rank"] == [
        ("a", "2"),
        ("b", "1"),
        ("c", "3"),
    ]
    assert texts["table"][0].getvalue().splitlines()[-1] == "first of 3 by miou_dataset, pixel_accuracy: b"
    assert "| 1 | b |" in texts["md"][0].getvalue()


def test_one_run_is_no_leaderboard(runs):
    with pytest.raises(BadOption, match="one run"):
        rank(runs[:1])

"""Tests of comparisons: differences, intervals, images won and lost, movers, ranks."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.models import model

import segeval
from segeval.errors import BadOption, BadRule, OtherClasses, OtherImages
from segeval.gate.compare import compare
from segeval.metrics import METRICS
from segeval.run.bootstrap import Draws
from segeval.run.results import Results

FAST = Draws(resamples=1000, seed=2, confidence=0.9)


def named(name, *args, **options):
    return replace(model(*args, **options), name=name)


def test_differences_by_hand():
    """Values are those of the runs, the difference is the later minus the first, images are counted by NumPy."""
    runs = [named("a", 0.2, 1), named("b", 0.3, 2), named("c", 0.15, 3)]
    found = compare(runs, ["mdice_image", "iou[sky]"], FAST)
    for k, key in ((0, "mdice_image"), (1, "iou")):
        values = [run.document["summary"][key] if k == 0 else run.classes[1][key] for run in runs]
        assert found.numbers[k].values == values
        for n, difference in enumerate(found.numbers[k].differences, 1):
            assert (difference.run, difference.difference) == (n, values[n] - values[0])
    sky = [METRICS["iou"].func(run.rows.counts)[:, 1] for run in runs]
    dice = [run.rows.image_means(METRICS["dice"]) for run in runs]
    for k, of_images in ((0, dice), (1, sky)):
        d = found.numbers[k].differences[0]
        assert (d.won, d.lost, d.tied, d.undefined) == (
            (of_images[1] > of_images[0]).sum(),
            (of_images[1] < of_images[0]).sum(),
            (of_images[1] == of_images[0]).sum(),
            0,
        )
        assert d.won != d.lost


def test_intervals_and_p_values_are_scipys():
    """scipy.stats.bootstrap(paired=True) and a sign-flipping permutation test of the images' Dice (SciPy 1.13+)."""
    runs = [named("a", 0.2, 1), named("b", 0.24, 2)]
    found = compare(runs, ["mdice_image"], Draws(resamples=20_000, seed=3, confidence=0.8)).numbers[0].differences[0]
    then, now = (run.rows.image_means(METRICS["dice"]) for run in runs)

    def change(a, b, axis):
        return (a - b).mean(axis=axis)

    other = stats.bootstrap(
        (now, then), change, paired=True, method="percentile", confidence_level=0.8, n_resamples=20_000, rng=4
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=1e-3)
    flipped = stats.permutation_test((now, then), change, permutation_type="samples", n_resamples=20_000, rng=5)
    assert found.p == pytest.approx(flipped.pvalue, abs=0.03)
    # (z₀.₉ + z₀.₈) of the standard error of the mean, 1.2816 + 0.8416
    error = (now - then).std(ddof=1) / math.sqrt(30)
    assert found.detectable == pytest.approx(2.1232 * error, rel=0.03)


def test_a_run_beside_itself():
    """Nothing differs, and p is 1."""
    found = compare([model(), model()], [], FAST)
    for number in found.numbers:
        d = number.differences[0]
        if not math.isnan(number.values[0]):
            assert (d.difference, d.p, d.won, d.lost) == (0, 1, *((None, None) if d.won is None else (0, 0)))
    assert found.movers == []
    assert found.numbers[0].number == "miou_dataset"
    assert {"fw_iou", "iou[rare]", "pixel_accuracy"} < {number.number for number in found.numbers}


def test_undefined_numbers_are_no_tests():
    """Class `rare` is in no image: no difference, no p, and no part in Holm's adjustment."""
    found = compare([named("a", 0.2, 1), named("b", 0.5, 2)], ["iou[*]"], FAST)
    rare = found.numbers[3].differences[0]
    assert all(math.isnan(value) for value in (rare.difference, rare.p, rare.p_adjusted, rare.detectable))
    assert (rare.won, rare.lost, rare.tied, rare.undefined) == (0, 0, 0, 30)
    ps = sorted(number.differences[0].p for number in found.numbers[:3])
    assert min(number.differences[0].p_adjusted for number in found.numbers[:3]) == pytest.approx(3 * ps[0])


def test_movers():
    """The images whose mean IoU changed most, by hand."""
    runs = [named("a", 0.2, 1), named("b", 0.3, 2)]
    found = compare(runs, ["miou_class", "mdice_image"], FAST, movers=3)
    then, now = (run.rows.image_means(METRICS["iou"]) for run in runs)
    order = np.argsort(-np.abs(now - then))[:3]
    assert [mover.id for mover in found.movers] == [runs[0].rows.ids[k] for k in order]
    assert [(mover.before, mover.after) for mover in found.movers] == [(then[k], now[k]) for k in order]
    assert found.moved == "miou_class"


def test_ranks():
    """A clear order holds in every resample; equal runs share a rank; two runs have no ranking."""
    runs = [named("mid", 0.3, 1), named("best", 0.02, 2), named("worst", 0.8, 3), named("too", 0.02, 2)]
    ranking = compare(runs, ["miou_dataset"], FAST).ranking
    assert ranking.ranks == [3, 1, 4, 1]
    assert ranking.shares == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    assert compare(runs[:2], ["miou_dataset"], FAST).ranking is None
    close = compare([named("a", 0.3, 1), named("b", 0.3, 2), named("c", 0.3, 3)], ["miou_dataset"], FAST).ranking
    assert np.array(close.shares).sum(axis=1) == pytest.approx(1)
    assert np.array(close.shares).sum(axis=0) == pytest.approx(1)
    assert 0 < np.array(close.shares).min() < np.array(close.shares).max() < 1


def test_losses_are_better_when_lower(root):
    """Won and ranks turn round; the difference keeps its sign."""
    data = root / "sample_data"
    options = {"classes": str(data / "classes.csv"), "losses": "dice"}
    good = Results.of(segeval.score(data / "pred", data / "truth", **options))
    losses = good.rows.columns("losses").mapped(lambda _, values: values + 0.125)
    bad_rows = replace(good.rows, load={**good.rows.load, "losses": lambda: losses})
    document = {**good.document, "losses": {"dice": {**good.document["losses"]["dice"], "value": 0.9}}}
    bad = replace(good, document=document, load=lambda: bad_rows)
    found = compare([good, bad, good], ["loss.dice"], replace(FAST, confidence=0.8))
    number = found.numbers[0]
    assert (number.better, number.differences[0].won, number.differences[0].lost) == ("lower", 0, 4)
    assert number.differences[0].low == pytest.approx(0.125)
    assert found.ranking.ranks == [1, 3, 1]


def test_images_that_all_have():
    """--intersect over three runs: those that each of them has."""
    runs = [named("a", images=range(20)), named("b", images=range(5, 25)), named("c", images=range(3, 12))]
    with pytest.raises(OtherImages, match="a is of other images than b|b is of other images than a"):
        compare(runs, ["miou_dataset"], FAST)
    found = compare(runs, ["miou_dataset"], FAST, intersect=True)
    assert (found.images, {run.rows.ids for run in found.runs}) == (7, {model(images=range(5, 12)).rows.ids})
    alone = compare([named("a", images=range(5, 12))] * 3, ["miou_dataset"], FAST)
    assert found.numbers[0].values == pytest.approx(alone.numbers[0].values, abs=1e-12)


def test_groups_are_drawn_together():
    """Three sites: wider intervals, and a note."""
    runs = [named("a", 0.2, 1), named("b", 0.3, 2)]
    together = compare(runs, ["miou_dataset"], replace(FAST, group_by="^([A-Z])"))
    assert (together.groups, together.images) == (3, 30)
    assert (
        together.notes[0]
        == "few images or groups (3): below 10 an exact test of all subsets, which sees large drops only"
    )
    alone = compare(runs, ["miou_dataset"], FAST)
    assert together.numbers[0].differences[0].low != alone.numbers[0].differences[0].low
    assert len(alone.notes) == 1


def test_medians_are_warned_of():
    """As the gate does."""
    found = compare([model(), model()], ["dice over images median"], FAST)
    assert "median are known to be poor" in found.notes[0]


@pytest.mark.parametrize(
    ("runs", "numbers", "options", "error", "said"),
    [
        (1, [], {}, BadOption, "one run"),
        (2, ["miou"], {}, BadRule, "several miou"),
        (2, ["iou[cat]"], {}, BadRule, "no class 'cat'"),
        (2, ["iou >="], {}, BadRule, "cannot be read"),
        (2, ["dice over images p200"], {}, BadRule, "no statistic"),
        (2, ["miou_dataset"], {"movers": -1}, BadOption, "--images is -1"),
    ],
)
def test_what_cannot_be_compared(runs, numbers, options, error, said):
    """Exit 2, with the way out."""
    with pytest.raises(error, match=said) as caught:
        compare([model()] * runs, numbers, FAST, **options)
    assert caught.value.hint


def test_other_options_are_refused():
    """Exit 4: the numbers would not mean the same."""
    with pytest.raises(OtherClasses, match="mean"):
        compare([model(), model(mean="harmonic")], [], FAST)


def test_the_document_is_the_same_each_time():
    """Byte for byte, without NaN or infinity."""
    runs = [named("a", 0.2, 1, images=[3]), named("b", 0.3, 2, images=[3])]
    first, second = (segeval.run.run.as_text(compare(runs, [], FAST).document()) for _ in range(2))
    assert first == second


def test_an_undefined_number_has_no_first_rank():
    """A run without a value comes last, in the ranks and in every resample."""
    runs = [named("a", 0.8, 1), named("b", 0.02, 2), named("none", 0.02, 3)]
    nothing = runs[2].rows.pixels.mapped(lambda _, values: values * 0)
    rows = replace(runs[2].rows, load={"counts": lambda: nothing})
    runs[2] = replace(runs[2], whole=False, load=lambda: rows)
    ranking = compare(runs, ["iou[road]"], FAST).ranking
    assert (ranking.ranks, ranking.shares[2]) == ([2, 1, 3], [0, 0, 1])


def test_an_incomplete_run_is_told():
    """Two runs that lack the same image can be compared, and nobody takes them for whole."""
    runs = [named("a"), named("b", 0.3, 2)]
    failed = [{"id": "x", "code": "SEG204", "message": "damaged"}]
    images = {**runs[1].document["images"], "failed": failed}
    runs[1] = replace(runs[1], document={**runs[1].document, "images": images, "complete": False})
    assert "b is incomplete: 1 image not scored" in compare(runs, ["miou_dataset"], FAST).notes
    assert not any("incomplete" in note for note in compare(runs[:1] * 2, ["miou_dataset"], FAST).notes)


def test_losses_that_were_computed_otherwise_are_left_out(root):
    """By default; asked for by name they are refused."""
    data = root / "sample_data"
    options = {"classes": str(data / "classes.csv"), "losses": "tversky,dice"}
    runs = [
        Results.of(segeval.score(data / "pred", data / "truth", **options, params=[f"tversky.fn_weight={weight}"]))
        for weight in (0.7, 0.6)
    ]
    names = {number.number for number in compare(runs, [], FAST).numbers}
    assert "loss.dice" in names
    assert "loss.tversky" not in names
    with pytest.raises(OtherClasses, match="params"):
        compare(runs, ["loss.tversky"], FAST)

"""Tests of the numbers of a run as functions of how often each image is drawn."""

import math
from dataclasses import replace

import numpy as np
import pytest
from support.models import model
from support.reference import DATA
from support.scores import Scores

import segeval
from segeval.errors import UnknownName
from segeval.metrics import METRICS
from segeval.run import folder as folders
from segeval.run import numbers
from segeval.run.bootstrap import Draws, Stat
from segeval.run.means import Resampled
from segeval.run.results import Results


@pytest.fixture(scope="module")
def stored(tmp_path_factory, thumbnails):
    """The sample data, scored with losses and groups of classes, as it is read back."""
    folder = tmp_path_factory.mktemp("run")
    run = segeval.score(
        thumbnails / "pred",
        thumbnails / "truth",
        classes=str(thumbnails / "classes.csv"),
        losses="dice,cross_entropy,lovasz_softmax",
        presence="truth",
        mean="geometric",
        beta=0.5,
        group_by="^([a-z]+)_",
    )
    folders.write(run, folder)
    return Results.read(str(folder)), Results.of(run)


def once(results):
    """Every group drawn once."""
    return Resampled(results.rows, np.ones((1, results.rows.clusters)))


def summary(results):
    """How each summary number is resampled."""
    return {name: number.drawn for name, number in numbers.summary(results.outline).items()}


def same(a, b):
    return (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, abs=1e-12)


def test_every_summary_number_can_be_resampled(stored):
    """Drawn once, every image gives the number of the document: no name is missing, on disk or in memory."""
    for results in stored:
        found = summary(results)
        assert found.keys() == results.document["summary"].keys()
        for name, drawn in found.items():
            assert same(drawn(once(results))[0], results.document["summary"][name]), name


def test_every_number_of_a_class_can_be_resampled(stored):
    """The same for metrics of pooled counts, their means over images, and losses."""
    for results in stored:
        overlap = [metric.name for metric in METRICS.values() if metric.family == "overlap"]
        names = [*overlap, "f_beta@0.5", "iou_over_images", "loss.dice", "loss.lovasz_softmax"]
        for k, name in ((k, name) for k in range(len(results.classes)) for name in names):
            number = numbers.find(results.outline, name, k)
            assert number.drawn
            assert same(number.drawn(once(results))[0], results.value(number)), (name, k)


def test_a_run_read_back_is_the_run(stored):
    """Its rows are those in memory."""
    read, made = (results.rows for results in stored)
    assert (read.ids, read.groups, read.truths) == (made.ids, made.groups, made.truths)
    assert set(read.groups) == {"lower", "upper"}
    for kind in ("counts", "losses"):
        for part in ("classes", "images"):
            here, there = (getattr(each.columns(kind), part) for each in (read, made))
            assert here.keys() == there.keys()
            assert all(np.array_equal(here[name], there[name], equal_nan=True) for name in here), kind
    for a, b in zip(read.merged.counts, made.merged.counts, strict=True):
        assert (a == b).all()


def test_drawing_twice_is_having_twice():
    """Weights of 2, 0, 3, … are the run in which images stand 2, 0, 3, … times, for every summary number."""
    results = model(images=range(5), wrong=0.4)
    weights = [2, 0, 3, 1, 1]
    written_out = results.rows.only(np.repeat(np.arange(5), weights))
    for name, drawn in summary(results).items():
        found = drawn(Resampled(results.rows, np.array([weights], float)))[0]
        clusters = np.ones((1, 7))
        assert same(found, drawn(Resampled(_single(written_out), clusters))[0]), name


def test_a_group_drawn_twice_is_its_images_twice():
    """Scores over images: three of group A twice, none of B, two of C three times."""
    results = model(images=range(7), group_by="^(.)")
    assert results.rows.ids == ("A_000", "A_003", "A_006", "B_001", "B_004", "C_002", "C_005")
    number = numbers.find(results.outline, "iou", 0, "images", Stat.find("mean"))
    values = results.rows.values(METRICS["iou"])[:, 0]
    found = number.drawn(Resampled(results.rows, np.array([[2.0, 0, 3]])))
    assert found.tolist() == pytest.approx([np.repeat(values, [2, 2, 2, 0, 0, 3, 3]).mean()])


def _single(rows):
    """The same with every image a group of its own."""
    return replace(rows, groups=tuple(map(str, range(len(rows.ids)))))


def test_scores_over_images_by_numpy(stored):
    """Percentiles of the images' Dice, of one class and of the means over classes."""
    results = stored[0]
    road = results.rows.values(METRICS["dice"])[:, 0]
    assert results.value(numbers.find(results.outline, "dice", 0, "images", Stat.find("p30"))) == pytest.approx(
        np.quantile(road[~np.isnan(road)], 0.3)
    )
    means = results.rows.image_means(METRICS["dice"])
    assert results.value(numbers.find(results.outline, "dice", None, "images", Stat.find("min"))) == means.min()
    losses = results.rows.columns("losses").images["dice"]
    found = numbers.find(results.outline, "loss.dice", None, "images", Stat.find("worst-mean:2"))
    assert results.value(found) == pytest.approx(np.sort(losses)[-2:].mean())


def test_scores_over_groups(stored):
    """The counts of a group's images are pooled; of losses the mean is taken."""
    results = stored[0]
    lower, upper = (
        METRICS["iou"].func(Scores(results.rows.only(np.array(images))).pooled)[0] for images in ([0, 1], [2, 3])
    )  # lower_left and lower_right, …
    found = results.value(numbers.find(results.outline, "iou", 0, "groups", Stat.find("max")))
    assert found == pytest.approx(np.nanmax([lower, upper]))
    losses = results.rows.columns("losses").images["cross_entropy"]
    found = results.value(numbers.find(results.outline, "loss.cross_entropy", None, "groups", Stat.find("max")))
    assert found == pytest.approx(max(losses[:2].mean(), losses[2:].mean()))


def test_the_worst_are_farthest_from_the_best(stored):
    """Of a difference of volumes, that may be above and below 0, whichever are farthest from it."""
    results = stored[0]
    rows = results.rows.values(METRICS["relative_volume_difference"])
    for k in range(rows.shape[1]):
        values = sorted(rows[:, k][np.isfinite(rows[:, k])], key=lambda value: -abs(value))
        found = numbers.find(results.outline, "relative_volume_difference", k, "images", Stat.find("worst-mean:2"))
        assert results.value(found) == pytest.approx(np.mean(values[:2]) if values else math.nan, nan_ok=True)


def test_the_better_side():
    """More is better, or less, or a value between."""
    up, down, mid = (
        numbers.Number("x", "x", *bounds, None) for bounds in ((0, 1, 1), (-math.inf, math.inf, -math.inf), (-1, 9, 0))
    )
    values = np.array([-0.5, 0.25])
    assert up.good(values).tolist() == [-0.5, 0.25]
    assert down.good(values).tolist() == [0.5, -0.25]
    assert mid.good(values).tolist() == [-0.5, -0.25]


@pytest.mark.parametrize(
    ("name", "class_", "stat", "said"),
    [
        ("miou", None, None, "several miou"),
        ("iou", None, None, "belongs to classes"),
        ("miuo_dataset", None, None, "no number called"),
        ("mdice_dataset", 0, None, "no number of a class"),
        ("loss.dise", None, None, "no loss called"),
        ("hd95", None, "p05", "no metric of single images"),
        ("miou_dataset", None, "p05", "no metric of single images"),
    ],
)
def test_names_that_there_are_not(stored, name, class_, stat, said):
    """SEG102 suggests the nearest."""
    with pytest.raises(UnknownName, match=said) as caught:
        numbers.find(stored[0].outline, name, class_, "images", stat and Stat.find(stat))
    assert caught.value.hint


def test_counts_of_a_class(stored):
    """They are sums over images, and can be resampled; of pixels none is best, of misses 0."""
    results = stored[0]
    counts = results.rows.counts
    for name, values, best in (
        ("truth_pixels", counts.tp + counts.fn, math.nan),
        ("tn", counts.tn, math.nan),
        ("n_missed", (counts.fn > 0) & (counts.tp + counts.fp == 0), 0),
        ("n_hallucinated", (counts.fp > 0) & (counts.tp + counts.fn == 0), 0),
    ):
        number = numbers.find(results.outline, name, 6)
        assert results.value(number) == values[:, 6].sum() == results.classes[6][name]
        assert number.best == pytest.approx(best, nan_ok=True)
        assert number.drawn(Resampled(results.rows, np.array([[2.0, 0]]))).tolist() == [2 * values[:2, 6].sum()]


def test_a_batch_loss_cannot_be_resampled():
    """Its images do not tell what they added."""
    data = DATA / "semantic_bdd_tiny"
    run = segeval.score(data / "pred", data / "gt", num_classes=2, losses="dice", loss_over="batch")
    number = numbers.find(Results.of(run).outline, "loss.dice", None)
    assert (number.drawn, "summed evidence" in number.refusal) == (None, True)


def test_resampling_is_the_same_bit_by_bit():
    """Another order of the images gives the same numbers: sums are exact."""
    results = model()
    order = np.random.default_rng(0).permutation(30)
    shuffled = results.rows.only(order)
    weights = next(Draws(resamples=200, seed=9).blocks(30))
    for name, drawn in summary(results).items():
        a = drawn(Resampled(results.rows, weights))
        b = drawn(Resampled(shuffled, weights[:, order]))
        assert np.array_equal(a, b, equal_nan=True), name
